//! The client of useapi.net, and the meaning of its responses (docs/vendor-api.md).
//!
//! Guarantees: every failure of the vendor (refusal, outage, invalid data, silence) is returned as an [`Observation`] or a
//! [`Listing`], never as an error. What is returned holds allow-listed facts only; none of its texts contains the API token, a
//! session token or another part of a configuration. Nothing is retried here, except that a request whose connection broke is sent once more on a new one.
//!
//! Path of a response: `client` reads the bytes, `wire` picks the allow-listed members out of the JSON (after `repair` if its
//! strings are invalid), `classify` judges the status, `normalise` builds the configuration, `redact` cleans each quoted text.
//! `list` is the same path for the list of all accounts. `account_info`, `job_stats` and `features` read the answers of further calls.
//!
//! Leaves to others: when to send a request and when to believe a response (`engine`), and what follows from it (`domain`).

mod account_info;
mod answer;
mod classify;
mod client;
mod date_time;
mod failure;
mod features;
mod job_stats;
mod list;
mod normalise;
#[cfg(any(test, fuzzing))]
#[path = "tests/properties.rs"]
pub mod properties;
mod redact;
mod repair;
mod response;
mod retry;
#[cfg(test)]
mod tests;
mod token;
mod wire;

pub use answer::{Answer, LastAnswers};
pub use client::{ApiDate, Client, ClientError};
pub use features::FeaturesAnswer;
pub use job_stats::{JobStats, JobStatsAnswer};
pub use list::Listing;
pub use token::ApiToken;

#[cfg(doc)]
use crate::domain::observation::Observation;
