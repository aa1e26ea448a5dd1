//! Alerts and the notifications about them, as `alerts --json` prints them.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Serialize;

use crate::config::Config;
use crate::domain::account::AccountKey;
use crate::domain::account_names::AccountNames;
use crate::domain::alerts::{Alert, AlertId, Subject};
use crate::domain::message::AlertEntry;
use crate::domain::notification::alert_entry;
use crate::domain::time::{Timestamp, seconds};
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
        let silences = store.silences_in_force(now).await?;
        let acks = store.acks().await?;
        let mut notified: BTreeMap<AlertId, Vec<LatestNotification>> = BTreeMap::new();
        for last in store.latest_notifications(alerts.iter().map(|alert| &alert.id)).await? {
            notified.entry(last.alert.clone()).or_default().push(last);
        }
        let report = |alert: &Alert| AlertReport {
            alert: alert_entry(alert, None, |account| names.name(account)),
            acknowledged: acks.get(&alert.id).cloned(),
            silenced_until: names.silenced_until(&silences, alert, now).filter(|_| alert.is_firing()),
            notified: notified.remove(&alert.id).unwrap_or_default(),
        };
        Ok(Self { generated_at: now, alerts: alerts.iter().map(report).collect() })
    }
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
