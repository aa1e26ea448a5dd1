//! What one `check` brought: alerts that opened, escalated or resolved, changes, and messages that were not delivered.
//!
//! Promises: what merely goes on is no news, and what a silence suppresses is none either. From the store alone: it is compared
//! with what stood there before the run.

use std::collections::BTreeMap;

use super::alerts::directory;
use crate::config::Config;
use crate::domain::account::{AccountKey, AccountRef};
use crate::domain::alert::{Alert, AlertId};
use crate::domain::announce::{alert_entry, change_entry};
use crate::domain::message::{AlertEntry, ChangeEntry, MessageId};
use crate::domain::silence;
use crate::domain::time::Timestamp;
use crate::store::{DeliveryState, Store, StoreError, StoredMessage};

/// What stood in the store before a run.
#[derive(Clone, Debug)]
pub struct Before {
    at: Timestamp,
    firing: BTreeMap<AlertId, Alert>,
    last_change: i64,
    attempts: BTreeMap<MessageId, u32>,
    oldest_message: Timestamp,
}

impl Before {
    /// What stands in `store` now.
    pub async fn of(store: &Store, now: Timestamp) -> Result<Self, StoreError> {
        let firing = store.firing_alerts().await?;
        let waiting = store.messages_since(now).await?;
        Ok(Self {
            at: now,
            firing: firing.into_iter().map(|alert| (alert.id.clone(), alert)).collect(),
            last_change: store.last_change().await?,
            oldest_message: waiting.iter().map(|message| message.created_at).fold(now, Timestamp::min),
            attempts: waiting.into_iter().map(|message| (message.id, message.attempts)).collect(),
        })
    }

    /// Whether `alert` opened, escalated or resolved since then.
    fn is_news(&self, alert: &Alert) -> bool {
        self.firing.get(&alert.id).is_none_or(|known| {
            let (then, now) = (&known.condition, &alert.condition);
            !alert.is_firing() || now.stage > then.stage || now.severity > then.severity
        })
    }
}

/// What a run brought.
#[derive(Clone, Debug)]
pub struct News {
    /// When it was drawn.
    pub generated_at: Timestamp,
    /// Alerts that opened, escalated or resolved.
    pub alerts: Vec<AlertEntry>,
    /// Changes of configurations.
    pub changes: Vec<ChangeEntry>,
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
        let mut alerts = store.alerts_since(before.at).await?;
        alerts.retain(|alert| before.is_news(alert));
        let directory = directory(store, config).await?;
        let silences = store.silences_in_force(now).await?;
        let is_sent =
            |alert: &Alert| !alert.is_firing() || directory.withheld(&silences, alert, now).is_none();
        let entry = |alert: Alert| alert_entry(&alert, None, |account| directory.name(account));
        let alerts = alerts.into_iter().filter(is_sent).map(entry).collect();
        let messages = store.messages_since(before.oldest_message).await?;
        let was_tried = |message: &StoredMessage| {
            message.state != DeliveryState::Delivered
                && message.attempts > before.attempts.get(&message.id).copied().unwrap_or_default()
        };
        Ok(Self {
            generated_at: now,
            alerts,
            changes: changes(before, store, now).await?,
            undelivered: messages.into_iter().filter(was_tried).collect(),
        })
    }

    /// Whether there is nothing to say.
    pub const fn is_empty(&self) -> bool {
        self.alerts.is_empty() && self.changes.is_empty() && self.undelivered.is_empty()
    }
}

async fn changes(before: &Before, store: &Store, now: Timestamp) -> Result<Vec<ChangeEntry>, StoreError> {
    let changes = store.changes_behind(before.last_change).await?;
    if changes.is_empty() {
        return Ok(Vec::new());
    }
    let silences = store.silences_in_force(now).await?;
    let accounts = store.names().await?;
    let names: BTreeMap<&AccountKey, &str> =
        accounts.iter().map(|(key, name, _)| (key, name.as_str())).collect();
    let name = |key: &AccountKey| names.get(key).map_or_else(|| key.id.to_string(), ToString::to_string);
    let is_heard = |change: &&crate::store::StoredChange| {
        let key = &change.change.account;
        let account = AccountRef { id: key.id.clone(), name: name(key) };
        silence::change_withheld(&silences, &change.change, &account, now).is_none()
    };
    Ok(changes.iter().filter(is_heard).map(|change| change_entry(&change.change, name)).collect())
}
