//! One request to an HTTP receiver, for every type that is reached this way.
//!
//! reqwest makes the connection (names, proxy, trust, TLS); the exchange on it is ours, because reqwest reports no status for a
//! response with a broken head. `config check --probe` uses the same connection and sends nothing on it.
//!
//! Guarantees: each attempt has its own connection (a kept one may be closed without notice); the status line decides,
//! whatever follows it; redirects are not followed, since they would pass a secret address on. An error names only the host
//! and the response's status, media type and length, and what a type quotes of the response through [`Target::quote`]: at most 120
//! printable characters, with the address and the secrets redacted; other encodings of them are not recognised.
//! Leaves to each type what is sent, and what its answers mean.

mod connection;
mod exchange;
mod login;
mod probe;
mod redact;
mod request;
mod response;
mod target;

pub(super) use self::connection::Clients;
pub(super) use self::login::{basic, bearer, secret_header};
pub(super) use self::probe::probe;
pub(super) use self::request::{Method, Request};
#[cfg(any(test, fuzzing))]
pub(super) use self::response::MAX_EXCERPT;
pub(super) use self::response::Response;
pub(super) use self::target::{Target, attempt_by_status, deliver, json_headers};
