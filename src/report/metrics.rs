//! What `/metrics` shows: the last known numbers of each account, and those of the watcher itself (docs/metrics.md).
//!
//! Guarantees: from the store alone, so that a failed fetch removes no series; judges as `usable` does. Leaves names and formats to `web`.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::TimeDelta;

use super::current_alerts::CurrentAlerts;
use super::shared_capabilities::SharedCapabilities;
use super::usable::{UsableQuery, requirements, usability};
use crate::config::Config;
use crate::domain::account::{AccountKey, SubscriptionName};
use crate::domain::account_state::AccountRecord;
use crate::domain::alerts::{AlertKind, Severity};
use crate::domain::observation::Outcome;
use crate::domain::plan::PlanState;
use crate::domain::time::Timestamp;
use crate::store::{DeliveryState, JobTotal, MessageTotal, RunTotal, Store, StoreError};

/// Every number of one moment.
#[derive(Clone, Debug, Default)]
pub struct Metrics {
    /// The watched accounts, by subscription and id.
    pub accounts: Vec<AccountMetrics>,
    /// Whether the plan of each subscription is active, where that is known.
    pub plans: Vec<(SubscriptionName, bool)>,
    /// How many alerts of each kind and severity fire.
    pub firing: BTreeMap<(AlertKind, Severity), u64>,
    /// When the last run that finished did: one that began and never ends must not look like work.
    pub last_finished_at: Option<Timestamp>,
    /// How long it took, with its confirmations.
    pub last_run_duration: Option<TimeDelta>,
    /// How many runs finished with each result.
    pub runs: Vec<RunTotal>,
    /// How many messages wait, and since when the oldest does.
    pub pending: i64,
    /// See `pending`.
    pub oldest_pending: Option<Timestamp>,
    /// How many messages were delivered or failed.
    pub messages: Vec<MessageTotal>,
}

/// The numbers of one account.
#[derive(Clone, Debug)]
pub struct AccountMetrics {
    /// Which account.
    pub account: AccountKey,
    /// The operator's name for it.
    pub name: String,
    /// When its token expires, if that is known.
    pub expires_at: Option<Timestamp>,
    /// Whether the last conclusive check was ok; none before the first.
    pub is_up: Option<bool>,
    /// Whether it is usable; none while that is unknown.
    pub is_usable: Option<bool>,
    /// When a check was last ok.
    pub last_ok_at: Option<Timestamp>,
    /// `maxJobs`.
    pub max_jobs: Option<i64>,
    /// The `support*` flags; shared, since most accounts can do the same.
    pub capabilities: Arc<BTreeMap<String, bool>>,
    /// How many credits were last read.
    pub credits: Option<u64>,
    /// How many jobs were answered with each code.
    pub jobs: Vec<(u16, u64)>,
}

impl Metrics {
    /// Reads them.
    pub async fn load(store: &Store, config: &Config, now: Timestamp) -> Result<Self, StoreError> {
        let plans = if config.plan.watch { store.plan_states().await? } else { BTreeMap::new() };
        let is_active = |(name, state): (&SubscriptionName, &_)| Some((name.clone(), is_active(state)?));
        // Failures of earlier days are in the totals.
        let outbox = store.outbox(now).await?;
        let current = CurrentAlerts::load(store, config, None, now).await?;
        let mut firing = BTreeMap::new();
        for alert in &current.alerts {
            *firing.entry((alert.condition.kind, alert.condition.severity)).or_default() += 1;
        }
        Ok(Self {
            accounts: accounts(store, config, &current, now).await?,
            plans: plans.iter().filter_map(is_active).collect(),
            firing,
            last_finished_at: store.last_finished_run().await?,
            last_run_duration: store.last_run_duration().await?,
            runs: with_zeros(store.run_totals().await?),
            pending: outbox.pending,
            oldest_pending: store.oldest_pending().await?,
            messages: with_receivers(store.message_totals().await?, config),
        })
    }
}

/// The results that no run had yet are zero: the first one of each would not show as an increase.
fn with_zeros(mut totals: Vec<RunTotal>) -> Vec<RunTotal> {
    for result in ["complete", "partial", "failed"] {
        if !totals.iter().any(|total| total.result == result) {
            totals.push(RunTotal { result: result.to_owned(), runs: 0 });
        }
    }
    totals
}

/// The same for the messages of each receiver; one that is only pushed alerts has none.
fn with_receivers(mut totals: Vec<MessageTotal>, config: &Config) -> Vec<MessageTotal> {
    for receiver in config.receivers.iter().filter(|receiver| receiver.channel.alertmanager().is_none()) {
        for state in [DeliveryState::Delivered, DeliveryState::Failed] {
            if !totals.iter().any(|total| total.receiver == receiver.name && total.state == state) {
                totals.push(MessageTotal { receiver: receiver.name.clone(), state, messages: 0 });
            }
        }
    }
    totals
}

fn is_active(state: &PlanState) -> Option<bool> {
    state.plan.as_ref().map(|plan| plan.is_active)
}

async fn accounts(
    store: &Store,
    config: &Config,
    current: &CurrentAlerts,
    now: Timestamp,
) -> Result<Vec<AccountMetrics>, StoreError> {
    let (open, policy) = (current.by_subject(), config.policy());
    let requirements = requirements(config, UsableQuery::default(), now);
    let mut credits = if config.credits.watch { store.credits_states().await? } else { BTreeMap::new() };
    let mut jobs =
        if config.jobs.watch { jobs_by_account(store.job_totals().await?) } else { BTreeMap::new() };
    let (mut accounts, mut shared) = (Vec::new(), SharedCapabilities::default());
    let mut account = |record: AccountRecord| {
        let concerning = open.concerning(&record.account);
        let usability = usability(&record, (&concerning, &current.trials), &policy, &requirements);
        let check = record.account_state.last_conclusive();
        let expires_at = record.expires_at(&policy);
        let seen = record.configuration.unwrap_or_default();
        AccountMetrics {
            expires_at,
            is_up: check.map(|check| check.outcome == Some(Outcome::Ok)),
            is_usable: usability.is_usable(),
            last_ok_at: record.account_state.last_ok_at,
            max_jobs: seen.max_jobs,
            capabilities: shared.share(Arc::new(seen.capabilities)),
            credits: credits.remove(&record.account).and_then(|state| Some(state.outlook?.newest.credits)),
            jobs: jobs.remove(&record.account).unwrap_or_default(),
            account: record.account,
            name: record.name,
        }
    };
    store
        .each_watched(|record| {
            if !record.account.is_listing() {
                accounts.push(account(record));
            }
        })
        .await?;
    Ok(accounts)
}

fn jobs_by_account(totals: Vec<JobTotal>) -> BTreeMap<AccountKey, Vec<(u16, u64)>> {
    let mut jobs: BTreeMap<AccountKey, Vec<(u16, u64)>> = BTreeMap::new();
    for JobTotal { account, code, jobs: count } in totals {
        jobs.entry(account).or_default().push((code, count));
    }
    jobs
}
