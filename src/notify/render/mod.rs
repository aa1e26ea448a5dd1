//! From a message as data to the finished bytes that one channel carries.
//!
//! Promises: pure, and the same bytes for the same message, so what was decided is what is sent on every attempt.
//! Leaves sending to `notify::email` and `notify::webhook`, and what is worth telling to `domain`.

pub mod email;
pub mod standard;

mod letter;
#[cfg(test)]
mod tests;
mod wrap;

use crate::config::{Channel, Receiver};
use crate::domain::message::{Message, MessageId};

/// Why a message could not be written: always a fault of ours or of the configuration, never of the network.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// A template does not parse, or asks for what is not there.
    #[error("mail template")]
    Template(#[from] minijinja::Error),
    /// The message cannot be written as JSON.
    #[error("message as JSON")]
    Json(#[from] serde_json::Error),
    /// The mail's headers cannot be put together.
    #[error("mail headers")]
    Headers(#[from] lettre::error::Error),
}

/// What the bytes of a body are rendered for. Bytes for one are of no use for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BodyFormat {
    /// The type of receiver.
    pub channel: &'static str,
    /// What the body is written as.
    pub format: &'static str,
}

/// What a body for a receiver on `channel` is rendered for.
pub const fn body_format(channel: &Channel) -> BodyFormat {
    match channel {
        Channel::Email(_) => BodyFormat { channel: "email", format: "mail" },
        Channel::Webhook(_) => BodyFormat { channel: "webhook", format: "standard" },
    }
}

/// The body that `receiver` is sent, ready for the outbox.
///
/// `thread` holds the ids of the first mails to this receiver about the same alerts, oldest first; only mails use it.
pub fn body(
    message: &Message,
    id: &MessageId,
    receiver: &Receiver,
    thread: &[MessageId],
) -> Result<Vec<u8>, RenderError> {
    match &receiver.channel {
        Channel::Email(email) => email::mail(message, id, email, thread),
        Channel::Webhook(_) => standard::body(message),
    }
}
