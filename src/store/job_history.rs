//! Jobs as numbers: of an account by day and code, and those of a subscription that name no watched account.
//!
//! Guarantees: reads only. Adding jobs is left to `jobs`.

use sqlx::FromRow;
use sqlx::sqlite::SqliteRow;

use super::columns::{Columns, millis};
use super::{Store, StoreError};
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

impl Store {
    /// The jobs of an account from `since`, if it is given, up to `now`, by day and code.
    pub async fn job_counts(
        &self,
        account: &AccountKey,
        since: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<Vec<CodeCount>, StoreError> {
        let query = sqlx::query_as(
            "SELECT at - at % 86400000 AS day, code, COUNT(*) AS jobs, SUM(counts) AS counted FROM jobs
             WHERE subscription = ? AND account = ? AND at >= ? AND at <= ? GROUP BY day, code ORDER BY day, code",
        );
        let query = query.bind(account.subscription.as_str()).bind(account.id.as_str());
        let since = since.map_or(0, millis);
        Ok(query.bind(since).bind(millis(now)).fetch_all(&self.read).await?)
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
