//! Values that several sections share. Each refusal is the rest of a sentence that begins with the key.

use std::ops::RangeInclusive;
use std::path::PathBuf;

use chrono::TimeDelta;

use super::environment::Environment;
use super::secret_shape::is_certainly_secret;
use crate::domain::duration;
use crate::domain::time_zone::TimeZone;

/// Durations are whole seconds, so this is the shortest that is more than nothing.
pub(super) const SECOND: TimeDelta = TimeDelta::seconds(1);

pub(super) const YEAR: TimeDelta = TimeDelta::days(365);

/// What one request, or one stage of a mail session, may be allowed to take.
pub(super) const TIMEOUTS: RangeInclusive<TimeDelta> = SECOND..=TimeDelta::minutes(10);

/// The default time limit of one request, to the API or to a receiver.
pub(super) const REQUEST_TIMEOUT: TimeDelta = TimeDelta::seconds(15);

/// The duration that `typed` means.
pub(super) fn duration(typed: &str, allowed: &RangeInclusive<TimeDelta>) -> Result<TimeDelta, String> {
    let length = duration::parse(typed).map_err(|error| error.to_string())?;
    let (least, most) = (*allowed.start(), *allowed.end());
    if length < least {
        return Err(format!("\"{typed}\" is shorter than {}", duration::text(least)));
    }
    if length > most {
        return Err(format!("\"{typed}\" is longer than {}", duration::text(most)));
    }
    Ok(length)
}

/// An IANA time zone.
pub(super) fn timezone(typed: &str) -> Result<TimeZone, String> {
    TimeZone::named(typed)
        .ok_or_else(|| format!("\"{typed}\" is not an IANA time zone such as \"Europe/Berlin\""))
}

/// A name that people give and read.
pub(super) fn name(typed: &str) -> Result<String, &'static str> {
    if typed.trim().is_empty() {
        return Err("is empty");
    }
    if typed.chars().any(char::is_control) {
        return Err("holds a control character");
    }
    if is_certainly_secret(typed) {
        return Err("looks like a secret, and would be printed as a name");
    }
    Ok(typed.to_owned())
}

/// A path that the operator gives. Only a shell expands `~`.
pub(super) fn path(typed: &str, environment: &Environment) -> Result<PathBuf, String> {
    if typed.is_empty() {
        return Err("is empty: give the path of a file".to_owned());
    }
    if typed.chars().any(char::is_control) {
        return Err(
            "holds a control character: in \"…\" a backslash begins an escape; write the path in '…' or with /"
                .to_owned(),
        );
    }
    if let Some(rest) = typed.strip_prefix('~') {
        let home = environment.path("HOME").filter(|_| rest.starts_with('/'));
        let example = home.map(|home| format!(", such as {}{rest}", home.display())).unwrap_or_default();
        return Err(format!("`~` is not expanded: write the full path{example}"));
    }
    Ok(PathBuf::from(typed))
}
