//! `subscription_lapsed`: useapi.net reports that the plan has lapsed (402, confirmed). Critical; resolves with an `ok`.
//!
//! It is about the subscription, also when another account answered `ok` in the same run; a later `ok` disproves it.

use super::cause::{Attribution, SubscriptionAccounts, healthy_again_count};
use super::fault::FaultAlert;
use super::transition::Transition;
use crate::domain::account_state::Fault;
use crate::domain::severity::Severity;

const ALERT: FaultAlert = FaultAlert::new(
    Fault::SubscriptionLapsed,
    Severity::Critical,
    "useapi.net reports that the subscription has lapsed",
);

pub(super) fn evaluate(subscription: &SubscriptionAccounts<'_>) -> Vec<Transition> {
    let condition = |subject, affected, state: &_| ALERT.condition(subject, affected, state);
    subscription.transitions(ALERT.fault.kind(), &attribute(subscription), condition, healthy_again_count)
}

pub(super) fn attribute<'a>(subscription: &SubscriptionAccounts<'a>) -> Attribution<'a> {
    subscription.attribute_refusal(ALERT.fault, |proof, last_refusal| proof <= last_refusal)
}
