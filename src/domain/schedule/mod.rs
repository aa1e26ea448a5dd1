//! When runs are due: crontab(5) expressions in an IANA zone.
//!
//! Every result is computed from the wall clock of the zone, so nothing drifts. It is a whole second, strictly after the given
//! moment, and found in microseconds (a rare yearly one in about a millisecond). Sleeping, jitter and runs that were missed are
//! left to `daemon`.
//!
//! The head of `fields.rs` describes what an expression means. What happens when clocks are moved follows cron(8) of cronie and
//! depends on how the time of day is written:
//!
//! - An **interval** has a `*` or `*/n` at the beginning of its minute or hour field (or seconds, where given). It is
//!   due whenever the wall clock shows a time that matches: times skipped in spring are not due, times shown twice in autumn are
//!   due twice.
//! - A **fixed time** has none, as in `30 2 * * *` or `0,30 1-3 * * *`. When its time is skipped it is due once, at the
//!   moment the clocks move, however many of its times were skipped; when its time is shown twice it is due the first
//!   time only.
//!
//! This holds for jumps of any size: half an hour on Lord Howe Island, one that skips midnight, and the whole day that
//! Samoa skipped, whose fixed times are due once at the following midnight. (Cronie takes more than three hours for a correction of
//! the clock and drops the skipped times; a jump of a zone is never a correction.)

use chrono::{Datelike, Months, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Timelike};

use super::time::Timestamp;
use super::time_zone::TimeZone;

mod error;
mod fields;
#[cfg(test)]
mod tests;

pub use error::{Field, ScheduleError};

use fields::{Fields, Kind};

/// A schedule without a run for this long is a typing error.
const HORIZON: Months = Months::new(5 * 12);

/// How far in the past a run is searched: longer than from one 29th of February to the next.
const LOOK_BACK: TimeDelta = TimeDelta::days(9 * 366);

/// No zone has set its clocks back by more than this, so a repetition that is still in progress began within it.
const LONGEST_REPETITION: TimeDelta = TimeDelta::days(1);

const SECOND: TimeDelta = TimeDelta::seconds(1);

/// `now`, or a moment within the calendar of the crate `cron` (1970 to 2100) if `now` lies outside: a wrong clock is not an error of the
/// expression.
fn clamp_to_calendar(now: Timestamp) -> Timestamp {
    let year = match now.year() {
        ..1970 => 1970,
        1970..2100 => return now,
        2100.. => 2095,
    };
    NaiveDate::from_ymd_opt(year, 1, 1).map_or(now, |date| date.and_time(NaiveTime::MIN).and_utc())
}

/// A crontab(5) expression in its zone.
#[derive(Clone, Debug)]
pub struct Schedule {
    expression: String,
    zone: TimeZone,
    fields: Fields,
}

impl Schedule {
    /// Parses `expression`.
    ///
    /// # Errors
    /// When it is malformed or has no run within five years of `now`. Each [`ScheduleError`] quotes the offending part.
    pub fn parse(expression: &str, zone: TimeZone, now: Timestamp) -> Result<Self, ScheduleError> {
        let schedule = Self { expression: expression.to_owned(), zone, fields: Fields::parse(expression)? };
        let now = clamp_to_calendar(now);
        let horizon = now.checked_add_months(HORIZON);
        match (schedule.next_after(now), horizon) {
            (Some(next), Some(horizon)) if next <= horizon => Ok(schedule),
            _ => Err(ScheduleError::Never(expression.trim().to_owned())),
        }
    }

    /// The first run strictly after `after`; none after 2100, where the calendar of the crate `cron` ends.
    pub fn next_after(&self, after: Timestamp) -> Option<Timestamp> {
        let mut from = after.naive_utc().with_nanosecond(0)?;
        let mut past = self.past_wall_time(from)?;
        // One iteration per jump of the clocks between `after` and the run: within it wall clock and UTC move together.
        loop {
            let due = self.fields.next_after(past)?;
            let moment = due.checked_sub_offset(self.zone.offset(from)?)?;
            let Some(change) = self.zone.next_clock_change(from, moment) else {
                return Some(moment.and_utc());
            };
            past = match self.fields.kind() {
                Kind::Fixed if due < change.wall_after => return Some(change.at.and_utc()),
                Kind::Fixed => change.wall_before.max(change.wall_after),
                Kind::Interval => change.wall_after,
            }
            .checked_sub_signed(SECOND)?;
            from = change.at;
        }
    }

    /// The last run at `moment` or before; none if there was none within nine years.
    pub fn last_until(&self, moment: Timestamp) -> Option<Timestamp> {
        let is_before = |from: Timestamp| self.next_after(from).is_some_and(|next| next <= moment);
        let mut distance = TimeDelta::minutes(1);
        let mut from = moment.checked_sub_signed(distance)?;
        while !is_before(from) {
            if distance > LOOK_BACK {
                return None;
            }
            distance = distance * 2;
            from = moment.checked_sub_signed(distance)?;
        }
        // Runs are whole seconds: within one there is no second run.
        let mut to = moment;
        while to - from > SECOND {
            let middle = from + (to - from) / 2;
            if is_before(middle) { from = middle } else { to = middle }
        }
        self.next_after(from)
    }

    /// The interval at `moment`: the longer one of the pause in which it lies and the pause before that. In an irregular schedule a
    /// night or weekend without runs counts until the second run after it, since the first one takes time.
    pub fn interval_at(&self, moment: Timestamp) -> TimeDelta {
        let due = self.last_until(moment);
        let before = due.and_then(|due| self.last_until(due - TimeDelta::milliseconds(1)));
        let pause = |from: Option<Timestamp>, to: Option<Timestamp>| Some(to? - from?);
        let pauses = [pause(before, due), pause(due, self.next_after(moment))];
        pauses.into_iter().flatten().max().unwrap_or_default()
    }

    /// The expression as typed.
    pub fn expression(&self) -> &str {
        &self.expression
    }

    /// Its time zone.
    pub const fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// The last wall-clock time that counts as past at `moment`. For a fixed time it is ahead of the clock while the clock shows
    /// times for the second time.
    fn past_wall_time(&self, moment: NaiveDateTime) -> Option<NaiveDateTime> {
        let wall = moment.checked_add_offset(self.zone.offset(moment)?)?;
        match self.fields.kind() {
            Kind::Interval => Some(wall),
            Kind::Fixed => {
                let day_before = moment.checked_sub_signed(LONGEST_REPETITION)?;
                let change = self.zone.next_clock_change(day_before, moment);
                let shown = change.map(|change| change.wall_before - SECOND);
                Some(shown.map_or(wall, |shown| shown.max(wall)))
            }
        }
    }
}
