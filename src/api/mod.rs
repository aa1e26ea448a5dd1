//! How the vendor is asked, and what its answers mean.
//!
//! Promises: whatever the vendor does (refuse, break, lie, fall silent) comes back as an [`Observation`] or a
//! [`Listing`], never as an error; what comes back holds allow-listed facts only, and no text in it holds the API
//! token, a session token or any other part of a configuration. One request is one question: nothing is retried here, but for a connection that
//! ends under a request.
//!
//! The way of an answer: `client` fetches bytes, `split` takes a list apart while it comes, `wire` reads the allow-listed
//! members of the JSON (after `repair` when its texts are broken), `classify` and `listing` decide by the status, `normalise` makes the configuration, `redact` cleans every word that is quoted.
//!
//! Leaves to others: when to ask and whether to believe it (`engine`), what follows from it (`domain`).

mod answer;
mod classify;
mod client;
mod date_time;
mod failure;
mod listing;
mod normalise;
#[cfg(any(test, fuzzing))]
pub mod properties;
mod redact;
mod repair;
mod retry;
mod split;
#[cfg(test)]
mod tests;
mod wire;

pub use client::{Client, ClientError};
pub use listing::Listing;

#[cfg(doc)]
use crate::domain::observation::Observation;
