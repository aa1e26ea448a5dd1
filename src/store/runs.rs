//! Runs: one row each, with counts.

use super::rows::{millis, moment, moment_of};
use super::{Store, StoreError, Writer};
use crate::domain::standing::RunId;
use crate::domain::time::Timestamp;

/// What a run saw, in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RunCounts {
    /// Accounts looked at.
    pub checked: u32,
    /// Of these: healthy.
    pub ok: u32,
    /// Of these: without a verdict.
    pub no_verdict: u32,
}

/// One run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// Its number.
    pub id: RunId,
    /// When it began.
    pub started_at: Timestamp,
    /// When its last answer was stored; none while it goes on, or when it was cut off.
    pub finished_at: Option<Timestamp>,
    /// What it saw.
    pub counts: RunCounts,
}

impl Writer {
    /// Begins a run.
    pub async fn begin_run(&mut self, now: Timestamp) -> Result<RunId, StoreError> {
        Ok(sqlx::query_scalar("INSERT INTO runs (started_at) VALUES (?) RETURNING id")
            .bind(millis(now))
            .fetch_one(self.connection())
            .await?)
    }

    /// Ends a run, or its second look at what was in doubt, with what is known of the accounts that it looked at.
    pub async fn finish_run(&mut self, run: RunId, now: Timestamp) -> Result<RunCounts, StoreError> {
        let (checked, ok, no_verdict): (u32, u32, u32) = sqlx::query_as(
            "UPDATE runs SET finished_at = ?1, checked = seen.checked, ok = seen.ok, no_verdict = seen.no_verdict
             FROM (SELECT COUNT(*) AS checked, COUNT(*) FILTER (WHERE outcome = 'ok') AS ok,
                          COUNT(*) FILTER (WHERE outcome IN ('rate_limited', 'unavailable')) AS no_verdict
                   FROM accounts WHERE id <> '' AND checked_at >= (SELECT started_at FROM runs WHERE id = ?2)) AS seen
             WHERE runs.id = ?2 RETURNING checked, ok, no_verdict",
        )
        .bind(millis(now))
        .bind(run)
        .fetch_one(self.connection())
        .await?;
        Ok(RunCounts { checked, ok, no_verdict })
    }
}

impl Store {
    /// The run that began last.
    pub async fn last_run(&self) -> Result<Option<Run>, StoreError> {
        let row: Option<(i64, i64, Option<i64>, u32, u32, u32)> = sqlx::query_as(
            "SELECT id, started_at, finished_at, checked, ok, no_verdict FROM runs ORDER BY id DESC LIMIT 1",
        )
        .fetch_optional(&self.read)
        .await?;
        row.map(|(id, started_at, finished_at, checked, ok, no_verdict)| {
            Ok(Run {
                id,
                started_at: moment("started_at", started_at)?,
                finished_at: moment_of("finished_at", finished_at)?,
                counts: RunCounts { checked, ok, no_verdict },
            })
        })
        .transpose()
    }
}
