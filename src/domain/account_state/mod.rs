//! The state of one account between checks, and how one more check changes it.
//!
//! An inconclusive check changes neither faults nor expiry. A fault counts only when two checks saw it, `confirm_after` apart.
//! The same checks in the same order give the same state. Alerts are left to `alerts`.

use std::collections::BTreeSet;

use strum::{Display, EnumIter, EnumString, IntoEnumIterator as _, IntoStaticStr};

use crate::domain::account::AccountKey;
use crate::domain::alerts::AlertKind;
use crate::domain::change::Change;
use crate::domain::configuration::{Configuration, ExpirySource};
use crate::domain::diff;
use crate::domain::expiry_tracking::TrackedExpiries;
use crate::domain::lead_times;
use crate::domain::observation::{Observation, Outcome};
use crate::domain::policy::Policy;
use crate::domain::severity::Severity;
use crate::domain::time::Timestamp;
use crate::domain::verdict::Verdict;

/// The number of a run. Runs are numbered in the order in which they began.
pub type RunId = i64;

/// A bad conclusive outcome. Once confirmed it lasts until an `ok`. Each is named after the alert kind that it raises.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Display, EnumIter, EnumString, IntoStaticStr,
)]
#[strum(serialize_all = "snake_case")]
pub enum Fault {
    /// 401.
    Unauthorized,
    /// 402.
    SubscriptionLapsed,
    /// 404.
    NotFound,
    /// An `error` member, or 596.
    AccountError,
    /// An answer that cannot be read.
    Malformed,
}

impl Fault {
    /// The fault that an outcome shows, if any.
    pub const fn from_outcome(outcome: Outcome) -> Option<Self> {
        match outcome {
            Outcome::Unauthorized => Some(Self::Unauthorized),
            Outcome::SubscriptionLapsed => Some(Self::SubscriptionLapsed),
            Outcome::NotFound => Some(Self::NotFound),
            Outcome::AccountError => Some(Self::AccountError),
            Outcome::Malformed => Some(Self::Malformed),
            Outcome::Ok | Outcome::RateLimited | Outcome::Unavailable | Outcome::Blocked => None,
        }
    }

    /// The outcome that shows it.
    pub fn outcome(self) -> Option<Outcome> {
        Outcome::iter().find(|outcome| Self::from_outcome(*outcome) == Some(self))
    }

    /// The kind of alert that it raises.
    pub const fn kind(self) -> AlertKind {
        match self {
            Self::Unauthorized => AlertKind::Unauthorized,
            Self::SubscriptionLapsed => AlertKind::SubscriptionLapsed,
            Self::NotFound => AlertKind::NotFound,
            Self::AccountError => AlertKind::AccountError,
            Self::Malformed => AlertKind::Malformed,
        }
    }
}

/// A fault that one check saw and that awaits its confirmation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnconfirmedFault {
    /// The fault.
    pub fault: Fault,
    /// When it was first seen.
    pub since: Timestamp,
    /// When the account is checked again.
    pub recheck_at: Timestamp,
}

/// The state of one account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccountState {
    /// The outcome of the last check.
    pub outcome: Option<Outcome>,
    /// The error text that came with it.
    pub error: Option<String>,
    /// When the last check was.
    pub checked_at: Option<Timestamp>,
    /// The run of the last check whose outcome depends on the token or the plan: `ok`, 401 or 402. Other outcomes do not help to
    /// attribute a refusal.
    pub auth_run: Option<RunId>,
    /// The run of the last `ok`: proof that the token worked then.
    pub last_ok_run: Option<RunId>,
    /// When the last `ok` was.
    pub last_ok_at: Option<Timestamp>,
    /// When the last conclusive check was.
    pub last_conclusive_at: Option<Timestamp>,
    /// The first of the inconclusive checks since the last conclusive one.
    pub unreachable_since: Option<Timestamp>,
    /// A fault that awaits its confirmation.
    pub unconfirmed: Option<UnconfirmedFault>,
    /// Confirmed faults; an `ok` clears them.
    pub faults: BTreeSet<Fault>,
    /// The expiry that counts.
    pub expires_at: Option<Timestamp>,
    /// Whether the last `ok` held no expiry and none is known from before.
    pub expiry_missing: bool,
    /// The history of the two members that give the expiry.
    pub expiries: TrackedExpiries,
}

/// The last check of an account that said anything about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConclusiveCheck {
    /// When it was.
    pub at: Timestamp,
    /// What it saw; none when it saw one of several faults, and inconclusive checks since then hide which one.
    pub outcome: Option<Outcome>,
}

/// An account with everything that the rules need to know about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountRecord {
    /// Which account.
    pub account: AccountKey,
    /// The operator's name for it.
    pub name: String,
    /// Its state.
    pub account_state: AccountState,
    /// Its configuration as last seen.
    pub configuration: Option<Configuration>,
}

/// One finished check.
#[derive(Clone, Copy, Debug)]
pub struct Check<'a> {
    /// Its result.
    pub observation: &'a Observation,
    /// When it was made.
    pub at: Timestamp,
    /// Its run. A confirmation check belongs to the run of the check that it confirms, as do the checks of the other accounts by
    /// which its cause is attributed.
    pub run: RunId,
}

/// What one check changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateUpdate {
    /// The new state.
    pub account_state: AccountState,
    /// The differences between the configuration before and the new one.
    pub changes: Vec<Change>,
}

impl AccountRecord {
    /// Which account, and its name.
    pub const fn named(&self) -> (&AccountKey, &str) {
        (&self.account, self.name.as_str())
    }

    /// The state under `policy`. When the operator chose another expiry source since the last check, the expiry of that source
    /// counts; this is neither a renewal nor a step back.
    pub fn state_for(&self, policy: &Policy) -> AccountState {
        AccountState { expires_at: self.expires_at(policy), ..self.account_state.clone() }
    }

    /// When the token expires under `policy`.
    pub fn expires_at(&self, policy: &Policy) -> Option<Timestamp> {
        self.account_state.expiries.effective(policy.source).map(|expiry| expiry.at)
    }

    /// The verdict, from the last outcome, the severities of the `open` alerts, and a stage that is reached: its alert is raised by the
    /// next evaluation only.
    pub fn verdict(
        &self,
        open: impl IntoIterator<Item = Severity>,
        policy: &Policy,
        now: Timestamp,
    ) -> Verdict {
        let lead_times = policy.lead_times(&self.account);
        let near = self.expires_at(policy).filter(|expiry| lead_times.stage(*expiry, now).is_some());
        let near = near.map(|expiry| lead_times::severity(expiry, now));
        Verdict::new(self.account_state.outcome, open.into_iter().chain(near))
    }

    /// The state after `check`, and the changes that it saw.
    pub fn apply_check(&self, check: Check<'_>, policy: &Policy) -> StateUpdate {
        let Check { observation, at, run } = check;
        let mut state = self.state_for(policy);
        state.outcome = Some(observation.outcome);
        state.error.clone_from(&observation.error);
        state.checked_at = Some(at);
        if !observation.outcome.is_conclusive() {
            // After a clock step back `since` may lie in the future.
            state.unreachable_since = Some(state.unreachable_since.map_or(at, |since| since.min(at)));
            if let Some(unconfirmed) = &mut state.unconfirmed {
                unconfirmed.recheck_at = unconfirmed.recheck_at.max(at + policy.confirm_after);
            }
            return StateUpdate { account_state: state, changes: Vec::new() };
        }
        state.unreachable_since = None;
        state.last_conclusive_at = Some(at);
        if matches!(observation.outcome, Outcome::Ok | Outcome::Unauthorized | Outcome::SubscriptionLapsed) {
            state.auth_run = Some(run);
        }
        let mut changes = Vec::new();
        if let Some(fault) = Fault::from_outcome(observation.outcome) {
            state.note_fault(fault, at, policy);
        } else {
            state.last_ok_at = Some(at);
            state.last_ok_run = Some(run);
            state.unconfirmed = None;
            state.faults.clear();
        }
        if let Some(configuration) = &observation.configuration {
            if let Some(before) = &self.configuration {
                changes = diff::fields(&self.account, before, configuration, at);
            }
            let rules = (policy.source, policy.lead_times(&self.account));
            let (expiries, step_back) = state.expiries.track(&configuration.readings(), rules, at);
            state.expires_at = expiries.effective(policy.source).map(|expiry| expiry.at);
            state.expiry_missing = state.expires_at.is_none();
            state.expiries = expiries;
            changes
                .extend(step_back.map(|(before, after)| diff::moved_back(&self.account, before, after, at)));
        }
        StateUpdate { account_state: state, changes }
    }
}

impl AccountState {
    /// The earliest expiry that counts under any source. The store finds accounts near their expiry by it, also when the operator
    /// has just chosen another source.
    pub fn earliest_expiry(&self) -> Option<Timestamp> {
        let sources = [ExpirySource::ExpExpire, ExpirySource::Exp, ExpirySource::Earliest];
        let expiries = sources.map(|source| self.expiries.effective(source).map(|expiry| expiry.at));
        expiries.into_iter().chain([self.expires_at]).flatten().min()
    }

    /// The last conclusive check, if there was one.
    pub fn last_conclusive(&self) -> Option<ConclusiveCheck> {
        let at = self.last_conclusive_at?;
        let last = self.outcome.filter(|outcome| outcome.is_conclusive());
        let before = || {
            if self.last_ok_at == Some(at) {
                Some(Outcome::Ok)
            } else {
                self.last_fault().and_then(Fault::outcome)
            }
        };
        Some(ConclusiveCheck { at, outcome: last.or_else(before) })
    }

    /// The fault that the last conclusive check saw, where only one is possible.
    fn last_fault(&self) -> Option<Fault> {
        let confirmed = || match self.faults.len() {
            1 => self.faults.first().copied(),
            _ => None,
        };
        self.unconfirmed.map(|unconfirmed| unconfirmed.fault).or_else(confirmed)
    }

    /// Whether another check with the same result would change nothing except its time and run.
    pub fn is_stable(&self) -> bool {
        self.outcome == Some(Outcome::Ok)
            && self.error.is_none()
            && self.checked_at.is_some()
            && [self.last_ok_at, self.last_conclusive_at] == [self.checked_at; 2]
            && self.last_ok_run.is_some()
            && self.auth_run == self.last_ok_run
            && self.unreachable_since.is_none()
            && self.unconfirmed.is_none()
            && self.faults.is_empty()
            && self.expiries.is_stable()
    }

    /// Confirms `fault` when an earlier check saw it too, else notes it for a confirmation check.
    fn note_fault(&mut self, fault: Fault, at: Timestamp, policy: &Policy) {
        if self.faults.contains(&fault) {
            self.unconfirmed = None;
            return;
        }
        let since = match self.unconfirmed {
            Some(unconfirmed) if unconfirmed.fault == fault => unconfirmed.since.min(at),
            _ => at,
        };
        if at - since >= policy.confirm_after {
            self.faults.insert(fault);
            self.unconfirmed = None;
        } else {
            self.unconfirmed =
                Some(UnconfirmedFault { fault, since, recheck_at: since + policy.confirm_after });
        }
    }
}

#[cfg(test)]
mod tests;
