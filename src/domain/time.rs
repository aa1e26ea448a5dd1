//! Timestamps: one type, one precision, one way to write them.
//!
//! A stored, sent or printed timestamp reads the same everywhere (UTC). Reading clocks is left to `clock`.

use chrono::{DateTime, Datelike, SecondsFormat, TimeDelta, Utc};

/// A moment in UTC, to the millisecond as in the store.
pub type Timestamp = DateTime<Utc>;

/// Whether `moment` lies in the years 0 to 9999, which RFC 3339 can write. The type holds moments far beyond. Every moment from
/// outside is checked, so that adding or subtracting a century cannot overflow.
pub fn is_in_calendar(moment: Timestamp) -> bool {
    (0..=9_999).contains(&moment.year())
}

/// `moment` for people: `2026-11-23 07:15 UTC`, to the minute.
pub fn minute(moment: Timestamp) -> String {
    moment.format("%Y-%m-%d %H:%M UTC").to_string()
}

/// `moment` for machines: RFC 3339 in whole seconds, `2026-11-23T07:15:00Z`.
pub fn rfc3339(moment: Timestamp) -> String {
    moment.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// The distance from `now` to `moment` for people: `in 3 days 4 h`, `5 min ago`, `now`; at most two units.
pub fn relative(moment: Timestamp, now: Timestamp) -> String {
    let distance = moment - now;
    if distance.abs() < TimeDelta::seconds(1) {
        return "now".to_owned();
    }
    let words = in_words(distance.abs());
    if distance > TimeDelta::zero() { format!("in {words}") } else { format!("{words} ago") }
}

/// `moment` for people, with its distance from `now`: `2026-11-23 07:15 UTC (in 3 h)`.
pub fn dated(moment: Timestamp, now: Timestamp) -> String {
    format!("{} ({})", minute(moment), relative(moment, now))
}

/// A length of time for people, its two largest units: `3 days 4 h`, `12 min`, `45 s`.
pub fn in_words(length: TimeDelta) -> String {
    let seconds = length.num_seconds();
    let (days, hours) = (seconds / 86_400, seconds % 86_400 / 3_600);
    let (minutes, rest) = (seconds % 3_600 / 60, seconds % 60);
    let day_word = if days == 1 { "day" } else { "days" };
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{rest} s"),
        (0, 0, _) => format!("{minutes} min"),
        (0, _, 0) => format!("{hours} h"),
        (0, _, _) => format!("{hours} h {minutes} min"),
        (_, 0, _) => format!("{days} {day_word}"),
        _ => format!("{days} {day_word} {hours} h"),
    }
}

/// Serde for timestamps in everything that leaves the program: RFC 3339 in whole seconds.
pub mod seconds {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    use super::{Timestamp, is_in_calendar};

    /// Writes the moment as [`super::rfc3339`] does.
    pub fn serialize<S: Serializer>(moment: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&super::rfc3339(*moment))
    }

    /// Reads any RFC 3339 moment of the years 0 to 9999.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
        in_calendar(Timestamp::deserialize(deserializer)?)
    }

    fn in_calendar<E: Error>(moment: Timestamp) -> Result<Timestamp, E> {
        if is_in_calendar(moment) { Ok(moment) } else { Err(E::custom("beyond the year 9999")) }
    }

    /// The same for a moment that may be absent (`null`).
    pub mod option {
        use serde::{Deserialize, Deserializer, Serialize, Serializer};

        use crate::domain::time::{Timestamp, rfc3339};

        /// Writes the moment, or `null`.
        pub fn serialize<S: Serializer>(moment: &Option<Timestamp>, to: S) -> Result<S::Ok, S::Error> {
            moment.map(rfc3339).serialize(to)
        }

        /// Reads a moment or `null`.
        pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Timestamp>, D::Error> {
            Option::<Timestamp>::deserialize(from)?.map(super::in_calendar).transpose()
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone;

    use super::*;

    #[test]
    fn distance_is_written_in_its_two_largest_units() {
        let now = Utc.with_ymd_and_hms(2026, 11, 23, 7, 15, 0).unwrap();
        for (seconds, words) in [
            (0, "now"),
            (1, "in 1 s"),
            (-59, "59 s ago"),
            (60, "in 1 min"),
            (3_600, "in 1 h"),
            (-5_460, "1 h 31 min ago"),
            (86_400, "in 1 day"),
            (604_799, "in 6 days 23 h"),
            (604_800, "in 7 days"),
        ] {
            assert_eq!(relative(now + TimeDelta::seconds(seconds), now), words, "{seconds} s");
        }
    }
}
