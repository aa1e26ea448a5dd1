//! `expiry`: the token expires sooner than a lead time (the stage), or has expired. Warning; critical from one day before the expiry.
//!
//! It is evaluated from stored data, so it needs no answer. It resolves when the expiry leaves every stage. When the expiry leaves the
//! reached stage for a milder one, the alert resolves and another opens. In every other case the open alert follows the expiry.
//! An expiry that moves back and forth is sent once: a move back updates the open alert, and a value that an alert was sent for
//! reopens that alert with its notifications.

use chrono::TimeDelta;

use super::alert::{Alert, AlertKind, Condition, Resolution};
use super::rule::AccountInput;
use super::transition::{Resolved, Transition};
use crate::domain::clock_skew;
use crate::domain::expiry_tracking::{
    EffectiveExpiry, ExpiryMember, ReadState, TrackedExpiries, TrackedExpiry,
};
use crate::domain::lead_times::{CRITICAL_WITHIN, SAME_WITHIN, Stage, severity};
use crate::domain::severity::Severity;
use crate::domain::text::quoted;
use crate::domain::time::{Timestamp, minute, relative};

pub(super) fn evaluate(account: &AccountInput<'_>) -> Vec<Transition> {
    let Some(effective) = account.state.expiries.effective(account.policy.source) else { return Vec::new() };
    let (expires_at, now) = (effective.at, account.now);
    let lead_times = account.policy.lead_times(&account.record.account);
    let stage = lead_times.stage(expires_at, now);
    let condition = |stage, severity| Condition {
        subject: account.subject(),
        kind: AlertKind::Expiry,
        stage: Some(stage),
        severity,
        expires_at: Some(expires_at),
        detail: detail(&account.state.expiries, &effective, now),
        affected: 1,
    };
    let present = |stage| condition(stage, severity(expires_at, now));
    let Some(alert) = account.open_alert(AlertKind::Expiry) else {
        return stage.map(|stage| Transition::Open(present(stage))).into_iter().collect();
    };
    let known = alert.condition.expires_at.unwrap_or(expires_at);
    if expires_at - known < SAME_WITHIN && implies_clock_skew(alert, expires_at, now) {
        let (at, relative) = (minute(expires_at), relative(expires_at, now));
        return vec![match stage {
            Some(stage) => Transition::Update(alert.id.clone(), present(stage)),
            None => Transition::resolve(
                alert,
                format!("The clock was set back: the token expires {at}, {relative}."),
            ),
        }];
    }
    let reached = alert.condition.stage.unwrap_or(Stage::Expired);
    // Time alone leaves no stage.
    if expires_at > known && reached.is_left_by(expires_at, now) {
        if lead_times.is_left_by(expires_at, now) {
            return vec![renewal(alert, &effective)];
        }
        // Just beyond the longest lead time no stage is reached, but the mildest one is not left.
        let milder = stage.or_else(|| lead_times.mildest_stage()).filter(|stage| *stage < reached);
        if let Some(stage) = milder {
            return vec![renewal(alert, &effective), Transition::Open(present(stage))];
        }
    }
    // A critical alert stays critical until another expiry leaves that distance as it would leave a stage.
    let stays_critical = alert.condition.severity == Severity::Critical
        && (expires_at == known || !Stage::Lead(CRITICAL_WITHIN).is_left_by(expires_at, now));
    let severity = if stays_critical { Severity::Critical } else { severity(expires_at, now) };
    let updated = condition(stage.map_or(reached, |stage| stage.max(reached)), severity);
    let is_same =
        updated.expires_at == alert.condition.expires_at && updated.detail == alert.condition.detail;
    if is_same && !alert.is_escalated_by(&updated) {
        return Vec::new();
    }
    vec![Transition::Update(alert.id.clone(), updated)]
}

fn renewal(alert: &Alert, expiry: &EffectiveExpiry) -> Transition {
    Transition::Resolve(Resolved {
        id: alert.id.clone(),
        detail: format!("A later expiry was seen: the token now expires {}.", minute(expiry.at)),
        renewed_until: Some(expiry.at),
        resolution: if expiry.is_replacement { Resolution::RenewedByOther } else { Resolution::Renewed },
    })
}

/// Whether only clock skew explains the alert. An expiry that moves back in small steps leads to the same stage and severity under
/// a correct clock, so `reached_at` must lie in the future too.
fn implies_clock_skew(alert: &Alert, expires_at: Timestamp, now: Timestamp) -> bool {
    let Condition { stage, severity, .. } = alert.condition;
    clock_skew::was_recorded_ahead(alert.reached_at, now)
        && clock_skew::is_implied_by(expires_at, stage, severity, now)
}

/// When the token expires, and where the vendor's two members contradict each other, are missing or cannot be read.
fn detail(expiries: &TrackedExpiries, effective: &EffectiveExpiry, now: Timestamp) -> String {
    let verb = if effective.at <= now { "expired" } else { "expires" };
    let mut detail = format!("The MiniMax token {verb} {}", minute(effective.at));
    let readable = |tracked: &TrackedExpiry| tracked.last.filter(|_| tracked.state == ReadState::Read);
    if let Some((exp_expire, exp)) = readable(&expiries.exp_expire).zip(readable(&expiries.exp))
        && (exp_expire - exp).abs() > TimeDelta::minutes(1)
    {
        let (exp_expire, exp) = (minute(exp_expire), minute(exp));
        detail.push_str("; the vendor gives two expiries, exp_Expire ");
        detail += &[exp_expire.as_str(), " and exp ", &exp].concat();
    }
    detail.push('.');
    for (member, tracked) in expiries.by_name() {
        if tracked.last.is_some() || tracked.state == ReadState::Unreadable {
            detail += &unread_text(member, tracked);
        }
    }
    detail
}

/// That the last healthy answer did not hold `member` in a readable form; empty if it did.
pub(super) fn unread_text(member: ExpiryMember, tracked: &TrackedExpiry) -> String {
    let name = member.as_str();
    let state = match (tracked.state, &tracked.text) {
        (ReadState::Read, _) => return String::new(),
        (ReadState::Unreadable, Some(text)) => format!(" {name} cannot be read: {}", quoted(text)),
        (ReadState::Unreadable, None) => format!(" {name} cannot be read"),
        (ReadState::Missing, _) => format!(" {name} is missing"),
    };
    match (tracked.last, tracked.seen_at) {
        (Some(last), Some(seen)) => {
            format!("{state}; it was {} when last seen {}.", minute(last), minute(seen))
        }
        _ => format!("{state}."),
    }
}
