//! `unauthorized`: useapi.net refuses the API token (401, confirmed). Critical; resolves with an `ok`.
//!
//! It is about the subscription. It is about an account only if others of the subscription answered `ok` in the same run,
//! because that proves the token.

use super::cause::{Attribution, SubscriptionAccounts, healthy_count};
use super::fault::FaultAlert;
use super::transition::Transition;
use crate::domain::account_state::Fault;
use crate::domain::severity::Severity;

const ALERT: FaultAlert =
    FaultAlert::new(Fault::Unauthorized, Severity::Critical, "useapi.net refuses the API token");

pub(super) fn evaluate(subscription: &SubscriptionAccounts<'_>) -> Vec<Transition> {
    let condition = |subject, affected, state: &_| ALERT.condition(subject, affected, state);
    subscription.transitions(ALERT.fault.kind(), &attribute(subscription), condition, |healthy, accounts| {
        if healthy > 0 {
            format!("The API token is accepted again; {}.", healthy_count(healthy, accounts))
        } else {
            "No watched account is refused any longer.".to_owned()
        }
    })
}

pub(super) fn attribute<'a>(subscription: &SubscriptionAccounts<'a>) -> Attribution<'a> {
    subscription.attribute_refusal(ALERT.fault, |proof, _| proof.is_none())
}
