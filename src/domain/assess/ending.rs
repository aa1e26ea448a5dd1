//! The expiry clock of one account. It runs from what is stored, so it needs no answer from anybody.

use super::Transition;
use super::words::end_detail;
use crate::domain::alert::{Alert, AlertKind, Condition, Subject};
use crate::domain::expiry;
use crate::domain::policy::Policy;
use crate::domain::standing::{Known, Standing};
use crate::domain::time::{Timestamp, minute, relative};

/// The expiry clock. It resolves by a later end only; while an end goes back and forth the alert follows in place.
pub(super) fn ending(
    member: &Known,
    standing: &Standing,
    open: Option<&Alert>,
    policy: &Policy,
    now: Timestamp,
) -> Vec<Transition> {
    let Some(end) = standing.end else { return Vec::new() };
    let stage = policy.ladder(&member.account).stage(end, now);
    let condition = |stage| Condition {
        subject: Subject::Account(member.account.clone()),
        kind: AlertKind::Expiry,
        stage: Some(stage),
        severity: expiry::severity(end, now),
        expires_at: Some(end),
        detail: end_detail(member, end, now),
        affected: 1,
    };
    let Some(alert) = open else { return stage.map(condition).map(Transition::Open).into_iter().collect() };
    let told_end = alert.condition.expires_at.unwrap_or(end);
    if end > told_end && (standing.stepped_back_to.is_none() || stage.is_none()) {
        let renewal = Transition::Resolve {
            id: alert.id.clone(),
            detail: format!("A later end was seen: the token now ends {}.", minute(end)),
            renewed_until: Some(end),
        };
        return std::iter::once(renewal).chain(stage.map(condition).map(Transition::Open)).collect();
    }
    if end == told_end && expiry::is_ahead(end, alert.condition.stage, alert.condition.severity, now) {
        let back = Transition::Resolve {
            id: alert.id.clone(),
            detail: format!(
                "The clock was set back: the token ends {}, {}.",
                minute(end),
                relative(end, now)
            ),
            renewed_until: None,
        };
        return vec![stage.map_or(back, |stage| Transition::Update(alert.id.clone(), condition(stage)))];
    }
    let Some(stage) = stage else { return Vec::new() };
    let condition = condition(stage);
    let graver = Some(stage) > alert.condition.stage || condition.severity > alert.condition.severity;
    if end != told_end || graver { vec![Transition::Update(alert.id.clone(), condition)] } else { Vec::new() }
}
