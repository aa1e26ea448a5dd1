//! Times as operators type them (docs/contract.md, section 2): as they are printed, RFC 3339, or relative to now as `-3d`, `+27d`.

use std::borrow::Cow;

use chrono::format::ParseErrorKind;
use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, SubsecRound, TimeZone as _, Utc};

use super::duration;
use super::time::{Timestamp, is_in_calendar};
use super::time_zone::TimeZone;

/// Dates with a time of day, as they are printed and as RFC 3339 writes them.
const FORMATS: [&str; 4] =
    ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M"];

const FORMS: &str = "give it as `2026-11-23 07:15` (UTC), `2026-11-23 08:15 Europe/Berlin`, `2026-11-23T07:15:00Z`, `2026-11-23`, \
                     `+4h` or `-3d`";

/// Why a typed time was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("invalid time `{typed}`: {reason}")]
pub struct MomentError {
    typed: String,
    reason: Cow<'static, str>,
}

/// Parses a time; a relative one counts from `now`, one without a zone is in UTC, a date alone is its first minute.
///
/// # Errors
/// When the text has none of these forms, or is outside the years 0 to 9999.
pub fn parse(text: &str, now: Timestamp) -> Result<Timestamp, MomentError> {
    read(text, now).map_err(|reason| MomentError { typed: text.to_owned(), reason })
}

/// Parses a time in the past: as [`parse`], and a bare length (`7d`) counts back from `now`.
///
/// # Errors
/// As [`parse`].
pub fn since(text: &str, now: Timestamp) -> Result<Timestamp, MomentError> {
    if duration::parse(text).is_ok() { parse(&format!("-{text}"), now) } else { parse(text, now) }
}

fn read(text: &str, now: Timestamp) -> Result<Timestamp, Cow<'static, str>> {
    let length = |text: &str| duration::parse(text).map_err(|error| Cow::from(error.to_string()));
    let time = if let Some(ahead) = text.strip_prefix('+') {
        now.checked_add_signed(length(ahead)?)
    } else if let Some(back) = text.strip_prefix('-') {
        now.checked_sub_signed(length(back)?)
    } else if duration::parse(text).is_ok() {
        return Err(format!("`+{text}` is that long from now, `-{text}` that long ago").into());
    } else {
        Some(absolute(text.trim())?)
    };
    time.filter(|time| is_in_calendar(*time)).ok_or("it is outside the years 0 to 9999".into())
}

fn absolute(text: &str) -> Result<Timestamp, Cow<'static, str>> {
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Ok(time.with_timezone(&Utc).trunc_subsecs(3));
    }
    let timed = FORMATS.iter().find_map(|format| NaiveDateTime::parse_and_remainder(text, format).ok());
    let (local, zone) = match timed {
        Some(timed) => timed,
        None => date(text)?,
    };
    // Far beyond the calendar, converting to UTC could overflow.
    if !is_in_calendar(local.and_utc()) {
        return Ok(local.and_utc());
    }
    let zone = zone.trim();
    let utc = if matches!(zone, "" | "Z") {
        local.and_utc()
    } else if let Ok(offset) = zone.parse::<FixedOffset>() {
        offset.from_local_datetime(&local).single().ok_or(FORMS)?.to_utc()
    } else {
        let named = TimeZone::named(zone).ok_or_else(|| match zone.strip_prefix(':') {
            Some(seconds) => format!("`{seconds}` are no seconds of a time of day such as `07:15:30`"),
            None => format!("`{zone}` is not a time zone such as `UTC`, `Europe/Berlin` or `+01:00`"),
        })?;
        // When the clock is set back, a local time occurs twice: the first one counts.
        named
            .earliest_utc(local)
            .ok_or_else(|| format!("there is no such time in {zone}: the clock is set forward then"))?
    };
    Ok(utc.trunc_subsecs(3))
}

/// The first minute of the date that `text` begins with, and the zone behind it.
fn date(text: &str) -> Result<(NaiveDateTime, &str), Cow<'static, str>> {
    let (date, rest) =
        NaiveDate::parse_and_remainder(text, "%Y-%m-%d").map_err(|error| match error.kind() {
            ParseErrorKind::OutOfRange | ParseErrorKind::Impossible => "there is no such date",
            _ => FORMS,
        })?;
    let time = rest.strip_prefix('T').unwrap_or(rest.trim_start());
    if rest.starts_with('T') || time.starts_with(|c: char| c.is_ascii_digit()) {
        return Err(format!("`{time}` does not begin with a time of day such as `07:15`").into());
    }
    Ok((date.and_time(NaiveTime::MIN), rest))
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn moments_are_read_as_operators_type_them() {
        let now = Utc.with_ymd_and_hms(2026, 11, 23, 7, 15, 0).unwrap();
        for (typed, moment) in [
            ("+4h", now + TimeDelta::hours(4)),
            ("-3d", now - TimeDelta::days(3)),
            ("+0s", now),
            ("2026-11-23T09:15:00+02:00", now),
            ("2026-11-23T07:15:00.0019Z", now + TimeDelta::milliseconds(1)),
            // As the program prints them.
            ("2026-11-23 07:15 UTC", now),
            ("2026-11-23 07:15", now),
            ("2026-11-23 07:15:00 UTC", now),
            ("2026-11-23 07:15:30", now + TimeDelta::seconds(30)),
            ("2026-11-23", now - TimeDelta::minutes(435)),
            // With a zone.
            ("2026-11-23 08:15 Europe/Berlin", now),
            ("2026-11-23 02:15:00 America/New_York", now),
            ("2026-11-23 09:15 +02:00", now),
            ("2026-11-23T07:15:00", now),
            ("2026-11-23T07:15Z", now),
            // The clock is set back in this night: 02:30 occurs twice.
            ("2026-10-25 02:30 Europe/Berlin", Utc.with_ymd_and_hms(2026, 10, 25, 0, 30, 0).unwrap()),
        ] {
            assert_eq!(parse(typed, now), Ok(moment), "{typed}");
        }
        assert_eq!(since("7d", now), Ok(now - TimeDelta::days(7)));
        assert_eq!(since("-7d", now), Ok(now - TimeDelta::days(7)));
        assert!(since("yesterday", now).is_err() && since("400000d", now).is_err());
        for refused in [
            "",
            "4h",
            "4",
            "+",
            "+-4h",
            "tomorrow",
            "2026-11-31",
            "2026-11-23 24:01",
            "2026-11-23 07",
            "2026-11-23 07:15 IST",
            // In this night 02:30 does not exist.
            "2026-03-29 02:30 Europe/Berlin",
            "262142-01-01 00:00 Europe/Berlin",
            "+40000d",
            "9999-12-31T23:59:59-00:01",
            "-36525d -36525d",
        ] {
            assert!(parse(refused, now).is_err(), "{refused}");
        }
    }

    #[test]
    fn a_refused_time_is_named_with_the_part_that_is_wrong() {
        let now = Utc.with_ymd_and_hms(2026, 11, 23, 7, 15, 0).unwrap();
        for (typed, reason) in [
            ("tomorrow", "give it as `2026-11-23 07:15` (UTC), "),
            ("08:00", "give it as "),
            ("4h", "`+4h` is that long from now, `-4h` that long ago"),
            ("+90", "`90` needs a unit, such as `90s`, "),
            ("-3 dayz", "`3 dayz` is not a length of time such as "),
            ("2026-13-01", "there is no such date"),
            ("2026-11-31 07:15", "there is no such date"),
            ("2026-11-23 25:00", "`25:00` does not begin with a time of day such as `07:15`"),
            ("2026-11-23T07:60:00Z", "`07:60:00Z` does not begin with a time of day"),
            ("2026-11-23 07:15 berlin", "`berlin` is not a time zone such as `UTC`, `Europe/Berlin` or "),
            ("2026-03-29 02:30 Europe/Berlin", "there is no such time in Europe/Berlin: the clock is "),
            ("+40000d", "`40000d` is longer than a hundred years"),
            ("12026-11-23", "give it as "),
            ("9999-12-31T23:59:59-00:01", "it is outside the years 0 to 9999"),
        ] {
            let refused = parse(typed, now).unwrap_err().to_string();
            assert!(refused.starts_with(&format!("invalid time `{typed}`: {reason}")), "{refused}");
        }
    }
}
