//! Whether an account can take jobs now, judged from what is stored.
//!
//! Guarantees: an account with an open critical alert is never usable, `expiry` excepted, whose time [`Requirements::valid_for`] judges;
//! more needs or a longer `valid_for` never make an account usable. Which alerts count is decided in `alert_effect`, the order of
//! usable accounts in `rank`. Reading the facts is left to `report`.

mod alert_effect;
mod need;
mod rank;
mod reason;
mod trial;

use std::collections::BTreeMap;

use chrono::TimeDelta;

use super::account_state::ConclusiveCheck;
use super::alerts::AlertKind;
use super::observation::Outcome;
use super::severity::Severity;
use super::time::Timestamp;
use alert_effect::{AlertEffect, alert_effect, follows_from};

pub use need::{NeededFlag, NeededFlagError};
pub use rank::UsableRank;
pub use reason::UnusableReason;
pub use trial::TrialFacts;

/// What is asked of an account.
#[derive(Clone, Debug)]
pub struct Requirements {
    /// The moment for which it is judged.
    pub now: Timestamp,
    /// A conclusive check counts while it is younger: `unreachable_after` plus one interval of the schedule.
    pub max_age: TimeDelta,
    /// The token must not expire within this time (`--for`).
    pub valid_for: TimeDelta,
    /// Flags that must be true (`--needs`).
    pub needs: Vec<NeededFlag>,
}

/// What is known about one account.
#[derive(Clone, Debug)]
pub struct AccountFacts<'a> {
    /// Its last conclusive check, if there was one.
    pub last_conclusive: Option<ConclusiveCheck>,
    /// When its token expires, if that is known.
    pub expires_at: Option<Timestamp>,
    /// Its `support*` flags.
    pub capabilities: &'a BTreeMap<String, bool>,
    /// The open alerts about it and about its subscription.
    pub alerts: Vec<(AlertKind, Severity)>,
    /// Whether one job may be tried although its jobs failed: since the alert, no job was counted for one window.
    pub is_trial_due: bool,
}

/// Whether an account can take jobs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Usability {
    /// It can.
    Usable {
        /// Only failed jobs speak against it, and one job should be tried to prove that it works again.
        trial: bool,
        /// A warning about it or its subscription is open, so another account is the better choice.
        has_warning: bool,
    },
    /// It cannot, for at least one reason.
    Unusable {
        /// Every reason.
        reasons: Vec<UnusableReason>,
    },
    /// There was no conclusive check yet.
    Unknown,
}

impl Usability {
    /// As in JSON: true, false, or none when it is unknown.
    pub const fn is_usable(&self) -> Option<bool> {
        match self {
            Self::Usable { .. } => Some(true),
            Self::Unusable { .. } => Some(false),
            Self::Unknown => None,
        }
    }
}

/// Judges one account.
pub fn judge_usability(facts: &AccountFacts<'_>, requirements: &Requirements) -> Usability {
    let Some(check) = facts.last_conclusive else { return Usability::Unknown };
    let mut reasons: Vec<UnusableReason> = check_reason(check, requirements).into_iter().collect();
    reasons.extend(age_reason(check, requirements));
    reasons.extend(expiry_reason(facts.expires_at, requirements));
    let missing = requirements.needs.iter().filter_map(|need| missing_reason(need, facts.capabilities));
    reasons.extend(missing);
    let mut effects = Vec::new();
    for (kind, severity) in &facts.alerts {
        let effect = alert_effect(*kind, *severity);
        effects.push(effect);
        // One cause is one reason: the outcome has named it already.
        if effect.speaks_against() && !(check.outcome.is_some_and(|outcome| follows_from(*kind, outcome))) {
            reasons.push(UnusableReason::OpenAlert { kind: *kind, severity: *severity });
        }
    }
    let has_warning = effects.contains(&AlertEffect::Warns);
    if reasons.is_empty() {
        Usability::Usable { trial: false, has_warning }
    } else if facts.is_trial_due && reasons.iter().all(is_disproved_by_a_job) {
        Usability::Usable { trial: true, has_warning }
    } else {
        Usability::Unusable { reasons }
    }
}

/// Whether one good job would show that the reason no longer holds. With [`AccountFacts::is_trial_due`] this decides who is on trial.
fn is_disproved_by_a_job(reason: &UnusableReason) -> bool {
    match reason {
        UnusableReason::OpenAlert { kind, severity } => {
            alert_effect(*kind, *severity) == AlertEffect::SpeaksAgainst { job_disproves: true }
        }
        UnusableReason::Outcome { .. }
        | UnusableReason::Stale { .. }
        | UnusableReason::ClockSetBack { .. }
        | UnusableReason::Expired { .. }
        | UnusableReason::ExpiresTooSoon { .. }
        | UnusableReason::Lacks { .. } => false,
    }
}

fn check_reason(check: ConclusiveCheck, requirements: &Requirements) -> Option<UnusableReason> {
    let is_ok = check.outcome == Some(Outcome::Ok);
    (!is_ok).then_some(UnusableReason::Outcome {
        outcome: check.outcome,
        at: check.at,
        now: requirements.now,
    })
}

fn age_reason(check: ConclusiveCheck, requirements: &Requirements) -> Option<UnusableReason> {
    let Requirements { now, max_age, .. } = *requirements;
    let at = check.at;
    if now - at >= max_age {
        Some(UnusableReason::Stale { at, now, max_age })
    } else if at - now >= max_age {
        Some(UnusableReason::ClockSetBack { at })
    } else {
        None
    }
}

/// An unknown expiry does not speak against an account.
fn expiry_reason(expires_at: Option<Timestamp>, requirements: &Requirements) -> Option<UnusableReason> {
    let Requirements { now, valid_for, .. } = *requirements;
    let at = expires_at.filter(|at| *at <= now + valid_for)?;
    Some(if at <= now {
        UnusableReason::Expired { at }
    } else {
        UnusableReason::ExpiresTooSoon { at, now, valid_for }
    })
}

fn missing_reason(need: &NeededFlag, capabilities: &BTreeMap<String, bool>) -> Option<UnusableReason> {
    let value = capabilities.iter().find(|(flag, _)| need.matches(flag)).map(|(_, has)| *has);
    (value != Some(true)).then(|| UnusableReason::Lacks { need: need.clone(), is_absent: value.is_none() })
}

#[cfg(test)]
mod tests;
