//! Jobs that answers did not show: rows that could not be read, and jobs that newer ones crowded out of a full answer.
//!
//! Each unreadable row may be a job that failed. It is taken to be as old as it says, and one without a readable time as old as the first answer
//! that held it: one that held more of those than the answer before. So a row that stays unreadable concerns only what is older.

use serde::{Deserialize, Serialize};

use super::job::{Job, JobCode, JobKey};
use crate::domain::time::{Timestamp, minute, relative};

/// How many failed jobs are supposed at most, which bounds the time that it takes to judge them.
const MAX_SUPPOSED: usize = 1_000;

/// The rows of one answer that could not be read, and do not say that they asked for no work.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UnreadableRows {
    /// How many.
    pub count: usize,
    /// How many of them have no readable time.
    pub undated: usize,
    /// The time of the newest of the others that is not in the future.
    pub newest_at: Option<Timestamp>,
}

/// What the answers about the jobs of a subscription did not show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnseenJobs {
    /// How many rows of the last answer could not be read.
    pub unreadable: usize,
    /// How many rows it held.
    pub rows: usize,
    /// How many of the unreadable ones have no readable time.
    undated: usize,
    /// When their number last grew.
    undated_at: Option<Timestamp>,
    /// The time of the newest of the others.
    newest_at: Option<Timestamp>,
    /// Until when jobs were crowded out of the answers.
    pub missed_until: Option<Timestamp>,
}

impl UnseenJobs {
    /// What is unseen after an answer at `now` with so many rows, if no job was crowded out of it.
    #[must_use]
    pub fn after(self, rows: usize, unreadable: &UnreadableRows, now: Timestamp) -> Self {
        let UnreadableRows { count, undated, newest_at } = *unreadable;
        let undated_at = match self.undated_at {
            _ if undated == 0 => None,
            // What a clock that ran ahead stored is from now at the latest.
            Some(at) if undated <= self.undated => Some(at.min(now)),
            _ => Some(now),
        };
        Self { unreadable: count, rows, undated, undated_at, newest_at, ..self }
    }

    /// The same if jobs up to this moment were crowded out of an answer at `now`.
    #[must_use]
    pub fn missing(self, until: Timestamp, now: Timestamp) -> Self {
        Self { missed_until: self.missed_until.max(Some(until.min(now))), ..self }
    }

    /// Until when an unreadable row may be a job that failed.
    pub fn unreadable_until(&self) -> Option<Timestamp> {
        self.undated_at.max(self.newest_at)
    }

    /// Until when any job may have failed without being seen.
    pub fn until(&self) -> Option<Timestamp> {
        self.unreadable_until().max(self.missed_until)
    }

    /// The unreadable rows as jobs that failed, each as late as it can be.
    pub(super) fn supposed_failures(&self) -> Vec<Job> {
        let (Some(at), Some(code)) = (self.unreadable_until(), JobCode::new(599)) else { return Vec::new() };
        let job = |key| Job { key: JobKey::new(key), at, account: None, code, asks_for_work: true };
        (i64::MIN..).take(self.unreadable.min(MAX_SUPPOSED)).map(job).collect()
    }

    /// What is unseen, for people. Jobs that were missed before `since` do not matter any more.
    pub fn sentences(&self, since: Timestamp, now: Timestamp) -> Vec<String> {
        let Self { unreadable, rows, .. } = self;
        let could_not_be_read = self.unreadable_until().map(|at| {
            let ago = relative(at, now);
            format!(
                "{unreadable} of {rows} rows could not be read, the newest of {ago}: each may be a failed job"
            )
        });
        let missed = self.missed_until.filter(|at| *at > since).map(|at| {
            format!("one answer did not hold all new jobs: some before {} are missing", minute(at))
        });
        could_not_be_read.into_iter().chain(missed).collect()
    }
}

#[cfg(test)]
mod tests {
    use chrono::{TimeDelta, TimeZone, Utc};

    use super::*;

    #[test]
    fn row_without_a_time_counts_from_the_first_answer_on_that_held_it() {
        let at = |minutes| Utc.with_ymd_and_hms(2026, 11, 28, 0, 0, 0).unwrap() + TimeDelta::minutes(minutes);
        let mut unseen = UnseenJobs::default();
        for (now, undated, until) in [
            (0, 0, None),
            (15, 1, Some(15)),
            (30, 1, Some(15)),
            (45, 3, Some(45)),
            (60, 2, Some(45)),
            (75, 3, Some(75)),
            // The clock was set back.
            (50, 3, Some(50)),
            (90, 0, None),
            (105, 1, Some(105)),
        ] {
            let rows = UnreadableRows { count: undated, undated, newest_at: None };
            unseen = unseen.after(9, &rows, at(now));
            assert_eq!(unseen.unreadable_until(), until.map(at), "{now}");
        }
        let dated = UnreadableRows { count: 1, undated: 0, newest_at: Some(at(7)) };
        assert_eq!(
            unseen.after(9, &dated, at(120)).unreadable_until(),
            Some(at(7)),
            "the last answer decides"
        );
    }
}
