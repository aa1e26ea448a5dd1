//! Which notifications are due: the difference between the alerts and what each receiver was notified of.
//!
//! The difference is computed again each time, so a crash, a reload or a new receiver needs no special case. Nothing is sent twice
//! except as a reminder. A receiver that was notified of an alert is also notified when it resolves. All
//! reasons to send or not to send meet here, and `explain` asks the same. Rendering is left to `notify`.

use std::cmp::Reverse;

use chrono::TimeDelta;

use crate::domain::account::{AccountKey, AccountRef, ReceiverName};
use crate::domain::alerts::{Alert, Condition, Resolution, Severity};
use crate::domain::change::Change;
use crate::domain::clock_skew::was_recorded_ahead;
use crate::domain::lead_times::{SAME_WITHIN, Stage};
use crate::domain::message::{
    AlertEntry, ChangeEntry, LIMIT, Message, MessageData, MessageType, Reason, Status,
};
use crate::domain::route::RouteMismatch;
use crate::domain::summary::{self, Counts};
use crate::domain::time::Timestamp;

/// What one receiver was last notified of about one alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotifiedState {
    /// Whether the last notification said firing or resolved.
    pub status: Status,
    /// When that was sent.
    pub at: Timestamp,
    /// The most severe stage notified for the present expiry or a later one. After a step back no stage is notified again.
    pub stage: Option<Stage>,
    /// The most severe severity notified for the present expiry or a later one; none if all notifications had an earlier expiry.
    pub severity: Option<Severity>,
}

/// One notification of one alert that one receiver was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Notification {
    /// Firing or resolved.
    pub status: Status,
    /// When it was sent.
    pub at: Timestamp,
    /// The stage that the alert had then.
    pub stage: Option<Stage>,
    /// The severity that the alert had then.
    pub severity: Severity,
    /// The expiry that the alert had then.
    pub expires_at: Option<Timestamp>,
}

impl NotifiedState {
    /// Folds all `notifications` of one alert to one receiver, oldest first, for an alert with this expiry whose stage was reached at
    /// `reached_at`. Notifications of an earlier expiry count only from then on: an expiry that shifts is not news, an expiry
    /// that left a stage is news when it reaches the stage again. Notifications of an expiry that were sent under clock skew do not
    /// count, because their stages are still to come.
    pub fn fold(
        notifications: impl IntoIterator<Item = Notification>,
        (expires_at, reached_at): (Option<Timestamp>, Timestamp),
        now: Timestamp,
    ) -> Option<Self> {
        let notifications: Vec<Notification> = notifications.into_iter().collect();
        let last = notifications.last()?;
        let mut notified = Self { status: last.status, at: last.at, stage: None, severity: None };
        // Newest first: a notification whose time is later than that of one sent after it was sent under clock skew. So were those
        // just before it, while their times are later than what came after: the tolerance is for clocks that were not seen to jump.
        let (mut earliest, mut is_skewed) = (now, false);
        for notification in notifications.iter().rev() {
            is_skewed =
                was_recorded_ahead(notification.at, earliest) || (is_skewed && notification.at > earliest);
            if expires_at.is_some() && is_skewed {
                continue;
            }
            earliest = earliest.min(notification.at);
            let is_of_expiry = notification.expires_at.map(|notified| notified + SAME_WITHIN) > expires_at
                || notification.expires_at == expires_at;
            if notification.status == Status::Firing && (is_of_expiry || notification.at >= reached_at) {
                notified.stage = notified.stage.max(notification.stage);
                notified.severity = notified.severity.max(Some(notification.severity));
            }
        }
        Some(notified)
    }
}

/// What is sent to one receiver about one alert, or why nothing is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotificationDecision {
    /// The receiver's route does not accept it.
    NotRouted(RouteMismatch),
    /// It is sent now.
    Send(Reason),
    /// A silence that lasts until this moment suppresses it.
    Silenced(Timestamp, Reason),
    /// The receiver's quiet hours, which last until this moment, hold it back.
    HeldBack(Timestamp, Reason),
    /// The receiver has the current state; a reminder is due at this moment, if ever.
    UpToDate(Option<Timestamp>),
    /// It resolved, and the receiver was never sent it, or was already sent its end.
    Nothing,
}

use NotificationDecision as Decision;

/// Whether quiet hours hold back a firing alert or a change of this severity. What becomes critical within them is sent.
pub fn quiet_hours_hold_back(severity: Severity) -> bool {
    severity < Severity::Critical
}

/// Decides about one alert and one receiver whose route accepts it, without regard to silences and quiet hours.
pub fn decide(
    alert: &Alert,
    notified: Option<NotifiedState>,
    repeat_every: Option<TimeDelta>,
    now: Timestamp,
) -> Decision {
    let Some(notified) = notified else {
        return if alert.is_firing() { Decision::Send(Reason::Opened) } else { Decision::Nothing };
    };
    if !alert.is_firing() {
        let is_due = notified.status == Status::Firing;
        return if is_due { Decision::Send(Reason::Resolved) } else { Decision::Nothing };
    }
    if alert.condition.expires_at.is_some() && was_recorded_ahead(notified.at, now) {
        // By clock skew the receiver was notified of an expiry that is nearer than the real one.
        return Decision::Send(Reason::Repeated);
    }
    if notified.status == Status::Resolved && alert.resolution == Some(Resolution::RenewedByOther) {
        // The configured member contradicted the renewal that the receiver was notified of, and no escalation says so.
        return Decision::Send(Reason::Repeated);
    }
    if alert.condition.stage > notified.stage || Some(alert.condition.severity) > notified.severity {
        return Decision::Send(Reason::Escalated);
    }
    match repeat_every {
        // After a clock step back the reminder must not wait until the clock has caught up.
        Some(every) if (now - notified.at).abs() >= every => Decision::Send(Reason::Repeated),
        every => Decision::UpToDate(every.map(|every| notified.at + every)),
    }
}

/// Everything that decides whether one receiver is notified of one alert.
#[derive(Clone, Copy, Debug)]
pub struct NotificationInput<'a> {
    /// The alert.
    pub alert: &'a Alert,
    /// Why the receiver's route rejects it, if it does.
    pub route_mismatch: Option<RouteMismatch>,
    /// What the receiver was last notified of.
    pub notified: Option<NotifiedState>,
    /// Until when a silence suppresses the alert, if one does.
    pub silenced_until: Option<Timestamp>,
    /// Until when the receiver has quiet hours, if it has them now.
    pub quiet_until: Option<Timestamp>,
    /// Whether an operator acknowledged it.
    pub acked: bool,
    /// How often a firing alert is repeated, if at all.
    pub repeat_every: Option<TimeDelta>,
}

impl NotificationInput<'_> {
    /// Decides from the route, earlier notifications, silences, quiet hours and acknowledgements.
    pub fn decide(&self, now: Timestamp) -> Decision {
        let is_firing = self.alert.is_firing();
        // A receiver that was sent an alert is also sent its end, even if its route has changed since.
        if let Some(mismatch) = self.route_mismatch.filter(|_| is_firing) {
            return Decision::NotRouted(mismatch);
        }
        let decision = decide(self.alert, self.notified, self.reminders(), now);
        let Decision::Send(reason) = decision else { return decision };
        let quiet_until = self.quiet_until.filter(|_| quiet_hours_hold_back(self.alert.condition.severity));
        match (self.silenced_until, quiet_until) {
            (Some(until), _) if is_firing => Decision::Silenced(until, reason),
            (None, Some(until)) if is_firing => Decision::HeldBack(until, reason),
            _ => decision,
        }
    }

    /// How often this alert is repeated, if at all.
    pub fn reminders(&self) -> Option<TimeDelta> {
        let has_reminders = self.alert.condition.kind.has_reminders();
        self.repeat_every.filter(|_| has_reminders && !self.acked && self.alert.is_firing())
    }
}

/// One alert as a message or `status` shows it.
pub fn alert_entry(
    alert: &Alert,
    reason: Option<Reason>,
    name: impl Fn(&AccountKey) -> String,
) -> AlertEntry {
    let condition = &alert.condition;
    AlertEntry {
        id: alert.id.clone(),
        kind: condition.kind,
        status: if alert.is_firing() { Status::Firing } else { Status::Resolved },
        reason,
        stage: condition.stage.map(|stage| stage.to_string()),
        severity: condition.severity,
        subscription: condition.subject.subscription().cloned(),
        account: condition.subject.account().map(|key| AccountRef { id: key.id.clone(), name: name(key) }),
        receiver: condition.subject.receiver().cloned(),
        affected: condition.affected,
        opened_at: alert.opened_at,
        resolved_at: alert.resolved_at,
        expires_at: alert.renewed_until.or(condition.expires_at),
        detail: condition.detail.clone(),
        no_longer_watched: !alert.is_firing() && alert.resolution == Some(Resolution::NoLongerWatched),
    }
}

/// One change as a message shows it.
pub fn change_entry(change: &Change, name: impl Fn(&AccountKey) -> String) -> ChangeEntry {
    ChangeEntry {
        kind: change.kind,
        severity: change.severity,
        subscription: change.account.subscription.clone(),
        account: AccountRef { id: change.account.id.clone(), name: name(&change.account) },
        field: change.field.clone(),
        before: change.before.clone(),
        after: change.after.clone(),
        at: change.at,
    }
}

/// Everything that one receiver is sent at one moment.
#[derive(Clone, Debug, Default)]
pub struct NotificationBatch<'a> {
    /// The alerts, and why each is sent.
    pub alerts: Vec<(&'a Alert, Reason)>,
    /// The changes.
    pub changes: Vec<&'a Change>,
    /// How many alerts and changes silences suppress.
    pub silenced: usize,
}

impl NotificationBatch<'_> {
    /// The message to `receiver`; none without an alert or change, however many are silenced. It lists at most [`LIMIT`] of each.
    pub fn message(
        mut self,
        receiver: &ReceiverName,
        name: impl Fn(&AccountKey) -> String,
        now: Timestamp,
    ) -> Option<Message> {
        self.alerts.sort_by_key(|&(alert, _)| {
            let Condition { subject, severity, .. } = &alert.condition;
            (!alert.is_firing(), Reverse(*severity), subject.subscription(), subject.account())
        });
        self.changes.sort_by_key(|&change| (Reverse(change.severity), &change.account));
        let firing = self.alerts.iter().take_while(|(alert, _)| alert.is_firing()).count();
        let counts = Counts { firing, resolved: self.alerts.len() - firing, changes: self.changes.len() };
        let kind = match (firing, self.alerts.first(), self.changes.first()) {
            (1.., ..) => MessageType::Firing,
            (0, Some(_), _) => MessageType::Resolved,
            (0, None, Some(_)) => MessageType::Changed,
            (0, None, None) => return None,
        };
        // Resolved alerts give the severity only when the message holds nothing else.
        let worst = self.alerts.first().map(|(alert, _)| alert.condition.severity);
        let worst_change = self.changes.first().map(|change| change.severity);
        let severity = worst.filter(|_| firing > 0).max(worst_change).or(worst)?;
        let shown = self.alerts.iter().take(LIMIT);
        let alerts: Vec<AlertEntry> =
            shown.map(|(alert, reason)| alert_entry(alert, Some(*reason), &name)).collect();
        let shown = self.changes.iter().take(LIMIT);
        let changes: Vec<ChangeEntry> = shown.map(|change| change_entry(change, &name)).collect();
        let summary = summary::headline(&alerts, &changes, counts, now);
        let truncated = self.alerts.len() + self.changes.len() - alerts.len() - changes.len();
        let (receiver, silenced) = (receiver.clone(), self.silenced);
        let data =
            MessageData { receiver, severity, summary, alerts, changes, truncated, silenced, digest: None };
        Some(Message { kind, timestamp: now, data })
    }
}

#[cfg(test)]
mod tests;
