//! Between columns and values: moments as milliseconds, words as enums.

use chrono::{DateTime, TimeDelta};

use super::StoreError;
use crate::domain::alert::Severity;
use crate::domain::time::{Timestamp, is_in_calendar};

/// No length of time that this program writes is longer.
const LONGEST: TimeDelta = TimeDelta::days(36_525);

/// A moment as its column holds it.
pub(super) const fn millis(moment: Timestamp) -> i64 {
    moment.timestamp_millis()
}

/// A moment that may be absent.
pub(super) fn millis_of(moment: Option<Timestamp>) -> Option<i64> {
    moment.map(millis)
}

/// The moment in a column. What lies beyond the calendar that this program writes is refused here, so that nothing that reckons
/// with moments can overflow.
pub(super) fn moment(column: &'static str, value: i64) -> Result<Timestamp, StoreError> {
    let moment = DateTime::from_timestamp_millis(value).filter(|moment| is_in_calendar(*moment));
    moment.ok_or_else(|| unreadable(column, value))
}

/// The length of time in a column of milliseconds.
pub(super) fn length(column: &'static str, value: i64) -> Result<TimeDelta, StoreError> {
    let length = TimeDelta::try_milliseconds(value);
    length
        .filter(|length| (TimeDelta::zero()..=LONGEST).contains(length))
        .ok_or_else(|| unreadable(column, value))
}

/// The number in a column that counts something.
pub(super) fn count(column: &'static str, value: i64) -> Result<u32, StoreError> {
    u32::try_from(value).map_err(|_| unreadable(column, value))
}

/// The moment in a column that may be null.
pub(super) fn moment_of(column: &'static str, value: Option<i64>) -> Result<Option<Timestamp>, StoreError> {
    value.map(|value| moment(column, value)).transpose()
}

/// The value behind a word, by the enum's own reading.
pub(super) fn word<T>(
    column: &'static str,
    value: &str,
    read: impl Fn(&str) -> Option<T>,
) -> Result<T, StoreError> {
    read(value).ok_or_else(|| unreadable(column, value))
}

/// The severity behind a word.
pub(super) fn severity(column: &'static str, value: &str) -> Result<Severity, StoreError> {
    word(column, value, |text| Severity::ALL.into_iter().find(|severity| severity.as_str() == text))
}

/// JSON in a column.
pub(super) fn json<T: serde::de::DeserializeOwned>(
    column: &'static str,
    value: &str,
) -> Result<T, StoreError> {
    serde_json::from_str(value).map_err(|_| unreadable(column, value))
}

/// A value as JSON for a column.
pub(super) fn to_json<T: serde::Serialize>(column: &'static str, value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| unreadable(column, error))
}

/// The complaint about a column that this program never writes so.
pub(super) fn unreadable(column: &'static str, value: impl std::fmt::Display) -> StoreError {
    StoreError::Unreadable { column, value: value.to_string() }
}
