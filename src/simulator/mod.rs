//! The outside world of `demo` on loopback: a useapi.net, a mail server, a webhook receiver and two chats, each on a real
//! socket.
//!
//! Guarantees: a correct client gets correct answers. No clock is read; the driver sets the time ([`VirtualNow`]). What came in is
//! recorded for the driver, tokens and passwords never. A server ends when it is dropped.
//!
//! Leaves to `tests/support/simulator`: the vendor's other answers, TLS, and servers that misbehave.

mod answer;
mod chat;
mod http;
mod lock;
mod mail_server;
mod now;
mod useapi;
mod webhook;

#[cfg(test)]
mod tests;

pub use answer::{Answer, configuration, features};
pub use chat::{ChatMessage, ChatServer};
pub use mail_server::{Mail, SmtpServer};
pub use now::VirtualNow;
pub use useapi::{FakeUseApi, Subscription};
pub use webhook::{Delivery, WebhookServer};
