//! `malformed`: answers that cannot be read, confirmed. Warning; resolves with an `ok`.
//!
//! It is about the subscription if no account gives readable answers, else about each account. An account that never had a
//! conclusive check, or whose malformed answer still awaits its confirmation, does not count as readable.

use super::cause::{Attribution, SubscriptionAccounts, healthy_again_count};
use super::fault::FaultAlert;
use super::transition::Transition;
use crate::domain::account_state::{AccountState, Fault};
use crate::domain::severity::Severity;

const ALERT: FaultAlert =
    FaultAlert::new(Fault::Malformed, Severity::Warning, "useapi.net answers in a form that cannot be read");

pub(super) fn evaluate(subscription: &SubscriptionAccounts<'_>) -> Vec<Transition> {
    let is_malformed = |state: &AccountState| state.faults.contains(&ALERT.fault);
    let is_readable = |state: &AccountState| {
        let is_unconfirmed = state.unconfirmed.is_some_and(|unconfirmed| unconfirmed.fault == ALERT.fault);
        state.last_conclusive_at.is_some() && !is_unconfirmed && !is_malformed(state)
    };
    let faulty = subscription.accounts_with(is_malformed);
    let is_shared = subscription.accounts_with(is_readable).is_empty() && subscription.stable_count == 0;
    let attribution = Attribution { affected: faulty.clone(), faulty, is_shared, other_source: None };
    let condition = |subject, affected, state: &_| ALERT.condition(subject, affected, state);
    subscription.transitions(ALERT.fault.kind(), &attribution, condition, healthy_again_count)
}
