//! A greeting: how far the way to a receiver is open, without telling it anything.
//!
//! Promises: the very way that messages take (same trust, same proxy, same log-in), no further than to the door: no mail,
//! no HTTP request; but MAIL, and RSET at once, where a mail server offers a log-in and none is configured. Bounded in time, once; how it went is a value. No secret, and no path of an address, stands in it.

use std::error::Error;
use std::io;

use super::{email, knock};
use crate::config::{Channel, Receiver};

/// What came of greeting a receiver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Greeting {
    /// Host and port.
    pub address: String,
    /// What the receiver granted, in words, or what stood in the way.
    pub result: Result<String, Obstacle>,
}

/// What stood in the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Obstacle {
    /// Where.
    pub at: Hurdle,
    /// What happened, for people.
    pub words: String,
}

/// What a greeting has to pass, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hurdle {
    /// This machine's own side of TLS.
    Setup,
    /// The host's name.
    Name,
    /// A connection, and the first words of a mail server on it.
    Connection,
    /// The offer of STARTTLS.
    StartTls,
    /// The TLS handshake and the certificate.
    Tls,
    /// TLS at all: the server speaks plain text where TLS was expected.
    NotTls,
    /// The log-in at a mail server.
    Login,
}

/// Greets `receiver` once, within the time that a delivery to it has.
pub async fn greet(receiver: &Receiver) -> Greeting {
    match &receiver.channel {
        Channel::Email(email) => email::greet(email).await,
        Channel::Webhook(webhook) => knock::greet(webhook).await,
    }
}

/// The first `T` among the causes, also one that an `io::Error` wraps, which its own `source` skips.
pub(super) fn find_cause<'e, T: Error + 'static>(error: &'e (dyn Error + 'static)) -> Option<&'e T> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        cause = match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(wrapped) => Some(wrapped),
            None => error.source(),
        };
    }
    None
}
