//! What is new after one `check`: alerts that opened, escalated or resolved, changes, messages that were not delivered, and Alertmanagers
//! that did not accept a push.
//!
//! Guarantees: alerts that keep firing, and what a silence suppresses, are left out. It compares the store with its state
//! before the run.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::alerts::account_names;
use crate::config::Config;
use crate::domain::account::{AccountKey, ReceiverName};
use crate::domain::account_names::AccountNames;
use crate::domain::account_state::AccountRecord;
use crate::domain::alerts::{Alert, AlertId, Severity};
use crate::domain::lead_times::Stage;
use crate::domain::message::{AlertEntry, ChangeEntry, MessageId};
use crate::domain::notification::{alert_entry, change_entry};
use crate::domain::silence::{self, Silence};
use crate::domain::time::Timestamp;
use crate::store::{DeliveryState, FailingServer, Store, StoreError, StoredChange, StoredMessage};

/// How many alerts, and how many changes, are kept: nobody reads more when a whole fleet fails.
const MAX_HELD: usize = 100;

/// What the store held before a run.
#[derive(Clone, Debug)]
pub struct Before {
    at: Timestamp,
    firing: BTreeMap<AlertId, (Option<Stage>, Severity)>,
    last_change_id: i64,
    attempts: BTreeMap<MessageId, u32>,
    oldest_message: Timestamp,
    /// The failed pushes to each server of a receiver.
    failures: BTreeMap<(ReceiverName, String), u32>,
}

impl Before {
    /// Loads what `store` holds now.
    pub async fn load(store: &Store, now: Timestamp) -> Result<Self, StoreError> {
        let mut firing = BTreeMap::new();
        store
            .each_firing(|alert| {
                firing.insert(alert.id, (alert.condition.stage, alert.condition.severity));
            })
            .await?;
        let pending = store.messages_since(now).await?;
        let failing = store.failing_servers().await?.into_iter();
        Ok(Self {
            at: now,
            firing,
            last_change_id: store.last_change_id().await?,
            oldest_message: pending.iter().map(|message| message.created_at).fold(now, Timestamp::min),
            attempts: pending.into_iter().map(|message| (message.id, message.attempts)).collect(),
            failures: failing
                .map(|failing| ((failing.receiver, failing.server), failing.state.failures))
                .collect(),
        })
    }

    /// Whether `alert` opened, escalated or resolved since then.
    fn is_news(&self, alert: &Alert) -> bool {
        self.firing.get(&alert.id).is_none_or(|(stage, severity)| {
            !alert.is_firing() || alert.condition.stage > *stage || alert.condition.severity > *severity
        })
    }
}

/// What is new since a run began.
#[derive(Clone, Debug)]
pub struct News {
    /// When this was generated.
    pub generated_at: Timestamp,
    /// Alerts that opened, escalated or resolved, the most severe first; at most as many as are shown.
    pub alerts: Vec<AlertEntry>,
    /// Changes of configurations, the most severe first; at most as many as are shown.
    pub changes: Vec<ChangeEntry>,
    /// How many more alerts and changes there are.
    pub omitted: usize,
    /// Messages whose attempts failed.
    pub undelivered: Vec<StoredMessage>,
    /// Alertmanagers that did not accept a push.
    pub failing_servers: Vec<FailingServer>,
}

impl News {
    /// What is new in `store` since `before`.
    pub async fn since(
        before: &Before,
        store: &Store,
        config: &Config,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let silences = store.silences_in_force(now).await?;
        // All names are loaded only where a silence may match them.
        let names = if silences.is_empty() { None } else { Some(account_names(store, config).await?) };
        let (alerts, more_alerts) = alerts(before, store, &silences, names.as_ref(), now).await?;
        let (changes, more_changes) = changes(before, store, &silences, names.as_ref(), now).await?;
        let names = if let Some(names) = names {
            names
        } else {
            let accounts = alerts.iter().filter_map(|alert| alert.condition.subject.account());
            let accounts = accounts.chain(changes.iter().map(|stored| &stored.change.account));
            let known = store.accounts_by_key(accounts).await?;
            AccountNames::new(known.values().map(AccountRecord::named), BTreeMap::new())
        };
        let name = |account: &AccountKey| names.name(account);
        let messages = store.messages_since(before.oldest_message).await?;
        let was_tried = |message: &StoredMessage| {
            message.state != DeliveryState::Delivered
                && message.attempts > before.attempts.get(&message.id).copied().unwrap_or_default()
        };
        let was_pushed = |failing: &FailingServer| {
            let server = (failing.receiver.clone(), failing.server.clone());
            before.failures.get(&server) != Some(&failing.state.failures)
        };
        Ok(Self {
            generated_at: now,
            alerts: alerts.iter().map(|alert| alert_entry(alert, None, name)).collect(),
            changes: changes.iter().map(|stored| change_entry(&stored.change, name)).collect(),
            omitted: more_alerts + more_changes,
            undelivered: messages.into_iter().filter(was_tried).collect(),
            failing_servers: store.failing_servers().await?.into_iter().filter(was_pushed).collect(),
        })
    }
}

/// The most severe new alerts, and how many more there are; `names` is given when there are silences.
async fn alerts(
    before: &Before,
    store: &Store,
    silences: &[Silence],
    names: Option<&AccountNames>,
    now: Timestamp,
) -> Result<(Vec<Alert>, usize), StoreError> {
    let is_sent = |alert: &Alert| {
        !alert.is_firing() || names.is_none_or(|all| all.silenced_until(silences, alert, now).is_none())
    };
    let rank = |alert: &Alert| (!alert.is_firing(), Reverse(alert.condition.severity));
    let (mut worst, mut omitted) = (Vec::new(), 0);
    store
        .each_since(before.at, |alert| {
            if before.is_news(&alert) && is_sent(&alert) {
                worst.push(alert);
            }
            if worst.len() >= 2 * MAX_HELD {
                omitted += keep_worst(&mut worst, rank);
            }
        })
        .await?;
    omitted += keep_worst(&mut worst, rank);
    Ok((worst, omitted))
}

/// The same for changes.
async fn changes(
    before: &Before,
    store: &Store,
    silences: &[Silence],
    names: Option<&AccountNames>,
    now: Timestamp,
) -> Result<(Vec<StoredChange>, usize), StoreError> {
    let mut changes = store.changes_after(before.last_change_id).await?;
    if let Some(names) = names {
        changes.retain(|StoredChange { change, .. }| {
            silence::change_silenced_until(silences, change, &names.account(&change.account), now).is_none()
        });
    }
    let omitted = keep_worst(&mut changes, |stored| Reverse(stored.change.severity));
    Ok((changes, omitted))
}

/// Keeps the first [`MAX_HELD`] of `items` by `rank`; returns how many were removed.
fn keep_worst<T, K: Ord>(items: &mut Vec<T>, rank: impl Fn(&T) -> K) -> usize {
    items.sort_by_key(rank);
    let omitted = items.len().saturating_sub(MAX_HELD);
    items.truncate(MAX_HELD);
    omitted
}
