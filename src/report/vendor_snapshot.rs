//! A snapshot in the form in which the vendor serves configurations (docs/vendor-api.md).

use std::collections::BTreeMap;

use chrono::SecondsFormat;
use schemars::JsonSchema;
use serde::Serialize;

use crate::config::{Config, Subscription};
use crate::domain::account::{AccountId, SubscriptionName};
use crate::domain::account_state::{AccountRecord, AccountState, Fault};
use crate::domain::configuration::Configuration;
use crate::domain::observation::Outcome;
use crate::domain::time::Timestamp;
use crate::store::{Store, StoreError};

/// The configuration of one account as last seen.
#[derive(Clone, Debug)]
pub struct VendorSnapshot {
    /// It, by the vendor's names.
    pub configuration: VendorConfiguration,
    /// When a check last saw it; its error, while it has one.
    pub seen_at: Timestamp,
    /// When it last changed, at the latest.
    pub changed_at: Timestamp,
}

/// The configurations of all watched accounts.
#[derive(Clone, Debug, Default)]
pub struct VendorSnapshots {
    /// They, by id.
    pub by_account: BTreeMap<AccountId, VendorSnapshot>,
    /// When one of them last changed, came or went, at the latest. The store does not know when an account left the configuration.
    pub changed_at: Option<Timestamp>,
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
        let answered_at = store.answer_time(&record.account).await?;
        Ok(answered_at.and_then(|answered_at| Self::new(record, answered_at)))
    }

    fn new(record: AccountRecord, answered_at: Timestamp) -> Option<Self> {
        let state = &record.account_state;
        let changed_at = changed_at(state, answered_at);
        let (last, last_at) = state.last_conclusive().map(|check| (check.outcome, check.at)).unzip();
        let last = last.flatten();
        if last == Some(Outcome::NotFound) {
            return None;
        }
        let failed_at = last_at.filter(|_| last == Some(Outcome::AccountError));
        let seen_at = failed_at.or(state.last_ok_at).unwrap_or(answered_at);
        let is_in_error = last == Some(Outcome::AccountError) || state.faults.contains(&Fault::AccountError);
        // An inconclusive check since then has an error of its own.
        let text = state.error.clone().filter(|_| state.outcome == Some(Outcome::AccountError));
        let error = is_in_error.then(|| text.unwrap_or_else(|| "the account is in error".to_owned()));
        let configuration = VendorConfiguration::new(record.account.id, record.configuration?, error);
        Some(Self { configuration, seen_at, changed_at })
    }
}

impl VendorSnapshots {
    /// Loads them. Of equal ids the first subscription of `config` wins.
    pub async fn load(store: &Store, config: &Config) -> Result<Self, StoreError> {
        let answered_at = store.answer_times().await?;
        let mut snapshots: BTreeMap<AccountId, (usize, Option<VendorSnapshot>)> = BTreeMap::new();
        let mut latest = None;
        store
            .each_watched(|record| {
                let rank = rank(config, &record.account.subscription);
                let id = record.account.id.clone();
                let answered_at = answered_at.get(&record.account).copied();
                latest = latest.max(answered_at.map(|at| changed_at(&record.account_state, at)));
                if snapshots.get(&id).is_none_or(|(other, _)| rank < *other) {
                    let snapshot = answered_at.and_then(|at| VendorSnapshot::new(record, at));
                    snapshots.insert(id, (rank, snapshot));
                }
            })
            .await?;
        let known = snapshots.into_iter().filter_map(|(id, (_, snapshot))| Some((id, snapshot?)));
        Ok(Self { by_account: known.collect(), changed_at: latest })
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

/// When what is answered about an account last changed, at the latest: any check since the last healthy one may have brought an error, another
/// text of it, or a 404.
fn changed_at(state: &AccountState, answered_at: Timestamp) -> Timestamp {
    let last = state.last_conclusive().and_then(|check| check.outcome);
    let failed_at = state.checked_at.filter(|_| last != Some(Outcome::Ok));
    failed_at.map_or(answered_at, |at| at.max(answered_at))
}

/// The place of a subscription in the configuration.
fn rank(config: &Config, subscription: &SubscriptionName) -> usize {
    let is_it = |candidate: &Subscription| candidate.name == *subscription;
    config.subscriptions.iter().position(is_it).unwrap_or(usize::MAX)
}
