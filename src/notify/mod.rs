//! Notifying receivers: how a message is rendered for each type of receiver, how it is sent, and how a receiver is probed.
//!
//! Guarantees: rendering is pure, so a message has the same bytes on every attempt; each call makes one attempt, bounded
//! in time, whose outcome is a value and never an error; no outcome contains a secret or the path of a webhook's address.
//! Each type of receiver is a folder, and of this module only this file matches on the types.
//! Leaves to the engine which message is due, when it is retried and what is stored.

mod attempt;
mod email;
mod message;
mod probe;
mod stream;
#[cfg(test)]
mod tests;
mod webhook;

pub use attempt::{Attempt, SendOutcome};
pub use message::RenderError;
pub use probe::{ProbeError, ProbeResult};
pub use webhook::{ReceivedDelivery, VerifyError, verify};

/// Properties of any answer that a receiver can send, for the property tests and the fuzz targets (`fuzz/`).
#[cfg(any(test, fuzzing))]
pub mod properties {
    pub use super::email::properties::check_reply;
    pub use super::webhook::properties::check_webhook_response;
}

use crate::config::{Channel, Receiver};
use crate::domain::clock::Clock;
use crate::domain::message::{Message, MessageId};

/// What a body was rendered for. A receiver of another type or format needs a new body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BodyFormat {
    /// The type of receiver.
    pub channel: &'static str,
    /// The format within that type. Stored with each message: under another name, waiting messages are rendered again.
    pub format: &'static str,
}

/// What bodies for a receiver on `channel` are rendered for.
pub fn body_format(channel: &Channel) -> BodyFormat {
    let format = match channel {
        Channel::Email(_) => "mail",
        Channel::Webhook(_) => "standard",
    };
    BodyFormat { channel: channel.type_name(), format }
}

/// Renders the body that `receiver` is sent, ready for the outbox.
///
/// `thread` holds the ids of the first mails to this receiver about the same alerts, oldest first; only mails use it.
pub fn render(
    message: &Message,
    id: &MessageId,
    receiver: &Receiver,
    thread: &[MessageId],
) -> Result<Vec<u8>, RenderError> {
    match &receiver.channel {
        Channel::Email(email) => email::render(message, id, email, thread),
        // `format = "standard"`: the JSON of docs/contract.md, section 4, without white space.
        Channel::Webhook(_) => Ok(serde_json::to_vec(message)?),
    }
}

/// Probes `receiver` once, within the time limits of a delivery: connects and logs in as for a delivery, but sends no
/// message.
pub async fn probe(receiver: &Receiver) -> ProbeResult {
    match &receiver.channel {
        Channel::Email(email) => email::probe(email).await,
        Channel::Webhook(webhook) => webhook::probe(webhook).await,
    }
}

/// Sends rendered messages; cheap to clone.
#[derive(Clone, Debug)]
pub struct Sender {
    /// None in a dry run.
    clients: Option<webhook::Clients>,
}

impl Sender {
    /// Sends over the network. Nothing is connected or read before the first message.
    pub fn over_network() -> Self {
        Self { clients: Some(webhook::Clients::default()) }
    }

    /// As [`Self::over_network`], but errors quote the beginning of a webhook's response. Only for a person at a terminal.
    pub fn quoting_responses() -> Self {
        Self { clients: Some(webhook::Clients::quoting_responses()) }
    }

    /// Sends nothing and reports every message as delivered.
    pub const fn dry_run() -> Self {
        Self { clients: None }
    }

    /// Tries once to send `body` to `receiver`; a mail goes only to the recipients that are not in `accepted`.
    ///
    /// `clock` is read when the attempt begins, for a webhook's time stamp, and when the response has come: a date in
    /// `Retry-After` counts from there.
    pub async fn send(
        &self,
        receiver: &Receiver,
        id: &MessageId,
        body: &[u8],
        accepted: &[String],
        clock: &Clock,
    ) -> SendOutcome {
        let Some(clients) = &self.clients else { return Attempt::Delivered.into() };
        match &receiver.channel {
            Channel::Email(email) => email::send(email, body, accepted).await,
            Channel::Webhook(webhook) => {
                let delivery = webhook::Delivery { id, body, clock };
                webhook::send(clients, webhook, &delivery).await.into()
            }
        }
    }
}
