//! `not_found`: 404, confirmed. Critical, about one account; resolves with an `ok`.

use super::fault::FaultAlert;
use crate::domain::account_state::Fault;
use crate::domain::severity::Severity;

pub(super) const ALERT: FaultAlert =
    FaultAlert::new(Fault::NotFound, Severity::Critical, "useapi.net has no configuration for this account");
