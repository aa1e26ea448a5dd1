//! One POST to a webhook, signed as Standard Webhooks asks.
//!
//! Guarantees: a connection of its own each time (one that waited may be closed unseen); a status line decides, whatever follows
//! it; redirects are not followed, since a secret address would travel; what is said about a failure names the host only, the
//! answer's status, media type and length. A sender for a terminal also quotes at most [`EXCERPT`] printable characters of the
//! answer, the address's own words blotted out; other encodings of them are not recognised.

mod answer;
mod connection;
mod exchange;
mod hidden;
mod request;
mod status_line;

use std::error::Error as _;

use secrecy::ExposeSecret;
use url::Url;

pub(super) use self::connection::{Clients, ConnectError};

use self::answer::Answer;
use self::exchange::exchange;
use super::Attempt;
use crate::config::Webhook;
use crate::domain::clock::Clock;
use crate::domain::message::MessageId;
use crate::domain::retry_after;
use crate::domain::text::{one_line, shortened};
use crate::domain::time::Timestamp;

/// What this program calls itself.
const USER_AGENT: &str = concat!("minimax-watch/", env!("CARGO_PKG_VERSION"));

/// Characters quoted from an answer.
pub(super) const EXCERPT: usize = 120;

/// The media types that are named; any other one may be made of what must not be quoted.
const MEDIA_TYPES: [&str; 5] =
    ["text/html", "text/plain", "application/json", "application/problem+json", "application/xml"];

/// What is sent at one attempt.
pub(super) struct Delivery<'a> {
    pub(super) id: &'a MessageId,
    pub(super) body: &'a [u8],
    pub(super) clock: &'a Clock,
}

/// Tries once.
pub(super) async fn send(clients: &Clients, webhook: &Webhook, delivery: &Delivery<'_>) -> Attempt {
    // The configuration checked it; should it be wrong all the same, a person will correct it and nothing is lost.
    let Ok(url) = Url::parse(webhook.url.value.expose_secret()) else {
        return Attempt::deferred("the webhook's address is not a URL".to_owned());
    };
    // A certificate, for one, is text of the receiver's.
    let failed = |error: &dyn std::error::Error| {
        let words = hidden::blotted(&error.to_string(), &url, webhook);
        Attempt::deferred(format!("{}: {words}", host(&url)))
    };
    let connection = match clients.connect(&url, webhook.timeout).await {
        Ok(connection) => connection,
        Err(error) => return failed(&error),
    };
    let Some(request) = request::bytes(&url, webhook, delivery, &connection) else {
        return Attempt::deferred("a signing secret of the webhook is not base64".to_owned());
    };
    match exchange(connection.stream, &request, connection.deadline).await {
        Ok(answer) => {
            let excerpt = clients.quotes_answers.then(|| excerpt(&answer, &url, webhook));
            judge(&answer, &host(&url), excerpt.as_deref().unwrap_or_default(), delivery.clock.now())
        }
        Err(error) => failed(&error),
    }
}

/// What an answer of these bytes comes to, which arrive in pieces of that size; none without a status.
#[cfg(any(test, fuzzing))]
pub(super) fn read(
    (bytes, piece): (&[u8], usize),
    webhook: &Webhook,
    is_quoted: bool,
    now: Timestamp,
) -> Option<(u16, Attempt)> {
    let url = Url::parse(webhook.url.value.expose_secret()).ok()?;
    let mut answer = Answer::new();
    bytes.chunks(piece.max(1)).for_each(|piece| answer.feed(piece));
    answer.end();
    let excerpt = if is_quoted { excerpt(&answer, &url, webhook) } else { String::new() };
    Some((answer.status()?, judge(&answer, &host(&url), &excerpt, now)))
}

/// 2xx is a delivery; 408, 425, 429 and 5xx are temporary; 410 is final; every other answer, 3xx included, is a refusal.
fn judge(answer: &Answer, host: &str, excerpt: &str, now: Timestamp) -> Attempt {
    let status = answer.status().unwrap_or_default();
    let described = described(answer);
    let error = match excerpt {
        "" => format!("{host} answered {status}{described}"),
        words => format!("{host} answered {status}{described}: {words}"),
    };
    let retry_after = answer.retry_after().and_then(|value| retry_after::wait(value, now));
    match status {
        200..300 => Attempt::Delivered,
        410 => Attempt::Final { error },
        408 | 425 | 429 | 500..600 => Attempt::Deferred { error, retry_after },
        _ => Attempt::Refused { error, retry_after },
    }
}

/// The media type and the length of an answer: its own words may hold the secret address, and so may the length that it claims.
fn described(answer: &Answer) -> String {
    let named = answer.content_type().and_then(|named| named.split(';').next()).unwrap_or_default().trim();
    let kind =
        MEDIA_TYPES.iter().find(|known| known.eq_ignore_ascii_case(named)).map(|kind| (*kind).to_owned());
    let length = match (answer.body().len(), answer.is_whole()) {
        (0, _) => None,
        (length, true) => Some(format!("{length} bytes")),
        (length, false) => Some(format!("at least {length} bytes")),
    };
    let parts: Vec<String> = kind.into_iter().chain(length).collect();
    if parts.is_empty() { String::new() } else { format!(" ({})", parts.join(", ")) }
}

/// The beginning of the answer made printable; an answer that breaks off is quoted as far as it came.
fn excerpt(answer: &Answer, url: &Url, webhook: &Webhook) -> String {
    let body = one_line(&String::from_utf8_lossy(&answer.body()));
    shortened(&hidden::blotted(&body, url, webhook), EXCERPT)
}

/// The host, and the port when it is not the usual one.
fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or("webhook");
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// The innermost cause: outer ones only say that a request failed, and may hold the address.
fn fault(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "no answer in time".to_owned();
    }
    let mut cause = error.source();
    while let Some(inner) = cause.and_then(std::error::Error::source) {
        cause = Some(inner);
    }
    let words = cause.map_or_else(|| "the request failed".to_owned(), ToString::to_string);
    let stage = if error.is_connect() { "cannot connect: " } else { "" };
    shortened(&format!("{stage}{}", one_line(&words)), 2 * EXCERPT)
}
