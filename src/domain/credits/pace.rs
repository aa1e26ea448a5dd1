//! How fast credits go (docs/contract.md, "Counting jobs"): the sum of the decreases in the last 7 days, divided by the time that the
//! readings span, at least a day.
//!
//! An increase is a purchase or a renewal and counts for nothing. Credits that ended unused count like used ones: they are gone too.

use std::collections::BTreeMap;
use std::fmt;

use chrono::TimeDelta;

use super::balance::CreditReading;
use crate::domain::time::Timestamp;

/// How far back readings count.
pub const PACE_WINDOW: TimeDelta = TimeDelta::days(7);
/// Readings that span less are divided by this: an hour with one job is not a pace.
const MIN_SPAN: TimeDelta = TimeDelta::days(1);
/// An end that lies farther ahead is none.
const MAX_AHEAD: TimeDelta = TimeDelta::days(36_525);
const DAY_MS: u128 = 86_400_000;

/// How fast credits go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// How many went; above 0.
    decrease: u64,
    /// In which time; at least a day.
    span: TimeDelta,
}

impl Pace {
    /// The pace of the readings of the last 7 days; `None` if none went.
    pub fn from_readings(readings: &[CreditReading], now: Timestamp) -> Option<Self> {
        // Of several readings at one moment the highest counts: it makes no decrease that was not seen.
        let mut credits_at: BTreeMap<Timestamp, u64> = BTreeMap::new();
        for reading in readings.iter().filter(|reading| reading.at <= now && now - reading.at <= PACE_WINDOW)
        {
            let credits = credits_at.entry(reading.at).or_default();
            *credits = reading.credits.max(*credits);
        }
        let ((first, _), (last, _)) = credits_at.first_key_value().zip(credits_at.last_key_value())?;
        let later = credits_at.values().skip(1);
        let decreases = credits_at.values().zip(later).map(|(before, after)| before.saturating_sub(*after));
        let decrease = decreases.fold(0, u64::saturating_add);
        (decrease > 0).then_some(Self { decrease, span: (*last - *first).max(MIN_SPAN) })
    }

    /// As it is stored: how many went, and in which time. `None` of what no readings give.
    pub fn from_parts(decrease: u64, span: TimeDelta) -> Option<Self> {
        let is_pace = decrease > 0 && span >= MIN_SPAN && span <= PACE_WINDOW;
        is_pace.then_some(Self { decrease, span })
    }

    /// How many went, and in which time.
    pub const fn parts(self) -> (u64, TimeDelta) {
        (self.decrease, self.span)
    }

    /// When the credits of this reading are gone at this pace; `None` if not within a century.
    pub fn runs_out_at(self, reading: CreditReading) -> Option<Timestamp> {
        let milliseconds = u128::from(reading.credits) * self.span_ms() / u128::from(self.decrease);
        let ahead = i64::try_from(milliseconds).ok().and_then(TimeDelta::try_milliseconds)?;
        if ahead > MAX_AHEAD { None } else { reading.at.checked_add_signed(ahead) }
    }

    /// Credits a day, rounded.
    pub fn per_day(self) -> u128 {
        let span = self.span_ms();
        (u128::from(self.decrease) * DAY_MS + span / 2) / span
    }

    fn span_ms(self) -> u128 {
        u128::try_from(self.span.num_milliseconds()).unwrap_or(DAY_MS)
    }
}

/// `40 a day`
impl fmt::Display for Pace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.per_day() {
            0 => f.write_str("less than 1 a day"),
            credits => write!(f, "{credits} a day"),
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::{TimeZone, Utc};
    use proptest::prelude::*;

    use super::*;

    fn now() -> Timestamp {
        Utc.with_ymd_and_hms(2026, 11, 23, 7, 15, 0).unwrap()
    }

    fn readings(hours_ago_and_credits: &[(i64, u64)]) -> Vec<CreditReading> {
        let reading = |(hours, credits): &(i64, u64)| CreditReading {
            at: now() - TimeDelta::hours(*hours),
            credits: *credits,
        };
        hours_ago_and_credits.iter().map(reading).collect()
    }

    fn pace(hours_ago_and_credits: &[(i64, u64)]) -> Option<String> {
        Pace::from_readings(&readings(hours_ago_and_credits), now()).map(|pace| pace.to_string())
    }

    #[test]
    fn pace_is_the_sum_of_the_decreases_divided_by_the_time_that_the_readings_span() {
        for (readings, expected) in [
            (&[][..], None),
            (&[(0, 100)], None),
            (&[(48, 100), (0, 100)], None),
            (&[(48, 100), (0, 200)], None),
            (&[(48, 100), (0, 20)], Some("40 a day")),
            // A purchase in between counts for nothing.
            (&[(48, 100), (24, 60), (23, 1_000), (0, 960)], Some("40 a day")),
            // Less than a day counts as a day.
            (&[(1, 100), (0, 60)], Some("40 a day")),
            (&[(168, 3), (0, 1)], Some("less than 1 a day")),
            (&[(168, 5), (0, 1)], Some("1 a day")),
            // Before the last 7 days, and in the future.
            (&[(169, 1_000), (48, 100), (0, 20), (-1, 0)], Some("40 a day")),
        ] {
            assert_eq!(pace(readings).as_deref(), expected, "{readings:?}");
        }
    }

    #[test]
    fn credits_run_out_when_the_pace_has_used_them() {
        let pace = Pace::from_readings(&readings(&[(48, 100), (0, 20)]), now()).unwrap();
        let runs_out_at = |credits| pace.runs_out_at(CreditReading { at: now(), credits });
        assert_eq!(runs_out_at(20), Some(now() + TimeDelta::hours(12)));
        assert_eq!(runs_out_at(0), Some(now()));
        assert_eq!(runs_out_at(40 * 36_525), Some(now() + MAX_AHEAD));
        assert_eq!(runs_out_at(40 * 36_526), None);
        assert_eq!(runs_out_at(u64::MAX), None);
    }

    proptest! {
        #[test]
        fn order_and_repetition_of_readings_change_nothing(
            (given, shuffled) in prop::collection::vec((-24_i64..200, 0_u64..500), 0..20).prop_flat_map(|given| {
                let twice = [given.clone(), given.clone()].concat();
                (Just(given), Just(twice).prop_shuffle())
            }),
        ) {
            let of = |given: &[(i64, u64)]| Pace::from_readings(&readings(given), now());
            prop_assert_eq!(of(&given), of(&shuffled));
        }

        #[test]
        fn any_readings_have_a_pace_that_can_be_shown_and_an_end_that_is_not_before_the_reading(
            given in prop::collection::vec((0_i64..200, any::<u64>()), 0..20),
            credits in any::<u64>(),
        ) {
            if let Some(pace) = Pace::from_readings(&readings(&given), now()) {
                prop_assert!(pace.span >= MIN_SPAN && pace.span <= PACE_WINDOW && pace.decrease > 0);
                prop_assert_eq!(Pace::from_parts(pace.decrease, pace.span), Some(pace));
                prop_assert!(pace.to_string().ends_with(" a day"));
                let end = pace.runs_out_at(CreditReading { at: now(), credits });
                prop_assert!(end.is_none_or(|end| end >= now() && end <= now() + MAX_AHEAD));
            }
        }
    }
}
