//! Alerts with what was told of them, as `alerts --json` gives them.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::config::Config;
use crate::domain::account::ReceiverName;
use crate::domain::alert::{Alert, AlertId};
use crate::domain::announce::alert_entry;
use crate::domain::directory::Directory;
use crate::domain::message::{AlertEntry, Reason};
use crate::domain::time::{Timestamp, seconds};
use crate::store::{Ack, DeliveryState, LastTold, Store, StoreError};

/// Alerts, oldest first.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Alerts {
    /// When it was drawn.
    #[serde(with = "seconds")]
    #[schemars(with = "Timestamp")]
    pub generated_at: Timestamp,
    /// Those that fire, or all that were asked for.
    pub alerts: Vec<AlertReport>,
}

/// One alert, as messages tell it, and what became of the telling.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct AlertReport {
    /// The alert.
    #[serde(flatten)]
    pub alert: AlertEntry,
    /// Whether somebody said that they know of it, and need no reminders.
    pub acknowledged: Option<AckReport>,
    /// Until when a silence withholds what there would be to tell of it.
    #[serde(with = "seconds::option")]
    #[schemars(with = "Option<Timestamp>")]
    pub silenced_until: Option<Timestamp>,
    /// Who was told.
    pub told: Vec<ToldReport>,
}

/// An acknowledgement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct AckReport {
    /// Since when.
    #[serde(with = "seconds")]
    #[schemars(with = "Timestamp")]
    pub at: Timestamp,
    /// What was said to it; may be empty.
    pub reason: String,
}

/// What one receiver was told of one alert.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ToldReport {
    /// Who.
    pub receiver: ReceiverName,
    /// How often; reminders older than `[store].keep` are forgotten.
    pub times: u32,
    /// When last.
    #[serde(with = "seconds")]
    #[schemars(with = "Timestamp")]
    pub last_at: Timestamp,
    /// Why then.
    pub last_reason: Reason,
    /// What became of that message; `null` when it is forgotten.
    pub last_state: Option<DeliveryState>,
}

impl Alerts {
    /// The alerts that fire, and with `since` also those that ended at that moment or later.
    pub async fn of(
        store: &Store,
        config: &Config,
        since: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let alerts = match since {
            None => store.firing_alerts().await?,
            Some(since) => store.alerts_since(since).await?,
        };
        let directory = directory(store, config).await?;
        let silences = store.silences_in_force(now).await?;
        let acks = store.acks().await?;
        let mut told: BTreeMap<AlertId, Vec<ToldReport>> = BTreeMap::new();
        for last in store.last_told(alerts.iter().map(|alert| &alert.id)).await? {
            told.entry(last.alert.clone()).or_default().push(ToldReport::of(last));
        }
        let report = |alert: &Alert| AlertReport {
            alert: alert_entry(alert, None, |account| directory.name(account)),
            acknowledged: acks.get(&alert.id).map(AckReport::of),
            silenced_until: directory.withheld(&silences, alert, now).filter(|_| alert.is_firing()),
            told: told.remove(&alert.id).unwrap_or_default(),
        };
        Ok(Self { generated_at: now, alerts: alerts.iter().map(report).collect() })
    }
}

impl AckReport {
    /// As it is kept.
    pub fn of(ack: &Ack) -> Self {
        Self { at: ack.at, reason: ack.reason.clone() }
    }
}

impl ToldReport {
    fn of(last: LastTold) -> Self {
        Self {
            receiver: last.receiver,
            times: last.times,
            last_at: last.at,
            last_reason: last.reason,
            last_state: last.state,
        }
    }
}

/// Who is who, also among those who left the configuration.
pub(super) async fn directory(store: &Store, config: &Config) -> Result<Directory, StoreError> {
    let names = store.names().await?;
    let watched = names.iter().filter(|(.., is_watched)| *is_watched);
    let mut directory =
        Directory::new(watched.map(|(account, name, _)| (account, name.as_str())), config.fallbacks());
    for (account, name, _) in names.into_iter().filter(|(.., is_watched)| !is_watched) {
        directory.add_name(account, name);
    }
    Ok(directory)
}
