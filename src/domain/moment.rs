//! Moments as operators type them (docs/contract.md, section 2): RFC 3339, or relative to now as `-3d`, `+27d`.

use chrono::{DateTime, SubsecRound, Utc};

use super::span;
use super::time::{Timestamp, is_in_calendar};

/// Why a typed moment was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no moment such as `2026-11-23T07:15:00Z`, `+4h` or `-3d`")]
pub struct MomentError(String);

/// Reads a moment; `now` is what a relative one counts from.
///
/// # Errors
/// When the text is neither form, or names a time that no calendar here holds.
pub fn parse(text: &str, now: Timestamp) -> Result<Timestamp, MomentError> {
    let refused = || MomentError(text.to_owned());
    let length = |text: &str| span::parse(text).map_err(|_| refused());
    let moment = if let Some(ahead) = text.strip_prefix('+') {
        now.checked_add_signed(length(ahead)?)
    } else if let Some(back) = text.strip_prefix('-') {
        now.checked_sub_signed(length(back)?)
    } else {
        DateTime::parse_from_rfc3339(text).ok().map(|moment| moment.with_timezone(&Utc).trunc_subsecs(3))
    };
    moment.filter(|moment| is_in_calendar(*moment)).ok_or_else(refused)
}

/// Reads the moment from which on something is wanted: as [`parse`], and a bare length (`7d`) counts back from `now`.
///
/// # Errors
/// As [`parse`].
pub fn since(text: &str, now: Timestamp) -> Result<Timestamp, MomentError> {
    match span::parse(text) {
        Ok(length) => now
            .checked_sub_signed(length)
            .filter(|moment| is_in_calendar(*moment))
            .ok_or_else(|| MomentError(text.to_owned())),
        Err(_) => parse(text, now),
    }
}

#[cfg(test)]
mod tests {
    use chrono::{TimeDelta, TimeZone};

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
        ] {
            assert_eq!(parse(typed, now), Ok(moment), "{typed}");
        }
        assert_eq!(since("7d", now), Ok(now - TimeDelta::days(7)));
        assert_eq!(since("-7d", now), Ok(now - TimeDelta::days(7)));
        assert!(since("yesterday", now).is_err() && since("400000d", now).is_err());
        for refused in [
            "",
            "4h",
            "+",
            "+-4h",
            "tomorrow",
            "2026-11-23",
            "2026-11-23T07:15:00",
            "+40000d",
            "9999-12-31T23:59:59-00:01",
            "-36525d -36525d",
        ] {
            assert!(parse(refused, now).is_err(), "{refused}");
        }
    }
}
