//! The outcome of one attempt to deliver a message.

use chrono::TimeDelta;

/// How one attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// The receiver accepted the message.
    Delivered,
    /// A temporary failure.
    Deferred {
        /// What happened, for people.
        error: String,
        /// The pause that the receiver asked for, above zero; `domain::backoff` decides how much of it is granted.
        retry_after: Option<TimeDelta>,
    },
    /// Refused. Retried a few times, since a proxy that redeploys or a policy that changes refuses only for a while.
    Refused {
        /// What happened, for people.
        error: String,
        /// As for [`Self::Deferred`].
        retry_after: Option<TimeDelta>,
    },
    /// Failed permanently: no further attempt is made.
    Final {
        /// What happened, for people.
        error: String,
    },
}

impl Attempt {
    pub(super) fn deferred(error: impl Into<String>) -> Self {
        Self::Deferred { error: error.into(), retry_after: None }
    }
}

/// How one attempt ended, and who has the message now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SendOutcome {
    /// How it ended for the recipients that do not have the message yet.
    pub attempt: Attempt,
    /// The addresses that accepted a mail, or the events that were accepted, while others were not; the next attempt leaves them out.
    pub accepted: Vec<String>,
}

impl From<Attempt> for SendOutcome {
    fn from(attempt: Attempt) -> Self {
        Self { attempt, accepted: Vec::new() }
    }
}
