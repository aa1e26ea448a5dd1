//! The messages that go out if nothing but time passes, as `simulate --json` prints them.
//!
//! Guarantees: the service's own steps make the forecast, on a copy of the store and in virtual time, so it cannot differ from
//! what the service then does. `explain` uses the same simulation. Leaves making the copy to the caller.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;
use tokio::sync::watch;

use crate::domain::account::{AccountRef, ReceiverName, SubscriptionName};
use crate::domain::alerts::{Alert, AlertId, AlertKind, Severity};
use crate::domain::clock::Clock;
use crate::domain::message::Reason;
use crate::domain::notification::alert_entry;
use crate::domain::time::{Timestamp, seconds};
use crate::engine::Engine;
use crate::store::{NotificationRecord, StoreError, StoredMessage};

use super::alerts::names_for;

/// A timeline of messages.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Simulation {
    /// When the simulated time begins: now.
    #[serde(serialize_with = "seconds::serialize")]
    pub generated_at: Timestamp,
    /// When the simulated time ends.
    #[serde(serialize_with = "seconds::serialize")]
    pub until: Timestamp,
    /// Every configured receiver, also those that would get no message.
    pub receivers: Vec<ReceiverName>,
    /// Those of them that are no receivers of messages: what fires is kept alive there.
    pub kept_alive: Vec<ReceiverName>,
    /// Every message, reminders included, in the order in which they would be sent.
    pub messages: Vec<SimulatedMessage>,
}

/// One message that would be sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SimulatedMessage {
    /// When it would be put into the outbox; in the past when it is already there.
    #[serde(serialize_with = "seconds::serialize")]
    pub at: Timestamp,
    /// The receiver.
    pub receiver: ReceiverName,
    /// Whether the message already waits in the outbox.
    pub already_queued: bool,
    /// Its summary in one line.
    pub summary: String,
    /// The alerts in it.
    pub alerts: Vec<SimulatedAlert>,
}

/// One alert in a simulated message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SimulatedAlert {
    /// The kind of alert.
    pub kind: AlertKind,
    /// Why it would be sent.
    pub reason: Reason,
    /// The stage that is reached then; `expiry` only.
    pub stage: Option<String>,
    /// Its severity then.
    pub severity: Severity,
    /// The subscription; `null` when the alert is about a receiver.
    pub subscription: Option<SubscriptionName>,
    /// The account; `null` when the alert is about a subscription or a receiver.
    pub account: Option<AccountRef>,
    /// The receiver that fails; `delivery_failing` only.
    pub receiver: Option<ReceiverName>,
}

impl Simulation {
    /// Lets time pass from `now` until `until`. This changes the store of `engine`, so it must be a copy, and the sender one that
    /// sends nothing. `progress` gets each simulated moment.
    pub async fn run(
        engine: &Engine,
        now: Timestamp,
        until: Timestamp,
        progress: &(dyn Fn(Timestamp) + Sync),
    ) -> Result<Self, StoreError> {
        let (time, shown) = watch::channel(now);
        let mut engine = engine.clone();
        engine.clock = Clock::new(move || *shown.borrow());
        let mut messages: Vec<StoredMessage> = engine.store.messages_since(Timestamp::MAX_UTC).await?;
        let queued = messages.len();
        let mut last = engine.store.last_message_seq().await?;
        let mut at = now;
        loop {
            time.send_replace(at);
            let (evaluation, delivery) = engine.notify_and_deliver().await?;
            let new = engine.store.messages_after(last).await?;
            last = new.last().map_or(last, |message| message.seq);
            messages.extend(new);
            progress(at);
            match evaluation.next.into_iter().chain(delivery.next).min() {
                Some(next) if next > at && next <= until => at = next,
                _ => break,
            }
        }
        let receivers = engine.config.receivers.iter().map(|receiver| receiver.name.clone()).collect();
        let kept =
            engine.config.receivers.iter().filter(|receiver| receiver.channel.alertmanager().is_some());
        let kept_alive = kept.map(|receiver| receiver.name.clone()).collect();
        let messages = SimulatedMessage::load_all(&engine, messages, queued, now).await?;
        Ok(Self { generated_at: now, until, receivers, kept_alive, messages })
    }
}

impl SimulatedMessage {
    /// Reads what is in `messages`, of which the first `queued` waited at `now` already.
    async fn load_all(
        Engine { store, config, .. }: &Engine,
        messages: Vec<StoredMessage>,
        queued: usize,
        now: Timestamp,
    ) -> Result<Vec<Self>, StoreError> {
        let alerts = store.alerts_since(now).await?;
        let names = names_for(store, config, &alerts, None).await?;
        let alerts: BTreeMap<&AlertId, &Alert> = alerts.iter().map(|alert| (&alert.id, alert)).collect();
        let simulated_alert = |record: NotificationRecord| {
            let entry = alert_entry(alerts.get(&record.alert)?, None, |account| names.name(account));
            Some(SimulatedAlert {
                kind: entry.kind,
                reason: record.reason,
                stage: record.notification.stage.map(|stage| stage.to_string()),
                severity: record.notification.severity,
                subscription: entry.subscription,
                account: entry.account,
                receiver: entry.receiver,
            })
        };
        let mut simulated = Vec::with_capacity(messages.len());
        for (index, message) in messages.into_iter().enumerate() {
            let notifications = store.notifications_in_message(&message.id).await?;
            simulated.push(Self {
                at: message.created_at,
                receiver: message.receiver,
                already_queued: index < queued,
                summary: message.summary,
                alerts: notifications.into_iter().filter_map(simulated_alert).collect(),
            });
        }
        Ok(simulated)
    }
}
