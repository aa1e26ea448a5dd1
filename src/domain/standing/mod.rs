//! What is known of one account between looks, and what one more look makes of it.
//!
//! Promises: a look without a verdict changes no belief; a bad verdict is believed only when it was seen twice,
//! `confirm_after` apart; the same looks in the same order give the same standing. Leaves alerts to `assess`.

use std::collections::BTreeSet;
use std::fmt;

use crate::domain::account::AccountKey;
use crate::domain::alert::AlertKind;
use crate::domain::change::Change;
use crate::domain::configuration::{Configuration, EndSource};
use crate::domain::diff;
use crate::domain::expiry_tracking::TrackedExpiries;
use crate::domain::observation::{Observation, Outcome};
use crate::domain::policy::Policy;
use crate::domain::time::Timestamp;

/// The number of a run, in the order in which runs began.
pub type RunId = i64;

/// A bad verdict: an outcome that stands until an `ok` refutes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
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
    /// Every fault.
    pub const ALL: [Self; 5] =
        [Self::Unauthorized, Self::SubscriptionLapsed, Self::NotFound, Self::AccountError, Self::Malformed];

    /// The fault that an outcome shows, if it shows one.
    pub const fn of(outcome: Outcome) -> Option<Self> {
        match outcome {
            Outcome::Unauthorized => Some(Self::Unauthorized),
            Outcome::SubscriptionLapsed => Some(Self::SubscriptionLapsed),
            Outcome::NotFound => Some(Self::NotFound),
            Outcome::AccountError => Some(Self::AccountError),
            Outcome::Malformed => Some(Self::Malformed),
            Outcome::Ok | Outcome::RateLimited | Outcome::Unavailable | Outcome::Blocked => None,
        }
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

    /// The fault of that alert kind's word, if it is one.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|fault| fault.kind().as_str() == word)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind().fmt(f)
    }
}

/// A bad verdict seen once and not yet believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Suspicion {
    /// What was seen.
    pub fault: Fault,
    /// When it was first seen.
    pub since: Timestamp,
    /// When the account is to be asked again.
    pub ask_at: Timestamp,
}

/// What is known of one account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// What the last look saw.
    pub outcome: Option<Outcome>,
    /// What there was to say about it.
    pub error: Option<String>,
    /// When the last look was.
    pub checked_at: Option<Timestamp>,
    /// The run of the last look that spoke of the token or the plan: `ok`, 401 or 402. Other answers weigh nothing when
    /// a refusal's cause is sought.
    pub verdict_run: Option<RunId>,
    /// The run of the last healthy look: proof that the token worked then.
    pub ok_run: Option<RunId>,
    /// The last healthy look.
    pub last_ok_at: Option<Timestamp>,
    /// The last look that gave a verdict.
    pub last_verdict_at: Option<Timestamp>,
    /// The first of the looks without a verdict that the last look ended.
    pub no_verdict_since: Option<Timestamp>,
    /// A bad verdict to be asked about again.
    pub suspicion: Option<Suspicion>,
    /// Bad verdicts believed, until an `ok`.
    pub faults: BTreeSet<Fault>,
    /// The token's end that counts.
    pub end: Option<Timestamp>,
    /// Whether the last healthy look held no end, and none is known from before.
    pub end_missing: bool,
    /// What is known of the two members that give the end.
    pub expiries: TrackedExpiries,
}

/// An account with all that the rules need of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// Which account.
    pub account: AccountKey,
    /// The operator's name for it.
    pub name: String,
    /// What is known.
    pub standing: Standing,
    /// Its configuration as last seen.
    pub configuration: Option<Configuration>,
}

/// One look: what it saw, when, and in which run.
#[derive(Clone, Copy, Debug)]
pub struct Look<'a> {
    /// What it saw.
    pub observation: &'a Observation,
    /// When.
    pub at: Timestamp,
    /// In which run. The look that confirms a suspicion belongs to the run that raised it, as do the looks at the
    /// other accounts by which its cause is judged.
    pub run: RunId,
}

/// What one look taught.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lesson {
    /// What is known now.
    pub standing: Standing,
    /// What moved between the configuration before and the one seen.
    pub changes: Vec<Change>,
}

impl Known {
    /// Which account, and its name.
    pub const fn named(&self) -> (&AccountKey, &str) {
        (&self.account, self.name.as_str())
    }

    /// The standing as `policy` reads it: when the operator chose another source for the end since the last look, the
    /// other one counts, which is neither a renewal nor a step back.
    pub fn standing_under(&self, policy: &Policy) -> Standing {
        let mut standing = self.standing.clone();
        standing.end = standing.expiries.effective(policy.source).map(|expiry| expiry.at);
        standing
    }

    /// What `look` makes of what was known.
    pub fn learn(&self, look: Look<'_>, policy: &Policy) -> Lesson {
        let Look { observation, at, run } = look;
        let mut standing = self.standing_under(policy);
        standing.outcome = Some(observation.outcome);
        standing.error.clone_from(&observation.error);
        standing.checked_at = Some(at);
        if !observation.outcome.is_verdict() {
            // A clock that was set back must not stretch the silence's beginning into the future.
            standing.no_verdict_since = Some(standing.no_verdict_since.map_or(at, |since| since.min(at)));
            if let Some(suspicion) = &mut standing.suspicion {
                suspicion.ask_at = suspicion.ask_at.max(at + policy.confirm_after);
            }
            return Lesson { standing, changes: Vec::new() };
        }
        standing.no_verdict_since = None;
        standing.last_verdict_at = Some(at);
        if matches!(observation.outcome, Outcome::Ok | Outcome::Unauthorized | Outcome::SubscriptionLapsed) {
            standing.verdict_run = Some(run);
        }
        let mut changes = Vec::new();
        if let Some(fault) = Fault::of(observation.outcome) {
            standing.suspect(fault, at, policy);
        } else {
            standing.last_ok_at = Some(at);
            standing.ok_run = Some(run);
            standing.suspicion = None;
            standing.faults.clear();
        }
        if let Some(seen) = &observation.configuration {
            if let Some(before) = &self.configuration {
                changes = diff::fields(&self.account, before, seen, at);
            }
            let rules = (policy.source, policy.ladder(&self.account));
            let (expiries, back) = standing.expiries.track(&seen.readings(), rules, at);
            standing.end = expiries.effective(policy.source).map(|expiry| expiry.at);
            standing.end_missing = standing.end.is_none();
            standing.expiries = expiries;
            changes.extend(back.map(|(before, after)| diff::moved_back(&self.account, before, after, at)));
        }
        Lesson { standing, changes }
    }
}

impl Standing {
    /// The earliest expiry that counts under any source: whoever looks for accounts whose expiry is near must find them before
    /// the next answer when the operator chose another source.
    pub fn earliest_end(&self) -> Option<Timestamp> {
        let sources = [EndSource::ExpExpire, EndSource::Exp, EndSource::Earliest];
        let ends = sources.map(|source| self.expiries.effective(source).map(|expiry| expiry.at));
        ends.into_iter().chain([self.end]).flatten().min()
    }

    /// Whether another look that sees the same would teach nothing but that it was made.
    pub fn is_calm(&self) -> bool {
        self.outcome == Some(Outcome::Ok)
            && self.error.is_none()
            && self.checked_at.is_some()
            && [self.last_ok_at, self.last_verdict_at] == [self.checked_at; 2]
            && self.ok_run.is_some()
            && self.verdict_run == self.ok_run
            && self.no_verdict_since.is_none()
            && self.suspicion.is_none()
            && self.faults.is_empty()
            && self.expiries.is_settled()
    }

    /// What is known of a calm account after another look that saw the same.
    #[must_use]
    pub fn still_calm(&self, at: Timestamp, run: RunId) -> Self {
        let mut expiries = self.expiries.clone();
        expiries.seen_again(at);
        Self {
            expiries,
            checked_at: Some(at),
            last_ok_at: Some(at),
            last_verdict_at: Some(at),
            verdict_run: Some(run),
            ok_run: Some(run),
            ..self.clone()
        }
    }

    /// Believes `fault` when it was asked about twice, else waits for the second answer.
    fn suspect(&mut self, fault: Fault, at: Timestamp, policy: &Policy) {
        if self.faults.contains(&fault) {
            self.suspicion = None;
            return;
        }
        let since = match self.suspicion {
            Some(suspicion) if suspicion.fault == fault => suspicion.since.min(at),
            _ => at,
        };
        if at - since >= policy.confirm_after {
            self.faults.insert(fault);
            self.suspicion = None;
        } else {
            self.suspicion = Some(Suspicion { fault, since, ask_at: since + policy.confirm_after });
        }
    }
}

#[cfg(test)]
mod tests;
