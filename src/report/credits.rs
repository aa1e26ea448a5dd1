//! The credits of an account, as `explain` prints them, and over time, as `history` does.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::credits::{CreditsState, Pace};
use crate::domain::text;
use crate::domain::time::{Timestamp, seconds};
use crate::store::CreditPeriod;

/// The credits of one account, by the last answers of `GET /v1/minimax/features`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct CreditsReport {
    /// How many were left; `null` before the first number.
    pub credits: Option<u64>,
    /// When that was read.
    #[serde(serialize_with = "seconds::option::serialize")]
    pub read_at: Option<Timestamp>,
    /// How many went each day of the last 7 days; `null` when none did.
    pub per_day: Option<u64>,
    /// When they are gone at this pace.
    #[serde(serialize_with = "seconds::option::serialize")]
    pub runs_out_at: Option<Timestamp>,
    /// When the first of them end.
    #[serde(serialize_with = "seconds::option::serialize")]
    pub ends_at: Option<Timestamp>,
    /// The name of the plan.
    pub plan: Option<String>,
    /// When the plan ends.
    #[serde(serialize_with = "seconds::option::serialize")]
    pub plan_ends_at: Option<Timestamp>,
    /// When MiniMax last answered for the account.
    #[serde(serialize_with = "seconds::option::serialize")]
    pub answered_at: Option<Timestamp>,
    /// Why the session is dead, if the last answer that says anything says so.
    pub session_error: Option<String>,
    /// Why the last reading failed, if it did.
    pub error: Option<String>,
}

impl CreditsReport {
    /// The report of `state`.
    pub fn new(state: &CreditsState) -> Self {
        let outlook = state.outlook;
        let per_day = outlook.and_then(|outlook| outlook.pace).map(Pace::per_day);
        Self {
            credits: outlook.map(|outlook| outlook.newest.credits),
            read_at: outlook.map(|outlook| outlook.newest.at),
            per_day: per_day.map(|credits| u64::try_from(credits).unwrap_or(u64::MAX)),
            runs_out_at: outlook.and_then(|outlook| outlook.runs_out_at),
            ends_at: state.ends_at,
            plan: state.plan.clone(),
            plan_ends_at: state.plan_ends_at,
            answered_at: state.read_at,
            session_error: state.session_error.clone(),
            error: state.failure.clone(),
        }
    }
}

/// The credits of an account on one day (UTC).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct CreditsOfDay {
    /// The day, `YYYY-MM-DD`.
    #[schemars(with = "String")]
    pub day: NaiveDate,
    /// The first number that was read.
    pub first: u64,
    /// The last one.
    pub last: u64,
    /// The lowest one.
    pub lowest: u64,
    /// The highest one.
    pub highest: u64,
    /// The last name of the plan.
    pub plan: Option<String>,
}

impl CreditsOfDay {
    /// `5000 → 3200, lowest 100, plan Unlimited`.
    pub fn sentence(&self) -> String {
        let Self { first, last, lowest, highest, plan, .. } = self;
        let mut text = if first == last { last.to_string() } else { format!("{first} → {last}") };
        if lowest < first.min(last) {
            let _ = write!(text, ", lowest {lowest}");
        }
        if highest > first.max(last) {
            let _ = write!(text, ", highest {highest}");
        }
        if let Some(plan) = plan {
            let _ = write!(text, ", plan {}", text::name(plan));
        }
        text
    }
}

/// The credits of each day with a reading since `since`, oldest first. A number that did not change for days is shown at its first and last
/// day.
pub(super) fn credits_by_day(periods: &[CreditPeriod], since: Option<Timestamp>) -> Vec<CreditsOfDay> {
    let mut points: Vec<(Timestamp, &CreditPeriod)> = periods
        .iter()
        .flat_map(|period| [(period.first_read_at, period), (period.last_read_at, period)])
        .filter(|(at, _)| since.is_none_or(|since| *at >= since))
        .collect();
    points.sort_by_key(|(at, _)| *at);
    let mut days: BTreeMap<NaiveDate, CreditsOfDay> = BTreeMap::new();
    for (at, CreditPeriod { credits, plan, .. }) in points {
        let (day, credits) = (at.date_naive(), *credits);
        let new = || CreditsOfDay {
            day,
            first: credits,
            last: credits,
            lowest: credits,
            highest: credits,
            plan: None,
        };
        let of_day = days.entry(day).or_insert_with(new);
        of_day.last = credits;
        of_day.lowest = of_day.lowest.min(credits);
        of_day.highest = of_day.highest.max(credits);
        of_day.plan.clone_from(plan);
    }
    days.into_values().collect()
}

#[cfg(test)]
mod tests {
    use chrono::{TimeDelta, TimeZone, Utc};

    use super::*;

    #[test]
    fn days_show_their_first_last_lowest_and_highest_number() {
        let at = |hours| Utc.with_ymd_and_hms(2026, 11, 20, 0, 0, 0).unwrap() + TimeDelta::hours(hours);
        let period = |credits, from, to| CreditPeriod {
            credits,
            plan: Some("Unlimited".to_owned()),
            ends_at: None,
            first_read_at: at(from),
            last_read_at: at(to),
            readings: 1,
        };
        let periods = [period(100, 1, 3), period(20, 4, 4), period(900, 5, 70), period(800, 71, 71)];
        let days: Vec<_> = credits_by_day(&periods, None)
            .into_iter()
            .map(|day| (day.day.to_string(), day.first, day.last, day.lowest, day.highest))
            .collect();
        assert_eq!(
            days,
            [("2026-11-20".to_owned(), 100, 900, 20, 900), ("2026-11-22".to_owned(), 900, 800, 800, 900)]
        );
        assert_eq!(credits_by_day(&periods, Some(at(71))).len(), 1);
        assert!(credits_by_day(&[], None).is_empty());
    }
}
