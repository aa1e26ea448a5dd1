//! Transitions: the steps in the life of an alert, found by comparing the open alerts with what is true now.
//!
//! A transition is a value. The engine writes it to the store.

use std::collections::BTreeMap;

use super::alert::{Alert, AlertId, AlertKind, Condition, Resolution, Subject};
use crate::domain::time::Timestamp;

/// One step in the life of an alert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Transition {
    /// An alert opens. An `expiry` that had resolved with the same expiry opens again under its id.
    Open(Condition),
    /// The alert fires on with another stage, severity or expiry.
    Update(AlertId, Condition),
    /// The alert resolves.
    Resolve(Resolved),
}

/// An alert that resolves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved {
    /// Which alert.
    pub id: AlertId,
    /// Why, in one sentence.
    pub detail: String,
    /// The later expiry that resolved it; `expiry` only.
    pub renewed_until: Option<Timestamp>,
    /// Why, for programs.
    pub resolution: Resolution,
}

impl Transition {
    /// Resolves `alert` because its condition is no longer true.
    pub(super) fn resolve(alert: &Alert, detail: String) -> Self {
        let (id, resolution) = (alert.id.clone(), Resolution::Ended);
        Self::Resolve(Resolved { id, detail, renewed_until: None, resolution })
    }

    /// Resolves `alert` because the source that raised it is no longer watched, so the condition is unknown.
    pub(super) fn resolve_without_source(alert: &Alert, detail: &str) -> Self {
        let (id, resolution) = (alert.id.clone(), Resolution::NoLongerWatched);
        Self::Resolve(Resolved { id, detail: detail.to_owned(), renewed_until: None, resolution })
    }

    /// The alert that this transition makes more severe, if it does so. Its acknowledgement ends then.
    pub fn escalated_alert<'a>(&'a self, alerts: &[Alert]) -> Option<&'a AlertId> {
        let Self::Update(id, condition) = self else { return None };
        let before = alerts.iter().find(|alert| alert.id == *id)?;
        before.is_escalated_by(condition).then_some(id)
    }
}

/// The firing alerts, by subject and kind.
#[derive(Debug, Default)]
pub struct OpenAlerts<'a>(BTreeMap<(&'a Subject, AlertKind), &'a Alert>);

impl<'a> OpenAlerts<'a> {
    /// Keeps those of `alerts` that fire.
    pub fn new(alerts: impl IntoIterator<Item = &'a Alert>) -> Self {
        let firing = alerts.into_iter().filter(|alert| alert.is_firing());
        Self(firing.map(|alert| ((&alert.condition.subject, alert.condition.kind), alert)).collect())
    }

    /// The firing alert of that subject and kind.
    pub fn find(&self, subject: &Subject, kind: AlertKind) -> Option<&'a Alert> {
        self.0.get(&(subject, kind)).copied()
    }
}

/// Compares the `open` alert with the condition that is true now. A changed text alone updates nothing, because vendors put time
/// stamps into their error texts. `resolved` is the sentence of a resolved alert.
pub(super) fn diff_alert(
    open: Option<&Alert>,
    condition: Option<Condition>,
    resolved: impl FnOnce() -> String,
) -> Option<Transition> {
    match (open, condition) {
        (None, condition) => condition.map(Transition::Open),
        (Some(alert), None) => Some(Transition::resolve(alert, resolved())),
        (Some(alert), Some(condition)) => {
            let is_same = alert.condition.severity == condition.severity
                && alert.condition.affected == condition.affected;
            (!is_same).then(|| Transition::Update(alert.id.clone(), condition))
        }
    }
}
