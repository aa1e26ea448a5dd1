//! The current state of all accounts, from the store alone, as `status` and `check` print it (docs/contract.md, section 7).

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use schemars::JsonSchema;
use serde::Serialize;

use super::account_report::{AccountReport, ListReport};
use super::current_alerts::{CurrentAlerts, concerns};
use super::failed_readings::FailedReadingReport;
use super::job_counts::UnassignedJobsReport;
use super::plan::PlanReport;
use super::probe::replace_token;
use super::shared_capabilities::SharedCapabilities;
use super::usable::{UsableQuery, requirements};
use crate::config::{Config, Subscription};
use crate::domain::account::AccountKey;
use crate::domain::account_state::AccountRecord;
use crate::domain::alerts::{Alert, AlertId, AlertKind, Subject};
use crate::domain::clock_skew::{is_skewed, serialize_seconds};
use crate::domain::message::AlertEntry;
use crate::domain::notification::alert_entry;
use crate::domain::observation::Outcome;
use crate::domain::overdue::{Overdue, overdue};
use crate::domain::policy::Policy;
use crate::domain::time::{Timestamp, seconds};
use crate::domain::verdict::Verdict;
use crate::store::{OutboxCounts, RunRecord, Store, StoreError};

/// Messages that failed permanently longer ago than this are not reported.
const FAILED_SINCE: TimeDelta = TimeDelta::days(7);

/// The state of everything that is watched.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub struct Report {
    /// When this was generated.
    #[serde(serialize_with = "seconds::serialize")]
    pub generated_at: Timestamp,
    /// The verdict of the worst account or shared alert.
    pub verdict: Verdict,
    /// The last run, if there was one.
    pub last_run: Option<RunRecord>,
    /// When the last run that finished did. Only people see it: a service that dies in each of its runs watches nothing.
    #[serde(skip)]
    pub last_finished_at: Option<Timestamp>,
    /// The accounts that were asked for.
    pub accounts: Vec<AccountReport>,
    /// The open alerts about them.
    pub alerts: Vec<AlertEntry>,
    /// The plan of each of their subscriptions, while plans are watched.
    pub plans: Vec<PlanReport>,
    /// The jobs of each of their subscriptions that name no watched account, while jobs are watched.
    pub unassigned_jobs: Vec<UnassignedJobsReport>,
    /// The messages that are not delivered.
    pub outbox: OutboxCounts,
    /// Account lists that could not be read. Only people see it: it explains why accounts are missing.
    #[serde(skip)]
    pub lists: Vec<ListReport>,
    /// What is read beside the checks and cannot be. Only people see it: it explains what is not known.
    #[serde(skip)]
    pub failed_readings: Vec<FailedReadingReport>,
    /// How many silences are in force. Only people see it: it explains why no notification came.
    #[serde(skip)]
    pub silences: usize,
    /// What to do about alerts whose cause is a setting. Only people see it.
    #[serde(skip)]
    pub next_steps: BTreeMap<AlertId, String>,
    /// Why the last run is overdue, if that was judged. Only people see it; the verdict is unknown then.
    #[serde(skip)]
    pub overdue: Option<Overdue>,
    /// By how many seconds this machine's clock was ahead of the API's at the last answer (negative when it was behind); `null` when that
    /// is not worth a warning.
    #[serde(rename = "clock_skew_seconds", serialize_with = "serialize_seconds")]
    #[schemars(with = "Option<i64>")]
    pub clock_skew: Option<TimeDelta>,
}

/// How much of each account is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Members {
    All,
    WithoutConfigurations,
}

impl Report {
    /// Loads the state of the accounts in `wanted`, or of all.
    pub async fn load(
        store: &Store,
        config: &Config,
        wanted: Option<&BTreeSet<AccountKey>>,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let current = CurrentAlerts::load(store, config, wanted, now).await?;
        Self::load_members(store, config, (wanted, Members::All), &current, now).await
    }

    async fn load_members(
        store: &Store,
        config: &Config,
        (wanted, members): (Option<&BTreeSet<AccountKey>>, Members),
        current: &CurrentAlerts,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let WatchedAccounts { accounts, lists, names } =
            WatchedAccounts::load(store, config, (wanted, members), current, now).await?;
        let name =
            |account: &AccountKey| names.get(account).cloned().unwrap_or_else(|| account.id.to_string());
        let alerts: Vec<_> = current.alerts.iter().map(|alert| alert_entry(alert, None, name)).collect();
        Ok(Self {
            generated_at: now,
            verdict: worst_verdict(&accounts, &current.alerts),
            last_run: store.last_run().await?,
            last_finished_at: store.last_finished_run().await?,
            accounts,
            next_steps: next_steps(&alerts, config),
            alerts,
            plans: plans(store, config, wanted).await?,
            unassigned_jobs: unassigned_jobs(store, config, wanted, now).await?,
            failed_readings: FailedReadingReport::load(store, config, wanted, now).await?,
            outbox: store.outbox(now - FAILED_SINCE).await?,
            silences: store.silences_in_force(now).await?.len(),
            lists,
            overdue: None,
            clock_skew: store.clock_skew().await?.filter(|skew| is_skewed(*skew)),
        })
    }

    /// As [`Report::load`], for commands that check nothing themselves: the verdict is unknown when the last run is overdue.
    pub async fn last_known(
        store: &Store,
        config: &Config,
        wanted: Option<&BTreeSet<AccountKey>>,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        Self::load(store, config, wanted, now).await.map(|report| report.judged_by_age(config))
    }

    /// As [`Report::last_known`] of the accounts in `wanted`, with the `current` alerts about them.
    pub async fn with_alerts(
        store: &Store,
        config: &Config,
        wanted: &BTreeSet<AccountKey>,
        current: &CurrentAlerts,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let report = Self::load_members(store, config, (Some(wanted), Members::All), current, now);
        report.await.map(|report| report.judged_by_age(config))
    }

    /// As [`Report::last_known`] of all accounts, with all `current` alerts, but without what the configurations hold (`maxJobs`, host and
    /// capabilities): reading these takes most of the time.
    pub async fn without_configurations(
        store: &Store,
        config: &Config,
        current: &CurrentAlerts,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let report = Self::load_members(store, config, (None, Members::WithoutConfigurations), current, now);
        report.await.map(|report| report.judged_by_age(config))
    }

    fn judged_by_age(mut self, config: &Config) -> Self {
        let schedule = &config.schedule;
        // The very first run takes its time.
        let last = self.last_finished_at.or(self.last_run.map(|run| run.started_at));
        self.overdue = overdue(&schedule.schedule, schedule.jitter, last, self.generated_at);
        if self.overdue.is_some() {
            self.verdict = Verdict::Unknown;
        }
        self
    }

    /// The verdict alone: the whole report of a large fleet takes much memory.
    pub async fn verdict(
        store: &Store,
        config: &Config,
        wanted: Option<&BTreeSet<AccountKey>>,
        now: Timestamp,
    ) -> Result<Verdict, StoreError> {
        if wanted.is_none() && Self::is_well(store, config, now).await? {
            return Ok(Verdict::Ok);
        }
        let policy = config.policy();
        // Without accounts, nothing is known to be well.
        let mut worst = None;
        store
            .each_watched(|record| {
                let is_asked = wanted.is_none_or(|wanted| wanted.contains(&record.account));
                if is_asked && !record.account.is_listing() {
                    worst = worst.max(Some(verdict_by_state(&record, &policy, now)));
                }
            })
            .await?;
        let mut worst = worst.unwrap_or(Verdict::Unknown);
        store
            .each_firing(|alert| {
                if concerns(&alert, wanted) && !matches!(alert.condition.subject, Subject::Receiver(_)) {
                    worst = worst.max(Verdict::new(Some(Outcome::Ok), [alert.condition.severity]));
                }
            })
            .await?;
        Ok(worst)
    }

    /// Whether every account is ok. Reads only the accounts that may not be.
    pub async fn is_well(store: &Store, config: &Config, now: Timestamp) -> Result<bool, StoreError> {
        let policy = config.policy();
        let is_well = |record: AccountRecord| {
            record.account.is_listing() || verdict_by_state(&record, &policy, now) == Verdict::Ok
        };
        let last = store.last_run().await?;
        Ok(last.is_some_and(|run| run.counts.checked > 0)
            && !store.is_any_firing().await?
            && store.needing_evaluation(now + policy.max_lead_time()).await?.into_iter().all(is_well))
    }

    /// The report before the first run: nothing is known.
    pub fn empty(now: Timestamp) -> Self {
        Self { generated_at: now, overdue: Some(Overdue::NoRun), ..Self::default() }
    }
}

/// What the records of the watched accounts say.
#[derive(Default)]
struct WatchedAccounts {
    accounts: Vec<AccountReport>,
    lists: Vec<ListReport>,
    /// The names of those with an alert, where they have one.
    names: BTreeMap<AccountKey, String>,
}

impl WatchedAccounts {
    async fn load(
        store: &Store,
        config: &Config,
        (wanted, members): (Option<&BTreeSet<AccountKey>>, Members),
        current: &CurrentAlerts,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let (open, policy) = (current.by_subject(), config.policy());
        let requirements = requirements(config, UsableQuery::default(), now);
        let (mut found, mut shared) = (Self::default(), SharedCapabilities::default());
        let take = |record: AccountRecord| {
            let subscription = Subject::Subscription(record.account.subscription.clone());
            if !record.account.is_listing() {
                let has_alert = open.has_any(&Subject::Account(record.account.clone()));
                if has_alert && record.name != record.account.id.as_str() {
                    found.names.insert(record.account.clone(), record.name.clone());
                }
                if wanted.is_none_or(|wanted| wanted.contains(&record.account)) {
                    let alerts = (&open, &current.trials);
                    let mut report = AccountReport::new(record, alerts, &policy, &requirements);
                    report.capabilities = shared.share(report.capabilities);
                    found.accounts.push(report);
                }
            } else if wanted.is_none() && !open.has_any(&subscription) {
                found.lists.extend(ListReport::from_failed(&record));
            }
        };
        match members {
            Members::All => store.each_watched(take).await?,
            Members::WithoutConfigurations => store.each_watched_state(take).await?,
        }
        Ok(found)
    }
}

/// The verdict of the worst account or alert of a subscription.
fn worst_verdict(accounts: &[AccountReport], alerts: &[Alert]) -> Verdict {
    // Without accounts, nothing is known to be well.
    let worst = accounts.iter().map(|account| account.verdict).max().unwrap_or(Verdict::Unknown);
    let shared = alerts.iter().filter(|alert| matches!(alert.condition.subject, Subject::Subscription(_)));
    worst.max(Verdict::new(Some(Outcome::Ok), shared.map(|alert| alert.condition.severity)))
}

/// The plan of each subscription of the accounts in `wanted`; of every one when `wanted` is absent.
async fn plans(
    store: &Store,
    config: &Config,
    wanted: Option<&BTreeSet<AccountKey>>,
) -> Result<Vec<PlanReport>, StoreError> {
    if !config.plan.watch {
        return Ok(Vec::new());
    }
    let mut states = store.plan_states().await?;
    states.retain(|name, _| {
        wanted.is_none_or(|wanted| wanted.iter().any(|account| account.subscription == *name))
    });
    Ok(states.iter().map(|(name, state)| PlanReport::new(name, state)).collect())
}

/// The jobs without a watched account of each subscription of the accounts in `wanted`; of every one when `wanted` is absent.
async fn unassigned_jobs(
    store: &Store,
    config: &Config,
    wanted: Option<&BTreeSet<AccountKey>>,
    now: Timestamp,
) -> Result<Vec<UnassignedJobsReport>, StoreError> {
    let mut unassigned = Vec::new();
    for Subscription { name, .. } in &config.subscriptions {
        if wanted.is_none_or(|wanted| wanted.iter().any(|account| account.subscription == *name)) {
            unassigned.extend(UnassignedJobsReport::load(store, config, name, now).await?);
        }
    }
    Ok(unassigned)
}

/// The verdict on an account without its open alerts.
fn verdict_by_state(record: &AccountRecord, policy: &Policy, now: Timestamp) -> Verdict {
    record.verdict([], policy, now)
}

/// The next step for each alert whose cause is a setting.
fn next_steps(alerts: &[AlertEntry], config: &Config) -> BTreeMap<AlertId, String> {
    let step = |alert: &AlertEntry| {
        let is_named = |subscription: &&Subscription| alert.subscription.as_ref() == Some(&subscription.name);
        let subscription = config.subscriptions.iter().find(is_named)?;
        // One that is about an account has another cause: the API accepts the token for others.
        let is_refused = alert.kind == AlertKind::Unauthorized && alert.account.is_none();
        is_refused.then(|| (alert.id.clone(), replace_token(&subscription.token.origin)))
    };
    alerts.iter().filter_map(step).collect()
}
