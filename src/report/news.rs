//! What one `check` brought: alerts that opened, escalated or resolved, changes, and messages that were not delivered.
//!
//! Promises: what merely goes on is no news, and what a silence suppresses is none either. From the store alone: it is compared
//! with what stood there before the run.

use std::collections::BTreeMap;

use super::alerts::Alerts;
use crate::config::Config;
use crate::domain::account::{AccountKey, AccountRef};
use crate::domain::alert::{Alert, AlertId};
use crate::domain::announce::change_entry;
use crate::domain::expiry::Stage;
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
        let alerts = Alerts::of(store, config, Some(before.at), now).await?.alerts;
        let is_news = |alert: &AlertEntry| match before.firing.get(&alert.id) {
            None => true,
            Some(_) if alert.resolved_at.is_some() => true,
            Some(known) => {
                let stage = alert.stage.as_deref().and_then(|stage| stage.parse::<Stage>().ok());
                stage > known.condition.stage || alert.severity > known.condition.severity
            }
        };
        let alerts = alerts.into_iter().filter(|report| report.silenced_until.is_none());
        let alerts = alerts.map(|report| report.alert).filter(is_news).collect();
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
