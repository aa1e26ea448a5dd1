//! What would be told if nothing but time passed, as `simulate --json` gives it.
//!
//! Promises: the very steps of the service, over a copy of the store and in virtual time; so it cannot say anything else
//! than what the service then does.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::account::{AccountRef, ReceiverName, SubscriptionName};
use crate::domain::alert::{Alert, AlertId, AlertKind, Severity};
use crate::domain::announce::alert_entry;
use crate::domain::clock::Clock;
use crate::domain::message::Reason;
use crate::domain::time::{Timestamp, seconds};
use crate::engine::Engine;
use crate::store::{StoreError, StoredMessage};

use super::alerts::directory;

/// A timeline of messages.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Simulation {
    /// Where the time begins that is let pass.
    #[serde(with = "seconds")]
    #[schemars(with = "Timestamp")]
    pub generated_at: Timestamp,
    /// Where it ends.
    #[serde(with = "seconds")]
    #[schemars(with = "Timestamp")]
    pub until: Timestamp,
    /// Every receiver of the configuration, whether it would be told anything or not.
    pub receivers: Vec<ReceiverName>,
    /// What would be told, in order.
    pub messages: Vec<SimulatedMessage>,
}

/// One message that would be sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SimulatedMessage {
    /// When it would be decided; in the past when it waits already.
    #[serde(with = "seconds")]
    #[schemars(with = "Timestamp")]
    pub at: Timestamp,
    /// Whom it is for.
    pub receiver: ReceiverName,
    /// Whether it waits already.
    pub waiting: bool,
    /// One line of what it says.
    pub summary: String,
    /// The alerts that it tells.
    pub alerts: Vec<SimulatedAlert>,
}

/// One alert as a message would tell it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SimulatedAlert {
    /// What it is.
    pub kind: AlertKind,
    /// Why it would be told.
    pub reason: Reason,
    /// How near the end would be; `expiry` only.
    pub stage: Option<String>,
    /// How grave it would be.
    pub severity: Severity,
    /// The subscription concerned; `null` when it is about a receiver.
    pub subscription: Option<SubscriptionName>,
    /// The account; `null` when it is about a subscription or a receiver.
    pub account: Option<AccountRef>,
    /// The receiver that fails; `delivery_failing` only.
    pub receiver: Option<ReceiverName>,
}

impl Simulation {
    /// Lets time pass from `now` until `until` over the store of `engine`, which is changed by it: to be asked of a copy, with a
    /// sender that sends nothing. `passed` hears how far it is.
    pub async fn of(
        engine: &Engine,
        now: Timestamp,
        until: Timestamp,
        passed: &(dyn Fn(Timestamp) + Sync),
    ) -> Result<Self, StoreError> {
        let (engine, clock) = in_virtual_time(engine, now);
        let store = &engine.store;
        let mut messages: Vec<StoredMessage> = store.messages_since(Timestamp::MAX_UTC).await?;
        let waiting = messages.len();
        let mut last = store.last_message().await?;
        let mut at = now;
        loop {
            *lock(&clock) = at;
            let (announced, delivery) = engine.tell().await?;
            let new = store.messages_behind(last).await?;
            last = new.last().map_or(last, |message| message.seq);
            messages.extend(new);
            passed(at);
            match [announced.next, delivery.next].into_iter().flatten().min() {
                Some(next) if next > at && next <= until => at = next,
                _ => break,
            }
        }
        let alerts = store.alerts_since(now).await?;
        let directory = directory(store, &engine.config).await?;
        let known: BTreeMap<&AlertId, &Alert> = alerts.iter().map(|alert| (&alert.id, alert)).collect();
        let mut told = Vec::new();
        for (index, message) in messages.into_iter().enumerate() {
            let tellings = store.told_by(&message.id).await?;
            let alerts = tellings.iter().filter_map(|told| {
                let entry = alert_entry(known.get(&told.alert)?, None, |account| directory.name(account));
                Some(SimulatedAlert {
                    kind: entry.kind,
                    reason: told.reason,
                    stage: told.telling.stage.map(|stage| stage.to_string()),
                    severity: told.telling.severity,
                    subscription: entry.subscription,
                    account: entry.account,
                    receiver: entry.receiver,
                })
            });
            told.push(SimulatedMessage {
                at: message.created_at,
                receiver: message.receiver,
                waiting: index < waiting,
                summary: message.summary,
                alerts: alerts.collect(),
            });
        }
        let receivers = engine.config.receivers.iter().map(|receiver| receiver.name.clone()).collect();
        Ok(Self { generated_at: now, until, receivers, messages: told })
    }
}

/// The same engine by a clock that shows what it is set to.
fn in_virtual_time(engine: &Engine, now: Timestamp) -> (Engine, Arc<Mutex<Timestamp>>) {
    let moment = Arc::new(Mutex::new(now));
    let shown = Arc::clone(&moment);
    let clock = Clock::new(move || *lock(&shown));
    let mut engine = engine.clone();
    engine.clock = clock;
    (engine, moment)
}

/// A moment is whole whoever wrote it last, so a panic elsewhere does not spoil it.
fn lock(moment: &Mutex<Timestamp>) -> MutexGuard<'_, Timestamp> {
    moment.lock().unwrap_or_else(PoisonError::into_inner)
}
