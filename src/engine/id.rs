//! Ids of alerts and messages.

use crate::domain::time::Timestamp;

/// A new id that sorts by time.
pub(super) fn new_id(now: Timestamp) -> String {
    ulid::Ulid::from_datetime(now.into()).to_string()
}
