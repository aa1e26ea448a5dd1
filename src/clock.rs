//! The only reader of the wall clock. Everything else is told what time it is.

use std::time::Duration;

use chrono::{SubsecRound, TimeDelta, Utc};

use crate::domain::clock::Clock;
use crate::domain::time::Timestamp;

/// No sleep is longer, so that a suspended machine or a clock that was set is noticed within it.
const LONGEST_SLEEP: TimeDelta = TimeDelta::minutes(1);

/// The time now, as precise as the store keeps it.
#[expect(clippy::disallowed_methods, reason = "this is the one place")]
pub fn now() -> Timestamp {
    Utc::now().trunc_subsecs(3)
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
