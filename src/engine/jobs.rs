//! Reading what became of the jobs, beside the first checks of a run, and what the alerts need of it.
//!
//! Guarantees: while jobs are watched, one request for each subscription and run, else none; a failure is stored and changes nothing
//! else. Leaves the requests to `reads_beside`.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;

use super::Engine;
use super::credits::CreditsByAccount;
use super::reading_log::{ReadingSubject, log_unreadable_rows};
use crate::api::{JobStats, JobStatsAnswer};
use crate::config::Subscription;
use crate::domain::account::{AccountId, AccountKey, AccountRef, SubscriptionName};
use crate::domain::account_state::AccountRecord;
use crate::domain::alerts::{AccountJobs, AlertKind, OpenAlerts, Subject};
use crate::domain::failing_period::FailedReading;
use crate::domain::jobs::{StatsFailure, StatsReadings, WatchedIds};
use crate::domain::observation::{Observation, Outcome};
use crate::domain::time::Timestamp;
use crate::store::{StoreError, Writer};

/// How many jobs are asked for: the newest of all accounts of the subscription.
const LIMIT: u32 = 1_000;
/// The largest answer that is read.
const MAX_BODY: usize = 4 << 20;
/// How long jobs are kept. Older ones in an answer are not stored.
pub(super) const JOBS_KEPT: TimeDelta = TimeDelta::days(30);
/// A job this far in the future belongs to a wrong clock, and is not stored.
const MAX_AHEAD: TimeDelta = TimeDelta::days(1);

/// What the statistics of a subscription showed.
pub(super) type StatsAnswer = (SubscriptionName, JobStatsAnswer);

impl Engine {
    /// The subscriptions of `accounts` with all their accounts, if jobs are watched.
    pub(super) async fn jobs_to_read(
        &self,
        accounts: &[AccountKey],
    ) -> Result<BTreeMap<SubscriptionName, Vec<AccountId>>, StoreError> {
        let accounts = accounts.iter().filter(|_| self.config.jobs.watch);
        let names: BTreeSet<&SubscriptionName> = accounts.map(|account| &account.subscription).collect();
        let mut ids = BTreeMap::new();
        for name in names {
            let accounts = self.store.accounts_of(name).await?;
            ids.insert(name.clone(), accounts.into_iter().map(|AccountRef { id, .. }| id).collect());
        }
        Ok(ids)
    }

    /// Reads the jobs of the accounts `ids` of a subscription.
    pub(super) async fn read_jobs(&self, subscription: &Subscription, ids: &[AccountId]) -> JobStatsAnswer {
        let (token, watched) = (self.tokens.current(subscription), WatchedIds::new(ids));
        self.client.job_stats(&token, &watched, (LIMIT, MAX_BODY), &self.clock).await
    }

    /// Stores what `answers` showed.
    pub(super) async fn record_statistics(
        &self,
        writer: &mut Writer,
        answers: Vec<StatsAnswer>,
    ) -> Result<(), StoreError> {
        if answers.is_empty() {
            return Ok(());
        }
        let now = self.clock.now();
        let mut readings = writer.stats_readings().await?;
        for (name, answer) in answers {
            let before = readings.remove(&name).unwrap_or_default();
            let mut unseen = before.unseen;
            let failure = match answer {
                JobStatsAnswer::Read(stats) => {
                    let missed_until = missed_until(writer, &name, before.read_at, &stats).await?;
                    let JobStats { mut jobs, rows, unreadable } = stats;
                    let seen = before.unseen.unwrap_or_default().after(rows, &unreadable, now);
                    unseen = Some(missed_until.map_or(seen, |until| seen.missing(until, now)));
                    // What the next purge would delete.
                    let kept = self.config.store.keep.min(JOBS_KEPT);
                    jobs.retain(|job| job.at > now - kept && job.at < now + MAX_AHEAD);
                    writer.add_jobs(&name, &jobs).await?;
                    None
                }
                JobStatsAnswer::NotUnderstood(error) => Some(StatsFailure::new(error, true)),
                JobStatsAnswer::Failed(observation) => Some(failure(observation)),
            };
            let after = StatsReadings { unseen, ..before.after(failure, now) };
            ReadingSubject::JobStatistics(&name).log(failed(&before), failed(&after), error(&after));
            log_unreadable_rows(&name, before.unseen, after.unseen);
            writer.save_stats_readings(&name, &after).await?;
        }
        Ok(())
    }

    /// What the jobs say of each account whose alerts about jobs may change: those with such an alert, those whose newest job was refused,
    /// and those that have no credits by their readings, which a newer job can disprove. The second may be stable, and are added to
    /// `records`, which stay sorted.
    pub(super) async fn jobs_by_account(
        &self,
        writer: &mut Writer,
        records: &mut Vec<AccountRecord>,
        (open, credits): (&OpenAlerts<'_>, &CreditsByAccount),
        now: Timestamp,
    ) -> Result<BTreeMap<AccountKey, AccountJobs>, StoreError> {
        let Some(policy) = self.config.jobs.in_force() else { return Ok(BTreeMap::new()) };
        let refused = writer.with_refused_jobs(now).await?;
        let mut concerned: BTreeSet<AccountKey> =
            refused.iter().map(|record| record.account.clone()).collect();
        let has_alert = |account: &AccountKey| {
            let subject = Subject::Account(account.clone());
            [AlertKind::JobsFailing, AlertKind::OutOfCredits]
                .iter()
                .any(|kind| open.find(&subject, *kind).is_some())
        };
        concerned.extend(records.iter().map(|record| &record.account).filter(|one| has_alert(one)).cloned());
        let low = self.config.credits.policy.low;
        let out = credits.iter().filter(|(_, state)| state.is_out(low));
        concerned.extend(out.map(|(account, _)| account.clone()));
        records.extend(refused);
        records.sort_by(|one, other| one.account.cmp(&other.account));
        records.dedup_by(|one, other| one.account == other.account);
        let mut jobs = BTreeMap::new();
        let readings = writer.stats_readings().await?;
        for account in concerned {
            let unseen = readings.get(&account.subscription).and_then(|readings| readings.unseen);
            let newest = writer.newest_jobs(&account, now).await?;
            let said = AccountJobs::new(&newest, &unseen.unwrap_or_default(), &policy, now);
            jobs.insert(account, said);
        }
        Ok(jobs)
    }
}

fn failure(observation: Observation) -> StatsFailure {
    let Observation { outcome, error, .. } = observation;
    let error = error.unwrap_or_else(|| outcome.to_string());
    StatsFailure::new(error, outcome == Outcome::Malformed)
}

/// Up to when jobs may have been crowded out of an answer that is full: all of it is newer than what was stored until the last reading.
async fn missed_until(
    writer: &mut Writer,
    subscription: &SubscriptionName,
    read_at: Option<Timestamp>,
    stats: &JobStats,
) -> Result<Option<Timestamp>, StoreError> {
    let is_full = u32::try_from(stats.rows).map_or(true, |rows| rows >= LIMIT);
    let (Some(read_at), Some(oldest)) = (read_at, stats.jobs.last().filter(|_| is_full)) else {
        return Ok(None);
    };
    let newest_stored = writer.newest_stored_job_at(subscription, read_at).await?;
    Ok(Some(oldest.at).filter(|oldest| newest_stored < Some(*oldest)))
}

fn failed(readings: &StatsReadings) -> Option<FailedReading> {
    let failure = readings.failure.as_ref()?;
    Some(FailedReading { is_not_understood: failure.is_not_understood, period: failure.period })
}

fn error(readings: &StatsReadings) -> &str {
    readings.failure.as_ref().map_or("", |failure| &failure.error)
}
