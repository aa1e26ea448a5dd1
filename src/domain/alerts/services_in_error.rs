//! `services_in_error`: `GET /v2/account` counts accounts in error for services other than MiniMax. Info, about the subscription;
//! resolves when there are none any more.
//!
//! It is not repeated, and counts in no verdict: this program does not watch those services.

use super::alert::{AlertKind, Condition};
use super::cause::SubscriptionAccounts;
use super::subscription_lapsed::PLAN_UNWATCHED;
use super::transition::{Transition, diff_alert};
use crate::domain::plan::{Plan, ServiceAccounts};
use crate::domain::severity::Severity;
use crate::domain::text;

/// Services that the sentence names.
const MAX_NAMED_SERVICES: usize = 10;

pub(super) fn evaluate(subscription: &SubscriptionAccounts<'_>) -> Vec<Transition> {
    let plan = subscription.plan.and_then(|state| state.plan.as_ref());
    let open = subscription.open.find(&subscription.subject(), AlertKind::ServicesInError);
    if let (Some(alert), None) = (open, subscription.plan) {
        return vec![Transition::resolve_without_source(alert, PLAN_UNWATCHED)];
    }
    let condition = plan.and_then(|plan| condition(subscription, plan));
    if let (Some(alert), Some(condition)) = (open, &condition)
        && alert.condition.detail != condition.detail
    {
        // The text is made of counts, not by the vendor: another one says something else.
        return vec![Transition::Update(alert.id.clone(), condition.clone())];
    }
    let resolved = || "useapi.net counts no account in error for any other service.".to_owned();
    diff_alert(open, condition, resolved).into_iter().collect()
}

fn condition(subscription: &SubscriptionAccounts<'_>, plan: &Plan) -> Option<Condition> {
    let in_error: Vec<&ServiceAccounts> = plan.services_in_error().collect();
    let accounts = in_error.iter().fold(0_u32, |sum, service| sum.saturating_add(service.in_error));
    let names = in_error.iter().map(|one| format!("{} ({} of {})", one.name, one.in_error, one.total));
    let detail = format!(
        "useapi.net counts accounts in error for other services: {}.",
        text::first_few(names, MAX_NAMED_SERVICES)
    );
    let (subject, kind) = (subscription.subject(), AlertKind::ServicesInError);
    (accounts > 0).then(|| Condition::new(subject, kind, Severity::Info, accounts, detail))
}
