//! What a server does when: a standing behaviour, changes at given moments, and exceptions that happen once.
//!
//! Promises: the same calls at the same moments give the same behaviour, in memory proportional to what was said.

use std::collections::VecDeque;

use crate::domain::time::Timestamp;

/// Behaviours over time; `None` is whatever the server does without being told.
#[derive(Clone, Debug)]
pub(super) struct Script<B> {
    /// Sorted by moment; of two at one moment the later said counts.
    steps: Vec<(Timestamp, Option<B>)>,
    once: VecDeque<B>,
}

impl<B> Default for Script<B> {
    fn default() -> Self {
        Self { steps: Vec::new(), once: VecDeque::new() }
    }
}

impl<B: Clone> Script<B> {
    /// From `now` on; what was said for later moments stays.
    pub(super) fn set(&mut self, now: Timestamp, behaviour: Option<B>) {
        let passed = self.steps.partition_point(|(from, _)| *from <= now);
        self.steps.splice(..passed, [(Timestamp::MIN_UTC, behaviour)]);
    }

    /// From the moment `from` on.
    pub(super) fn plan(&mut self, from: Timestamp, behaviour: Option<B>) {
        let place = self.steps.partition_point(|(earlier, _)| *earlier <= from);
        self.steps.insert(place, (from, behaviour));
    }

    /// Once, before anything that stands.
    pub(super) fn once(&mut self, behaviour: B) {
        self.once.push_back(behaviour);
    }

    /// What the next caller gets: an exception is used up by it.
    pub(super) fn take_once(&mut self) -> Option<B> {
        self.once.pop_front()
    }

    /// What stands at `now`.
    pub(super) fn standing(&self, now: Timestamp) -> Option<&B> {
        self.past(now).next().and_then(Option::as_ref)
    }

    /// What the next caller gets at `now`.
    pub(super) fn take(&mut self, now: Timestamp) -> Option<B> {
        self.take_once().or_else(|| self.standing(now).cloned())
    }

    /// What stood at `now` and before, newest first.
    pub(super) fn past(&self, now: Timestamp) -> impl Iterator<Item = &Option<B>> {
        let passed = self.steps.partition_point(|(from, _)| *from <= now);
        self.steps.iter().take(passed).rev().map(|(_, behaviour)| behaviour)
    }
}

#[cfg(test)]
mod tests {
    use chrono::{TimeDelta, TimeZone, Utc};
    use proptest::prelude::*;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Utc.with_ymd_and_hms(2026, 11, 23, 7, 15, 0).unwrap() + TimeDelta::seconds(second)
    }

    #[test]
    fn a_planned_behaviour_begins_at_its_second_and_not_before() {
        let mut script = Script::default();
        script.set(at(0), Some("first"));
        script.plan(at(10), Some("second"));
        script.plan(at(20), None);
        for (second, expected) in [(0, Some("first")), (9, Some("first")), (10, Some("second")), (20, None)] {
            assert_eq!(script.standing(at(second)).copied(), expected, "{second} s");
        }
    }

    #[test]
    fn an_immediate_change_leaves_later_plans_in_place() {
        let mut script = Script::default();
        script.plan(at(5), Some("passed"));
        script.plan(at(30), Some("planned"));
        script.set(at(10), Some("now"));
        assert_eq!(script.standing(at(10)), Some(&"now"));
        assert_eq!(script.standing(at(30)), Some(&"planned"));
    }

    #[test]
    fn an_exception_happens_once_and_before_what_stands() {
        let mut script = Script::default();
        script.set(at(0), Some("standing"));
        script.once("odd");
        script.once("odder");
        let seen: Vec<_> = (0..3).map(|_| script.take(at(0))).collect();
        assert_eq!(seen, [Some("odd"), Some("odder"), Some("standing")]);
    }

    proptest! {
        #[test]
        fn what_stands_is_the_last_said_of_the_latest_moment(
            plans in proptest::collection::vec(0_i64..20, 0..30),
            now in 0_i64..20,
        ) {
            let mut script = Script::default();
            for (ordinal, second) in plans.iter().enumerate() {
                script.plan(at(*second), Some(ordinal));
            }
            let expected = plans
                .iter()
                .enumerate()
                .filter(|(_, second)| **second <= now)
                .max_by_key(|(ordinal, second)| (**second, *ordinal))
                .map(|(ordinal, _)| ordinal);
            prop_assert_eq!(script.standing(at(now)).copied(), expected);
        }
    }
}
