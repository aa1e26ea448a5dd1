//! Whether anybody still watches: how old the last run may be by the configured schedule.
//!
//! Promises: one rule for `status` and everything else that judges the age of a run. It reads no clock and knows no process: a
//! `check` from cron and the service count alike, and what counts is the configured schedule.

use chrono::TimeDelta;

use super::schedule::Schedule;
use super::time::Timestamp;

/// So many intervals of the schedule may pass without a run: one may be missed by a restart or a slow run.
const INTERVALS: i32 = 2;

/// However often the schedule is due, a run may be this old: a host that reboots, or a vendor that asks for a pause, is no
/// reason to say that nobody watches.
pub const MIN_AGE: TimeDelta = TimeDelta::minutes(15);

/// Why nobody can be said to watch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overdue {
    /// There was no run.
    NoRun,
    /// The last run was at this moment, and at least one that was due since did not happen.
    Since(Timestamp),
    /// The last run is dated this far in the future: the clock was set back, and no run was made since.
    ClockSetBack(Timestamp),
}

/// Why `last_run` says at `now` that nobody watches; none when somebody may.
///
/// The last run is overdue when it is older than two intervals of the schedule, and older than [`MIN_AGE`], and a run that was
/// due after it was missed. Of an irregular schedule the interval is the one between the two runs that were due last, so that a
/// weekend or a night without runs is no outage.
pub fn overdue(
    schedule: &Schedule,
    jitter: TimeDelta,
    last_run: Option<Timestamp>,
    now: Timestamp,
) -> Option<Overdue> {
    let Some(last_run) = last_run else { return Some(Overdue::NoRun) };
    // A run that is due may still wait for its jitter.
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
    use chrono::{TimeZone, Utc};

    use super::*;

    /// A Monday.
    fn at(day: u32, hour: u32, minute: u32) -> Timestamp {
        Utc.with_ymd_and_hms(2026, 11, day, hour, minute, 0).unwrap()
    }

    fn schedule(cron: &str) -> Schedule {
        Schedule::parse(cron, chrono_tz::UTC, at(1, 0, 0)).unwrap()
    }

    fn is_overdue(cron: &str, last_run: Timestamp, now: Timestamp) -> bool {
        overdue(&schedule(cron), TimeDelta::zero(), Some(last_run), now).is_some()
    }

    #[test]
    fn a_run_may_be_two_intervals_old_and_at_least_fifteen_minutes() {
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
    fn times_without_runs_in_an_irregular_schedule_are_no_outage() {
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
    fn a_run_that_still_waits_for_its_jitter_is_not_missed() {
        let (schedule, now) = (schedule("*/15 * * * *"), at(23, 7, 31));
        let overdue = |jitter| overdue(&schedule, TimeDelta::minutes(jitter), Some(at(23, 7, 0)), now);
        assert_eq!(overdue(0), Some(Overdue::Since(at(23, 7, 0))));
        assert_eq!(overdue(10), None);
    }

    #[test]
    fn no_run_and_a_run_in_the_future_say_that_nobody_watches() {
        let (schedule, now) = (schedule("*/15 * * * *"), at(23, 7, 15));
        let overdue = |last_run| overdue(&schedule, TimeDelta::zero(), last_run, now);
        assert_eq!(overdue(None), Some(Overdue::NoRun));
        assert_eq!(overdue(Some(now + TimeDelta::minutes(5))), None, "a small step of the clock");
        let ahead = now + TimeDelta::days(500);
        assert_eq!(overdue(Some(ahead)), Some(Overdue::ClockSetBack(ahead)));
    }
}
