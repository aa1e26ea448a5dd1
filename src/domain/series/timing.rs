//! When series are pushed again, and until when they fire without that.

use chrono::TimeDelta;

use crate::domain::backoff::{self, Failure, FailureKind};
use crate::domain::clock_skew::clock_moved_back;
use crate::domain::schedule::Schedule;
use crate::domain::time::Timestamp;

/// A series fires at least for this long without another push.
const MIN_LIFE: TimeDelta = TimeDelta::hours(1);

/// It fires for at least this many intervals of the schedule without another push.
const LIFE_INTERVALS: usize = 4;

/// After this time a series is due to be pushed again, however rare runs are: an Alertmanager that restarts has forgotten it. Without a
/// run, that is done [`RUN_TIME`] later, or the jitter of the schedule later if that is longer.
const MAX_PAUSE: TimeDelta = TimeDelta::minutes(15);

/// A push that is due with a run waits this long for its end, so that it does not revive what the run is about to end.
const RUN_TIME: TimeDelta = TimeDelta::minutes(2);

/// How long a change fires.
const CHANGE_LIFE: TimeDelta = TimeDelta::hours(1);

/// An end that a server accepted sooner after it than this is pushed once more: a server whose clock is behind does not take an end that
/// lies in its future.
const END_REPEATED_AFTER: TimeDelta = TimeDelta::minutes(1);

/// The times of pushes, by the schedule of the runs.
#[derive(Clone, Copy, Debug)]
pub struct PushTimes<'a> {
    /// When runs are due.
    pub schedule: &'a Schedule,
    /// How much later a run may start.
    pub jitter: TimeDelta,
}

impl PushTimes<'_> {
    /// The interval of the schedule at `now`: the longest pause before the next few runs.
    pub fn interval(&self, now: Timestamp) -> TimeDelta {
        let runs = self.next_runs(now);
        let pauses = runs.iter().zip(runs.iter().skip(1)).map(|(before, after)| *after - *before);
        pauses.max().unwrap_or_default()
    }

    /// When the second run after `at` is due.
    pub(super) fn second_run_after(&self, at: Timestamp) -> Option<Timestamp> {
        self.schedule.next_after(self.schedule.next_after(at)?)
    }

    /// `endsAt` of a firing series that is pushed at `now`.
    pub fn ends_at(&self, now: Timestamp) -> Timestamp {
        let runs = self.next_runs(now);
        let life = runs.first().zip(runs.last()).map(|(first, last)| *last - *first).unwrap_or_default();
        now + life.max(MIN_LIFE)
    }

    /// `endsAt` of a change that is pushed at `now`.
    pub fn change_ends_at(now: Timestamp) -> Timestamp {
        now + CHANGE_LIFE
    }

    /// From when on the end of a run pushes a series again that was accepted at `accepted_at`.
    pub(super) fn refresh_from(&self, accepted_at: Timestamp, now: Timestamp) -> Timestamp {
        if clock_moved_back(accepted_at, now) {
            return now;
        }
        let latest = accepted_at + MAX_PAUSE;
        self.schedule.next_after(accepted_at).map_or(latest, |next| next.min(latest))
    }

    /// When such a series is pushed again if no run ends before.
    pub(super) fn refresh_by(&self, accepted_at: Timestamp, now: Timestamp) -> Timestamp {
        self.refresh_from(accepted_at, now) + RUN_TIME.max(self.jitter.min(MAX_PAUSE))
    }

    /// When the end at `ended_at`, which a server accepted at `accepted_at`, is pushed to it once more; none when it need not be.
    pub(super) fn repeat_end_at(ended_at: Timestamp, accepted_at: Timestamp) -> Option<Timestamp> {
        let again = ended_at + END_REPEATED_AFTER;
        (accepted_at < again).then_some(again)
    }

    fn next_runs(&self, now: Timestamp) -> Vec<Timestamp> {
        let first = self.schedule.next_after(now);
        std::iter::successors(first, |run| self.schedule.next_after(*run)).take(LIFE_INTERVALS + 1).collect()
    }
}

/// When a server that has failed `failures` times is tried again: with the pauses of messages, but at least as often as series are pushed.
pub fn retry_at(failures: u32, interval: TimeDelta, now: Timestamp) -> Timestamp {
    let failure = Failure {
        kind: FailureKind::Temporary,
        attempts: failures,
        waited: TimeDelta::zero(),
        retry_after: None,
        jitter: 0,
    };
    let latest = now + interval.clamp(TimeDelta::seconds(5), MAX_PAUSE);
    backoff::next_attempt(failure, now).map_or(latest, |next| next.min(latest))
}

#[cfg(test)]
mod tests {
    use chrono::{TimeZone as _, Utc};

    use super::*;
    use crate::domain::time_zone::TimeZone;

    /// A Monday.
    fn at(hour: u32, minute: u32, second: u32) -> Timestamp {
        Utc.with_ymd_and_hms(2026, 11, 23, hour, minute, second).unwrap()
    }

    fn schedule(cron: &str) -> Schedule {
        Schedule::parse(cron, TimeZone::UTC, at(0, 0, 0)).unwrap()
    }

    #[test]
    fn series_fires_for_four_intervals_or_an_hour_after_its_last_push() {
        for (cron, hours) in [("*/15 * * * *", 1), ("* * * * *", 1), ("0 * * * *", 4), ("0 8 * * *", 96)] {
            let schedule = schedule(cron);
            let times = PushTimes { schedule: &schedule, jitter: TimeDelta::zero() };
            let now = at(7, 20, 0);
            assert_eq!(times.ends_at(now) - now, TimeDelta::hours(hours), "{cron}");
        }
    }

    #[test]
    fn series_is_pushed_again_with_each_run_and_soon_after_a_quarter_of_an_hour_without_one() {
        for (cron, from) in
            [("*/5 * * * *", at(7, 25, 0)), ("*/30 * * * *", at(7, 30, 0)), ("0 8 * * *", at(7, 35, 8))]
        {
            let schedule = schedule(cron);
            let times = PushTimes { schedule: &schedule, jitter: TimeDelta::zero() };
            let accepted = at(7, 20, 8);
            assert_eq!(times.refresh_from(accepted, accepted), from, "{cron}");
            assert_eq!(times.refresh_by(accepted, accepted), from + TimeDelta::minutes(2), "{cron}");
            assert_eq!(times.refresh_from(accepted, at(6, 0, 0)), at(6, 0, 0), "the clock was set back");
        }
    }

    #[test]
    fn interval_of_an_irregular_schedule_is_its_longest_pause() {
        let schedule = schedule("0 8-10 * * *");
        let times = PushTimes { schedule: &schedule, jitter: TimeDelta::zero() };
        assert_eq!(times.interval(at(7, 0, 0)), TimeDelta::hours(22));
    }

    #[test]
    fn failing_server_is_tried_with_growing_pauses_up_to_the_interval() {
        let now = at(7, 0, 0);
        let pauses: Vec<i64> = (1..=5)
            .map(|failures| (retry_at(failures, TimeDelta::minutes(10), now) - now).num_seconds())
            .collect();
        assert_eq!(pauses, [5, 30, 300, 600, 600]);
        assert_eq!(retry_at(9, TimeDelta::days(1), now) - now, TimeDelta::minutes(15));
    }

    #[test]
    fn end_that_was_accepted_within_a_minute_is_pushed_once_more() {
        let ended = at(7, 0, 0);
        assert_eq!(PushTimes::repeat_end_at(ended, at(7, 0, 1)), Some(at(7, 1, 0)));
        assert_eq!(PushTimes::repeat_end_at(ended, at(7, 1, 0)), None);
    }
}
