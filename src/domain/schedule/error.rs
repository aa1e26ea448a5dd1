//! Why an expression was refused, in words that name the offending part.

use std::fmt;

/// One field of an expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Field {
    /// 0-59; only in expressions of six fields.
    Second,
    /// 0-59.
    Minute,
    /// 0-23.
    Hour,
    /// 1-31.
    DayOfMonth,
    /// 1-12, or a name.
    Month,
    /// 0-7, where both 0 and 7 are Sunday, or a name.
    Weekday,
}

impl Field {
    /// Its name in messages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Second => "second",
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::DayOfMonth => "day of month",
            Self::Month => "month",
            Self::Weekday => "weekday",
        }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why an expression was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleError {
    /// Nothing but white space.
    #[error("the expression is empty")]
    Empty,
    /// Longer than any expression needs to be.
    #[error("the expression has {0} characters; at most {1} are read")]
    TooLong(usize, usize),
    /// Neither five fields nor six.
    #[error("`{0}` has {1} fields; five (minute hour day month weekday) or six (second first) are expected")]
    FieldCount(String, usize),
    /// `@reboot` has no moment that could be computed.
    #[error("`@reboot` is no moment on a calendar; every start of the service checks what is due anyway")]
    Reboot,
    /// A word after `@` that crontab(5) does not know.
    #[error("`{0}` is none of @yearly, @annually, @monthly, @weekly, @daily, @midnight and @hourly")]
    UnknownWord(String),
    /// Not the syntax of a field.
    #[error(
        "{0} `{1}` is not `*`, a number, a range such as `1-5`, a step such as `*/2`, or a list of these"
    )]
    Malformed(Field, String),
    /// Letters that are no name of a month or weekday.
    #[error("{0} `{1}` is not known; names are the first three letters in English, such as `{2}`")]
    UnknownName(Field, String, &'static str),
    /// A number outside the field's bounds.
    #[error("{field} `{value}` is outside {first}-{last}")]
    OutOfRange {
        /// Whose number.
        field: Field,
        /// The number as typed.
        value: String,
        /// The least that the field takes.
        first: u32,
        /// The greatest that the field takes.
        last: u32,
    },
    /// A range whose end comes before its beginning.
    #[error("{0} `{1}` runs backwards; write it as two ranges")]
    Backwards(Field, String),
    /// A step of zero, or one so long that it never steps.
    #[error("the step of {field} `{item}` is outside 1-{last}")]
    Step {
        /// Whose step.
        field: Field,
        /// The part as typed.
        item: String,
        /// The longest step that the field takes.
        last: u32,
    },
    /// Well-formed, and yet refused by the crate that keeps the fields, in its own words.
    #[error("{0}")]
    Refused(String),
    /// A date that does not occur.
    #[error("`{0}` has no run within five years")]
    Never(String),
}
