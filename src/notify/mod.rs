//! Telling people: what a message looks like on each channel, and how it is handed over.
//!
//! Promises: one attempt per call, bounded in time; how it went is a value, never an error. No secret, and no path of
//! a webhook's address, stands in what an attempt says. Leaves to the engine: which message, when again, and what is recorded.

pub mod render;

mod email;
mod greet;
mod knock;
#[cfg(any(test, fuzzing))]
pub mod properties;
#[cfg(test)]
mod tests;
mod verify;
mod webhook;

use chrono::TimeDelta;

pub use greet::{Greeting, Hurdle, Obstacle, greet};
pub use verify::{Received, Refusal, verify};

use crate::config::{Channel, Receiver};
use crate::domain::clock::Clock;
use crate::domain::message::MessageId;

/// How one attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// The receiver took it.
    Delivered,
    /// Not now: try again.
    Deferred {
        /// What happened, for people.
        error: String,
        /// The receiver's own wish, above zero; how far it is granted, `domain::backoff` decides.
        retry_after: Option<TimeDelta>,
    },
    /// Refused: tried again a few times, since a proxy that redeploys or a policy that changes refuses only for a while.
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
    /// Put off without a wish of the receiver's.
    const fn deferred(error: String) -> Self {
        Self::Deferred { error, retry_after: None }
    }
}

/// How one attempt ended, and who has the message since then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SendOutcome {
    /// How it ended, for those who do not have the message yet.
    pub attempt: Attempt,
    /// The addresses of a mail that took it at an attempt that others did not; they are to be left out of the next one.
    pub accepted: Vec<String>,
}

impl From<Attempt> for SendOutcome {
    fn from(attempt: Attempt) -> Self {
        Self { attempt, accepted: Vec::new() }
    }
}

/// Hands finished bytes over; cheap to keep, safe to share.
#[derive(Clone, Debug)]
pub struct Sender(Transport);

#[derive(Clone, Debug)]
enum Transport {
    Network { http: webhook::Clients },
    Rehearsal,
}

impl Sender {
    /// Reaches receivers over the network; nothing is connected, nor read, yet.
    pub fn over_network() -> Self {
        Self(Transport::Network { http: webhook::Clients::default() })
    }

    /// The same; errors quote the beginning of a webhook's answer. For a person at a terminal only.
    pub fn quoting_answers() -> Self {
        let mut http = webhook::Clients::default();
        http.quotes_answers = true;
        Self(Transport::Network { http })
    }

    /// Sends nothing, and behaves as if each receiver took it: for asking what would happen.
    pub const fn rehearsal() -> Self {
        Self(Transport::Rehearsal)
    }

    /// Tries once to hand `body` over to `receiver`; of a mail's recipients, to those that are not in `accepted`.
    ///
    /// `clock` is read when the attempt begins, for a webhook's time stamp, and when the answer came, from which a
    /// `Retry-After` date is measured.
    pub async fn send(
        &self,
        receiver: &Receiver,
        id: &MessageId,
        body: &[u8],
        accepted: &[String],
        clock: &Clock,
    ) -> SendOutcome {
        match (&self.0, &receiver.channel) {
            (Transport::Rehearsal, _) => Attempt::Delivered.into(),
            (Transport::Network { .. }, Channel::Email(email)) => email::send(email, body, accepted).await,
            (Transport::Network { http }, Channel::Webhook(webhook)) => {
                let delivery = webhook::Delivery { id, body, clock };
                webhook::send(http, webhook, &delivery).await.into()
            }
        }
    }
}
