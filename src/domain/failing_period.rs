//! For how long a reading beside the checks fails, so that a log tells once of a failure that lasts, and once of its end.

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
}
