//! What only the pages show of single accounts, beside their state: why they are usable or not, their credits, and their last jobs.
//!
//! Guarantees: judges as `usable` does.

use std::collections::BTreeMap;

use chrono::TimeDelta;

use super::credits::CreditsReport;
use super::current_alerts::CurrentAlerts;
use super::job_counts::JobCodeReport;
use super::usable::{UsableQuery, requirements, unknown_reason, usability};
use crate::config::Config;
use crate::domain::account::AccountKey;
use crate::domain::account_state::AccountRecord;
use crate::domain::time::Timestamp;
use crate::domain::usable::Usability;
use crate::store::{Store, StoreError};

/// The time whose jobs are counted.
const JOBS_SINCE: TimeDelta = TimeDelta::hours(24);

/// One account in detail.
#[derive(Clone, Debug)]
pub struct AccountDetails {
    /// What is stored of it.
    pub record: AccountRecord,
    /// Whether it is usable; none when that is unknown.
    pub usable: Option<bool>,
    /// Whether it is usable only on trial.
    pub is_on_trial: bool,
    /// Why it is not usable, as sentences for people.
    pub reasons: Vec<String>,
    /// Its credits, if they are watched.
    pub credits: Option<CreditsReport>,
    /// Its jobs of the last 24 hours by status code, the hour in which these began included; none if the statistics were never read.
    pub jobs: Option<Vec<JobCodeReport>>,
}

impl AccountDetails {
    /// Loads those of `accounts` that are watched, with the `current` alerts about them.
    pub async fn load(
        store: &Store,
        config: &Config,
        (accounts, current): (&[AccountKey], &CurrentAlerts),
        now: Timestamp,
    ) -> Result<BTreeMap<AccountKey, Self>, StoreError> {
        let (open, policy) = (current.by_subject(), config.policy());
        let requirements = requirements(config, UsableQuery::default(), now);
        let mut credits =
            if config.credits.watch { store.credits_states_of(accounts).await? } else { BTreeMap::new() };
        let readings = if config.jobs.watch { store.stats_readings().await? } else { BTreeMap::new() };
        let mut details = BTreeMap::new();
        for (account, record) in store.watched_by_key(accounts).await? {
            let usability =
                usability(&record, (&open.concerning(&account), &current.trials), &policy, &requirements);
            let reasons = match &usability {
                Usability::Usable { .. } => Vec::new(),
                Usability::Unusable { reasons } => reasons.iter().map(ToString::to_string).collect(),
                Usability::Unknown => vec![unknown_reason(&record)],
            };
            let one = Self {
                usable: usability.is_usable(),
                is_on_trial: matches!(usability, Usability::Usable { trial: true, .. }),
                reasons,
                credits: credits.remove(&account).map(|state| CreditsReport::new(&state)),
                jobs: match readings.get(&account.subscription).and_then(|readings| readings.read_at) {
                    Some(_) => Some(last_jobs(store, &account, now).await?),
                    None => None,
                },
                record,
            };
            details.insert(account, one);
        }
        Ok(details)
    }
}

/// The jobs of the last 24 hours, by code.
async fn last_jobs(
    store: &Store,
    account: &AccountKey,
    now: Timestamp,
) -> Result<Vec<JobCodeReport>, StoreError> {
    let mut codes: BTreeMap<u16, JobCodeReport> = BTreeMap::new();
    for count in store.job_counts(account, Some(now - JOBS_SINCE), now).await? {
        let code = count.code.number();
        let sum = codes.entry(code).or_insert(JobCodeReport { code, jobs: 0, counted: 0 });
        sum.jobs = sum.jobs.saturating_add(count.jobs);
        sum.counted = sum.counted.saturating_add(count.counted);
    }
    Ok(codes.into_values().collect())
}
