//! Jobs as numbers: of an account by day and code, its totals, and those of a subscription that name no watched account.
//!
//! Guarantees: each job is counted once, by triggers of the schema when it is added or corrected, and in its hour until that is purged. Adding
//! jobs is left to `jobs`.

use chrono::TimeDelta;
use sqlx::FromRow;
use sqlx::sqlite::SqliteRow;

use super::columns::{Columns, millis};
use super::{Store, StoreError, Writer};
use crate::domain::account::{AccountKey, SubscriptionName};
use crate::domain::jobs::{CodeCount, JobCode, UnassignedJobs};
use crate::domain::time::Timestamp;

impl FromRow<'_, SqliteRow> for CodeCount {
    fn from_row(row: &SqliteRow) -> sqlx::Result<Self> {
        let columns = Columns::new("jobs", row);
        let code: i64 = columns.get("code")?;
        let known = u16::try_from(code).ok().and_then(JobCode::new);
        Ok(Self {
            day: columns.timestamp("day")?.date_naive(),
            code: known.ok_or_else(|| columns.unreadable("code", code))?,
            jobs: columns.count("jobs")?,
            counted: columns.count("counted")?,
        })
    }
}

/// How many jobs an account ever had that were answered with one code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobTotal {
    /// The account.
    pub account: AccountKey,
    /// The code.
    pub code: u16,
    /// How many.
    pub jobs: u64,
}

impl FromRow<'_, SqliteRow> for JobTotal {
    fn from_row(row: &SqliteRow) -> sqlx::Result<Self> {
        let columns = Columns::new("job_totals", row);
        let (code, jobs): (i64, i64) = (columns.get("code")?, columns.get("jobs")?);
        Ok(Self {
            account: AccountKey::from_row(row)?,
            code: u16::try_from(code).map_err(|_| columns.unreadable("code", code))?,
            jobs: u64::try_from(jobs).map_err(|_| columns.unreadable("jobs", jobs))?,
        })
    }
}

impl Writer {
    /// Deletes at most `batch` counts of hours before `before`.
    pub(super) async fn purge_job_hours(&mut self, before: Timestamp, batch: i64) -> Result<u64, StoreError> {
        let statement = sqlx::query(
            "DELETE FROM job_hours WHERE (subscription, account, hour, code) IN (
                 SELECT subscription, account, hour, code FROM job_hours WHERE hour < ? ORDER BY hour LIMIT ?)",
        );
        self.rows_affected(statement.bind(millis(before - TimeDelta::hours(1))).bind(batch)).await
    }
}

impl Store {
    /// The jobs of an account from the hour of `since`, if it is given, up to that of `now`, by day and code.
    pub async fn job_counts(
        &self,
        account: &AccountKey,
        since: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<Vec<CodeCount>, StoreError> {
        let query = sqlx::query_as(
            "SELECT hour - hour % 86400000 AS day, code, SUM(jobs) AS jobs, SUM(counted) AS counted FROM job_hours
             WHERE subscription = ? AND account = ? AND hour > ? AND hour <= ? AND jobs > 0 GROUP BY day, code ORDER BY day, code",
        );
        let query = query.bind(account.subscription.as_str()).bind(account.id.as_str());
        let since = since.map_or(i64::MIN, |since| millis(since - TimeDelta::hours(1)));
        Ok(query.bind(since).bind(millis(now)).fetch_all(&self.read).await?)
    }

    /// How many jobs each account ever had, by code.
    pub async fn job_totals(&self) -> Result<Vec<JobTotal>, StoreError> {
        let query = sqlx::query_as(
            "SELECT t.subscription, a.id, t.code, t.jobs FROM job_totals t CROSS JOIN accounts a
             ON a.subscription = t.subscription AND a.id = t.account WHERE a.watched = 1 ORDER BY t.subscription, t.account, t.code",
        );
        Ok(query.fetch_all(&self.read).await?)
    }

    /// The counted jobs of a subscription up to `now` that name no watched account, if there are any.
    pub async fn unassigned_jobs(
        &self,
        subscription: &SubscriptionName,
        now: Timestamp,
    ) -> Result<Option<UnassignedJobs>, StoreError> {
        let query = sqlx::query(
            "SELECT COUNT(*) AS jobs, MAX(at) AS newest_at FROM jobs
             WHERE subscription = ? AND account = '' AND counts = 1 AND at <= ?",
        );
        let row = query.bind(subscription.as_str()).bind(millis(now)).fetch_one(&self.read).await?;
        let columns = Columns::new("jobs", &row);
        let jobs = columns.count("jobs")?;
        Ok(columns.optional_timestamp("newest_at")?.map(|newest_at| UnassignedJobs { jobs, newest_at }))
    }
}
