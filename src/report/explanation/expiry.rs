//! When a token expires: which of the vendor's two expiries counts and why, and the stages before it: when each is reached, and
//! which receivers were notified of it.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Serialize;

use super::context::Context;
use super::decisions::{mismatch_text, quiet_hours_text};
use crate::config::Receiver;
use crate::domain::account::ReceiverName;
use crate::domain::alerts::{AlertKind, Severity};
use crate::domain::configuration::ExpirySource;
use crate::domain::expiry_tracking::{ReadState, TrackedExpiries};
use crate::domain::lead_times::{self, Stage};
use crate::domain::message::Status;
use crate::domain::notification::NotificationDecision;
use crate::domain::time::{Timestamp, minute, seconds};
use crate::report::Expiries;
use crate::store::{DeliveryState, NotificationRecord};

/// When a token expires.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ExpiryExplanation {
    /// The expiry that counts.
    #[serde(serialize_with = "seconds::option::serialize")]
    pub expires_at: Option<Timestamp>,
    /// Both members of the vendor's answer that give it.
    pub expiries: Expiries,
    /// `[expiry].source`.
    pub source: ExpirySource,
    /// Why this one counts.
    pub why: String,
}

pub(super) fn expiry(context: &Context<'_>) -> ExpiryExplanation {
    let (expiries, source) = (&context.state.expiries, context.policy.source);
    let why = match context.state.last_ok_at {
        Some(_) => why_effective(source, expiries),
        None => "no check was successful yet".to_owned(),
    };
    ExpiryExplanation { expires_at: context.state.expires_at, expiries: Expiries::new(expiries), source, why }
}

fn why_effective(source: ExpirySource, expiries: &TrackedExpiries) -> String {
    let setting = format!("[expiry].source is {}", source.as_str());
    let Some(effective) = expiries.effective(source) else {
        return "neither exp_Expire nor exp was ever readable".to_owned();
    };
    let member = effective.member.as_str();
    let configured = match source {
        ExpirySource::ExpExpire => &expiries.exp_expire,
        ExpirySource::Exp => &expiries.exp,
        ExpirySource::Earliest => {
            return match (expiries.exp_expire.last, expiries.exp.last) {
                (Some(_), Some(_)) if effective.is_replacement => {
                    format!("{setting}; {member} was renewed while the other could not be read")
                }
                (Some(_), Some(_)) => format!("{setting}, and {member} is the earlier one"),
                _ => format!("{setting}, and only {member} was ever readable"),
            };
        }
    };
    let state = match configured.state {
        ReadState::Read => return setting,
        ReadState::Missing => "missing",
        ReadState::Unreadable => "unreadable",
    };
    match (configured.last, member == source.as_str()) {
        (None, _) => format!("{setting}, which is {state} and was never readable; {member} replaces it"),
        (Some(_), true) => format!("{setting}, which is {state} now; its last value counts"),
        (Some(_), false) if effective.is_replacement => {
            format!("{setting}, which is {state} now; {member} was renewed since and replaces it")
        }
        (Some(_), false) => {
            format!("{setting}, which is {state} now; {member} is earlier than its last value")
        }
    }
}

/// One stage of an expiry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct StageReport {
    /// A lead time, or `expired`.
    pub stage: String,
    /// When it is reached.
    #[serde(serialize_with = "seconds::serialize")]
    pub at: Timestamp,
    /// Whether it is reached by now.
    pub reached: bool,
    /// The receivers that were notified of this stage.
    pub notified: Vec<StageNotified>,
    /// The receivers that were not notified of it although it is reached.
    pub not_notified: Vec<NotNotified>,
}

/// A receiver that was notified of a stage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct StageNotified {
    /// The receiver.
    pub receiver: ReceiverName,
    /// When.
    #[serde(serialize_with = "seconds::serialize")]
    pub at: Timestamp,
    /// The state of the message; `null` when the message was purged.
    pub state: Option<DeliveryState>,
}

/// A receiver that was not notified of a stage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct NotNotified {
    /// The receiver.
    pub receiver: ReceiverName,
    /// Why not.
    pub why: String,
}

/// Every stage, in the order in which they are reached.
pub(super) fn stages(context: &Context<'_>) -> Vec<StageReport> {
    let Some(expires_at) = context.state.expires_at else { return Vec::new() };
    let lead_times = context.policy.lead_times(&context.record.account);
    let moments = lead_times.as_slice().iter().map(|lead| (Stage::Lead(*lead), expires_at - *lead));
    moments
        .chain([(Stage::Expired, expires_at)])
        .map(|(stage, at)| stage_report(context, expires_at, stage, at))
        .collect()
}

fn stage_report(context: &Context<'_>, expires_at: Timestamp, stage: Stage, at: Timestamp) -> StageReport {
    let reached = context.now >= at;
    let is_of_expiry = |record: &&NotificationRecord| {
        let of = context.alerts.iter().find(|alert| alert.id == record.alert);
        record.notification.status == Status::Firing
            && record.notification.expires_at == Some(expires_at)
            && of.is_some_and(|alert| alert.condition.kind == AlertKind::Expiry)
    };
    let records: Vec<&NotificationRecord> = context.notifications.iter().filter(is_of_expiry).collect();
    let mut receivers = BTreeSet::new();
    let of_stage = records.iter().filter(|record| record.notification.stage == Some(stage));
    let notified = of_stage.filter(|record| receivers.insert(&record.receiver)).map(|record| StageNotified {
        receiver: record.receiver.clone(),
        at: record.notification.at,
        state: record.state,
    });
    let notified: Vec<StageNotified> = notified.collect();
    let missing = context.config.receivers.iter();
    let missing = missing.filter(|receiver| reached && !receivers.contains(&receiver.name));
    let not_notified = missing.map(|receiver| NotNotified {
        receiver: receiver.name.clone(),
        why: why_not_notified(context, receiver, &records, stage, lead_times::severity(expires_at, at)),
    });
    StageReport { stage: stage.to_string(), at, reached, not_notified: not_notified.collect(), notified }
}

/// Why `receiver` was not notified of a stage that is reached; `sent` are the notifications of this expiry.
fn why_not_notified(
    context: &Context<'_>,
    receiver: &Receiver,
    sent: &[&NotificationRecord],
    stage: Stage,
    severity: Severity,
) -> String {
    let account = context.names.account(&context.record.account);
    if let Some(mismatch) = receiver.route.route_mismatch(AlertKind::Expiry, severity, &[&account]) {
        return mismatch_text(mismatch, receiver, AlertKind::Expiry, severity);
    }
    if receiver.channel.alertmanager().is_some() {
        return "it is sent no messages: the alert is kept alive there".to_owned();
    }
    let sent: Vec<_> = sent.iter().filter(|record| record.receiver == receiver.name).collect();
    let later = sent.iter().find_map(|record| {
        record.notification.stage.filter(|later| *later > stage).map(|later| (later, record.notification.at))
    });
    if let Some((later, at)) = later {
        return format!("notified of a later stage instead ({later} on {})", minute(at));
    }
    let alert = context.firing(AlertKind::Expiry);
    match alert.map(|alert| (alert.condition.stage, context.decide(alert, receiver))) {
        Some((_, NotificationDecision::Silenced(until, _))) => format!("silenced until {}", minute(until)),
        Some((_, NotificationDecision::HeldBack(until, _))) => {
            format!("held back by {} until {}", quiet_hours_text(receiver), minute(until))
        }
        _ if !sent.is_empty() => "a later stage was reached before anything was sent".to_owned(),
        Some((reached, _)) if reached == Some(stage) => "to be sent at the next evaluation".to_owned(),
        _ => "the expiry was not known yet, or nothing ran then".to_owned(),
    }
}
