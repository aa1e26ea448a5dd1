//! What each receiver is sent about each alert, or why nothing is.

use super::context::Context;
use crate::config::Receiver;
use crate::domain::account::ReceiverName;
use crate::domain::alerts::{Alert, AlertKind, Severity};
use crate::domain::message::Reason;
use crate::domain::notification::{NotificationDecision, quiet_hours_hold_back};
use crate::domain::route::RouteMismatch;
use crate::domain::time::{Timestamp, dated, relative, seconds};
use crate::store::{DeliveryState, NotificationRecord};
use schemars::JsonSchema;
use serde::Serialize;

/// What one receiver is sent about one alert.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ReceiverDecision {
    /// The receiver.
    pub receiver: ReceiverName,
    /// The kind of alert.
    pub kind: AlertKind,
    /// The decision.
    pub decision: DecisionKind,
    /// The reason, in words.
    pub why: String,
    /// When the receiver was last notified of the alert, if ever.
    #[serde(serialize_with = "seconds::option::serialize")]
    pub notified_at: Option<Timestamp>,
    /// When the next reminder is due, or the silence or the quiet hours end.
    #[serde(serialize_with = "seconds::option::serialize")]
    pub until: Option<Timestamp>,
}

/// What a receiver is sent about an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DecisionKind {
    /// A message with the current state was queued for the receiver; `why` says whether it was delivered.
    Notified,
    /// The next evaluation sends it: the service at once, else the next `check`.
    Pending,
    /// It is kept alive at an Alertmanager while it fires, or will be with the next push.
    KeptAlive,
    /// A silence suppresses it.
    Silenced,
    /// The receiver's `quiet_hours` hold it back.
    QuietHours,
    /// The receiver's `kinds`, `min_severity`, `accounts` or the failing receiver's `fallback` exclude it.
    NotRouted,
}

/// One entry for each open alert and receiver; also for a resolved one that a receiver is still to be notified of.
pub(super) fn decisions(context: &Context<'_>) -> Vec<ReceiverDecision> {
    let receivers = &context.config.receivers;
    let pairs =
        context.alerts.iter().flat_map(|alert| receivers.iter().map(move |receiver| (alert, receiver)));
    pairs.filter_map(|(alert, receiver)| report(context, alert, receiver)).collect()
}

fn report(context: &Context<'_>, alert: &Alert, receiver: &Receiver) -> Option<ReceiverDecision> {
    let kind = alert.condition.kind;
    let is_last = |record: &&NotificationRecord| record.alert == alert.id && record.receiver == receiver.name;
    let last = context.notifications.iter().rfind(is_last);
    let (decision, until, why) = match context.decide(alert, receiver) {
        NotificationDecision::Nothing => return None,
        NotificationDecision::NotRouted(mismatch) => {
            let why = mismatch_text(mismatch, receiver, kind, alert.condition.severity);
            (DecisionKind::NotRouted, None, why)
        }
        NotificationDecision::Silenced(until, reason) => {
            (DecisionKind::Silenced, Some(until), format!("silenced ({})", reason_text(reason)))
        }
        NotificationDecision::HeldBack(until, reason) => {
            let why = format!("held back by {} ({})", quiet_hours_text(receiver), reason_text(reason));
            (DecisionKind::QuietHours, Some(until), why)
        }
        NotificationDecision::Send(_) | NotificationDecision::UpToDate(_)
            if receiver.channel.alertmanager().is_some() =>
        {
            let why = "kept alive at Alertmanager while it fires; no reminders from here".to_owned();
            (DecisionKind::KeptAlive, None, why)
        }
        NotificationDecision::Send(reason) => {
            let why = format!("to be sent at the next evaluation ({})", reason_text(reason));
            (DecisionKind::Pending, None, why)
        }
        NotificationDecision::UpToDate(reminder) => {
            let reminder = reminder.map(|at| after_quiet_hours(alert, receiver, at));
            (DecisionKind::Notified, reminder, notified_text(context, alert, last, reminder))
        }
    };
    let notified_at = last.map(|record| record.notification.at);
    Some(ReceiverDecision { receiver: receiver.name.clone(), kind, decision, why, notified_at, until })
}

fn notified_text(
    context: &Context<'_>,
    alert: &Alert,
    last: Option<&NotificationRecord>,
    reminder: Option<Timestamp>,
) -> String {
    let notified = last.map_or_else(
        || "notified".to_owned(),
        |record| {
            let at = dated(record.notification.at, context.now);
            match record.state {
                Some(DeliveryState::Pending) => format!("message of {at} not delivered yet"),
                Some(DeliveryState::Failed) => format!("message of {at} failed permanently"),
                Some(DeliveryState::Delivered) | None => format!("notified {at}"),
            }
        },
    );
    let next = match reminder {
        _ if context.acks.contains_key(&alert.id) => "acknowledged, so no reminders".to_owned(),
        None if !alert.condition.kind.has_reminders() => {
            "no reminders: alerts of this kind are not repeated".to_owned()
        }
        None => "no reminders: [alerts].repeat_every is 0s".to_owned(),
        Some(at) => format!("next reminder {}", relative(at, context.now)),
    };
    format!("{notified}; {next}")
}

/// `its quiet hours 22:00-07:00 (Europe/Berlin)`.
pub(super) fn quiet_hours_text(receiver: &Receiver) -> String {
    receiver.quiet_hours.as_ref().map_or_else(
        || "its quiet hours".to_owned(),
        |quiet_hours| format!("its quiet hours {quiet_hours} ({})", quiet_hours.zone()),
    )
}

/// When a reminder that is due at `at` is sent.
fn after_quiet_hours(alert: &Alert, receiver: &Receiver, at: Timestamp) -> Timestamp {
    let quiet_hours = receiver.quiet_hours.as_ref();
    let quiet_hours = quiet_hours.filter(|_| quiet_hours_hold_back(alert.condition.severity));
    quiet_hours.and_then(|quiet_hours| quiet_hours.until(at)).unwrap_or(at)
}

const fn reason_text(reason: Reason) -> &'static str {
    match reason {
        Reason::Opened => "it opened",
        Reason::Escalated => "it escalated",
        Reason::Repeated => "a reminder",
        Reason::Resolved => "it resolved",
    }
}

/// Which setting of `receiver` excludes an alert.
pub(super) fn mismatch_text(
    mismatch: RouteMismatch,
    receiver: &Receiver,
    kind: AlertKind,
    severity: Severity,
) -> String {
    match mismatch {
        RouteMismatch::Kind => format!("not routed: its `kinds` do not include {kind}"),
        RouteMismatch::Severity => {
            format!("not routed: its `min_severity` is {}, this is {severity}", receiver.route.min_severity)
        }
        RouteMismatch::Accounts => {
            format!("not routed: its `accounts` are {}", receiver.accounts.join(", "))
        }
        RouteMismatch::NotItsFallback => {
            "not routed: this receiver is not the fallback of the failing one".to_owned()
        }
    }
}
