//! Quiet hours of a receiver: a part of each day in which it is sent only what is critical.
//!
//! Quiet hours hold back deciding, not delivering: a message that was decided before is still retried within them. Like a
//! silence, they hold back firing alerts, reminders and changes, never the notification that an alert resolved. What they hold
//! back is decided again when they end, so their end needs no state of its own. Which severities pass is left to `notification`.
//!
//! Each day has one interval, from the moment that the clocks of the zone first show its begin to the moment that they first show
//! its end. When clocks are moved, the rule is that of a fixed time of a `schedule`: a time that is shown twice counts when it is
//! shown first, and a time that is skipped counts at the moment the clocks move. When both ends are skipped, the interval is empty.

use std::fmt;

use chrono::{NaiveDate, NaiveTime, TimeDelta};

use super::text;
use super::time::Timestamp;
use super::time_zone::TimeZone;

/// A part of each day in which a receiver is sent only what is critical.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuietHours {
    begin: NaiveTime,
    end: NaiveTime,
    zone: TimeZone,
}

/// Why quiet hours are refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QuietHoursError {
    /// They are not two times of day.
    #[error("{typed} is not two times of day such as \"22:00-07:00\"", typed = text::quoted(.0))]
    Form(String),
    /// Both times are the same.
    #[error("{typed} begins and ends at the same time: give two times, or leave the key out", typed = text::quoted(.0))]
    Equal(String),
}

impl QuietHours {
    /// Parses `22:00-07:00`. An end that is earlier than the begin is on the next day.
    ///
    /// # Errors
    /// When `typed` is not two different times of day, each as two digits, a colon and two digits.
    pub fn parse(typed: &str, zone: TimeZone) -> Result<Self, QuietHoursError> {
        let times =
            typed.split_once('-').and_then(|(begin, end)| Some((time_of_day(begin)?, time_of_day(end)?)));
        let (begin, end) = times.ok_or_else(|| QuietHoursError::Form(typed.to_owned()))?;
        if begin == end {
            return Err(QuietHoursError::Equal(typed.to_owned()));
        }
        Ok(Self { begin, end, zone })
    }

    /// Until when they last, if they are in force at `now`. At that moment they no longer are.
    pub fn until(&self, now: Timestamp) -> Option<Timestamp> {
        let (local, _) = self.zone.local(now)?;
        let today = local.date_naive();
        // The clocks may show yesterday's date again, or skip a day. Then one interval may begin where another one ends.
        let dates = (-2..=1).filter_map(|days| today.checked_add_signed(TimeDelta::days(days)));
        let mut until = now;
        for (begin, end) in dates.filter_map(|date| self.interval(date)) {
            if begin <= until && until < end {
                until = end;
            }
        }
        (until > now).then_some(until)
    }

    /// The zone whose clocks they follow.
    pub const fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// The interval that begins on `date`.
    fn interval(&self, date: NaiveDate) -> Option<(Timestamp, Timestamp)> {
        let last = if self.end < self.begin { date.succ_opt()? } else { date };
        let begin = self.zone.first_at_or_after(date.and_time(self.begin))?;
        Some((begin, self.zone.first_at_or_after(last.and_time(self.end))?))
    }
}

/// `22:00-07:00`.
impl fmt::Display for QuietHours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.begin.format("%H:%M"), self.end.format("%H:%M"))
    }
}

fn time_of_day(typed: &str) -> Option<NaiveTime> {
    let (hour, minute) = typed.split_once(':')?;
    let number = |digits: &str| {
        let is_number = digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_digit());
        digits.parse().ok().filter(|_| is_number)
    };
    NaiveTime::from_hms_opt(number(hour)?, number(minute)?, 0)
}

#[cfg(test)]
mod tests;
