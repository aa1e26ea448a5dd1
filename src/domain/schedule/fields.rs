//! What an expression means: crontab(5) as cronie reads it, told to the crate `cron`, which keeps and searches the fields.
//!
//! - Five fields (minute, hour, day of month, month, weekday), or six with the second first; any white space between.
//! - A field is a list of `*`, numbers, ranges, and steps over these: `*/15`, `10-40/5`. `5/15` goes on to the end of
//!   the field (`5-59/15`; of a week the end is Saturday), as everybody means who types it; cronie refuses it.
//! - Months and weekdays also by the first three letters of their English names, in any case, in ranges too. Sunday is
//!   0, 7, and the end of `fri-sun`. A range does not run backwards.
//! - A step is at most the field's greatest number: `*/90` minutes would be `0`, and is refused for what it hides.
//! - When day of month and weekday are both restricted, a day needs to match **one** of them, else both. As in cronie,
//!   a field that begins with `*` is unrestricted even with a step: `0 0 */2 * mon` is due on odd days that are Mondays.
//! - `@yearly`, `@annually`, `@monthly`, `@weekly`, `@daily`, `@midnight`, `@hourly`.
//!
//! The crate wants seconds, counts Sunday as 1, refuses 0 and joins the two day fields by AND; and it is left on the
//! wall clock (as if it were UTC), because its ways with moved clocks are not ours.

use std::str::FromStr;

use chrono::{NaiveDateTime, TimeDelta};

use super::error::{Field, ScheduleError};

/// Bytes of an expression. All seconds, minutes, hours, days, months and weekdays in lists take some 600, and cronie reads lines of
/// at most 1,000; each part becomes a few parts for the crate, and errors quote it.
const MAX_EXPRESSION: usize = 1_000;

/// How a schedule behaves when clocks are moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A time of day: due once a day for each of its times.
    Fixed,
    /// A rhythm: due whenever the wall clock matches.
    Interval,
}

/// An expression's fields, ready to be searched on the wall clock.
#[derive(Clone, Debug)]
pub(super) struct Fields {
    /// One, or two of which a match of either is enough: the crate itself joins the day fields by AND only.
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
        let spelled = if typed.starts_with('@') { spelled_out(typed)? } else { typed };
        let texts: Vec<&str> = spelled.split_whitespace().collect();
        match texts[..] {
            [] => Err(ScheduleError::Empty),
            [minute, hour, day, month, weekday] => Self::of(["0", minute, hour, day, month, weekday]),
            [second, minute, hour, day, month, weekday] => {
                Self::of([second, minute, hour, day, month, weekday])
            }
            _ => Err(ScheduleError::FieldCount(typed.to_owned(), texts.len())),
        }
    }

    fn of([second, minute, hour, day, month, weekday]: [&str; 6]) -> Result<Self, ScheduleError> {
        let open = |text: &str| text.starts_with('*');
        let kind = if [second, minute, hour].into_iter().any(open) { Kind::Interval } else { Kind::Fixed };
        let either = !open(day) && !open(weekday);

        let time = [
            Field::Second.translated(second)?,
            Field::Minute.translated(minute)?,
            Field::Hour.translated(hour)?,
        ]
        .join(" ");
        let day = Field::DayOfMonth.translated(day)?;
        let month = Field::Month.translated(month)?;
        let weekday = Field::Weekday.translated(weekday)?;
        let expressions = if either {
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

    /// The first matching time on the wall after `wall`.
    pub(super) fn next_after(&self, wall: NaiveDateTime) -> Option<NaiveDateTime> {
        // The crate steps a second ahead without looking whether the calendar goes on.
        wall.checked_add_signed(TimeDelta::seconds(1))?;
        let next = |schedule: &cron::Schedule| Some(schedule.after(&wall.and_utc()).next()?.naive_utc());
        self.alternatives.iter().filter_map(next).min()
    }
}

/// The five fields that an `@` word stands for.
fn spelled_out(word: &str) -> Result<&'static str, ScheduleError> {
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

    /// The field in the crate's dialect.
    fn translated(self, text: &str) -> Result<String, ScheduleError> {
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
            Self::Weekday => weekdays_from_one(first, last, step),
            Self::Second | Self::Minute | Self::Hour | Self::DayOfMonth | Self::Month => {
                format!("{first}-{last}/{step}")
            }
        })
    }

    /// A number or name; `item` is what a message quotes when it is neither.
    fn number(self, item: &str, text: &str) -> Result<u32, ScheduleError> {
        let (first, last) = self.bounds();
        if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
            return text.parse().ok().filter(|number| (first..=last).contains(number)).ok_or_else(|| {
                ScheduleError::OutOfRange { field: self, value: text.to_owned(), first, last }
            });
        }
        if let Some(number) = (first..)
            .zip(self.names())
            .find_map(|(number, name)| text.eq_ignore_ascii_case(name).then_some(number))
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
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(ScheduleError::Malformed(self, item.to_owned()));
        }
        let (_, last) = self.bounds();
        text.parse().ok().filter(|step| (1..=last).contains(step)).ok_or_else(|| ScheduleError::Step {
            field: self,
            item: item.to_owned(),
            last,
        })
    }
}

/// The crate's weekdays, one by one: its week begins with Sunday as 1, so that a range to 7 would not be one there.
fn weekdays_from_one(first: u32, last: u32, step: u32) -> String {
    let mut days = Vec::new();
    let mut day = first;
    while day <= last {
        days.push((day % 7 + 1).to_string());
        day += step;
    }
    days.join(",")
}
