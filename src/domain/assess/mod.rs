//! What should fire now, given what is known: the transitions that alerts have to make.
//!
//! Promises: level, not edge: computed from what is stored, so a crash between two steps loses nothing; one cause is
//! one alert. An alert's text moves only together with its stage, severity or end, so nothing is written for nothing.
//! Leaves who hears of it to `announce`.

mod ending;
mod group;
mod receiver;
mod words;

use std::collections::BTreeMap;

use crate::domain::account::{AccountKey, SubscriptionName};
use crate::domain::alert::{Alert, AlertId, AlertKind, Condition, Resolution, Severity, Subject};
use crate::domain::policy::Policy;
use crate::domain::standing::{Fault, Known};
use crate::domain::time::Timestamp;
use ending::ending;
use group::Group;
pub use group::Others;
use words::{fault_condition, healthy_again, no_longer_watched, unusable_ends};

pub use receiver::{Health, receiver};

/// One step in an alert's life.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Transition {
    /// Begins to fire; an `expiry` that was resolved with this very end fires on.
    Open(Condition),
    /// Fires on with another stage, severity or end.
    Update(AlertId, Condition),
    /// Ends.
    Resolve {
        /// Which alert.
        id: AlertId,
        /// Why, in one sentence.
        detail: String,
        /// The end that replaced the one that was near; `expiry` only.
        renewed_until: Option<Timestamp>,
        /// Why, for programs.
        resolution: Resolution,
    },
}

/// The firing alerts among which a subscription is assessed.
#[derive(Debug, Default)]
pub struct Open<'a>(BTreeMap<(&'a Subject, AlertKind), &'a Alert>);

impl<'a> Open<'a> {
    /// Keeps those that fire.
    pub fn new(alerts: impl IntoIterator<Item = &'a Alert>) -> Self {
        let firing = alerts.into_iter().filter(|alert| alert.is_firing());
        Self(firing.map(|alert| ((&alert.condition.subject, alert.condition.kind), alert)).collect())
    }

    /// The firing alert of that subject and kind.
    pub fn find(&self, subject: &Subject, kind: AlertKind) -> Option<&'a Alert> {
        self.0.get(&(subject, kind)).copied()
    }
}

/// Everything that should happen to the alerts of one subscription and its accounts: `members`, and the rest of `others`, which are
/// all well, end late and have no alert.
pub fn subscription(
    name: &SubscriptionName,
    members: &[Known],
    others: Others,
    open: &Open<'_>,
    policy: &Policy,
    now: Timestamp,
) -> Vec<Transition> {
    let accounts = members.iter().filter(|member| !member.account.is_listing());
    let mut transitions: Vec<Transition> =
        accounts.flat_map(|member| account(member, open, policy, now)).collect();
    let group = Group::of(name, members, others, open);
    transitions.extend(group.refusals(Fault::Unauthorized));
    transitions.extend(group.refusals(Fault::SubscriptionLapsed));
    transitions.extend(group.silence(policy));
    transitions.extend(group.riddles());
    transitions
}

/// What time alone can do to the alerts of one account: everything else moves by looks.
pub fn passing(member: &Known, open: &Open<'_>, policy: &Policy, now: Timestamp) -> Vec<Transition> {
    let subject = Subject::Account(member.account.clone());
    ending(member, &member.standing_under(policy), open.find(&subject, AlertKind::Expiry), policy, now)
}

/// The refusals that a sibling's later `ok` disproved. To be forgotten: else they count again when that sibling leaves, or
/// make one more cause of the next refusal.
pub fn outlived(
    name: &SubscriptionName,
    members: &[Known],
    others: Others,
    open: &Open<'_>,
) -> Vec<(AccountKey, Fault)> {
    let group = Group::of(name, members, others, open);
    let of = |fault| group.outlived(fault).into_iter().map(move |account| (account, fault));
    [Fault::Unauthorized, Fault::SubscriptionLapsed].into_iter().flat_map(of).collect()
}

/// Whether this step makes one of `alerts` graver: news also to who acknowledged it as it stood.
pub fn gets_graver<'a>(step: &'a Transition, alerts: &[Alert]) -> Option<&'a AlertId> {
    let Transition::Update(id, condition) = step else { return None };
    let before = alerts.iter().find(|alert| alert.id == *id)?;
    before.is_escalated_by(condition).then_some(id)
}

/// Makes this step in `alerts`. One that begins is named after its place: nobody was told of it.
pub fn take(step: Transition, alerts: &mut Vec<Alert>, now: Timestamp) {
    match step {
        Transition::Open(condition) => alerts.push(Alert {
            id: AlertId::new(format!("(new, {})", alerts.len())),
            condition,
            opened_at: now,
            resolved_at: None,
            renewed_until: None,
            reached_at: now,
            resolution: None,
        }),
        Transition::Update(id, condition) => {
            if let Some(alert) = alerts.iter_mut().find(|alert| alert.id == id) {
                alert.update(condition, now);
            }
        }
        Transition::Resolve { id, detail, renewed_until, resolution } => {
            if let Some(alert) = alerts.iter_mut().find(|alert| alert.id == id) {
                alert.condition.detail = detail;
                alert.resolved_at = Some(now);
                alert.renewed_until = renewed_until;
                alert.resolution = Some(resolution);
            }
        }
    }
}

/// The end of alerts whose account, subscription or receiver left the configuration. Nothing was learnt of what they said, so
/// the sentence repeats what is known.
pub fn unwatched(alert: &Alert, now: Timestamp) -> Transition {
    Transition::Resolve {
        id: alert.id.clone(),
        detail: no_longer_watched(&alert.condition, now),
        renewed_until: None,
        resolution: Resolution::NoLongerWatched,
    }
}

/// The kinds that are about one account alone.
fn account(member: &Known, open: &Open<'_>, policy: &Policy, now: Timestamp) -> Vec<Transition> {
    let subject = Subject::Account(member.account.clone());
    let standing = member.standing_under(policy);
    let mut transitions = Vec::new();
    let find = |kind| open.find(&subject, kind);
    transitions.extend(ending(member, &standing, find(AlertKind::Expiry), policy, now));
    let without_end = standing.end_missing.then(|| Condition {
        subject: subject.clone(),
        kind: AlertKind::ExpiryUnknown,
        stage: None,
        severity: Severity::Warning,
        expires_at: None,
        detail: unusable_ends(&standing.expiries),
        affected: 1,
    });
    let known = find(AlertKind::ExpiryUnknown);
    match (known, without_end) {
        // Unlike the vendor's words, this text is ours: it moves when a missing end becomes an unreadable one.
        (Some(alert), Some(condition)) if alert.condition.detail != condition.detail => {
            transitions.push(Transition::Update(alert.id.clone(), condition));
        }
        (known, without_end) => transitions.extend(settle(known, without_end, || {
            "The configuration holds the token's end again.".to_owned()
        })),
    }
    for fault in [Fault::NotFound, Fault::AccountError] {
        let condition =
            standing.faults.contains(&fault).then(|| fault_condition(subject.clone(), fault, 1, &standing));
        transitions.extend(settle(find(fault.kind()), condition, || healthy_again(&standing)));
    }
    transitions
}

/// Opens, updates or resolves by comparing what fires with what should. The text alone moves nothing: vendors put time
/// stamps into their error texts.
fn settle(
    open: Option<&Alert>,
    wanted: Option<Condition>,
    resolved: impl FnOnce() -> String,
) -> Option<Transition> {
    match (open, wanted) {
        (None, None) => None,
        (None, Some(condition)) => Some(Transition::Open(condition)),
        (Some(alert), None) => Some(Transition::Resolve {
            id: alert.id.clone(),
            detail: resolved(),
            renewed_until: None,
            resolution: Resolution::Ended,
        }),
        (Some(alert), Some(condition)) => {
            let same = alert.condition.severity == condition.severity
                && alert.condition.affected == condition.affected;
            (!same).then(|| Transition::Update(alert.id.clone(), condition))
        }
    }
}

#[cfg(test)]
pub(in crate::domain) mod tests;
