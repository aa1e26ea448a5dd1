//! The expiry ladder: at which moments a coming end is told, and how grave it is.
//!
//! Promises: seconds, not days, and one stage at any moment: the tightest that was crossed. Needs no network.

use std::cmp::Reverse;
use std::fmt;
use std::str::FromStr;

use chrono::TimeDelta;

use super::severity::Severity;
use super::span::{self, SpanError};
use super::time::{Timestamp, was_set_back};

/// From this distance on an end is critical, whatever the rungs are.
pub const CRITICAL_WITHIN: TimeDelta = TimeDelta::days(1);

/// Two expiries less than this apart are the same: vendors round, refresh and serve from several nodes.
pub const SAME_WITHIN: TimeDelta = TimeDelta::hours(1);

/// From this lead time on an alert may never resolve: a token lives about 30 days, and its expiry leaves a stage only when it
/// lies a tenth beyond it.
pub const TOO_LONG_LEAD: TimeDelta = TimeDelta::days(27);

/// How near an end is, in the operator's own steps. Greater is graver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    /// Nearer than this lead time.
    Lead(TimeDelta),
    /// Past.
    Expired,
}

impl Stage {
    /// How far from its end a token reaches this stage.
    pub fn lead(self) -> TimeDelta {
        match self {
            Self::Lead(lead) => lead,
            Self::Expired => TimeDelta::zero(),
        }
    }

    /// Whether a token that ends at `end` has left this stage at `now`: it lies beyond it by at least a tenth of it, and at least
    /// an hour. Less is no renewal but a sliding or rounded value, which would resolve and open the alert again and again.
    pub fn is_left(self, end: Timestamp, now: Timestamp) -> bool {
        (end - now) - self.lead() >= (self.lead() / 10).max(SAME_WITHIN)
    }
}

impl PartialOrd for Stage {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Stage {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        let lead = |stage: &Self| match stage {
            Self::Lead(lead) => Reverse(*lead),
            Self::Expired => Reverse(TimeDelta::MIN),
        };
        lead(self).cmp(&lead(other))
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lead(lead) => f.write_str(&span::text(*lead)),
            Self::Expired => f.write_str("expired"),
        }
    }
}

impl FromStr for Stage {
    type Err = SpanError;

    fn from_str(text: &str) -> Result<Self, SpanError> {
        if text == "expired" { Ok(Self::Expired) } else { span::parse(text).map(Self::Lead) }
    }
}

/// The lead times of one account, longest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ladder(Vec<TimeDelta>);

impl Ladder {
    /// Sorts the lead times and drops repeated ones.
    pub fn new(mut leads: Vec<TimeDelta>) -> Self {
        leads.sort_by_key(|lead| Reverse(*lead));
        leads.dedup();
        Self(leads)
    }

    /// The lead times, longest first.
    pub fn leads(&self) -> &[TimeDelta] {
        &self.0
    }

    /// The stage of the longest lead time; none without lead times.
    pub fn mildest(&self) -> Option<Stage> {
        self.0.first().copied().map(Stage::Lead)
    }

    /// The tightest stage that `end` has reached at `now`; none while it is farther than every lead time.
    pub fn stage(&self, end: Timestamp, now: Timestamp) -> Option<Stage> {
        let left = end - now;
        if left <= TimeDelta::zero() {
            return Some(Stage::Expired);
        }
        self.0.iter().rev().find(|lead| left <= **lead).map(|lead| Stage::Lead(*lead))
    }

    /// Whether `end` is farther than every lead time at `now`.
    pub fn is_beyond_all(&self, end: Timestamp, now: Timestamp) -> bool {
        self.stage(end, now).is_none()
    }

    /// Whether a token that ends at `end` has left every stage at `now`: a renewal.
    pub fn is_left(&self, end: Timestamp, now: Timestamp) -> bool {
        let mut stages = self.0.iter().copied().map(Stage::Lead).chain([Stage::Expired]);
        stages.all(|stage| stage.is_left(end, now))
    }

    /// The next moment after `now` at which [`Self::stage`] or [`severity`] gives another answer.
    pub fn next_moment(&self, end: Timestamp, now: Timestamp) -> Option<Timestamp> {
        let rungs = self.0.iter().copied().chain([CRITICAL_WITHIN, TimeDelta::zero()]);
        rungs.filter_map(|lead| end.checked_sub_signed(lead)).filter(|moment| *moment > now).min()
    }
}

/// How grave it is that a token ends at `end`: critical from one day on.
pub fn severity(end: Timestamp, now: Timestamp) -> Severity {
    if end - now <= CRITICAL_WITHIN { Severity::Critical } else { Severity::Warning }
}

/// Whether two expiries are the same, but for less than an hour.
pub fn is_same(one: Option<Timestamp>, other: Option<Timestamp>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => (one - other).abs() < SAME_WITHIN,
        (None, None) => true,
        (Some(_), None) | (None, Some(_)) => false,
    }
}

/// Whether only a clock that ran ahead can have shown this stage and severity of that end.
pub fn is_ahead(end: Timestamp, stage: Option<Stage>, severity: Severity, now: Timestamp) -> bool {
    let stage = stage.map(Stage::lead);
    let critical = (severity == Severity::Critical).then_some(CRITICAL_WITHIN);
    let begins = |lead| end.checked_sub_signed(lead);
    stage.into_iter().chain(critical).filter_map(begins).any(|moment| was_set_back(moment, now))
}

#[cfg(test)]
mod tests {
    use chrono::{TimeZone, Utc};
    use proptest::prelude::*;

    use super::*;

    fn end() -> Timestamp {
        Utc.with_ymd_and_hms(2026, 11, 23, 7, 15, 0).unwrap()
    }

    fn ladder() -> Ladder {
        Ladder::new(["1h", "7d", "1d", "3d", "7d"].map(|lead| span::parse(lead).unwrap()).to_vec())
    }

    #[test]
    fn each_rung_begins_at_its_very_second() {
        let lead = |text| Some(Stage::Lead(span::parse(text).unwrap()));
        for (rung, before, at) in [
            (TimeDelta::days(7), None, lead("7d")),
            (TimeDelta::days(3), lead("7d"), lead("3d")),
            (TimeDelta::days(1), lead("3d"), lead("1d")),
            (TimeDelta::hours(1), lead("1d"), lead("1h")),
            (TimeDelta::zero(), lead("1h"), Some(Stage::Expired)),
        ] {
            let moment = end() - rung;
            let second = TimeDelta::seconds(1);
            assert_eq!(ladder().stage(end(), moment - second), before, "a second before {rung}");
            assert_eq!(ladder().stage(end(), moment), at, "at {rung}");
            assert_eq!(ladder().stage(end(), moment + second), at, "a second after {rung}");
        }
    }

    #[test]
    fn a_day_before_the_end_it_is_critical_even_without_a_rung_there() {
        let ladder = Ladder::new(vec![TimeDelta::days(10), TimeDelta::days(2)]);
        let moment = end() - TimeDelta::days(1);
        assert_eq!(severity(end(), moment - TimeDelta::seconds(1)), Severity::Warning);
        assert_eq!(severity(end(), moment), Severity::Critical);
        assert_eq!(ladder.next_moment(end(), end() - TimeDelta::days(2)), Some(moment));
    }

    #[test]
    fn what_only_a_clock_ahead_can_have_shown_is_told_apart() {
        let lead = |text| Some(Stage::Lead(span::parse(text).unwrap()));
        let (warning, critical) = (Severity::Warning, Severity::Critical);
        for (stage, severity, hours_left, ahead) in [
            (Some(Stage::Expired), critical, 720, true),
            (Some(Stage::Expired), critical, 3, true),
            (Some(Stage::Expired), critical, 2, false),
            (Some(Stage::Expired), critical, -1, false),
            (lead("3d"), warning, 75, true),
            (lead("3d"), warning, 74, false),
            (lead("3d"), critical, 27, true),
            (lead("3d"), critical, 26, false),
            (lead("20d"), warning, 48, false),
        ] {
            let now = end() - TimeDelta::hours(hours_left);
            assert_eq!(
                is_ahead(end(), stage, severity, now),
                ahead,
                "{stage:?} {severity:?} {hours_left} h before"
            );
        }
    }

    #[test]
    fn tighter_stages_are_greater() {
        let mut stages = ["expired", "7d", "1h", "3d"].map(|text| text.parse::<Stage>().unwrap());
        stages.sort();
        assert_eq!(stages.map(|stage| stage.to_string()), ["7d", "3d", "1h", "expired"]);
    }

    proptest! {
        #[test]
        fn nothing_moves_between_two_moments(left in -100_000_i64..2_000_000, step in 0_i64..2_000_000) {
            let now = end() - TimeDelta::seconds(left);
            let later = now + TimeDelta::seconds(step);
            let same = |a: Timestamp, b: Timestamp| {
                ladder().stage(end(), a) == ladder().stage(end(), b) && severity(end(), a) == severity(end(), b)
            };
            match ladder().next_moment(end(), now) {
                Some(moment) if later >= moment => prop_assert!(!same(now, moment)),
                _ => prop_assert!(same(now, later)),
            }
        }

        #[test]
        fn a_stage_never_loosens_as_time_passes(left in -100_000_i64..2_000_000, step in 0_i64..2_000_000) {
            let now = end() - TimeDelta::seconds(left);
            prop_assert!(ladder().stage(end(), now) <= ladder().stage(end(), now + TimeDelta::seconds(step)));
        }
    }
}
