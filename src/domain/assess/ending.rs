//! The expiry clock of one account. It runs from what is stored, so it needs no answer from anybody.

use super::Transition;
use super::words::end_detail;
use crate::domain::alert::{Alert, AlertKind, Condition, Resolution, Severity, Subject};
use crate::domain::expiry::{self, CRITICAL_WITHIN, SAME_WITHIN, Stage};
use crate::domain::policy::Policy;
use crate::domain::standing::{Known, Standing};
use crate::domain::time::{Timestamp, minute, relative, was_set_back};

/// The expiry clock. An alert resolves when the expiry leaves every stage; it resolves and another opens when the expiry leaves
/// the reached stage for a milder one; whatever else the expiry does, the alert follows it under its id.
pub(super) fn ending(
    member: &Known,
    standing: &Standing,
    open: Option<&Alert>,
    policy: &Policy,
    now: Timestamp,
) -> Vec<Transition> {
    let Some(effective) = standing.expiries.effective(policy.source) else { return Vec::new() };
    let end = effective.at;
    let ladder = policy.ladder(&member.account);
    let stage = ladder.stage(end, now);
    let condition = |stage, severity| Condition {
        subject: Subject::Account(member.account.clone()),
        kind: AlertKind::Expiry,
        stage: Some(stage),
        severity,
        expires_at: Some(end),
        detail: end_detail(standing, &effective, now),
        affected: 1,
    };
    let present = |stage| condition(stage, expiry::severity(end, now));
    let Some(alert) = open else { return stage.map(present).map(Transition::Open).into_iter().collect() };
    let known_end = alert.condition.expires_at.unwrap_or(end);
    if end - known_end < SAME_WITHIN && is_ahead(alert, end, now) {
        let resolve = || Transition::Resolve {
            id: alert.id.clone(),
            detail: format!(
                "The clock was set back: the token ends {}, {}.",
                minute(end),
                relative(end, now)
            ),
            renewed_until: None,
            resolution: Resolution::Ended,
        };
        return vec![
            stage.map_or_else(resolve, |stage| Transition::Update(alert.id.clone(), present(stage))),
        ];
    }
    let reached = alert.condition.stage.unwrap_or(Stage::Expired);
    // Time alone leaves no stage.
    if end > known_end && reached.is_left(end, now) {
        let renewal = || Transition::Resolve {
            id: alert.id.clone(),
            detail: format!("A later end was seen: the token now ends {}.", minute(end)),
            renewed_until: Some(end),
            resolution: if effective.is_replacement {
                Resolution::RenewedByOther
            } else {
                Resolution::Renewed
            },
        };
        if ladder.is_left(end, now) {
            return vec![renewal()];
        }
        // Just beyond the longest lead time no stage is reached, but the mildest one is not left.
        let milder = stage.or_else(|| ladder.mildest()).filter(|stage| *stage < reached);
        if let Some(stage) = milder {
            return vec![renewal(), Transition::Open(present(stage))];
        }
    }
    let stage = stage.map_or(reached, |stage| stage.max(reached));
    let follows = condition(stage, severity(alert, end, now));
    let same = follows.expires_at == alert.condition.expires_at && follows.detail == alert.condition.detail;
    if same && !alert.is_escalated_by(&follows) {
        return Vec::new();
    }
    vec![Transition::Update(alert.id.clone(), follows)]
}

/// Whether the alert says what only a clock that ran ahead can have shown. An expiry that slides away shows the same of a stage
/// that was reached by the right clock, so the moment at which it was reached must lie in the future too.
fn is_ahead(alert: &Alert, end: Timestamp, now: Timestamp) -> bool {
    was_set_back(alert.reached_at, now)
        && expiry::is_ahead(end, alert.condition.stage, alert.condition.severity, now)
}

/// A critical alert stays critical until its expiry leaves that distance as it would a stage.
fn severity(alert: &Alert, end: Timestamp, now: Timestamp) -> Severity {
    let is_critical =
        alert.condition.severity == Severity::Critical && !Stage::Lead(CRITICAL_WITHIN).is_left(end, now);
    if is_critical { Severity::Critical } else { expiry::severity(end, now) }
}
