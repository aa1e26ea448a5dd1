//! The time that is left of a token, as a bar of 30 days with the lead times on it.

use chrono::TimeDelta;
use serde::Serialize;

use crate::domain::lead_times::{LeadTimes, severity};
use crate::domain::severity::Severity;
use crate::domain::time::{Timestamp, minute, relative, rfc3339};

/// A token lives about this long.
const FULL: TimeDelta = TimeDelta::days(30);

/// A bar, in hundredths of its length.
#[derive(Serialize)]
pub(super) struct ExpiryBar {
    /// `expires in 3 days 4 h`
    text: String,
    /// When that is, for machines and for people.
    at: String,
    date: String,
    /// How much is left.
    width: String,
    /// Where the lead times are.
    stages: Vec<String>,
    /// The class of its colour: `ok`, `warning` or `critical`.
    tone: &'static str,
}

impl ExpiryBar {
    pub(super) fn new(expires_at: Timestamp, lead_times: &LeadTimes, now: Timestamp) -> Self {
        let left = expires_at - now;
        let words = if left > TimeDelta::zero() { "expires" } else { "expired" };
        Self {
            text: format!("{words} {}", relative(expires_at, now)),
            at: rfc3339(expires_at),
            date: minute(expires_at),
            width: percent(left),
            stages: lead_times
                .as_slice()
                .iter()
                .filter(|lead| **lead < FULL)
                .map(|lead| percent(*lead))
                .collect(),
            tone: nearness(expires_at, lead_times, now).map_or("ok", Severity::as_str),
        }
    }
}

/// How severe it is that a token expires then; none before its first lead time.
pub(super) fn nearness(expires_at: Timestamp, lead_times: &LeadTimes, now: Timestamp) -> Option<Severity> {
    lead_times.stage(expires_at, now).map(|_| severity(expires_at, now))
}

/// A part of [`FULL`] in percent, with one decimal.
fn percent(part: TimeDelta) -> String {
    let thousandths = (part.num_seconds().max(0) * 1_000 / FULL.num_seconds()).min(1_000);
    format!("{}.{}", thousandths / 10, thousandths % 10)
}

#[cfg(test)]
mod tests {
    use chrono::{TimeZone as _, Utc};

    use super::*;

    #[test]
    fn the_bar_is_as_long_as_the_time_that_is_left() {
        let now = Utc.with_ymd_and_hms(2026, 11, 23, 7, 15, 0).unwrap();
        let lead_times = LeadTimes::new(vec![TimeDelta::days(7), TimeDelta::days(1), TimeDelta::days(45)]);
        let bar = |left| {
            let ExpiryBar { text, width, stages, tone, .. } = ExpiryBar::new(now + left, &lead_times, now);
            assert_eq!(stages, ["23.3", "3.3"], "those within 30 days");
            (text, width, tone)
        };
        assert_eq!(bar(TimeDelta::days(50)), ("expires in 50 days".to_owned(), "100.0".to_owned(), "ok"));
        assert_eq!(bar(TimeDelta::days(15)), ("expires in 15 days".to_owned(), "50.0".to_owned(), "warning"));
        assert_eq!(bar(TimeDelta::hours(12)), ("expires in 12 h".to_owned(), "1.6".to_owned(), "critical"));
        assert_eq!(bar(-TimeDelta::days(2)), ("expired 2 days ago".to_owned(), "0.0".to_owned(), "critical"));
    }
}
