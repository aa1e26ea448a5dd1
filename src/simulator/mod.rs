//! The outside world on loopback: a useapi.net, a mail server and a webhook receiver, each on a real socket.
//!
//! Promises: one implementation for the demo, the tests and the benches; every answer that docs/vendor-api.md knows, and the
//! hostile ones, on demand; nothing reads a clock, the driver says what time it is ([`VirtualNow`]). What came in is
//! kept for the driver to look at; a bearer token or a password never is. Each server can go down and come back on
//! its port.
//! Lies have names ([`HTTP_LIES`], [`MAIL_LIES`]), so that tests go through all of them and a person can start each by hand.
//! Leaves to others: what to make of an answer (`api`, `notify`), and which answers to script (the driver).

mod answer;
mod hook;
mod ledger;
mod lies;
mod listener;
mod lying_http;
mod mailbox;
mod now;
mod record;
mod reply;
mod script;
mod subscription;
mod useapi;
mod wire;

#[cfg(test)]
mod tests;

use std::sync::{Mutex, MutexGuard, PoisonError};

pub use axum::http::StatusCode;

pub use answer::{Answer, Lapse, Missing, Page, Refusal};
pub use hook::{Delivery, Hook, Signature};
pub use lies::{HTTP_LIES, Lie, MAIL_LIES};
pub use lying_http::{HeardRequest, HttpLie, LyingHttp};
pub use mailbox::{Login, Mail, Mailbox, Security, Setup, Stage, Trouble};
pub use now::VirtualNow;
pub use record::Record;
pub use reply::{Reply, RetryAfter};
pub use subscription::Subscription;
pub use useapi::{Request, UseApi};

/// Locks, also after a thread died holding the lock: no lock here guards more than one assignment.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
