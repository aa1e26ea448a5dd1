//! When an account whose jobs failed may be tried: a scheduler that sends it no jobs would otherwise never see a success.

use chrono::TimeDelta;

use crate::domain::time::Timestamp;

/// What is known of the jobs of an account with an open alert about them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrialFacts {
    /// When the newest of these alerts opened.
    pub opened_at: Timestamp,
    /// When the newest job that counts, or was refused with 412, was answered.
    pub newest_job_at: Option<Timestamp>,
    /// When the vendor's statistics were last read.
    pub read_at: Option<Timestamp>,
    /// Until when jobs may have failed without being seen.
    pub unseen_until: Option<Timestamp>,
}

impl TrialFacts {
    /// Whether the statistics since the alert show no job for one `window`, so that one may be tried. Jobs that may have failed unseen count
    /// for one `window` after the alert opened: where every answer lacks some, no trial would be due otherwise.
    pub fn is_trial_due(&self, window: TimeDelta) -> bool {
        let unseen_until = self.unseen_until.map(|at| at.min(self.opened_at + window));
        let jobs = self.newest_job_at.max(unseen_until);
        let quiet_since = jobs.map_or(self.opened_at, |at| at.max(self.opened_at));
        self.read_at.is_some_and(|read_at| read_at - quiet_since >= window)
    }
}

#[cfg(test)]
mod tests {
    use chrono::{TimeZone, Utc};

    use super::*;

    #[test]
    fn trial_is_due_after_a_window_that_was_read_and_held_no_job() {
        let at = |minutes| Utc.with_ymd_and_hms(2026, 11, 28, 0, 0, 0).unwrap() + TimeDelta::minutes(minutes);
        for (opened, newest, unseen, read, expected) in [
            (0, None, None, None, false),
            (0, None, None, Some(59), false),
            (0, None, None, Some(60), true),
            (0, Some(-10), Some(-5), Some(60), true),
            (0, Some(10), None, Some(60), false),
            (0, Some(10), None, Some(70), true),
            (0, Some(90), None, Some(70), false),
            (0, Some(10), Some(11), Some(70), false),
            (0, Some(10), Some(11), Some(71), true),
            (0, Some(10), Some(200), Some(119), false),
            (0, Some(10), Some(200), Some(120), true),
        ] {
            let facts = TrialFacts {
                opened_at: at(opened),
                newest_job_at: newest.map(at),
                read_at: read.map(at),
                unseen_until: unseen.map(at),
            };
            assert_eq!(facts.is_trial_due(TimeDelta::hours(1)), expected, "{facts:?}");
        }
    }
}
