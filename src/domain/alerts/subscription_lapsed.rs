//! `subscription_lapsed`: the useapi.net plan has lapsed: 402, or an inactive plan, each confirmed. Critical; resolves when neither
//! source says so any more: with an `ok`, and a plan that is active or no longer watched.
//!
//! It is about the subscription, also when another account answered `ok` in the same run; a later `ok` disproves the 402.

use super::alert::{AlertKind, Condition};
use super::cause::{Attribution, SubscriptionAccounts, healthy_again_count, healthy_count};
use super::fault::FaultAlert;
use super::transition::Transition;
use crate::domain::account_state::Fault;
use crate::domain::severity::Severity;

const ALERT: FaultAlert = FaultAlert::new(
    Fault::SubscriptionLapsed,
    Severity::Critical,
    "useapi.net reports that the subscription has lapsed",
);

/// The detail of an alert that the plan raised.
const BY_PLAN: &str = "useapi.net reports that the subscription is not active (GET /v2/account).";

/// The detail of an alert that ends because plans are no longer watched.
pub(super) const PLAN_UNWATCHED: &str = "The plan is no longer watched ([plan].watch).";

pub(super) fn evaluate(subscription: &SubscriptionAccounts<'_>) -> Vec<Transition> {
    let condition = |subject, affected, state: &_| ALERT.condition(subject, affected, state);
    let is_active =
        subscription.plan.and_then(|state| state.plan.as_ref()).is_some_and(|plan| plan.is_active);
    let resolved = |healthy, accounts| {
        if is_active {
            format!("useapi.net reports an active subscription; {}.", healthy_count(healthy, accounts))
        } else {
            healthy_again_count(healthy, accounts)
        }
    };
    let transitions =
        subscription.transitions(ALERT.fault.kind(), &attribute(subscription), condition, resolved);
    let open = subscription.open.find(&subscription.subject(), ALERT.fault.kind());
    let was_by_plan = open.is_some_and(|alert| alert.condition.detail == BY_PLAN);
    let without_plan = |transition| match (transition, open) {
        (Transition::Resolve(resolved), Some(alert)) if resolved.id == alert.id => {
            Transition::resolve_without_source(alert, PLAN_UNWATCHED)
        }
        (other, _) => other,
    };
    match subscription.plan {
        None if was_by_plan => transitions.into_iter().map(without_plan).collect(),
        _ => transitions,
    }
}

pub(super) fn attribute<'a>(subscription: &SubscriptionAccounts<'a>) -> Attribution<'a> {
    let by_checks = subscription.attribute_refusal(ALERT.fault, |proof, last_refusal| proof <= last_refusal);
    let is_lapsed = subscription.plan.is_some_and(|plan| plan.is_lapsed);
    Attribution { other_source: is_lapsed.then(|| by_plan(subscription)), ..by_checks }
}

fn by_plan(subscription: &SubscriptionAccounts<'_>) -> Condition {
    Condition::new(
        subscription.subject(),
        AlertKind::SubscriptionLapsed,
        Severity::Critical,
        subscription.account_count(),
        BY_PLAN.to_owned(),
    )
}
