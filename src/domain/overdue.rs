//! Whether the last run is overdue by the configured schedule, which means that nothing is watched any more.
//!
//! Guarantees: one rule for `status` and everything else that judges the age of a run. Runs of the service and `check` from cron
//! count alike.

use chrono::TimeDelta;

use super::schedule::Schedule;
use super::time::Timestamp;

/// How many intervals may pass without a run: a restart or a slow run can miss one.
const INTERVALS: i32 = 2;

/// A run of this age is not overdue, however short the interval is: a host can reboot, and the vendor can ask for a pause.
pub const MIN_AGE: TimeDelta = TimeDelta::minutes(15);

/// Why runs are overdue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overdue {
    /// There was no run yet.
    NoRun,
    /// The last run was at this moment, and at least one scheduled run since did not happen.
    Since(Timestamp),
    /// The last run is dated at this moment in the future: the clock was set back, and nothing ran since.
    ClockSetBack(Timestamp),
}

/// Why runs are overdue at `now`, if they are.
///
/// The last run is overdue when it is older than two intervals of the schedule and than [`MIN_AGE`], and a later run was missed.
/// In an irregular schedule the interval is that between the last two scheduled runs, so a weekend or night without runs is not
/// an outage.
pub fn overdue(
    schedule: &Schedule,
    jitter: TimeDelta,
    last_run: Option<Timestamp>,
    now: Timestamp,
) -> Option<Overdue> {
    let Some(last_run) = last_run else { return Some(Overdue::NoRun) };
    // A scheduled run may still be delayed by its jitter.
    let due = schedule.last_until(now.checked_sub_signed(jitter)?);
    let before = due.and_then(|due| schedule.last_until(due - TimeDelta::milliseconds(1)));
    let interval = match (due, before) {
        (Some(due), Some(before)) => due - before,
        _ => TimeDelta::zero(),
    };
    let allowed = (interval * INTERVALS + jitter).max(MIN_AGE);
    if last_run - now > allowed {
        return Some(Overdue::ClockSetBack(last_run));
    }
    let missed = before.is_some_and(|before| last_run < before);
    (missed && now - last_run > allowed).then_some(Overdue::Since(last_run))
}

#[cfg(test)]
mod tests {
    use chrono::{TimeZone as _, Utc};

    use super::*;
    use crate::domain::time_zone::TimeZone;

    /// A Monday.
    fn at(day: u32, hour: u32, minute: u32) -> Timestamp {
        Utc.with_ymd_and_hms(2026, 11, day, hour, minute, 0).unwrap()
    }

    fn schedule(cron: &str) -> Schedule {
        Schedule::parse(cron, TimeZone::UTC, at(1, 0, 0)).unwrap()
    }

    fn is_overdue(cron: &str, last_run: Timestamp, now: Timestamp) -> bool {
        overdue(&schedule(cron), TimeDelta::zero(), Some(last_run), now).is_some()
    }

    #[test]
    fn run_may_be_two_intervals_or_fifteen_minutes_old() {
        for (cron, age, expected) in [
            ("*/15 * * * *", TimeDelta::minutes(30), false),
            ("*/15 * * * *", TimeDelta::minutes(31), true),
            ("*/15 * * * *", TimeDelta::days(5), true),
            ("*/5 * * * *", TimeDelta::minutes(15), false),
            ("*/5 * * * *", TimeDelta::minutes(16), true),
            ("*/10 * * * * *", TimeDelta::minutes(15), false),
            ("*/10 * * * * *", TimeDelta::minutes(16), true),
            ("0 * * * *", TimeDelta::minutes(119), false),
            ("0 * * * *", TimeDelta::minutes(121), true),
            ("@daily", TimeDelta::hours(47), false),
            ("@daily", TimeDelta::hours(49), true),
            ("@yearly", TimeDelta::days(700), false),
            ("@yearly", TimeDelta::days(740), true),
        ] {
            for now in [at(23, 7, 15), at(23, 7, 21), at(23, 23, 59)] {
                assert_eq!(is_overdue(cron, now - age, now), expected, "{cron} after {age} at {now}");
            }
        }
    }

    #[test]
    fn gaps_of_an_irregular_schedule_are_not_overdue() {
        // The 23rd is a Monday, the 20th a Friday.
        for (cron, last_run, now, expected) in [
            ("0 9 * * 1-5", at(20, 9, 0), at(23, 8, 59), false),
            ("0 9 * * 1-5", at(20, 9, 0), at(23, 9, 5), false),
            ("0 9 * * 1-5", at(20, 9, 0), at(24, 9, 5), true),
            ("0 9 * * 1-5", at(18, 9, 0), at(21, 12, 0), true),
            ("*/5 9-17 * * *", at(22, 17, 55), at(23, 8, 59), false),
            ("*/5 9-17 * * *", at(22, 17, 55), at(23, 9, 1), false),
            ("*/5 9-17 * * *", at(22, 17, 40), at(23, 8, 0), true),
            ("*/5 9-17 * * *", at(22, 17, 55), at(23, 9, 20), true),
        ] {
            assert_eq!(is_overdue(cron, last_run, now), expected, "{cron}: {last_run} at {now}");
        }
    }

    #[test]
    fn run_delayed_by_its_jitter_is_not_missed() {
        let (schedule, now) = (schedule("*/15 * * * *"), at(23, 7, 31));
        let overdue = |jitter| overdue(&schedule, TimeDelta::minutes(jitter), Some(at(23, 7, 0)), now);
        assert_eq!(overdue(0), Some(Overdue::Since(at(23, 7, 0))));
        assert_eq!(overdue(10), None);
    }

    #[test]
    fn no_run_and_a_run_in_the_future_are_overdue() {
        let (schedule, now) = (schedule("*/15 * * * *"), at(23, 7, 15));
        let overdue = |last_run| overdue(&schedule, TimeDelta::zero(), last_run, now);
        assert_eq!(overdue(None), Some(Overdue::NoRun));
        assert_eq!(overdue(Some(now + TimeDelta::minutes(5))), None, "a small step of the clock");
        let ahead = now + TimeDelta::days(500);
        assert_eq!(overdue(Some(ahead)), Some(Overdue::ClockSetBack(ahead)));
    }
}
