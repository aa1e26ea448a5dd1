//! The meaning of an expression: crontab(5) as cronie reads it, translated for the crate `cron`, which stores and searches the fields.
//!
//! - Five fields (minute, hour, day of month, month, weekday), or six with the second first; any white space between.
//! - A field is a list of `*`, numbers, ranges, and steps over these: `*/15`, `10-40/5`. `5/15` goes on to the end of
//!   the field (`5-59/15`; of a week the end is Saturday), which is what people mean by it; cronie rejects it.
//! - Months and weekdays also by the first three letters of their English names, in any case, in ranges too. Sunday is
//!   0, 7, and the end of `fri-sun`. A range does not run backwards.
//! - A step is at most the field's greatest number: `*/90` minutes would mean `0`, so it is rejected.
//! - When day of month and weekday are both restricted, a day must match **one** of them, else both. As in cronie,
//!   a field that begins with `*` is unrestricted even with a step: `0 0 */2 * mon` is due on odd days that are Mondays.
//! - `@yearly`, `@annually`, `@monthly`, `@weekly`, `@daily`, `@midnight`, `@hourly`.
//!
//! The crate requires seconds, counts Sunday as 1, rejects 0 and joins the two day fields by AND. It is given wall-clock times as if
//! they were UTC, because it treats moved clocks differently from cronie.

use std::str::FromStr;

use chrono::{NaiveDateTime, TimeDelta};

use super::error::{Field, ScheduleError};

/// The longest expression, in bytes. All seconds, minutes, hours, days, months and weekdays in lists take some 600, and cronie reads lines of
/// at most 1,000. Each part becomes a few parts for the crate, and errors quote it.
const MAX_EXPRESSION: usize = 1_000;

/// How a schedule behaves when clocks are moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A time of day: due once a day for each of its times.
    Fixed,
    /// An interval: due whenever the wall clock matches.
    Interval,
}

/// An expression's fields, ready to be searched on the wall clock.
#[derive(Clone, Debug)]
pub(super) struct Fields {
    /// One, or two when a match of either is enough: the crate joins the day fields only by AND.
    alternatives: Vec<cron::Schedule>,
    kind: Kind,
}

impl Fields {
    /// Reads an expression or one of the `@` words.
    pub(super) fn parse(expression: &str) -> Result<Self, ScheduleError> {
        let typed = expression.trim();
        if expression.len() > MAX_EXPRESSION {
            return Err(ScheduleError::TooLong(expression.chars().count(), MAX_EXPRESSION));
        }
        let fields = if typed.starts_with('@') { expand_shorthand(typed)? } else { typed };
        let texts: Vec<&str> = fields.split_whitespace().collect();
        match texts[..] {
            [] => Err(ScheduleError::Empty),
            [minute, hour, day, month, weekday] => {
                Self::from_fields(["0", minute, hour, day, month, weekday])
            }
            [second, minute, hour, day, month, weekday] => {
                Self::from_fields([second, minute, hour, day, month, weekday])
            }
            _ => Err(ScheduleError::FieldCount(typed.to_owned(), texts.len())),
        }
    }

    fn from_fields([second, minute, hour, day, month, weekday]: [&str; 6]) -> Result<Self, ScheduleError> {
        let is_unrestricted = |text: &str| text.starts_with('*');
        let is_interval = [second, minute, hour].into_iter().any(is_unrestricted);
        let kind = if is_interval { Kind::Interval } else { Kind::Fixed };
        let either_day = !is_unrestricted(day) && !is_unrestricted(weekday);

        let second = Field::Second.translate(second)?;
        let minute = Field::Minute.translate(minute)?;
        let hour = Field::Hour.translate(hour)?;
        let day = Field::DayOfMonth.translate(day)?;
        let month = Field::Month.translate(month)?;
        let weekday = Field::Weekday.translate(weekday)?;
        let time = format!("{second} {minute} {hour}");
        let expressions = if either_day {
            vec![format!("{time} {day} {month} *"), format!("{time} * {month} {weekday}")]
        } else {
            vec![format!("{time} {day} {month} {weekday}")]
        };
        let alternatives = expressions
            .iter()
            .map(|expression| cron::Schedule::from_str(expression))
            .collect::<Result<_, _>>()
            .map_err(|error| ScheduleError::Refused(error.to_string()))?;
        Ok(Self { alternatives, kind })
    }

    /// How it behaves when clocks are moved.
    pub(super) const fn kind(&self) -> Kind {
        self.kind
    }

    /// The first matching wall-clock time after `wall`.
    pub(super) fn next_after(&self, wall: NaiveDateTime) -> Option<NaiveDateTime> {
        // The crate adds a second without checking for the end of the calendar.
        wall.checked_add_signed(TimeDelta::seconds(1))?;
        let next = |schedule: &cron::Schedule| Some(schedule.after(&wall.and_utc()).next()?.naive_utc());
        self.alternatives.iter().filter_map(next).min()
    }
}

/// The five fields that an `@` word abbreviates.
fn expand_shorthand(word: &str) -> Result<&'static str, ScheduleError> {
    match word.to_ascii_lowercase().as_str() {
        "@yearly" | "@annually" => Ok("0 0 1 1 *"),
        "@monthly" => Ok("0 0 1 * *"),
        "@weekly" => Ok("0 0 * * 0"),
        "@daily" | "@midnight" => Ok("0 0 * * *"),
        "@hourly" => Ok("0 * * * *"),
        "@reboot" => Err(ScheduleError::Reboot),
        _ => Err(ScheduleError::UnknownWord(word.to_owned())),
    }
}

impl Field {
    /// The least and the greatest number that may be typed.
    const fn bounds(self) -> (u32, u32) {
        match self {
            Self::Second | Self::Minute => (0, 59),
            Self::Hour => (0, 23),
            Self::DayOfMonth => (1, 31),
            Self::Month => (1, 12),
            Self::Weekday => (0, 7),
        }
    }

    /// Where `*` and `5/15` end.
    const fn end(self) -> u32 {
        match self {
            Self::Weekday => 6,
            Self::Second | Self::Minute | Self::Hour | Self::DayOfMonth | Self::Month => self.bounds().1,
        }
    }

    /// The names of its numbers, from the least on.
    const fn names(self) -> &'static [&'static str] {
        match self {
            Self::Second | Self::Minute | Self::Hour | Self::DayOfMonth => &[],
            Self::Month => {
                &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
            }
            Self::Weekday => &["sun", "mon", "tue", "wed", "thu", "fri", "sat"],
        }
    }

    /// The field as the crate reads it.
    fn translate(self, text: &str) -> Result<String, ScheduleError> {
        if text == "*" {
            return Ok("*".to_owned());
        }
        if text.split(',').any(str::is_empty) {
            return Err(ScheduleError::Malformed(self, text.to_owned()));
        }
        let items: Vec<String> = text.split(',').map(|item| self.item(item)).collect::<Result<_, _>>()?;
        Ok(items.join(","))
    }

    fn item(self, item: &str) -> Result<String, ScheduleError> {
        let (base, step) = match item.split_once('/') {
            Some((base, step)) => (base, Some(self.step(item, step)?)),
            None => (item, None),
        };
        let (first, last) = match base.split_once('-') {
            Some((first, last)) => (self.number(item, first)?, self.range_end(item, last)?),
            None if base == "*" => (self.bounds().0, self.end()),
            None => {
                let first = self.number(item, base)?;
                (first, if step.is_some() { self.end().max(first) } else { first })
            }
        };
        if first > last {
            return Err(ScheduleError::Backwards(self, item.to_owned()));
        }
        let step = step.unwrap_or(1);
        Ok(match self {
            Self::Weekday => crate_weekdays(first, last, step),
            Self::Second | Self::Minute | Self::Hour | Self::DayOfMonth | Self::Month => {
                format!("{first}-{last}/{step}")
            }
        })
    }

    /// A number or name; when it is neither, the error quotes `item`.
    fn number(self, item: &str, text: &str) -> Result<u32, ScheduleError> {
        let (first, last) = self.bounds();
        if is_digits(text) {
            let number = text.parse().ok().filter(|number| (first..=last).contains(number));
            return number.ok_or_else(|| ScheduleError::OutOfRange(self, text.to_owned(), first, last));
        }
        if let Some((number, _)) =
            (first..).zip(self.names()).find(|(_, name)| text.eq_ignore_ascii_case(name))
        {
            return Ok(number);
        }
        match self.names() {
            [example, ..] if !text.is_empty() && text.chars().all(char::is_alphabetic) => {
                Err(ScheduleError::UnknownName(self, text.to_owned(), example))
            }
            _ => Err(ScheduleError::Malformed(self, item.to_owned())),
        }
    }

    /// A number or name after a `-`, where Sunday comes last.
    fn range_end(self, item: &str, text: &str) -> Result<u32, ScheduleError> {
        let sunday_last = self == Self::Weekday && text.eq_ignore_ascii_case("sun");
        if sunday_last { Ok(7) } else { self.number(item, text) }
    }

    fn step(self, item: &str, text: &str) -> Result<u32, ScheduleError> {
        if !is_digits(text) {
            return Err(ScheduleError::Malformed(self, item.to_owned()));
        }
        let (_, last) = self.bounds();
        let step = text.parse().ok().filter(|step| (1..=last).contains(step));
        step.ok_or_else(|| ScheduleError::Step(self, item.to_owned(), last))
    }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The crate's weekdays, listed one by one: it counts Sunday as 1, so a range that ends with Sunday cannot be written as one.
fn crate_weekdays(first: u32, last: u32, step: u32) -> String {
    let days = (first..=last).step_by(usize::try_from(step).unwrap_or(usize::MAX));
    days.map(|day| (day % 7 + 1).to_string()).collect::<Vec<_>>().join(",")
}
