//! How fast the vendor is asked about the accounts of one subscription.
//!
//! Promises: never more at once than the operator allows; a vendor that asks to be left alone is left alone for as long as it
//! asked, then asked half as much at once, and one more after each round without a complaint. Leaves the waiting to
//! whoever asks.

use chrono::TimeDelta;

use super::time::Timestamp;

/// How long a vendor is left alone that does not say for how long.
const UNSAID: TimeDelta = TimeDelta::seconds(20);

/// A clock that is set back by less heals by waiting.
const SET_BACK: TimeDelta = TimeDelta::minutes(1);

/// What was learnt of a vendor's patience.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    most: usize,
    width: usize,
    /// How many answers came without a complaint since the width was last changed.
    good: usize,
    /// How many answers are still to come to what was asked before the last complaint: they complain of the same.
    stale: usize,
    closed: Option<Closed>,
}

/// That it is left alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Closed {
    since: Timestamp,
    until: Timestamp,
}

impl Pace {
    /// Of a vendor that never complained, and may be asked `most` at once.
    pub const fn new(most: usize) -> Self {
        Self { most, width: most, good: 0, stale: 0, closed: None }
    }

    /// The same pace for another pass, before which every answer came, where `most` may be asked at once by now.
    #[must_use]
    pub fn resumed(self, most: usize) -> Self {
        // Who never complained is asked as much as is allowed, also when more is allowed than before.
        let width = if self.width == self.most { most } else { self.width.min(most) };
        Self { most, width, stale: 0, ..self }
    }

    /// How many may be asked at once.
    pub const fn width(&self) -> usize {
        self.width
    }

    /// Until when nothing may be asked, if something may not at `now`. A clock that was set back does not make a pause longer.
    pub fn closed_at(&self, now: Timestamp) -> Option<Timestamp> {
        let closed = self.closed.filter(|closed| closed.since - now <= SET_BACK && now < closed.until)?;
        Some(closed.until)
    }

    /// An answer came without a complaint.
    pub const fn answered(&mut self) {
        if self.stale > 0 {
            self.stale -= 1;
            return;
        }
        self.good += 1;
        if self.good >= self.width && self.width < self.most {
            self.width += 1;
            self.good = 0;
        }
    }

    /// At `now` the vendor asked to be left alone, for `wait` if it said so; `under_way` others are not answered yet. Gives
    /// until when it is.
    pub fn complained(&mut self, wait: Option<TimeDelta>, under_way: usize, now: Timestamp) -> Timestamp {
        let until = now + wait.unwrap_or(UNSAID);
        let until = self.closed_at(now).map_or(until, |before| before.max(until));
        self.closed = Some(Closed { since: now, until });
        if self.stale > 0 {
            self.stale -= 1;
            return until;
        }
        self.width = (self.width / 2).max(1);
        self.good = 0;
        self.stale = under_way;
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
    fn it_is_left_alone_for_as_long_as_it_asked() {
        let mut pace = Pace::new(16);
        assert_eq!(pace.closed_at(start()), None);
        pace.complained(Some(TimeDelta::seconds(30)), 15, start());
        pace.complained(Some(TimeDelta::seconds(5)), 14, seconds(1));
        assert_eq!(
            pace.closed_at(seconds(29)),
            Some(seconds(30)),
            "a shorter wish does not shorten a longer one"
        );
        assert_eq!(pace.closed_at(seconds(30)), None);
        assert_eq!(pace.closed_at(seconds(-60)), None, "the clock was set back");
        pace.complained(None, 0, seconds(60));
        assert_eq!(pace.closed_at(seconds(61)), Some(seconds(80)));
    }

    #[test]
    fn one_complaint_halves_whatever_was_under_way_and_each_good_round_adds_one() {
        let mut pace = Pace::new(16);
        for under_way in (0..16).rev() {
            pace.complained(None, under_way, start());
        }
        assert_eq!(pace.width(), 8, "sixteen refusals of one moment are one complaint");
        for _ in 0..8 {
            pace.answered();
        }
        assert_eq!(pace.width(), 9);
        for _ in 0..1_000 {
            pace.answered();
        }
        assert_eq!(pace.width(), 16);
        for round in 0..10 {
            pace.complained(None, 0, start());
            assert!(pace.width() >= 1, "{round}");
        }
        assert_eq!(pace.width(), 1);
    }

    #[test]
    fn what_was_never_answered_is_not_waited_for_in_the_next_pass() {
        let mut pace = Pace::new(2);
        pace.complained(None, 1, start());
        let mut resumed = pace.resumed(2);
        resumed.answered();
        assert_eq!(resumed.width(), 2);
    }

    #[test]
    fn what_may_be_asked_at_once_can_be_changed() {
        let fresh = Pace::new(16);
        assert_eq!([4, 64].map(|most| fresh.resumed(most).width()), [4, 64]);
        let mut slowed = fresh;
        slowed.complained(Some(TimeDelta::seconds(30)), 0, start());
        assert_eq!([4, 64].map(|most| slowed.resumed(most).width()), [4, 8]);
        assert_eq!(slowed.resumed(64).closed_at(start()), Some(seconds(30)));
    }

    proptest! {
        #[test]
        fn it_is_never_nothing_and_never_more_than_allowed(
            most in 1_usize..40,
            answers in prop::collection::vec(prop::option::of((0_i64..100, 0_usize..40)), 0..200),
        ) {
            let mut pace = Pace::new(most);
            for answer in answers {
                match answer {
                    None => pace.answered(),
                    Some((wait, others)) => {
                        pace.complained(Some(TimeDelta::seconds(wait)), others, start());
                    }
                }
                prop_assert!((1..=most).contains(&pace.width()));
            }
        }
    }
}
