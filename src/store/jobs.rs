//! What became of jobs, by the vendor's statistics: a row for each job, and what is known of the readings.
//!
//! Guarantees: answers that overlap add each job once, with what the last of them showed of it, also after it was deleted and `[store].keep` became longer; nothing about a
//! person is in a row. The newest [`MAX_JOBS`] jobs of a subscription stay. Which jobs count, and what they mean, is left to
//! `domain::jobs`; how old they become, to `purge`.

use std::collections::BTreeMap;

use sqlx::sqlite::SqliteRow;
use sqlx::{FromRow, SqliteExecutor};

use super::columns::{Columns, from_row, millis, to_json};
use super::{ROWS_PER_STATEMENT, Store, StoreError, Writer};
use crate::domain::account::{AccountId, AccountKey, SubscriptionName};
use crate::domain::alerts::EXPLAINING_KINDS;
use crate::domain::clock_skew::latest_credible;
use crate::domain::jobs::{Job, JobCode, JobKey, JobResult, StatsReadings};
use crate::domain::time::Timestamp;

/// The most jobs of a subscription that stay.
pub(super) const MAX_JOBS: i64 = 100_000;
/// How many rows beyond them one reading deletes at most.
const BATCH: i64 = 2_000;
/// The newest jobs of an account that are judged; also in `account_copy`.
const JUDGED: i64 = 2_000;

from_row! { StatsReadings: "job_readings" optional_timestamp(read_at) optional_json(failure, unseen) }

impl FromRow<'_, SqliteRow> for Job {
    fn from_row(row: &SqliteRow) -> sqlx::Result<Self> {
        let columns = Columns::new("jobs", row);
        let code: i64 = columns.get("code")?;
        let known = u16::try_from(code).ok().and_then(JobCode::new);
        let account: AccountId = columns.get("account")?;
        Ok(Self {
            key: JobKey::new(columns.get("key")?),
            at: columns.timestamp("at")?,
            account: (!account.as_str().is_empty()).then_some(account),
            code: known.ok_or_else(|| columns.unreadable("code", code))?,
            // Only rows that count are read.
            asks_for_work: true,
        })
    }
}

/// A row with the subscription that it is about.
struct ReadingsRow {
    subscription: SubscriptionName,
    readings: StatsReadings,
}

impl FromRow<'_, SqliteRow> for ReadingsRow {
    fn from_row(row: &SqliteRow) -> sqlx::Result<Self> {
        Ok(Self {
            subscription: Columns::new("job_readings", row).get("subscription")?,
            readings: StatsReadings::from_row(row)?,
        })
    }
}

async fn stats_readings(
    executor: impl SqliteExecutor<'_>,
) -> Result<BTreeMap<SubscriptionName, StatsReadings>, StoreError> {
    let rows: Vec<ReadingsRow> = sqlx::query_as(
        "SELECT subscription, read_at, failure, unseen FROM job_readings ORDER BY subscription",
    )
    .fetch_all(executor)
    .await?;
    Ok(rows.into_iter().map(|row| (row.subscription, row.readings)).collect())
}

async fn newest_jobs(
    executor: impl SqliteExecutor<'_>,
    account: &AccountKey,
    now: Timestamp,
) -> Result<Vec<Job>, StoreError> {
    let explaining: Vec<&str> = EXPLAINING_KINDS.iter().map(|kind| kind.as_str()).collect();
    let query = sqlx::query_as(
        "SELECT key, account, at, code FROM jobs
         WHERE subscription = ?1 AND account = ?2 AND counts = 1 AND at <= ?3 AND at > coalesce((
             SELECT MAX(resolved_at) FROM alerts
             WHERE subscription = ?1 AND account IN (?2, '') AND receiver = '' AND kind IN (SELECT value FROM json_each(?5))
                   AND resolved_at <= ?6), 0)
         ORDER BY at DESC LIMIT ?4",
    );
    let query = query.bind(account.subscription.as_str()).bind(account.id.as_str()).bind(millis(now));
    let query = query.bind(JUDGED).bind(to_json(&explaining)?);
    // An alert that a clock ahead of the present one resolved explains nothing.
    Ok(query.bind(millis(latest_credible(now))).fetch_all(executor).await?)
}

impl Writer {
    /// Adds those of `jobs` that are not stored yet and newer than every deleted one. A stored one gets the code and the account that
    /// `jobs` show, if they show one.
    pub async fn add_jobs(
        &mut self,
        subscription: &SubscriptionName,
        jobs: &[Job],
    ) -> Result<(), StoreError> {
        let row = |job: &Job| {
            let account = job.account.as_ref().map_or("", AccountId::as_str).to_owned();
            let counts = i64::from(job.result() != JobResult::NotCounted);
            (job.key.hash(), account, millis(job.at), job.code.number(), counts)
        };
        for jobs in jobs.chunks(ROWS_PER_STATEMENT) {
            let rows: Vec<_> = jobs.iter().map(row).collect();
            let statement = sqlx::query(
                "INSERT INTO jobs (subscription, key, account, at, code, counts)
                 SELECT ?1, value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4 FROM json_each(?2)
                 WHERE value ->> 2 > coalesce((SELECT purged_until FROM job_readings WHERE subscription = ?1), ?3)
                 ON CONFLICT (subscription, key)
                 DO UPDATE SET account = iif(excluded.account = '', account, excluded.account), code = excluded.code, counts = excluded.counts
                 WHERE code <> excluded.code OR excluded.account NOT IN ('', account)",
            );
            let statement = statement.bind(subscription.as_str()).bind(to_json(&rows)?).bind(i64::MIN);
            self.execute(statement).await?;
        }
        let statement = sqlx::query(
            "DELETE FROM jobs WHERE id IN (
                 SELECT id FROM jobs WHERE subscription = ?1 AND at <= (
                     SELECT at FROM jobs WHERE subscription = ?1 ORDER BY at DESC LIMIT 1 OFFSET ?2)
                 ORDER BY at LIMIT ?3)",
        );
        self.execute(statement.bind(subscription.as_str()).bind(MAX_JOBS).bind(BATCH)).await
    }

    /// The newest jobs of an account up to `now` that count, newest first. Those up to the end of an alert that explains failed jobs are
    /// left out.
    pub async fn newest_jobs(
        &mut self,
        account: &AccountKey,
        now: Timestamp,
    ) -> Result<Vec<Job>, StoreError> {
        newest_jobs(self.connection(), account, now).await
    }

    /// When the newest job of a subscription up to `now`, of whatever kind, was answered.
    pub async fn newest_stored_job_at(
        &mut self,
        subscription: &SubscriptionName,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, StoreError> {
        let query = sqlx::query("SELECT MAX(at) AS at FROM jobs WHERE subscription = ? AND at <= ?");
        let row = query.bind(subscription.as_str()).bind(millis(now)).fetch_one(self.connection()).await?;
        Ok(Columns::new("jobs", &row).optional_timestamp("at")?)
    }

    /// What is known of the readings of each subscription.
    pub async fn stats_readings(&mut self) -> Result<BTreeMap<SubscriptionName, StatsReadings>, StoreError> {
        stats_readings(self.connection()).await
    }

    /// Saves what is known of the readings of one subscription.
    pub async fn save_stats_readings(
        &mut self,
        subscription: &SubscriptionName,
        readings: &StatsReadings,
    ) -> Result<(), StoreError> {
        let statement = sqlx::query(
            "INSERT INTO job_readings (subscription, read_at, failure, unseen) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (subscription) DO UPDATE SET read_at = ?2, failure = ?3, unseen = ?4",
        )
        .bind(subscription.as_str())
        .bind(readings.read_at.map(millis))
        .bind(readings.failure.as_ref().map(to_json).transpose()?)
        .bind(readings.unseen.as_ref().map(to_json).transpose()?);
        self.execute(statement).await
    }

    /// Deletes at most `batch` of the jobs before `before`; returns how many they were.
    pub(super) async fn purge_job_rows(&mut self, before: Timestamp, batch: i64) -> Result<u64, StoreError> {
        let statement = sqlx::query(
            "DELETE FROM jobs WHERE id IN (
                 SELECT j.id FROM job_readings r CROSS JOIN jobs j ON j.subscription = r.subscription WHERE j.at < ?1 LIMIT ?2)",
        );
        self.rows_affected(statement.bind(millis(before)).bind(batch)).await
    }
}

impl Store {
    /// As [`Writer::newest_jobs`].
    pub async fn newest_jobs(&self, account: &AccountKey, now: Timestamp) -> Result<Vec<Job>, StoreError> {
        newest_jobs(&self.read, account, now).await
    }

    /// When the newest job of an account up to `now` that counts was answered.
    pub async fn newest_job_at(
        &self,
        account: &AccountKey,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, StoreError> {
        let query = sqlx::query(
            "SELECT MAX(at) AS at FROM jobs WHERE subscription = ?1 AND account = ?2 AND counts = 1 AND at <= ?3",
        );
        let query = query.bind(account.subscription.as_str()).bind(account.id.as_str());
        let row = query.bind(millis(now)).fetch_one(&self.read).await?;
        Ok(Columns::new("jobs", &row).optional_timestamp("at")?)
    }

    /// As [`Writer::stats_readings`].
    pub async fn stats_readings(&self) -> Result<BTreeMap<SubscriptionName, StatsReadings>, StoreError> {
        stats_readings(&self.read).await
    }
}
