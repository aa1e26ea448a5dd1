//! The only code that reads the wall clock. All other code takes the time as an argument.

use std::time::{Duration, SystemTime};

use chrono::{DateTime, TimeDelta};

use crate::domain::clock::Clock;
use crate::domain::time::Timestamp;

/// The longest sleep: within it, a resumed machine or a changed clock is noticed.
const MAX_SLEEP: TimeDelta = TimeDelta::minutes(1);

/// 9000-01-01T00:00:00Z in milliseconds. RFC 3339 can write a thousand years more.
const LAST: i64 = 221_845_392_000_000;

/// The clock shows a time that this program cannot work with; TLS, for example, has no time before 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the clock of this machine is wrong: it shows a time before 1970 or after 9000; set the clock and try again"
)]
pub struct WrongClock;

/// The time now, in milliseconds as in the store. A clock before 1970 or after 9000 counts as that limit.
pub fn now() -> Timestamp {
    DateTime::from_timestamp_millis(millis().clamp(0, LAST)).unwrap_or(DateTime::UNIX_EPOCH)
}

/// Checks that the clock is between 1970 and 9000.
///
/// # Errors
/// When it is not.
pub fn check() -> Result<(), WrongClock> {
    if (0..=LAST).contains(&millis()) { Ok(()) } else { Err(WrongClock) }
}

/// Milliseconds since 1970; -1 before.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
fn millis() -> i64 {
    SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .map_or(-1, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// The system's clock, for code that reads the time again after it waited.
pub fn system() -> Clock {
    Clock::new(now)
}

/// Sleeps until the wall clock shows `moment`.
pub async fn sleep_until(moment: Timestamp) {
    while now() < moment {
        nap_until(Some(moment)).await;
    }
}

/// Sleeps for `length`, also when the wall clock is changed meanwhile.
pub async fn pause(length: TimeDelta) {
    let length = length.to_std().unwrap_or_default();
    tokio::time::sleep(length + Duration::from_millis(1)).await;
}

/// Sleeps until `moment`, for at most a minute; the caller then reads the clock again.
pub async fn nap_until(moment: Option<Timestamp>) {
    let left = moment.map_or(MAX_SLEEP, |moment| (moment - now()).min(MAX_SLEEP));
    // A millisecond more: the clock is read in milliseconds, and must have reached the moment.
    let nap = left.to_std().map_or(Duration::ZERO, |left| left + Duration::from_millis(1));
    tokio::time::sleep(nap).await;
}
