//! The notifications that one receiver is sent now, and the message that carries them.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;

use super::stored_changes::store_changes;
use crate::config::{Alertmanager, Receiver};
use crate::domain::account::{AccountKey, ReceiverName};
use crate::domain::account_names::AccountNames;
use crate::domain::alerts::{Alert, AlertId, Severity};
use crate::domain::message::{Content, MessageId, Reason, Status};
use crate::domain::notification::{
    NotificationBatch, NotificationDecision, NotificationInput, NotifiedState, change_entry,
    quiet_hours_hold_back,
};
use crate::domain::silence::{Silence, change_silenced_until};
use crate::domain::time::Timestamp;
use crate::engine::id::new_id;
use crate::notify::{self, BodyFormat};
use crate::store::{Ack, NewMessage, NotificationRow, NotificationSubject, StoreError, StoredChange, Writer};

/// What the plans of all receivers are made from.
#[derive(Clone, Copy)]
pub(super) struct PlanInputs<'a> {
    pub(super) alerts: &'a [Alert],
    pub(super) changes: &'a [StoredChange],
    pub(super) notified: &'a BTreeMap<(AlertId, ReceiverName), NotifiedState>,
    /// The receivers that were sent one of `changes` already, while it was held back for others.
    pub(super) notified_changes: &'a BTreeSet<(i64, ReceiverName)>,
    pub(super) account_names: &'a AccountNames,
    /// The suppressed alerts and changes, and until when. Silences apply to all receivers.
    pub(super) silenced: &'a Silenced,
    pub(super) acks: &'a BTreeMap<AlertId, Ack>,
    pub(super) repeat_every: Option<TimeDelta>,
}

/// The alerts and changes that silences suppress, and until when.
#[derive(Default)]
pub(super) struct Silenced {
    alerts: BTreeMap<AlertId, Timestamp>,
    pub(super) changes: BTreeMap<i64, Timestamp>,
}

impl Silenced {
    pub(super) fn new(
        silences: &[Silence],
        alerts: &[Alert],
        changes: &[StoredChange],
        account_names: &AccountNames,
        now: Timestamp,
    ) -> Self {
        if silences.is_empty() {
            return Self::default();
        }
        let alert =
            |alert: &Alert| Some((alert.id.clone(), account_names.silenced_until(silences, alert, now)?));
        let change = |StoredChange { id, change }: &StoredChange| {
            let account = account_names.account(&change.account);
            Some((*id, change_silenced_until(silences, change, &account, now)?))
        };
        Self {
            alerts: alerts.iter().filter_map(alert).collect(),
            changes: changes.iter().filter_map(change).collect(),
        }
    }
}

/// The notifications that are due for one receiver.
pub(super) struct NotificationPlan<'a> {
    alerts: Vec<(&'a Alert, Reason)>,
    changes: Vec<&'a StoredChange>,
    /// How many alerts and changes silences suppress.
    silenced: usize,
    /// The changes that the receiver's quiet hours hold back.
    pub(super) held_back: Vec<i64>,
    /// The next reminder, or the end of a silence or of quiet hours that hold something back.
    pub(super) next: Option<Timestamp>,
}

impl<'a> NotificationPlan<'a> {
    pub(super) fn new(receiver: &Receiver, inputs: &PlanInputs<'a>, now: Timestamp) -> Self {
        let mut plan =
            Self { alerts: Vec::new(), changes: Vec::new(), silenced: 0, held_back: Vec::new(), next: None };
        let quiet_until = receiver.quiet_hours.as_ref().and_then(|quiet_hours| quiet_hours.until(now));
        for alert in inputs.alerts {
            let input = NotificationInput {
                alert,
                route_mismatch: inputs.account_names.route_mismatch(&receiver.name, &receiver.route, alert),
                notified: inputs.notified.get(&(alert.id.clone(), receiver.name.clone())).copied(),
                silenced_until: inputs.silenced.alerts.get(&alert.id).copied(),
                quiet_until,
                acked: inputs.acks.contains_key(&alert.id),
                repeat_every: inputs.repeat_every,
            };
            match input.decide(now) {
                NotificationDecision::Send(reason) => {
                    plan.alerts.push((alert, reason));
                    plan.wake_at(input.reminders().map(|every| now + every));
                }
                NotificationDecision::Silenced(until, _) => plan.count_silenced(until),
                NotificationDecision::HeldBack(until, _) => plan.wake_at(Some(until)),
                NotificationDecision::UpToDate(reminder) => plan.wake_at(reminder),
                NotificationDecision::NotRouted(_) | NotificationDecision::Nothing => {}
            }
        }
        for stored in inputs.changes {
            let StoredChange { id, change } = stored;
            let account = inputs.account_names.account(&change.account);
            let is_due = receiver.route.accepts_change(change.kind, change.severity, &account)
                && !inputs.notified_changes.contains(&(*id, receiver.name.clone()));
            if is_due {
                let quiet_until = quiet_until.filter(|_| quiet_hours_hold_back(change.severity));
                match (inputs.silenced.changes.get(id).copied(), quiet_until) {
                    (Some(until), _) => plan.count_silenced(until),
                    (None, Some(until)) => plan.hold_back(*id, until),
                    (None, None) => plan.changes.push(stored),
                }
            }
        }
        plan
    }

    fn count_silenced(&mut self, until: Timestamp) {
        self.silenced += 1;
        self.wake_at(Some(until));
    }

    fn hold_back(&mut self, change: i64, until: Timestamp) {
        self.held_back.push(change);
        self.wake_at(Some(until));
    }

    fn wake_at(&mut self, at: Option<Timestamp>) {
        self.next = [self.next, at].into_iter().flatten().min();
    }

    /// Writes the message and its notifications; returns whether there was anything to send.
    pub(super) async fn write(
        &self,
        writer: &mut Writer,
        receiver: &Receiver,
        account_names: &AccountNames,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let batch = NotificationBatch {
            alerts: self.alerts.clone(),
            changes: self.changes.iter().map(|stored| &stored.change).collect(),
            silenced: self.silenced,
        };
        let name = |account: &AccountKey| account_names.name(account);
        let Some(message) = batch.message(&receiver.name, name, now) else { return Ok(false) };
        let shown: Vec<AlertId> = message.data.alerts.iter().map(|entry| entry.id.clone()).collect();
        let thread = writer.first_messages(&receiver.name, &shown).await?;
        let id = enqueue(writer, receiver, Content { message, thread }, now).await?;
        writer.insert_notifications(self.rows(receiver, &id, now)).await?;
        Ok(true)
    }

    /// Stores the changes to push; which alerts fire at an Alertmanager is decided with each push.
    pub(super) async fn write_changes(
        &self,
        writer: &mut Writer,
        receiver: &Receiver,
        alertmanager: &Alertmanager,
        account_names: &AccountNames,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let name = |account: &AccountKey| account_names.name(account);
        let entries = self.changes.iter().map(|stored| (stored.id, change_entry(&stored.change, name)));
        store_changes(writer, receiver, alertmanager, entries, now).await
    }

    fn rows(
        &self,
        receiver: &Receiver,
        message: &MessageId,
        now: Timestamp,
    ) -> impl Iterator<Item = NotificationRow> {
        let row = move |what: NotificationSubject, severity: Severity| NotificationRow {
            subject: what,
            severity,
            receiver: receiver.name.clone(),
            notified_at: now,
            message: message.clone(),
        };
        let alerts = self.alerts.iter().map(move |(alert, reason)| {
            let what = NotificationSubject::Alert {
                id: alert.id.clone(),
                status: if alert.is_firing() { Status::Firing } else { Status::Resolved },
                reason: *reason,
                stage: alert.condition.stage,
                expires_at: alert.condition.expires_at,
            };
            row(what, alert.condition.severity)
        });
        let changes = self
            .changes
            .iter()
            .map(move |stored| row(NotificationSubject::Change(stored.id), stored.change.severity));
        alerts.chain(changes)
    }
}

/// Renders a message and puts it into the outbox; returns its id.
pub(super) async fn enqueue(
    writer: &mut Writer,
    receiver: &Receiver,
    content: Content,
    now: Timestamp,
) -> Result<MessageId, StoreError> {
    let id = MessageId::new(format!("msg_{}", new_id(now)));
    // A message that cannot be rendered is stored too: its delivery renders it again and records the error.
    let body = notify::render(&content.message, &id, receiver, &content.thread).ok();
    let BodyFormat { channel, format } = notify::body_format(&receiver.channel);
    let new = NewMessage { id: id.clone(), receiver: receiver.name.clone(), channel, format, body, content };
    writer.enqueue(&new, now).await?;
    Ok(id)
}
