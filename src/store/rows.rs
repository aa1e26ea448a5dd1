//! Between columns and values: moments as milliseconds, words as enums.

use chrono::DateTime;

use super::StoreError;
use crate::domain::alert::Severity;
use crate::domain::time::Timestamp;

/// A moment as its column holds it.
pub(super) const fn millis(moment: Timestamp) -> i64 {
    moment.timestamp_millis()
}

/// A moment that may be absent.
pub(super) fn millis_of(moment: Option<Timestamp>) -> Option<i64> {
    moment.map(millis)
}

/// The moment in a column.
pub(super) fn moment(column: &'static str, value: i64) -> Result<Timestamp, StoreError> {
    DateTime::from_timestamp_millis(value).ok_or_else(|| unreadable(column, value))
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
pub(super) fn severity(value: &str) -> Result<Severity, StoreError> {
    word("severity", value, |text| Severity::ALL.into_iter().find(|severity| severity.as_str() == text))
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
