//! How many requests about one subscription may be in flight at once (AIMD: additive increase, multiplicative decrease).
//!
//! Never more than the operator allows. When the vendor throttles (429), no request is made for as long as it asks; then half as
//! many at once, and one more after each round without throttling. Waiting is left to the caller.

use chrono::TimeDelta;

use super::clock_skew::clock_moved_back;
use super::time::Timestamp;

/// The pause after a 429 without `Retry-After`.
const DEFAULT_RETRY_AFTER: TimeDelta = TimeDelta::seconds(20);

/// The present limit of one subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConcurrencyLimit {
    max: usize,
    width: usize,
    /// How many answers came without throttling since the width last changed.
    successes: usize,
    /// How many requests made before the last 429 are still unanswered: their answers report the same overload.
    stale: usize,
    block: Option<Block>,
}

/// The pause that the vendor asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Block {
    since: Timestamp,
    until: Timestamp,
}

impl ConcurrencyLimit {
    /// The limit of a subscription that was never throttled.
    pub const fn new(max: usize) -> Self {
        Self { max, width: max, successes: 0, stale: 0, block: None }
    }

    /// The same limit under another maximum, when no request is in flight.
    #[must_use]
    pub fn with_max(self, max: usize) -> Self {
        // A subscription at its maximum follows a raised maximum at once.
        let width = if self.width == self.max { max } else { self.width.min(max) };
        Self { max, width, stale: 0, ..self }
    }

    /// How many requests may be in flight.
    pub const fn width(&self) -> usize {
        self.width
    }

    /// Until when no request may be made, if that is after `now`. A clock step back does not make a pause longer.
    pub fn blocked_until(&self, now: Timestamp) -> Option<Timestamp> {
        let block = self.block.filter(|block| !clock_moved_back(block.since, now) && now < block.until)?;
        Some(block.until)
    }

    /// Records an answer without throttling.
    pub const fn on_success(&mut self) {
        if self.stale > 0 {
            self.stale -= 1;
            return;
        }
        self.successes += 1;
        if self.successes >= self.width && self.width < self.max {
            self.width += 1;
            self.successes = 0;
        }
    }

    /// Records a 429 at `now` with the pause that the vendor asks for, while `in_flight` other requests are unanswered. Returns the
    /// end of the pause.
    pub fn on_throttled(&mut self, wait: Option<TimeDelta>, in_flight: usize, now: Timestamp) -> Timestamp {
        let until = now + wait.unwrap_or(DEFAULT_RETRY_AFTER);
        let until = self.blocked_until(now).map_or(until, |before| before.max(until));
        self.block = Some(Block { since: now, until });
        if self.stale > 0 {
            self.stale -= 1;
            return until;
        }
        self.width = (self.width / 2).max(1);
        self.successes = 0;
        self.stale = in_flight;
        until
    }
}

#[cfg(test)]
mod tests {
    use chrono::{TimeZone, Utc};
    use proptest::prelude::*;

    use super::*;

    fn start() -> Timestamp {
        Utc.with_ymd_and_hms(2026, 11, 23, 7, 15, 0).unwrap()
    }

    fn seconds(seconds: i64) -> Timestamp {
        start() + TimeDelta::seconds(seconds)
    }

    #[test]
    fn no_request_is_made_for_as_long_as_the_vendor_asks() {
        let mut limit = ConcurrencyLimit::new(16);
        assert_eq!(limit.blocked_until(start()), None);
        limit.on_throttled(Some(TimeDelta::seconds(30)), 15, start());
        limit.on_throttled(Some(TimeDelta::seconds(5)), 14, seconds(1));
        assert_eq!(
            limit.blocked_until(seconds(29)),
            Some(seconds(30)),
            "a shorter pause does not shorten a longer one"
        );
        assert_eq!(limit.blocked_until(seconds(30)), None);
        assert_eq!(limit.blocked_until(seconds(-60)), None, "the clock was set back");
        limit.on_throttled(None, 0, seconds(60));
        assert_eq!(limit.blocked_until(seconds(61)), Some(seconds(80)));
    }

    #[test]
    fn throttling_halves_the_limit_once_and_each_good_round_adds_one() {
        let mut limit = ConcurrencyLimit::new(16);
        for in_flight in (0..16).rev() {
            limit.on_throttled(None, in_flight, start());
        }
        assert_eq!(limit.width(), 8, "sixteen refusals at one moment count once");
        for _ in 0..8 {
            limit.on_success();
        }
        assert_eq!(limit.width(), 9);
        for _ in 0..1_000 {
            limit.on_success();
        }
        assert_eq!(limit.width(), 16);
        for round in 0..10 {
            limit.on_throttled(None, 0, start());
            assert!(limit.width() >= 1, "{round}");
        }
        assert_eq!(limit.width(), 1);
    }

    #[test]
    fn unanswered_requests_of_an_earlier_pass_are_ignored() {
        let mut limit = ConcurrencyLimit::new(2);
        limit.on_throttled(None, 1, start());
        let mut next = limit.with_max(2);
        next.on_success();
        assert_eq!(next.width(), 2);
    }

    #[test]
    fn limit_follows_a_changed_maximum() {
        let fresh = ConcurrencyLimit::new(16);
        assert_eq!([4, 64].map(|max| fresh.with_max(max).width()), [4, 64]);
        let mut slowed = fresh;
        slowed.on_throttled(Some(TimeDelta::seconds(30)), 0, start());
        assert_eq!([4, 64].map(|max| slowed.with_max(max).width()), [4, 8]);
        assert_eq!(slowed.with_max(64).blocked_until(start()), Some(seconds(30)));
    }

    proptest! {
        #[test]
        fn limit_stays_between_one_and_the_maximum(
            max in 1_usize..40,
            answers in prop::collection::vec(prop::option::of((0_i64..100, 0_usize..40)), 0..200),
        ) {
            let mut limit = ConcurrencyLimit::new(max);
            for answer in answers {
                match answer {
                    None => limit.on_success(),
                    Some((wait, others)) => {
                        limit.on_throttled(Some(TimeDelta::seconds(wait)), others, start());
                    }
                }
                prop_assert!((1..=max).contains(&limit.width()));
            }
        }
    }
}
