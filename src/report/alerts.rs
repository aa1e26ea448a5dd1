//! Alerts and the notifications about them, as `alerts --json` prints them.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Serialize;

use crate::config::{Config, Receiver};
use crate::domain::account::{AccountKey, ReceiverName};
use crate::domain::account_names::AccountNames;
use crate::domain::alerts::{Alert, AlertId, Subject};
use crate::domain::message::AlertEntry;
use crate::domain::notification::alert_entry;
use crate::domain::series::{Labels, alert_key};
use crate::domain::time::{Timestamp, seconds};
use crate::notify;
use crate::store::{Ack, LatestNotification, Store, StoreError};

/// Alerts, oldest first.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Alerts {
    /// When this was generated.
    #[serde(serialize_with = "seconds::serialize")]
    pub generated_at: Timestamp,
    /// The firing alerts, or all that were asked for.
    pub alerts: Vec<AlertReport>,
}

/// One alert as messages show it, and which receivers were notified.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct AlertReport {
    /// The alert.
    #[serde(flatten)]
    pub alert: AlertEntry,
    /// Its acknowledgement, which stops reminders; `null` without one.
    pub acknowledged: Option<Ack>,
    /// Until when a silence suppresses its notifications.
    #[serde(serialize_with = "seconds::option::serialize")]
    pub silenced_until: Option<Timestamp>,
    /// The receivers that were notified.
    pub notified: Vec<LatestNotification>,
    /// The receivers at which it is kept alive while it fires (`alertmanager`); while it is silenced, only where it fired before.
    pub kept_alive_at: Vec<ReceiverName>,
}

/// The names of more accounts are read all at once.
const MAX_BY_KEY: usize = 100;

impl Alerts {
    /// The firing alerts, and with `since` also those that resolved at that moment or later.
    pub async fn load(
        store: &Store,
        config: &Config,
        since: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let alerts = match since {
            None => store.firing_alerts().await?,
            Some(since) => store.alerts_since(since).await?,
        };
        let names = account_names(store, config).await?;
        Self::with_names(store, config, (&alerts, &names), now).await
    }

    /// These alerts alone; reads the names of the accounts that they are about.
    pub async fn of(
        store: &Store,
        config: &Config,
        alerts: &[Alert],
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let names = names_for(store, config, alerts, None).await?;
        Self::with_names(store, config, (alerts, &names), now).await
    }

    async fn with_names(
        store: &Store,
        config: &Config,
        (alerts, names): (&[Alert], &AccountNames),
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let silences = store.silences_in_force(now).await?;
        let acks = store.acks().await?;
        let mut notified: BTreeMap<AlertId, Vec<LatestNotification>> = BTreeMap::new();
        for last in store.latest_notifications(alerts.iter().map(|alert| &alert.id)).await? {
            notified.entry(last.alert.clone()).or_default().push(last);
        }
        let silenced_until =
            |alert: &Alert| names.silenced_until(&silences, alert, now).filter(|_| alert.is_firing());
        let is_any_silenced = alerts.iter().any(|alert| silenced_until(alert).is_some());
        let pushed = if is_any_silenced { pushed_alerts(store, config).await? } else { BTreeSet::new() };
        let kept_alive_at = |alert: &Alert| {
            let entry = alert_entry(alert, None, |account| names.name(account));
            let keeps = |receiver: &&Receiver| {
                let Some(alertmanager) = receiver.channel.alertmanager() else { return false };
                let was_pushed = || {
                    let series = notify::alert_series(&entry, &alertmanager.labels);
                    pushed.contains(&(receiver.name.clone(), alert_key(&series.labels)))
                };
                alert.is_firing()
                    && names.route_mismatch(&receiver.name, &receiver.route, alert).is_none()
                    && (silenced_until(alert).is_none() || was_pushed())
            };
            config.receivers.iter().filter(keeps).map(|receiver| receiver.name.clone()).collect()
        };
        let report = |alert: &Alert| AlertReport {
            kept_alive_at: kept_alive_at(alert),
            alert: alert_entry(alert, None, |account| names.name(account)),
            acknowledged: acks.get(&alert.id).cloned(),
            silenced_until: silenced_until(alert),
            notified: notified.remove(&alert.id).unwrap_or_default(),
        };
        Ok(Self { generated_at: now, alerts: alerts.iter().map(report).collect() })
    }
}

/// The alerts that each receiver with series was pushed and that were not ended there, by what stays the same while they fire.
async fn pushed_alerts(
    store: &Store,
    config: &Config,
) -> Result<BTreeSet<(ReceiverName, Labels)>, StoreError> {
    let mut pushed = BTreeSet::new();
    for receiver in &config.receivers {
        for url in receiver.channel.alertmanager().into_iter().flat_map(|alertmanager| &alertmanager.urls) {
            let stored = store.series(&receiver.name, url.as_str()).await?.into_values();
            let live = stored.filter(|stored| !stored.is_change() && stored.ended_at.is_none());
            pushed.extend(live.map(|stored| (receiver.name.clone(), alert_key(&stored.series.labels))));
        }
    }
    Ok(pushed)
}

/// The names that `alerts` need, and that of `more`: of all accounts when one is about a subscription, since it is about its accounts.
pub(super) async fn names_for<'a>(
    store: &Store,
    config: &Config,
    alerts: impl IntoIterator<Item = &'a Alert>,
    more: Option<&'a AccountKey>,
) -> Result<AccountNames, StoreError> {
    let mut accounts: BTreeSet<&AccountKey> = more.into_iter().collect();
    for alert in alerts {
        match &alert.condition.subject {
            Subject::Account(account) if accounts.len() < MAX_BY_KEY => _ = accounts.insert(account),
            Subject::Receiver(_) => {}
            Subject::Account(_) | Subject::Subscription(_) => return account_names(store, config).await,
        }
    }
    let mut names = AccountNames::new([], config.fallbacks());
    for (account, record) in store.accounts_by_key(accounts).await? {
        names.add_name(account, record.name);
    }
    Ok(names)
}

/// The names of all accounts, also of those that left the configuration.
pub(super) async fn account_names(store: &Store, config: &Config) -> Result<AccountNames, StoreError> {
    let accounts = store.names().await?;
    let watched = accounts.iter().filter(|(.., is_watched)| *is_watched);
    let mut names =
        AccountNames::new(watched.map(|(account, name, _)| (account, name.as_str())), config.fallbacks());
    for (account, name, _) in accounts.into_iter().filter(|(.., is_watched)| !is_watched) {
        names.add_name(account, name);
    }
    Ok(names)
}
