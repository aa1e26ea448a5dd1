//! Sends a mail to a mail server that may be slow, flood the connection, or answer wrongly.
//!
//! Guarantees: each attempt has its own connection (a pooled one may be closed without notice); each stage is bounded in
//! bytes and time; the stored bytes are sent unchanged; no password is sent before TLS where TLS is configured; a mail
//! counts as delivered only when the final dot is answered with 250.
//!
//! lettre composes mails; the session is ours, because a pooled client that reads replies without a limit, as UTF-8, cannot
//! guarantee this (docs/receivers.md). Recipients that have the mail are stored with the message (`messages.accepted_by`).
//!
//! Replies are classified by their code alone:
//! - Temporary: 4xx, network faults, invalid replies and replies that do not belong where they come.
//! - Temporary: 5xx before MAIL (greeting, EHLO, STARTTLS, AUTH), a server without STARTTLS, a certificate that is not
//!   accepted. An operator will correct the configuration or the server, and no message may be lost until then.
//! - Refused: 5xx from MAIL on; but temporary with an enhanced status of 5.2.2, 5.3.x, 5.4.x or 5.7.x, and with 530, 534,
//!   535 and 538, which ask for a login.
//! - Recipients are classified one by one: those that the server accepts get the mail now, and later attempts name only the
//!   others. The attempt is temporary if one recipient's failure was, else refused.
//! - Temporary: a connection that breaks after the final dot. If the server took the mail, it comes twice, with the same
//!   Message-ID (at-least-once delivery).

mod capabilities;
mod connect;
mod dot_stuffing;
mod failure;
mod hello;
mod login;
mod probe;
#[cfg(any(test, fuzzing))]
#[path = "tests/properties.rs"]
pub(super) mod properties;
mod render;
mod reply;
mod send;
mod session;
mod smtp_stream;
#[cfg(test)]
mod tests;

pub(super) use self::probe::probe;
pub(super) use self::render::render;
pub(super) use self::send::send;
