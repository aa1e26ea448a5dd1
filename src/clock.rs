//! The only reader of the wall clock. Everything else is told what time it is.

use std::time::{Duration, SystemTime};

use chrono::{DateTime, TimeDelta};

use crate::domain::clock::Clock;
use crate::domain::time::Timestamp;

/// No sleep is longer, so that a suspended machine or a clock that was set is noticed within it.
const LONGEST_SLEEP: TimeDelta = TimeDelta::minutes(1);

/// 9000-01-01T00:00:00Z, in milliseconds: with a century to spare in what RFC 3339 can write.
const LAST: i64 = 221_845_392_000_000;

/// A clock that cannot be worked by: TLS, for one, has no time before 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the clock of this machine is wrong: it shows a time before 1970 or after 9000; set the clock and try again"
)]
pub struct WrongClock;

/// The time now, as precise as the store keeps it. A clock beyond 1970 and 9000 counts as the nearest of them.
pub fn now() -> Timestamp {
    DateTime::from_timestamp_millis(millis().clamp(0, LAST)).unwrap_or(DateTime::UNIX_EPOCH)
}

/// Refuses a clock that cannot be worked by.
///
/// # Errors
/// When it stands before 1970 or after 9000.
pub fn check() -> Result<(), WrongClock> {
    if (0..=LAST).contains(&millis()) { Ok(()) } else { Err(WrongClock) }
}

/// Since 1970; less than nothing before.
#[expect(clippy::disallowed_methods, reason = "this is the one place")]
fn millis() -> i64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(-1, |since| {
        // More milliseconds than fit are a long time all the same.
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    })
}

/// The system's clock, for steps that wait.
pub fn system() -> Clock {
    Clock::new(now)
}

/// Sleeps until the wall clock shows `moment`.
pub async fn sleep_until(moment: Timestamp) {
    while now() < moment {
        nap_until(Some(moment)).await;
    }
}

/// Sleeps for so long, whatever is done to the wall clock meanwhile.
pub async fn pause(length: TimeDelta) {
    let length = length.to_std().unwrap_or_default();
    tokio::time::sleep(length + Duration::from_millis(1)).await;
}

/// Sleeps towards `moment`, a minute at the most; the caller looks at the clock again.
pub async fn nap_until(moment: Option<Timestamp>) {
    let left = moment.map_or(LONGEST_SLEEP, |moment| (moment - now()).min(LONGEST_SLEEP));
    // A millisecond more, so that the clock, which is read in milliseconds, has reached the moment.
    let nap = left.to_std().map_or(Duration::ZERO, |left| left + Duration::from_millis(1));
    tokio::time::sleep(nap).await;
}
