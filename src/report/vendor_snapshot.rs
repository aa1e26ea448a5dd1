//! A snapshot in the form in which the vendor serves configurations (docs/vendor-api.md).

use std::collections::BTreeMap;

use chrono::SecondsFormat;
use schemars::JsonSchema;
use serde::Serialize;

use crate::config::{Config, Subscription};
use crate::domain::account::{AccountId, SubscriptionName};
use crate::domain::account_state::{AccountRecord, Fault};
use crate::domain::configuration::Configuration;
use crate::domain::observation::Outcome;
use crate::domain::time::Timestamp;
use crate::store::{Store, StoreError};

/// The configuration of one account as last seen.
#[derive(Clone, Debug)]
pub struct VendorSnapshot {
    /// It, by the vendor's names.
    pub configuration: VendorConfiguration,
    /// When a check last saw it.
    pub seen_at: Timestamp,
    /// When it was first seen like this.
    pub changed_at: Timestamp,
}

/// The members of a configuration that are stored; the others are absent.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct VendorConfiguration {
    account: AccountId,
    jwt: VendorToken,
    #[serde(rename = "maxJobs", skip_serializing_if = "Option::is_none")]
    max_jobs: Option<i64>,
    /// The `support*` flags.
    #[serde(flatten)]
    capabilities: BTreeMap<String, bool>,
    /// While the account is in error.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
struct VendorToken {
    #[serde(skip_serializing_if = "Option::is_none")]
    exp: Option<i64>,
    #[serde(rename = "exp_Expire", skip_serializing_if = "Option::is_none")]
    exp_expire: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    host: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<VendorUser>,
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
struct VendorUser {
    id: String,
}

impl VendorSnapshot {
    /// The snapshot of `record`; none when the vendor does not know the account, or it was never seen.
    pub async fn load(store: &Store, record: AccountRecord) -> Result<Option<Self>, StoreError> {
        let changed_at =
            store.present_snapshot(&record.account).await?.map(|snapshot| snapshot.first_seen_at);
        Ok(changed_at.and_then(|changed_at| Self::new(record, changed_at)))
    }

    /// The snapshots of all watched accounts. Of equal ids the first subscription of `config` wins.
    pub async fn load_all(store: &Store, config: &Config) -> Result<BTreeMap<AccountId, Self>, StoreError> {
        let changed_at = store.present_snapshot_times().await?;
        let mut snapshots: BTreeMap<AccountId, (usize, Option<Self>)> = BTreeMap::new();
        store
            .each_watched(|record| {
                let rank = rank(config, &record.account.subscription);
                let id = record.account.id.clone();
                if snapshots.get(&id).is_none_or(|(other, _)| rank < *other) {
                    let changed_at = changed_at.get(&record.account).copied();
                    let snapshot = changed_at.and_then(|changed_at| Self::new(record, changed_at));
                    snapshots.insert(id, (rank, snapshot));
                }
            })
            .await?;
        Ok(snapshots.into_iter().filter_map(|(id, (_, snapshot))| Some((id, snapshot?))).collect())
    }

    fn new(record: AccountRecord, changed_at: Timestamp) -> Option<Self> {
        let last = record.account_state.last_conclusive().and_then(|check| check.outcome);
        if last == Some(Outcome::NotFound) {
            return None;
        }
        let seen_at = record.account_state.last_ok_at.unwrap_or(changed_at);
        let state = &record.account_state;
        let is_in_error = last == Some(Outcome::AccountError) || state.faults.contains(&Fault::AccountError);
        // An inconclusive check since then has an error of its own.
        let text = state.error.clone().filter(|_| state.outcome == Some(Outcome::AccountError));
        let error = is_in_error.then(|| text.unwrap_or_else(|| "the account is in error".to_owned()));
        let configuration = VendorConfiguration::new(record.account.id, record.configuration?, error);
        Some(Self { configuration, seen_at, changed_at })
    }
}

impl VendorConfiguration {
    fn new(account: AccountId, seen: Configuration, error: Option<String>) -> Self {
        let jwt = VendorToken {
            exp: seen.exp.map(|at| at.timestamp()),
            exp_expire: seen.exp_expire.map(|at| at.to_rfc3339_opts(SecondsFormat::Millis, true)),
            host: seen.host,
            user: seen.user_id.map(|id| VendorUser { id }),
        };
        Self { account, jwt, max_jobs: seen.max_jobs, capabilities: seen.capabilities, error }
    }
}

/// The place of a subscription in the configuration.
fn rank(config: &Config, subscription: &SubscriptionName) -> usize {
    let is_it = |candidate: &Subscription| candidate.name == *subscription;
    config.subscriptions.iter().position(is_it).unwrap_or(usize::MAX)
}
