//! Runs: one row each, with counts.

use super::rows::{count, millis, millis_of, moment, moment_of};
use super::{Store, StoreError, Writer};
use crate::domain::observation::Outcome;
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

/// What a pass adds to the counts of its run; less than nothing where it corrects what an earlier pass saw.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Accounts looked at for the first time in this run.
    pub checked: i64,
    /// Healthy.
    pub ok: i64,
    /// Without a verdict.
    pub no_verdict: i64,
}

impl Tally {
    /// Counts one look at an account which the same run saw as `before`, if it did.
    pub fn count(&mut self, seen: Outcome, before: Option<Outcome>) {
        self.checked += i64::from(before.is_none());
        let change = |is: fn(Outcome) -> bool| i64::from(is(seen)) - i64::from(before.is_some_and(is));
        self.ok += change(|outcome| outcome == Outcome::Ok);
        self.no_verdict += change(|outcome| !outcome.is_verdict());
    }
}

fn counts([checked, ok, no_verdict]: [i64; 3]) -> Result<RunCounts, StoreError> {
    Ok(RunCounts {
        checked: count("runs.checked", checked)?,
        ok: count("runs.ok", ok)?,
        no_verdict: count("runs.no_verdict", no_verdict)?,
    })
}

impl Writer {
    /// Begins a run. Of the runs before, the last keeps its row; one before that which counts the same is counted with it.
    pub async fn begin_run(&mut self, now: Timestamp) -> Result<RunId, StoreError> {
        self.join_runs().await?;
        // The moment as its number: as wide in ten years as today. A clock that was set back goes on counting.
        Ok(sqlx::query_scalar(
            "INSERT INTO runs (id, started_at)
             VALUES (MAX(?1, coalesce((SELECT MAX(id) FROM runs), 0) + 1), ?1) RETURNING id",
        )
        .bind(millis(now))
        .fetch_one(self.connection())
        .await?)
    }

    async fn join_runs(&mut self) -> Result<(), StoreError> {
        let lasts: Vec<(RunId, i64, i64, bool, i64, i64, i64)> = sqlx::query_as(
            "SELECT id, coalesce(since, started_at), runs, finished_at IS NOT NULL, checked, ok, no_verdict
             FROM runs ORDER BY id DESC LIMIT 2",
        )
        .fetch_all(self.connection())
        .await?;
        let [
            (last, _, number, true, checked, ok, none),
            (before, since, earlier, true, .., ok_before, none_before),
        ] = lasts[..]
        else {
            return Ok(());
        };
        let same = lasts.iter().all(|row| row.4 == checked) && ok == ok_before && none == none_before;
        if same {
            sqlx::query("UPDATE runs SET since = ?, runs = ? WHERE id = ?")
                .bind(since)
                .bind(number.saturating_add(earlier))
                .bind(last)
                .execute(self.connection())
                .await?;
            sqlx::query("DELETE FROM runs WHERE id = ?").bind(before).execute(self.connection()).await?;
        }
        Ok(())
    }

    /// Adds what a pass of a run saw to what was counted before; with `finished` the run is over.
    pub async fn count_run(
        &mut self,
        run: RunId,
        tally: &Tally,
        finished: Option<Timestamp>,
    ) -> Result<RunCounts, StoreError> {
        let (checked, ok, no_verdict): (i64, i64, i64) = sqlx::query_as(
            "UPDATE runs SET finished_at = coalesce(?2, finished_at), checked = MAX(checked + ?3, 0), ok = MAX(ok + ?4, 0),
             no_verdict = MAX(no_verdict + ?5, 0) WHERE id = ?1 RETURNING checked, ok, no_verdict",
        )
        .bind(run)
        .bind(millis_of(finished))
        .bind(tally.checked)
        .bind(tally.ok)
        .bind(tally.no_verdict)
        .fetch_one(self.connection())
        .await?;
        counts([checked, ok, no_verdict])
    }
}

impl Store {
    /// The run that began last.
    pub async fn last_run(&self) -> Result<Option<Run>, StoreError> {
        let row: Option<(i64, i64, Option<i64>, i64, i64, i64)> = sqlx::query_as(
            "SELECT id, started_at, finished_at, checked, ok, no_verdict FROM runs ORDER BY id DESC LIMIT 1",
        )
        .fetch_optional(&self.read)
        .await?;
        row.map(|(id, started_at, finished_at, checked, ok, no_verdict)| {
            Ok(Run {
                id,
                started_at: moment("runs.started_at", started_at)?,
                finished_at: moment_of("runs.finished_at", finished_at)?,
                counts: counts([checked, ok, no_verdict])?,
            })
        })
        .transpose()
    }
}
