//! How moments are written for the people of one receiver.

use crate::domain::time::{self, Timestamp};
use crate::domain::time_zone::TimeZone;

/// How moments are written: in UTC, and beside it as the clocks of a zone show them.
#[derive(Clone, Copy)]
pub(super) struct Times<'a> {
    zone: &'a TimeZone,
    pub(super) now: Timestamp,
}

impl<'a> Times<'a> {
    pub(super) const fn new(zone: &'a TimeZone, now: Timestamp) -> Self {
        Self { zone, now }
    }

    /// `2026-11-23 07:15 UTC, 08:15 CET`.
    pub(super) fn minute(self, moment: Timestamp) -> String {
        let utc = time::minute(moment);
        match self.zone.beside_utc(moment) {
            Some(local) => format!("{utc}, {local}"),
            None => utc,
        }
    }

    /// [`Self::minute`] with the distance from now.
    pub(super) fn dated(self, moment: Timestamp) -> String {
        format!("{} ({})", self.minute(moment), time::relative(moment, self.now))
    }
}
