//! `account_error`: the configuration carries an error, or 596, confirmed. Critical, about one account; resolves with an `ok`.

use super::fault::FaultAlert;
use crate::domain::account_state::Fault;
use crate::domain::severity::Severity;

pub(super) const ALERT: FaultAlert = FaultAlert::new(
    Fault::AccountError,
    Severity::Critical,
    "useapi.net reports that the linked MiniMax account is in error",
);
