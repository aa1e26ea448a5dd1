//! Durations as operators type and read them: `90s`, `15m`, `12h`, `7d`, `1h30m`, `1.5h`, `2 weeks`.
//!
//! [`parse`] reads what [`text`] writes. Whether a duration is too long or zero is left to the caller.

use chrono::TimeDelta;

/// The longest duration that is read: a century.
const MAX: TimeDelta = TimeDelta::days(36_525);

/// Why a typed duration was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DurationError {
    /// A number alone.
    #[error("`{0}` needs a unit, such as `{0}s`, `{0}m`, `{0}h` or `{0}d`")]
    NoUnit(String),
    /// A part of a second, such as `500ms`.
    #[error("`{0}` is not a length of whole seconds such as `90s`")]
    Fraction(String),
    /// More than a century.
    #[error("`{0}` is longer than a hundred years")]
    TooLong(String),
    /// Anything else.
    #[error("`{0}` is not a length of time such as `90s`, `15m`, `12h` or `7d`")]
    Unreadable(String),
}

/// Reads a duration of whole seconds.
///
/// # Errors
/// When the text is not a duration, has a fraction of a second, or is longer than a century.
pub fn parse(text: &str) -> Result<TimeDelta, DurationError> {
    let refused = |reason: fn(String) -> DurationError| reason(text.trim().to_owned());
    let length = humantime::parse_duration(text).map_err(|error| {
        refused(match error {
            _ if text.trim().parse::<u64>().is_ok() => DurationError::NoUnit,
            humantime::DurationError::NumberOverflow => DurationError::TooLong,
            _ => DurationError::Unreadable,
        })
    })?;
    match TimeDelta::from_std(length) {
        Ok(length) if length > MAX => Err(refused(DurationError::TooLong)),
        Ok(length) if length.subsec_nanos() != 0 => Err(refused(DurationError::Fraction)),
        Ok(length) => Ok(length),
        Err(_) => Err(refused(DurationError::TooLong)),
    }
}

/// Writes a duration in the largest unit that divides it: `7d`, `36h`, `90s`.
pub fn text(length: TimeDelta) -> String {
    let seconds = length.num_seconds();
    for (unit, name) in [(86_400, 'd'), (3_600, 'h'), (60, 'm')] {
        if seconds != 0 && seconds % unit == 0 {
            return format!("{}{name}", seconds / unit);
        }
    }
    format!("{seconds}s")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn durations_are_read_as_operators_type_them() {
        for (typed, seconds) in [
            ("90s", 90),
            ("15m", 900),
            ("12h", 43_200),
            ("7d", 604_800),
            ("0s", 0),
            ("0", 0),
            ("1h30m", 5_400),
            ("1d 12h", 129_600),
            ("1.5h", 5_400),
            ("2 weeks", 1_209_600),
            // Upper case is a month, of 30.44 days.
            ("1M", 2_630_016),
        ] {
            assert_eq!(parse(typed), Ok(TimeDelta::seconds(seconds)), "{typed}");
        }
    }

    #[test]
    fn a_refused_duration_is_named_with_the_reason() {
        for (typed, reason) in [
            ("4", "`4` needs a unit, such as `4s`, `4m`, `4h` or `4d`"),
            ("1.5s", "`1.5s` is not a length of whole seconds such as `90s`"),
            ("500ms", "`500ms` is not a length of whole seconds such as `90s`"),
            ("40000d", "`40000d` is longer than a hundred years"),
            ("99999999999999999999d", "`99999999999999999999d` is longer than a hundred years"),
            ("", "`` is not a length of time such as `90s`, `15m`, `12h` or `7d`"),
            ("-1d", "`-1d` is not a length of time such as"),
            ("1,5h", "`1,5h` is not a length of time such as"),
            ("7 parsecs", "`7 parsecs` is not a length of time such as"),
        ] {
            let refused = parse(typed).unwrap_err().to_string();
            assert!(refused.starts_with(reason), "{refused}");
        }
    }

    proptest! {
        #[test]
        fn written_duration_is_read_back(seconds in 0_i64..3_000_000_000) {
            let length = TimeDelta::seconds(seconds);
            prop_assert_eq!(parse(&text(length)), Ok(length));
        }
    }
}
