//! `unreachable`: no conclusive check for `unreachable_after`. Warning; resolves with any conclusive check.
//!
//! Only checks that failed count, not checks that were missed: a suspended machine raises no alert. It is about the subscription
//! if all its accounts are unreachable. That is measured up to the newest check, so that checks a moment apart do not split one
//! cause. The subscription's alert goes on while no account answers: neither an account that joins nor an edited threshold ends it.

use super::alert::{AlertKind, Condition, Subject};
use super::cause::{Attribution, SubscriptionAccounts, healthy_again_count};
use super::transition::Transition;
use crate::domain::account_state::AccountState;
use crate::domain::severity::Severity;
use crate::domain::time::{Timestamp, minute};

const KIND: AlertKind = AlertKind::Unreachable;

pub(super) fn evaluate(subscription: &SubscriptionAccounts<'_>) -> Vec<Transition> {
    subscription.transitions(KIND, &attribute(subscription), condition, healthy_again_count)
}

fn attribute<'a>(subscription: &SubscriptionAccounts<'a>) -> Attribution<'a> {
    let is_long = |state: &AccountState, until: Option<Timestamp>| {
        let streak = state.unreachable_since.zip(until);
        streak.is_some_and(|(since, until)| until - since >= subscription.policy.unreachable_after)
    };
    let faulty = subscription.accounts_with(|state| state.unreachable_since.is_some());
    let newest = faulty.iter().filter_map(|record| record.account_state.checked_at).max();
    let checked = subscription.accounts_with(|state| state.checked_at.is_some());
    let none_answers = subscription.stable_count == 0 && faulty.len() == checked.len();
    let is_open = subscription.open.find(&subscription.subject(), KIND).is_some();
    let all_long = || faulty.iter().all(|record| is_long(&record.account_state, newest));
    let is_shared = none_answers && (is_open || all_long());
    let affected = if is_shared {
        faulty.clone()
    } else {
        subscription.accounts_with(|state| is_long(state, state.checked_at))
    };
    Attribution { faulty, affected, is_shared, other_source: None }
}

fn condition(subject: Subject, affected: u32, state: &AccountState) -> Condition {
    let since = state.unreachable_since.map(|since| format!(" since {}", minute(since))).unwrap_or_default();
    let error = state.error.as_ref().map(|error| format!(": {}", error.trim_end_matches('.')));
    let detail = format!("No usable response from useapi.net{since}{}.", error.unwrap_or_default());
    Condition::new(subject, KIND, Severity::Warning, affected, detail)
}
