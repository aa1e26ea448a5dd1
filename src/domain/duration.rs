//! Durations as operators type and read them: `90s`, `15m`, `12h`, `7d`.
//!
//! [`parse`] reads what [`text`] writes. Whether a duration is too long or zero is left to the caller.

use chrono::TimeDelta;

/// Why a typed duration was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a length of time such as `90s`, `15m`, `12h` or `7d`")]
pub struct DurationError(String);

/// Reads a duration of whole seconds.
///
/// # Errors
/// When the text is not a duration, has a fraction of a second, or is longer than a century.
pub fn parse(text: &str) -> Result<TimeDelta, DurationError> {
    let refused = || DurationError(text.to_owned());
    let length = humantime::parse_duration(text).map_err(|_| refused())?;
    if length.subsec_nanos() != 0 {
        return Err(refused());
    }
    let length = TimeDelta::from_std(length).map_err(|_| refused())?;
    if length > TimeDelta::days(36_525) { Err(refused()) } else { Ok(length) }
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
        for (typed, seconds) in [("90s", 90), ("15m", 900), ("12h", 43_200), ("7d", 604_800), ("0s", 0)] {
            assert_eq!(parse(typed), Ok(TimeDelta::seconds(seconds)), "{typed}");
        }
        for refused in ["", "7", "-1d", "1.5s", "7 parsecs", "500ms", "40000d"] {
            assert!(parse(refused).is_err(), "{refused}");
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
