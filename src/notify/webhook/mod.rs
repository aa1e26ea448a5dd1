//! Sends one POST to a webhook, signed as Standard Webhooks requires.
//!
//! reqwest makes the connection (names, proxy, trust, TLS); the exchange on it is ours, because reqwest reports no status for a
//! response with a broken head. `config check --probe` uses the same connection and sends nothing on it.
//!
//! Guarantees: each attempt has its own connection (a kept one may be closed without notice); the status line decides,
//! whatever follows it; redirects are not followed, since they would pass a secret address on. An error names only the host
//! and the response's status, media type and length. A sender for a terminal also quotes at most 120 printable
//! characters of the response, with the address and the secrets redacted; other encodings of them are not recognised.

mod connection;
mod exchange;
mod probe;
#[cfg(any(test, fuzzing))]
#[path = "tests/properties.rs"]
pub(super) mod properties;
mod redact;
mod request;
mod response;
mod send;
mod signature;
#[cfg(test)]
mod tests;

pub(super) use self::connection::Clients;
pub(super) use self::probe::probe;
pub(super) use self::request::Delivery;
pub(super) use self::send::send;
pub use self::signature::{ReceivedDelivery, VerifyError, verify};
