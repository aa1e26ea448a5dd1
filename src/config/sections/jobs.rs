//! `[jobs]`: whether it is watched what becomes of jobs, and when those of an account count as failing.

use chrono::TimeDelta;

use super::super::model::JobsWatch;
use super::super::schema::{self, TableSchema};
use super::super::table::Table;
use super::super::values::SECOND;
use crate::domain::jobs::JobsPolicy;

const WINDOW: TimeDelta = TimeDelta::hours(1);
const LONGEST_WINDOW: TimeDelta = TimeDelta::days(7);
const MIN_JOBS: u32 = 3;
const MOST_MIN_JOBS: u32 = 1_000;
const FAILING: f64 = 0.5;

/// Reads `[jobs]`.
pub(super) fn read(mut table: Table<'_>) -> JobsWatch {
    let watch = table.flag("watch", false);
    let policy = JobsPolicy {
        window: table.duration("window", WINDOW, SECOND..=LONGEST_WINDOW),
        min_jobs: table.number("min_jobs", MIN_JOBS, min_jobs),
        failing: table.share("failing", FAILING),
    };
    table.finish();
    JobsWatch { watch, policy }
}

/// The keys that [`read`] reads.
pub(super) fn schema() -> TableSchema {
    TableSchema::new("What became of the jobs of each account.")
        .key(
            "watch",
            "Read it once in each run, beside the checks (GET /v2/account/stats).",
            schema::flag(false),
        )
        .key(
            "window",
            "jobs_failing looks at the jobs that ended in this time.",
            schema::duration(WINDOW, &(SECOND..=LONGEST_WINDOW)),
        )
        .key(
            "min_jobs",
            "jobs_failing needs this many counted jobs in the window.",
            schema::number(1..=MOST_MIN_JOBS.into()).default(MIN_JOBS),
        )
        .key(
            "failing",
            "The share of failed jobs at which jobs_failing fires.",
            schema::share().default(FAILING),
        )
}

fn min_jobs(typed: i64) -> Result<u32, String> {
    let jobs = u32::try_from(typed).ok().filter(|jobs| (1..=MOST_MIN_JOBS).contains(jobs));
    jobs.ok_or_else(|| format!("{typed} is not between 1 and {MOST_MIN_JOBS}"))
}
