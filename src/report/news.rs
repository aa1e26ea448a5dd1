//! What one `check` brought: alerts that opened, escalated or resolved, changes, and messages that were not delivered.
//!
//! Promises: what merely goes on is no news, and what a silence suppresses is none either. From the store alone: it is compared
//! with what stood there before the run.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::alerts::directory;
use crate::config::Config;
use crate::domain::account::AccountKey;
use crate::domain::alert::{Alert, AlertId, Severity};
use crate::domain::announce::{alert_entry, change_entry};
use crate::domain::directory::Directory;
use crate::domain::expiry::Stage;
use crate::domain::message::{AlertEntry, ChangeEntry, MessageId};
use crate::domain::silence::{self, Silence};
use crate::domain::standing::Known;
use crate::domain::time::Timestamp;
use crate::store::{DeliveryState, Store, StoreError, StoredChange, StoredMessage};

/// So many alerts, and so many changes, are held: of a fleet that fails as a whole nobody reads more.
const MAX_HELD: usize = 100;

/// What stood in the store before a run.
#[derive(Clone, Debug)]
pub struct Before {
    at: Timestamp,
    firing: BTreeMap<AlertId, (Option<Stage>, Severity)>,
    last_change: i64,
    attempts: BTreeMap<MessageId, u32>,
    oldest_message: Timestamp,
}

impl Before {
    /// What stands in `store` now.
    pub async fn of(store: &Store, now: Timestamp) -> Result<Self, StoreError> {
        let mut firing = BTreeMap::new();
        store
            .each_firing(|alert| {
                firing.insert(alert.id, (alert.condition.stage, alert.condition.severity));
            })
            .await?;
        let waiting = store.messages_since(now).await?;
        Ok(Self {
            at: now,
            firing,
            last_change: store.last_change().await?,
            oldest_message: waiting.iter().map(|message| message.created_at).fold(now, Timestamp::min),
            attempts: waiting.into_iter().map(|message| (message.id, message.attempts)).collect(),
        })
    }

    /// Whether `alert` opened, escalated or resolved since then.
    fn is_news(&self, alert: &Alert) -> bool {
        self.firing.get(&alert.id).is_none_or(|(stage, severity)| {
            !alert.is_firing() || alert.condition.stage > *stage || alert.condition.severity > *severity
        })
    }
}

/// What a run brought.
#[derive(Clone, Debug)]
pub struct News {
    /// When it was drawn.
    pub generated_at: Timestamp,
    /// Alerts that opened, escalated or resolved, the worst first; no more than are shown.
    pub alerts: Vec<AlertEntry>,
    /// Changes of configurations, the worst first; no more than are shown.
    pub changes: Vec<ChangeEntry>,
    /// How many more alerts and changes there are.
    pub omitted: usize,
    /// Messages that were tried and not delivered.
    pub undelivered: Vec<StoredMessage>,
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
        // Everybody's name only where a silence may go by it.
        let everybody = if silences.is_empty() { None } else { Some(directory(store, config).await?) };
        let (alerts, more_alerts) = alerts(before, store, &silences, everybody.as_ref(), now).await?;
        let (changes, more_changes) = changes(before, store, &silences, everybody.as_ref(), now).await?;
        let directory = if let Some(everybody) = everybody {
            everybody
        } else {
            let accounts = alerts.iter().filter_map(|alert| alert.condition.subject.account());
            let accounts = accounts.chain(changes.iter().map(|stored| &stored.change.account));
            let known = store.known_of(&accounts.cloned().collect::<Vec<_>>()).await?;
            Directory::new(known.iter().map(Known::named), BTreeMap::new())
        };
        let name = |account: &AccountKey| directory.name(account);
        let messages = store.messages_since(before.oldest_message).await?;
        let was_tried = |message: &StoredMessage| {
            message.state != DeliveryState::Delivered
                && message.attempts > before.attempts.get(&message.id).copied().unwrap_or_default()
        };
        Ok(Self {
            generated_at: now,
            alerts: alerts.iter().map(|alert| alert_entry(alert, None, name)).collect(),
            changes: changes.iter().map(|stored| change_entry(&stored.change, name)).collect(),
            omitted: more_alerts + more_changes,
            undelivered: messages.into_iter().filter(was_tried).collect(),
        })
    }

    /// Whether there is nothing to say.
    pub const fn is_empty(&self) -> bool {
        self.alerts.is_empty() && self.changes.is_empty() && self.undelivered.is_empty()
    }
}

/// The worst new alerts, and how many more there are; `everybody` is known when there are silences.
async fn alerts(
    before: &Before,
    store: &Store,
    silences: &[Silence],
    everybody: Option<&Directory>,
    now: Timestamp,
) -> Result<(Vec<Alert>, usize), StoreError> {
    let is_sent = |alert: &Alert| {
        !alert.is_firing() || everybody.is_none_or(|all| all.withheld(silences, alert, now).is_none())
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
    everybody: Option<&Directory>,
    now: Timestamp,
) -> Result<(Vec<StoredChange>, usize), StoreError> {
    let mut changes = store.changes_behind(before.last_change).await?;
    if let Some(everybody) = everybody {
        changes.retain(|StoredChange { change, .. }| {
            silence::change_withheld(silences, change, &everybody.account(&change.account), now).is_none()
        });
    }
    let omitted = keep_worst(&mut changes, |stored| Reverse(stored.change.severity));
    Ok((changes, omitted))
}

/// Keeps the first [`MAX_HELD`] of `items` by `rank`; gives how many went.
fn keep_worst<T, K: Ord>(items: &mut Vec<T>, rank: impl Fn(&T) -> K) -> usize {
    items.sort_by_key(rank);
    let omitted = items.len().saturating_sub(MAX_HELD);
    items.truncate(MAX_HELD);
    omitted
}
