//! Finds the moments at which a zone's clocks are moved, to the second.
//!
//! The zone data gives the offset at a moment but no list of jumps, so a period is probed day by day, and the day of a jump is
//! bisected. Two jumps within a day that cancel each other would be missed; no zone has had any.

use chrono::{FixedOffset, NaiveDateTime, Offset, TimeDelta, TimeZone};
use chrono_tz::Tz;

/// No zone has set its clocks back by more than this, so a repetition that is still in progress began within it.
pub(super) const LONGEST_REPETITION: TimeDelta = TimeDelta::days(1);

const PROBE: TimeDelta = TimeDelta::days(1);

/// One jump of a zone's clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shift {
    /// When it happens, in UTC.
    pub(super) at: NaiveDateTime,
    /// The wall-clock time without the jump.
    pub(super) wall_before: NaiveDateTime,
    /// The wall-clock time after it.
    pub(super) wall_after: NaiveDateTime,
}

impl Shift {
    /// The first jump in `zone` after `from` and not after `until`, both in UTC.
    pub(super) fn first(zone: Tz, from: NaiveDateTime, until: NaiveDateTime) -> Option<Self> {
        let before = offset(zone, from);
        let mut low = from;
        while low < until {
            let high = low.checked_add_signed(PROBE).map_or(until, |high| high.min(until));
            if offset(zone, high) != before {
                return Self::within(zone, low, high);
            }
            low = high;
        }
        None
    }

    /// The jump after `low` and not after `high`, where the offsets are known to differ.
    fn within(zone: Tz, mut low: NaiveDateTime, mut high: NaiveDateTime) -> Option<Self> {
        let before = offset(zone, low);
        while high - low > TimeDelta::seconds(1) {
            let middle = low + TimeDelta::seconds((high - low).num_seconds() / 2);
            if offset(zone, middle) == before { low = middle } else { high = middle }
        }
        Some(Self {
            at: high,
            wall_before: high.checked_add_offset(before)?,
            wall_after: high.checked_add_offset(offset(zone, high))?,
        })
    }
}

/// How far the clocks of `zone` are from UTC at `moment`.
pub(super) fn offset(zone: Tz, moment: NaiveDateTime) -> FixedOffset {
    zone.offset_from_utc_datetime(&moment).fix()
}
