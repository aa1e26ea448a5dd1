//! Whether credits are low: the rule of `credits_low` (docs/contract.md, section 1).
//!
//! Guarantees: the order of the readings and repeated ones change nothing; readings in the future belong to a wrong clock and do not
//! count. An alert ends only a tenth above both limits, so that a number near a limit does not open and end it again and again.

use chrono::TimeDelta;

use super::balance::CreditReading;
use super::pace::{PACE_WINDOW, Pace};
use crate::domain::time::{Timestamp, minute};

/// When credits are low (`[credits]`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CreditsPolicy {
    /// Fewer are low.
    pub low: u64,
    /// So are credits that are gone within this time at the pace of the last 7 days.
    pub lead_time: TimeDelta,
}

/// What the credits say about `credits_low`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CreditsDecision {
    /// The alert fires, as a warning.
    Firing,
    /// An open alert resolves.
    Recovered,
    /// Nothing changes.
    SaysNothing,
}

/// The credits of an account now, and how long they last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CreditsOutlook {
    /// The newest reading.
    pub newest: CreditReading,
    /// How fast they go; `None` if they did not in the last 7 days.
    pub pace: Option<Pace>,
    /// When they are gone at this pace.
    pub runs_out_at: Option<Timestamp>,
}

impl CreditsOutlook {
    /// By the readings of one account up to `now`; `None` without any.
    pub fn from_readings(readings: &[CreditReading], now: Timestamp) -> Option<Self> {
        // The highest of those at one moment, as for the pace.
        let newest = *readings.iter().filter(|reading| reading.at <= now).max()?;
        Some(Self::new(newest, Pace::from_readings(readings, now)))
    }

    /// By the newest reading and the pace up to it.
    pub fn new(newest: CreditReading, pace: Option<Pace>) -> Self {
        Self { newest, pace, runs_out_at: pace.and_then(|pace| pace.runs_out_at(newest)) }
    }

    /// What it says at `now`. A number in the future belongs to a wrong clock, and a pace of more than 7 days ago is none.
    pub fn evaluate(&self, policy: &CreditsPolicy, now: Timestamp) -> CreditsDecision {
        if self.newest.at > now || now - self.newest.at > PACE_WINDOW {
            return CreditsDecision::SaysNothing;
        }
        let (credits, low) = (u128::from(self.newest.credits), u128::from(policy.low));
        let time_left = self.runs_out_at.map(|end| end - now);
        if credits < low || time_left.is_some_and(|left| left <= policy.lead_time) {
            return CreditsDecision::Firing;
        }
        let is_tenth_above = credits * 10 >= low * 11;
        let is_later = time_left.is_none_or(|left| left >= policy.lead_time + policy.lead_time / 10);
        if is_tenth_above && is_later { CreditsDecision::Recovered } else { CreditsDecision::SaysNothing }
    }

    /// The alert's sentence, firing or resolved.
    pub fn detail(&self, policy: &CreditsPolicy) -> String {
        let credits = self.newest.credits;
        let unit = if credits == 1 { "credit" } else { "credits" };
        let below = if credits < policy.low { format!(", below {}", policy.low) } else { String::new() };
        let end = match (self.pace, self.runs_out_at) {
            (Some(pace), Some(end)) if credits > 0 => {
                format!("; at the pace of the last 7 days ({pace}) they run out on {}", minute(end))
            }
            _ => String::new(),
        };
        format!("{credits} {unit} left{below}{end}.")
    }
}

#[cfg(test)]
mod tests {
    use chrono::{TimeZone, Utc};
    use proptest::prelude::*;

    use super::*;
    use CreditsDecision::{Firing, Recovered, SaysNothing};

    const POLICY: CreditsPolicy = CreditsPolicy { low: 100, lead_time: TimeDelta::days(2) };

    fn now() -> Timestamp {
        Utc.with_ymd_and_hms(2026, 11, 23, 7, 15, 0).unwrap()
    }

    fn outlook(hours_ago_and_credits: &[(i64, u64)]) -> Option<CreditsOutlook> {
        let reading = |(hours, credits): &(i64, u64)| CreditReading {
            at: now() - TimeDelta::hours(*hours),
            credits: *credits,
        };
        let readings: Vec<CreditReading> = hours_ago_and_credits.iter().map(reading).collect();
        CreditsOutlook::from_readings(&readings, now())
    }

    fn decide(hours_ago_and_credits: &[(i64, u64)]) -> CreditsDecision {
        outlook(hours_ago_and_credits).unwrap().evaluate(&POLICY, now())
    }

    #[test]
    fn number_alone_decides_while_no_credits_go() {
        for (credits, expected) in
            [(0, Firing), (99, Firing), (100, SaysNothing), (109, SaysNothing), (110, Recovered)]
        {
            assert_eq!(decide(&[(0, credits)]), expected, "{credits}");
            assert_eq!(decide(&[(48, credits), (0, credits)]), expected, "{credits}");
        }
        assert_eq!(outlook(&[]), None);
        assert_eq!(outlook(&[(-1, 50)]), None, "in the future");
    }

    #[test]
    fn time_that_is_left_decides_with_a_tenth_in_between() {
        // 1,000 a day.
        for (credits, expected) in
            [(1_999, Firing), (2_000, Firing), (2_001, SaysNothing), (2_199, SaysNothing), (2_200, Recovered)]
        {
            assert_eq!(decide(&[(24, credits + 1_000), (0, credits)]), expected, "{credits}");
        }
    }

    #[test]
    fn time_passes_without_a_reading_too() {
        let outlook = outlook(&[(24, 4_000), (0, 3_000)]).unwrap();
        for (hours, expected) in [
            (0, Recovered),
            (19, Recovered),
            (20, SaysNothing),
            (23, SaysNothing),
            (24, Firing),
            (99, Firing),
        ] {
            assert_eq!(outlook.evaluate(&POLICY, now() + TimeDelta::hours(hours)), expected, "{hours} h");
        }
    }

    #[test]
    fn sentence_says_how_many_are_left_and_when_they_are_gone() {
        for (readings, detail) in [
            (&[(0, 80)][..], "80 credits left, below 100."),
            (&[(0, 1)], "1 credit left, below 100."),
            (&[(24, 70), (0, 0)], "0 credits left, below 100."),
            (&[(0, 100)], "100 credits left."),
            (
                &[(24, 120), (0, 80)],
                "80 credits left, below 100; at the pace of the last 7 days (40 a day) they run out on 2026-11-25 07:15 UTC.",
            ),
            (
                &[(24, 900), (0, 500)],
                "500 credits left; at the pace of the last 7 days (400 a day) they run out on 2026-11-24 13:15 UTC.",
            ),
        ] {
            assert_eq!(outlook(readings).unwrap().detail(&POLICY), detail);
        }
    }

    #[test]
    fn number_in_the_future_or_of_more_than_a_week_ago_says_nothing() {
        let outlook = outlook(&[(0, 5)]).unwrap();
        for (hours, expected) in [(-1, SaysNothing), (0, Firing), (168, Firing), (169, SaysNothing)] {
            assert_eq!(outlook.evaluate(&POLICY, now() + TimeDelta::hours(hours)), expected, "{hours} h");
        }
    }

    fn any_policy() -> impl Strategy<Value = CreditsPolicy> {
        (0_u64..300, 0_i64..200)
            .prop_map(|(low, hours)| CreditsPolicy { low, lead_time: TimeDelta::hours(hours) })
    }

    fn any_readings() -> impl Strategy<Value = Vec<(i64, u64)>> {
        prop::collection::vec((-24_i64..200, 0_u64..500), 1..12)
    }

    proptest! {
        #[test]
        fn order_and_repetition_change_nothing(
            (given, shuffled) in any_readings().prop_flat_map(|given| {
                let twice = [given.clone(), given.clone()].concat();
                (Just(given), Just(twice).prop_shuffle())
            }),
        ) {
            prop_assert_eq!(outlook(&given), outlook(&shuffled));
        }

        #[test]
        fn decision_follows_the_limits(given in any_readings(), policy in any_policy()) {
            let Some(outlook) = outlook(&given) else { return Ok(()) };
            let left = outlook.runs_out_at.map(|end| end - now());
            let is_low = outlook.newest.credits < policy.low || left.is_some_and(|left| left <= policy.lead_time);
            let decision = outlook.evaluate(&policy, now());
            let is_recent = now() - outlook.newest.at <= PACE_WINDOW;
            prop_assert_eq!(decision == Firing, is_low && is_recent);
            if decision == Recovered {
                prop_assert!(outlook.newest.credits * 10 >= policy.low * 11);
                prop_assert!(left.is_none_or(|left| left * 10 >= policy.lead_time * 11));
            }
        }

        #[test]
        fn higher_reading_never_raises_an_alert(
            given in any_readings(),
            policy in any_policy(),
            more in 0_u64..500,
        ) {
            let Some(before) = outlook(&given) else { return Ok(()) };
            let mut given = given;
            given.push((0, before.newest.credits));
            let last = given.len() - 1;
            let before = outlook(&given).unwrap();
            given[last].1 = before.newest.credits + more;
            let after = outlook(&given).unwrap();
            if before.evaluate(&policy, now()) != Firing {
                prop_assert!(after.evaluate(&policy, now()) != Firing);
            }
        }
    }
}
