//! `webhook`: the JSON of docs/contract.md, section 4, a CloudEvent or plain text, in a POST signed as Standard Webhooks requires.
//!
//! Guarantees: the status alone decides. A sender for a terminal also quotes the beginning of the response.
//! Leaves the exchange to `notify::http`.

mod formats;
#[cfg(any(test, fuzzing))]
#[path = "tests/properties.rs"]
pub(super) mod properties;
mod send;
mod signature;
#[cfg(test)]
mod tests;

pub(super) use self::formats::render;
pub(super) use self::send::send;
pub use self::signature::{ReceivedDelivery, VerifyError, verify};

use super::http;
use super::probe::ProbeResult;
use crate::config::Webhook;

pub(super) async fn probe(webhook: &Webhook) -> ProbeResult {
    http::probe(send::target(webhook), "URL", &webhook.endpoint.url).await
}
