//! Lead times before an expiry, the stages that they define, and the severity of a coming expiry.
//!
//! Distances are exact to the second. At any moment one stage at most is reached: that of the shortest lead time crossed.
//! An expiry leaves a stage only with a margin, or a sliding expiry would resolve and open an alert at each check.

use std::cmp::Reverse;
use std::fmt;
use std::str::FromStr;

use chrono::TimeDelta;

use super::duration::{self, DurationError};
use super::severity::Severity;
use super::time::Timestamp;

/// An expiry within this time is critical, whatever the lead times are.
pub const CRITICAL_WITHIN: TimeDelta = TimeDelta::days(1);

/// Two expiries less than this apart are the same: vendors round, refresh and serve from several nodes.
pub const SAME_WITHIN: TimeDelta = TimeDelta::hours(1);

/// An alert with this lead time or a longer one may never resolve: a token lives about 30 days, and its expiry leaves a stage only when it
/// lies a tenth beyond it.
pub const TOO_LONG_LEAD: TimeDelta = TimeDelta::days(27);

/// How near the expiry is, by the configured lead times. Greater is more severe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    /// The expiry is nearer than this lead time.
    Lead(TimeDelta),
    /// The token has expired.
    Expired,
}

impl Stage {
    /// How long before its expiry a token reaches this stage.
    pub fn lead_time(self) -> TimeDelta {
        match self {
            Self::Lead(lead) => lead,
            Self::Expired => TimeDelta::zero(),
        }
    }

    /// Whether this expiry has left the stage at `now`: it lies beyond the stage by at least a tenth of the lead time, and at least
    /// an hour. Less is not a renewal but a shifted or rounded value, which would resolve and open the alert again and again.
    pub fn is_left_by(self, expires_at: Timestamp, now: Timestamp) -> bool {
        (expires_at - now) - self.lead_time() >= (self.lead_time() / 10).max(SAME_WITHIN)
    }
}

impl PartialOrd for Stage {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Stage {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        other.lead_time().cmp(&self.lead_time())
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lead(lead) => f.write_str(&duration::text(*lead)),
            Self::Expired => f.write_str("expired"),
        }
    }
}

impl FromStr for Stage {
    type Err = DurationError;

    fn from_str(text: &str) -> Result<Self, DurationError> {
        if text == "expired" { Ok(Self::Expired) } else { duration::parse(text).map(Self::Lead) }
    }
}

/// The lead times of one account, longest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeadTimes(Vec<TimeDelta>);

impl LeadTimes {
    /// Sorts the lead times and drops repeated ones.
    pub fn new(mut leads: Vec<TimeDelta>) -> Self {
        leads.sort_by_key(|lead| Reverse(*lead));
        leads.dedup();
        Self(leads)
    }

    /// The lead times, longest first.
    pub fn as_slice(&self) -> &[TimeDelta] {
        &self.0
    }

    /// The stage of the longest lead time; none without lead times.
    pub fn mildest_stage(&self) -> Option<Stage> {
        self.0.first().copied().map(Stage::Lead)
    }

    /// The most severe stage that the expiry has reached at `now`; none while it is farther away than every lead time.
    pub fn stage(&self, expires_at: Timestamp, now: Timestamp) -> Option<Stage> {
        let left = expires_at - now;
        if left <= TimeDelta::zero() {
            return Some(Stage::Expired);
        }
        self.0.iter().rev().find(|lead| left <= **lead).map(|lead| Stage::Lead(*lead))
    }

    /// Whether this expiry has left every stage at `now`: the token was renewed.
    pub fn is_left_by(&self, expires_at: Timestamp, now: Timestamp) -> bool {
        let mut stages = self.0.iter().copied().map(Stage::Lead).chain([Stage::Expired]);
        stages.all(|stage| stage.is_left_by(expires_at, now))
    }

    /// The next moment after `now` at which [`Self::stage`] or [`severity`] changes.
    pub fn next_change_at(&self, expires_at: Timestamp, now: Timestamp) -> Option<Timestamp> {
        let stages = self.0.iter().copied().chain([CRITICAL_WITHIN, TimeDelta::zero()]);
        stages.filter_map(|lead| expires_at.checked_sub_signed(lead)).filter(|at| *at > now).min()
    }
}

/// The severity of an expiry: critical from one day before it.
pub fn severity(expires_at: Timestamp, now: Timestamp) -> Severity {
    if expires_at - now <= CRITICAL_WITHIN { Severity::Critical } else { Severity::Warning }
}

#[cfg(test)]
mod tests {
    use chrono::{TimeZone, Utc};
    use proptest::prelude::*;

    use super::*;

    fn expiry() -> Timestamp {
        Utc.with_ymd_and_hms(2026, 11, 23, 7, 15, 0).unwrap()
    }

    fn lead_times() -> LeadTimes {
        LeadTimes::new(["1h", "7d", "1d", "3d", "7d"].map(|lead| duration::parse(lead).unwrap()).to_vec())
    }

    #[test]
    fn stage_begins_exactly_to_the_second() {
        let lead = |text| Some(Stage::Lead(duration::parse(text).unwrap()));
        for (lead_time, before, at) in [
            (TimeDelta::days(7), None, lead("7d")),
            (TimeDelta::days(3), lead("7d"), lead("3d")),
            (TimeDelta::days(1), lead("3d"), lead("1d")),
            (TimeDelta::hours(1), lead("1d"), lead("1h")),
            (TimeDelta::zero(), lead("1h"), Some(Stage::Expired)),
        ] {
            let moment = expiry() - lead_time;
            let second = TimeDelta::seconds(1);
            assert_eq!(lead_times().stage(expiry(), moment - second), before, "a second before {lead_time}");
            assert_eq!(lead_times().stage(expiry(), moment), at, "at {lead_time}");
            assert_eq!(lead_times().stage(expiry(), moment + second), at, "a second after {lead_time}");
        }
    }

    #[test]
    fn expiry_within_a_day_is_critical_without_a_lead_time_of_a_day() {
        let lead_times = LeadTimes::new(vec![TimeDelta::days(10), TimeDelta::days(2)]);
        let moment = expiry() - TimeDelta::days(1);
        assert_eq!(severity(expiry(), moment - TimeDelta::seconds(1)), Severity::Warning);
        assert_eq!(severity(expiry(), moment), Severity::Critical);
        assert_eq!(lead_times.next_change_at(expiry(), expiry() - TimeDelta::days(2)), Some(moment));
    }

    #[test]
    fn stages_of_shorter_lead_times_are_greater() {
        let mut stages = ["expired", "7d", "1h", "3d"].map(|text| text.parse::<Stage>().unwrap());
        stages.sort();
        assert_eq!(stages.map(|stage| stage.to_string()), ["7d", "3d", "1h", "expired"]);
    }

    proptest! {
        #[test]
        fn stage_and_severity_change_only_at_the_announced_moments(left in -100_000_i64..2_000_000, step in 0_i64..2_000_000) {
            let now = expiry() - TimeDelta::seconds(left);
            let later = now + TimeDelta::seconds(step);
            let same = |a: Timestamp, b: Timestamp| {
                lead_times().stage(expiry(), a) == lead_times().stage(expiry(), b) && severity(expiry(), a) == severity(expiry(), b)
            };
            match lead_times().next_change_at(expiry(), now) {
                Some(moment) if later >= moment => prop_assert!(!same(now, moment)),
                _ => prop_assert!(same(now, later)),
            }
        }

        #[test]
        fn stage_never_becomes_milder_as_time_passes(left in -100_000_i64..2_000_000, step in 0_i64..2_000_000) {
            let now = expiry() - TimeDelta::seconds(left);
            prop_assert!(lead_times().stage(expiry(), now) <= lead_times().stage(expiry(), now + TimeDelta::seconds(step)));
        }
    }
}
