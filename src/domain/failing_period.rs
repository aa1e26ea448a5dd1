//! For how long a reading beside the checks fails, so that a failure that lasts is logged once, and its end once.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use super::time::Timestamp;

/// From this length on a failure lasts: a person should know.
const LASTING: TimeDelta = TimeDelta::hours(1);

/// Readings that failed, one after another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailingPeriod {
    /// When the first of them failed.
    pub since: Timestamp,
    /// When the last of them failed.
    pub until: Timestamp,
}

impl FailingPeriod {
    /// The period after another failure at `now`.
    #[must_use]
    pub fn extended(before: Option<Self>, now: Timestamp) -> Self {
        // A clock that was set back begins it again.
        Self { since: before.map_or(now, |before| before.since.min(now)), until: now }
    }

    /// Whether it is long enough that a person should know.
    pub fn lasts(&self) -> bool {
        self.until - self.since >= LASTING
    }
}

/// A reading that failed, as far as the log needs it.
#[derive(Clone, Copy, Debug)]
pub struct FailedReading {
    /// Whether there was an answer that is not understood.
    pub is_not_understood: bool,
    /// For how long readings have failed, once it is stored.
    pub period: Option<FailingPeriod>,
}

impl FailedReading {
    fn lasts(self) -> bool {
        self.period.is_some_and(|period| period.lasts())
    }
}

/// What a log is to say about a reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadingNews {
    /// It succeeded after a failure that was logged.
    ReadAgain,
    /// For the first time there is an answer that is not understood.
    NotUnderstood,
    /// For the first time the failure lasts.
    FailureLasts,
    /// It failed, and no person needs to know.
    Failed,
}

impl ReadingNews {
    /// What is to be said of a reading with the failure `after`, when the reading before had the failure `before`.
    pub fn from_failures(before: Option<FailedReading>, after: Option<FailedReading>) -> Option<Self> {
        let was_not_understood = before.is_some_and(|failed| failed.is_not_understood);
        let lasted = before.is_some_and(FailedReading::lasts);
        let Some(failed) = after else {
            return (was_not_understood || lasted).then_some(Self::ReadAgain);
        };
        if failed.is_not_understood && !was_not_understood {
            Some(Self::NotUnderstood)
        } else if !failed.is_not_understood && failed.lasts() && !lasted {
            Some(Self::FailureLasts)
        } else {
            Some(Self::Failed)
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::{TimeZone, Utc};

    use super::*;

    #[test]
    fn period_lasts_from_an_hour_on_and_survives_a_clock_that_is_set_back() {
        let at = |minutes| Utc.with_ymd_and_hms(2026, 11, 28, 0, 0, 0).unwrap() + TimeDelta::minutes(minutes);
        let after = |failures: &[i64]| {
            let extend = |period, minutes: &i64| Some(FailingPeriod::extended(period, at(*minutes)));
            failures.iter().fold(None, extend).unwrap()
        };
        for (failures, lasts) in [
            (&[0][..], false),
            (&[0, 59], false),
            (&[0, 15, 60], true),
            (&[0, -600], false),
            (&[0, -600, -540], true),
        ] {
            assert_eq!(after(failures).lasts(), lasts, "{failures:?}");
        }
    }

    #[test]
    fn failure_is_logged_once_and_its_end_once() {
        let at = |minutes| Utc.with_ymd_and_hms(2026, 11, 28, 0, 0, 0).unwrap() + TimeDelta::minutes(minutes);
        let failed = |is_not_understood, minutes| {
            let period = Some(FailingPeriod { since: at(0), until: at(minutes) });
            Some(FailedReading { is_not_understood, period })
        };
        for (before, after, expected) in [
            (None, None, None),
            (failed(false, 59), None, None),
            (failed(false, 60), None, Some(ReadingNews::ReadAgain)),
            (failed(true, 0), None, Some(ReadingNews::ReadAgain)),
            (None, failed(false, 0), Some(ReadingNews::Failed)),
            (None, failed(true, 0), Some(ReadingNews::NotUnderstood)),
            (failed(true, 0), failed(true, 75), Some(ReadingNews::Failed)),
            (failed(false, 45), failed(false, 60), Some(ReadingNews::FailureLasts)),
            (failed(false, 60), failed(false, 75), Some(ReadingNews::Failed)),
        ] {
            assert_eq!(ReadingNews::from_failures(before, after), expected, "{before:?}, then {after:?}");
        }
    }
}
