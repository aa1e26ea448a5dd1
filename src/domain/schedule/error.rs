//! Why a schedule expression is invalid. Each error quotes the offending part.

use strum::Display;

/// One field of an expression.
#[derive(Clone, Copy, Debug, Display, PartialEq, Eq, Hash)]
#[strum(serialize_all = "lowercase")]
pub enum Field {
    /// 0-59; only in expressions of six fields.
    Second,
    /// 0-59.
    Minute,
    /// 0-23.
    Hour,
    /// 1-31.
    #[strum(serialize = "day of month")]
    DayOfMonth,
    /// 1-12, or a name.
    Month,
    /// 0-7, where both 0 and 7 are Sunday, or a name.
    Weekday,
}

/// Why an expression is invalid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleError {
    /// It holds only white space.
    #[error("the expression is empty")]
    Empty,
    /// It is longer than any expression needs to be.
    #[error("the expression has {0} characters; at most {1} are read")]
    TooLong(usize, usize),
    /// It has neither five fields nor six.
    #[error("`{0}` has {1} fields; five (minute hour day month weekday) or six (second first) are expected")]
    FieldCount(String, usize),
    /// `@reboot` has no time that could be computed.
    #[error(
        "`@reboot` is not supported: it has no time on a calendar. At each start the service checks what is due"
    )]
    Reboot,
    /// A word after `@` that crontab(5) does not define.
    #[error("unknown `{0}`; use @yearly, @annually, @monthly, @weekly, @daily, @midnight or @hourly")]
    UnknownWord(String),
    /// A field is malformed.
    #[error(
        "{0} `{1}` is not `*`, a number, a range such as `1-5`, a step such as `*/2`, or a list of these"
    )]
    Malformed(Field, String),
    /// The name of a month or weekday is unknown.
    #[error("unknown {0} `{1}`; names are the first three letters in English, such as `{2}`")]
    UnknownName(Field, String, &'static str),
    /// A number, as typed, is outside the bounds of its field: the lowest and the highest number.
    #[error("{0} `{1}` is outside {2}-{3}")]
    OutOfRange(Field, String, u32, u32),
    /// The end of a range comes before its beginning.
    #[error("{0} `{1}` runs backwards; write it as two ranges")]
    Backwards(Field, String),
    /// The step of an item is zero, or longer than its field: the longest step.
    #[error("the step of {0} `{1}` is outside 1-{2}")]
    Step(Field, String, u32),
    /// The crate `cron` rejects a well-formed expression; its message.
    #[error("{0}")]
    Refused(String),
    /// It names a date that does not occur.
    #[error("`{0}` has no run within five years")]
    Never(String),
}
