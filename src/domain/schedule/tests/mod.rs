//! Tables for what an expression means and for moved clocks, and properties that hold for any expression.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use super::{Schedule, ScheduleError};
use crate::domain::time::Timestamp;
use crate::domain::time_zone::TimeZone;

mod expressions;
mod moved_clocks;
mod properties;

fn utc(text: &str) -> Timestamp {
    DateTime::parse_from_rfc3339(text).unwrap().with_timezone(&Utc)
}

/// Zones are given in the types of a second library, which also says what their clocks show.
fn parse(expression: &str, zone: Tz, now: Timestamp) -> Result<Schedule, ScheduleError> {
    Schedule::parse(expression, TimeZone::named(zone.name()).unwrap(), now)
}

/// The next `count` runs after `after`, each as the wall shows it.
fn runs(expression: &str, zone: Tz, after: &str, count: usize) -> Vec<String> {
    let after = utc(after);
    let schedule = parse(expression, zone, after).unwrap();
    std::iter::successors(Some(after), |run| schedule.next_after(*run))
        .skip(1)
        .take(count)
        .map(|run| run.with_timezone(&zone).format("%a %m-%d %H:%M:%S %z").to_string())
        .collect()
}
