//! Runs, with their counts. A run with the same counts as the one before takes that one's place.

use chrono::TimeDelta;
use schemars::JsonSchema;
use serde::Serialize;

use super::columns::{Columns, from_row, millis};
use super::{Store, StoreError, Writer};
use crate::domain::account_state::RunId;
use crate::domain::observation::Outcome;
use crate::domain::time::{Timestamp, seconds};

/// What a run saw, in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RunCounts {
    /// Accounts checked.
    pub checked: u32,
    /// Accounts that were ok.
    pub ok: u32,
    /// Accounts whose check was inconclusive.
    #[serde(skip)]
    pub inconclusive: u32,
}

impl RunCounts {
    /// Whether at least one check was conclusive.
    pub const fn any_conclusive(&self) -> bool {
        self.checked > self.inconclusive
    }
}

/// One run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RunRecord {
    /// Its number.
    #[serde(skip)]
    pub id: RunId,
    /// When it started.
    #[serde(serialize_with = "seconds::serialize")]
    pub started_at: Timestamp,
    /// When its first checks were complete, later when its confirmation was; `null` before, also when the run was cut off.
    #[serde(serialize_with = "seconds::option::serialize")]
    pub finished_at: Option<Timestamp>,
    /// What it saw.
    #[serde(flatten)]
    pub counts: RunCounts,
}

/// What one part of a run adds to its counts; negative where it corrects what an earlier part saw.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Accounts checked for the first time in this run.
    pub checked: i64,
    /// Healthy accounts.
    pub ok: i64,
    /// Inconclusive checks.
    pub inconclusive: i64,
}

impl Tally {
    /// Counts one check of an account, whose outcome earlier in the same run was `before`.
    pub fn count(&mut self, seen: Outcome, before: Option<Outcome>) {
        self.checked += i64::from(before.is_none());
        let change = |is: fn(Outcome) -> bool| i64::from(is(seen)) - i64::from(before.is_some_and(is));
        self.ok += change(|outcome| outcome == Outcome::Ok);
        self.inconclusive += change(|outcome| !outcome.is_conclusive());
    }
}

from_row! { RunCounts: "runs" count(checked, ok, inconclusive) }

from_row! { RunRecord: "runs" get(id) timestamp(started_at) optional_timestamp(finished_at) nested(counts) }

impl Writer {
    /// Begins a run.
    pub async fn begin_run(&mut self, now: Timestamp) -> Result<RunId, StoreError> {
        self.merge_identical_runs().await?;
        // The time as its number: as wide in ten years as today. After the clock was set back, numbers go on from the
        // last one.
        let query = sqlx::query_scalar(
            "INSERT INTO runs (id, started_at)
             VALUES (MAX(?1, coalesce((SELECT MAX(id) FROM runs), 0) + 1), ?1) RETURNING id",
        );
        Ok(query.bind(millis(now)).fetch_one(self.connection()).await?)
    }

    /// Deletes the second-last run when the last one has the same counts: the row of the last one then counts for both.
    async fn merge_identical_runs(&mut self) -> Result<(), StoreError> {
        let merged: Option<(i64, i64)> = sqlx::query_as(
            "DELETE FROM runs AS previous WHERE id = (SELECT id FROM runs ORDER BY id DESC LIMIT 1 OFFSET 1) AND finished_at IS NOT NULL
             AND EXISTS (SELECT 1 FROM runs latest WHERE latest.id = (SELECT MAX(id) FROM runs) AND latest.finished_at IS NOT NULL
                         AND (latest.checked, latest.ok, latest.inconclusive)
                             = (previous.checked, previous.ok, previous.inconclusive))
             RETURNING coalesce(first_started_at, started_at), repeat_count",
        )
        .fetch_optional(self.connection())
        .await?;
        if let Some((first_started_at, repeat_count)) = merged {
            let statement = sqlx::query(
                "UPDATE runs SET first_started_at = ?, repeat_count = repeat_count + ?
                 WHERE id = (SELECT MAX(id) FROM runs)",
            );
            self.execute(statement.bind(first_started_at).bind(repeat_count)).await?;
        }
        Ok(())
    }

    /// Adds `tally` to the counts of a run; with `finished` the run ends.
    pub async fn update_run(
        &mut self,
        run: RunId,
        tally: &Tally,
        finished: Option<Timestamp>,
    ) -> Result<RunCounts, StoreError> {
        Ok(sqlx::query_as(
            "UPDATE runs SET finished_at = coalesce(?2, finished_at), checked = MAX(checked + ?3, 0), ok = MAX(ok + ?4, 0),
             inconclusive = MAX(inconclusive + ?5, 0) WHERE id = ?1 RETURNING checked, ok, inconclusive",
        )
        .bind(run)
        .bind(finished.map(millis))
        .bind(tally.checked)
        .bind(tally.ok)
        .bind(tally.inconclusive)
        .fetch_one(self.connection())
        .await?)
    }
}

impl Store {
    /// The run that began last.
    pub async fn last_run(&self) -> Result<Option<RunRecord>, StoreError> {
        Ok(sqlx::query_as(
            "SELECT id, started_at, finished_at, checked, ok, inconclusive FROM runs ORDER BY id DESC LIMIT 1",
        )
        .fetch_optional(&self.read)
        .await?)
    }

    /// How long the last run that finished took.
    pub async fn last_run_duration(&self) -> Result<Option<TimeDelta>, StoreError> {
        let query = sqlx::query_scalar(
            "SELECT finished_at - started_at FROM runs WHERE finished_at IS NOT NULL ORDER BY id DESC LIMIT 1",
        );
        let milliseconds: Option<i64> = query.fetch_optional(&self.read).await?;
        // After a clock was set back it would be negative.
        Ok(milliseconds.and_then(|milliseconds| TimeDelta::try_milliseconds(milliseconds.max(0))))
    }

    /// When the last run that finished did.
    pub async fn last_finished_run(&self) -> Result<Option<Timestamp>, StoreError> {
        let row = sqlx::query(
            "SELECT finished_at FROM runs WHERE finished_at IS NOT NULL ORDER BY id DESC LIMIT 1",
        )
        .fetch_optional(&self.read)
        .await?;
        Ok(match row {
            Some(row) => Columns::new("runs", &row).optional_timestamp("finished_at")?,
            None => None,
        })
    }
}
