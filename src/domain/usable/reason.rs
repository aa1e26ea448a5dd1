//! Why an account cannot take jobs, and the sentence that says so.

use std::fmt;

use chrono::TimeDelta;

use super::need::NeededFlag;
use crate::domain::alerts::AlertKind;
use crate::domain::duration;
use crate::domain::observation::Outcome;
use crate::domain::severity::Severity;
use crate::domain::time::{Timestamp, dated, in_words, minute};

/// Why an account cannot take jobs. `now` is the moment for which it was judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UnusableReason {
    /// Its last conclusive check was not ok.
    Outcome {
        /// What the check saw, if that is still known.
        outcome: Option<Outcome>,
        /// When it was.
        at: Timestamp,
        /// See the type.
        now: Timestamp,
    },
    /// Its last conclusive check is too old to say anything about now.
    Stale {
        /// When it was.
        at: Timestamp,
        /// See the type.
        now: Timestamp,
        /// The age from which a check is too old.
        max_age: TimeDelta,
    },
    /// Its last conclusive check is dated far in the future, so its age is unknown.
    ClockSetBack {
        /// The date.
        at: Timestamp,
    },
    /// Its token has expired.
    Expired {
        /// When.
        at: Timestamp,
    },
    /// Its token expires within the time for which it is needed.
    ExpiresTooSoon {
        /// When.
        at: Timestamp,
        /// See the type.
        now: Timestamp,
        /// For how long it is needed.
        valid_for: TimeDelta,
    },
    /// A flag that is needed is not true.
    Lacks {
        /// The flag.
        need: NeededFlag,
        /// Whether the vendor's answer does not name it at all.
        is_absent: bool,
    },
    /// An alert that speaks against it is open.
    OpenAlert {
        /// The kind of the alert.
        kind: AlertKind,
        /// Its severity.
        severity: Severity,
    },
}

impl fmt::Display for UnusableReason {
    /// One sentence, without a full stop.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Outcome { outcome: Some(outcome), at, now } => {
                write!(f, "the last conclusive check was {outcome}, {}", dated(*at, *now))
            }
            Self::Outcome { outcome: None, at, now } => {
                write!(f, "the last conclusive check was not ok, {}", dated(*at, *now))
            }
            Self::Stale { at, now, max_age } => {
                let (at, limit) = (dated(*at, *now), in_words(*max_age));
                write!(f, "the last conclusive check was {at}; it must be younger than {limit}")
            }
            Self::ClockSetBack { at } => {
                let at = minute(*at);
                write!(f, "the last conclusive check is dated {at}, in the future: the clock was set back")
            }
            Self::Expired { at } => write!(f, "the token expired {}", minute(*at)),
            Self::ExpiresTooSoon { at, now, valid_for } => {
                let (at, needed) = (dated(*at, *now), duration::text(*valid_for));
                write!(f, "the token expires {at}, within the {needed} that are asked for")
            }
            Self::Lacks { need, is_absent: true } => write!(f, "{} is absent", need.flag()),
            Self::Lacks { need, is_absent: false } => write!(f, "{} is false", need.flag()),
            Self::OpenAlert { kind, severity } => {
                write!(f, "the alert {kind} is open ({severity})")
            }
        }
    }
}
