//! IANA time zones: the offset of their clocks, and when these are moved.
//!
//! The zone data is part of the program, so the host needs none. Guarantees: exact to the second. The only file that knows the
//! crate `jiff`; everywhere else moments are those of `chrono`.

use std::fmt;

use chrono::{DateTime, FixedOffset, NaiveDateTime, TimeDelta};
use jiff::tz::{self, AmbiguousOffset, Offset, TimeZoneDatabase};

use super::time::Timestamp;

/// A zone of the IANA database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeZone(tz::TimeZone);

/// One change of a zone's clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ClockChange {
    /// When it happens, in UTC.
    pub(super) at: NaiveDateTime,
    /// The wall-clock time without the change.
    pub(super) wall_before: NaiveDateTime,
    /// The wall-clock time after it.
    pub(super) wall_after: NaiveDateTime,
}

impl TimeZone {
    /// Coordinated universal time.
    pub const UTC: Self = Self(tz::TimeZone::UTC);

    /// The zone of this name, in any case of its letters.
    pub fn named(name: &str) -> Option<Self> {
        TimeZoneDatabase::bundled().get(name).ok().filter(|zone| !zone.is_unknown()).map(Self)
    }

    /// Its name in the IANA database.
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }

    /// What its clocks show at `moment`, and its abbreviation then, such as `CET`; `None` far outside the calendar.
    pub fn local(&self, moment: Timestamp) -> Option<(DateTime<FixedOffset>, String)> {
        let at = moment.naive_utc();
        let abbreviation = self.0.to_offset_info(timestamp(at)?).abbreviation().to_owned();
        Some((moment.with_timezone(&self.offset(at)?), abbreviation))
    }

    /// What its clocks show at `moment`, for a text that names the moment in UTC already: `08:15 CET`, with the date where it is another
    /// one; `None` for UTC itself.
    pub fn beside_utc(&self, moment: Timestamp) -> Option<String> {
        let (local, abbreviation) = self.local(moment).filter(|_| *self != Self::UTC)?;
        let is_same_day = local.date_naive() == moment.date_naive();
        let format = if is_same_day { "%H:%M" } else { "%Y-%m-%d %H:%M" };
        Some(format!("{} {abbreviation}", local.format(format)))
    }

    /// How far its clocks are from UTC at `moment`, in UTC; `None` far outside the calendar.
    pub(super) fn offset(&self, moment: NaiveDateTime) -> Option<FixedOffset> {
        fixed(self.0.to_offset(timestamp(moment)?))
    }

    /// The first change of its clocks after `from` and not after `until`, both in UTC.
    pub(super) fn next_clock_change(&self, from: NaiveDateTime, until: NaiveDateTime) -> Option<ClockChange> {
        let (before, until) = (self.0.to_offset(timestamp(from)?), timestamp(until)?);
        let mut transitions = self.0.following(timestamp(from)?).take_while(|next| next.timestamp() <= until);
        // Others change only the zone's abbreviation.
        let transition = transitions.find(|next| next.offset() != before)?;
        let at = DateTime::from_timestamp(transition.timestamp().as_second(), 0)?.naive_utc();
        Some(ClockChange {
            at,
            wall_before: at.checked_add_offset(fixed(before)?)?,
            wall_after: at.checked_add_offset(fixed(transition.offset())?)?,
        })
    }

    /// The moment at which its clocks show `local`: the first one where that happens twice, `None` where it never does.
    pub(super) fn earliest_utc(&self, local: NaiveDateTime) -> Option<Timestamp> {
        let civil = Offset::UTC.to_datetime(timestamp(local)?);
        match self.0.to_ambiguous_timestamp(civil).offset() {
            AmbiguousOffset::Unambiguous { offset } | AmbiguousOffset::Fold { before: offset, .. } => {
                Some(local.checked_sub_offset(fixed(offset)?)?.and_utc())
            }
            AmbiguousOffset::Gap { .. } => None,
        }
    }

    /// The same, but the moment at which its clocks move past `local` where they never show it.
    pub(super) fn first_at_or_after(&self, local: NaiveDateTime) -> Option<Timestamp> {
        let civil = Offset::UTC.to_datetime(timestamp(local)?);
        let AmbiguousOffset::Gap { before, .. } = self.0.to_ambiguous_timestamp(civil).offset() else {
            return self.earliest_utc(local);
        };
        // By the offset before, `local` is at the change or within the skipped time after it.
        let within = local.checked_sub_offset(fixed(before)?)?.checked_add_signed(TimeDelta::seconds(1))?;
        let change = self.0.preceding(timestamp(within)?).next()?;
        DateTime::from_timestamp(change.timestamp().as_second(), 0)
    }
}

impl fmt::Display for TimeZone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

fn timestamp(moment: NaiveDateTime) -> Option<jiff::Timestamp> {
    jiff::Timestamp::from_second(moment.and_utc().timestamp()).ok()
}

fn fixed(offset: Offset) -> Option<FixedOffset> {
    FixedOffset::east_opt(offset.seconds())
}
