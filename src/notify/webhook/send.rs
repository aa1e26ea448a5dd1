//! Sends one POST, and classifies the response.

use std::error::Error;

use url::Url;

use super::connection::{Clients, host, parse_url};
use super::exchange::exchange;
use super::redact::redact;
use super::request::{self, Delivery};
use super::response::{MAX_EXCERPT, Response};
use crate::config::Webhook;
use crate::domain::retry_after;
use crate::domain::text::{one_line, shortened};
use crate::domain::time::Timestamp;
use crate::notify::attempt::Attempt;

/// The media types that an error names; any other could contain a secret.
const MEDIA_TYPES: [&str; 5] =
    ["text/html", "text/plain", "application/json", "application/problem+json", "application/xml"];

/// Tries once to send `delivery`.
pub(crate) async fn send(clients: &Clients, webhook: &Webhook, delivery: &Delivery<'_>) -> Attempt {
    // The configuration was checked; should it be wrong all the same, an operator corrects it and no message is lost.
    let url = match parse_url(webhook) {
        Ok(url) => url,
        Err(error) => return Attempt::deferred(error),
    };
    // The text of an error can come from the receiver, for example from its certificate.
    let failed = |error: &dyn Error| {
        Attempt::deferred(format!("{}: {}", host(&url), redact(&error.to_string(), &url, webhook)))
    };
    let connection = match clients.connect(&url, webhook.timeout).await {
        Ok(connection) => connection,
        Err(error) => return failed(&error),
    };
    let Some(request) = request::bytes(&url, webhook, delivery, &connection) else {
        return Attempt::deferred("a signing secret of the webhook is not base64");
    };
    match exchange(connection.stream, &request, connection.deadline).await {
        Ok(response) => classify(&response, &url, webhook, clients.quotes_responses, delivery.clock.now()),
        Err(error) => failed(&error),
    }
}

/// 2xx is a delivery; 408, 425, 429 and 5xx are temporary; 410 is final; everything else, including 3xx, is a refusal.
pub(super) fn classify(
    response: &Response,
    url: &Url,
    webhook: &Webhook,
    is_quoted: bool,
    now: Timestamp,
) -> Attempt {
    let status = response.status.unwrap_or_default();
    let mut error = format!("{} answered {status}{}", host(url), description(response));
    if status == 404 {
        error.push_str(": the path is wrong, or the workflow is not active");
    }
    if is_quoted {
        let body = one_line(&String::from_utf8_lossy(&response.body()));
        let excerpt = shortened(&redact(&body, url, webhook), MAX_EXCERPT);
        if !excerpt.is_empty() {
            error = format!("{error}: {excerpt}");
        }
    }
    let retry_after = response.retry_after.as_deref().and_then(|value| retry_after::wait(value, now));
    match status {
        200..300 => Attempt::Delivered,
        410 => Attempt::Final { error },
        408 | 425 | 429 | 500..600 => Attempt::Deferred { error, retry_after },
        _ => Attempt::Refused { error, retry_after },
    }
}

/// The media type and the received length. The body may contain the secret address, and so may the declared length.
fn description(response: &Response) -> String {
    let named =
        response.content_type.as_deref().unwrap_or_default().split(';').next().unwrap_or_default().trim();
    let media_type = MEDIA_TYPES.iter().find(|known| known.eq_ignore_ascii_case(named));
    let length = match (response.body().len(), response.is_complete()) {
        (0, _) => None,
        (length, true) => Some(format!("{length} bytes")),
        (length, false) => Some(format!("at least {length} bytes")),
    };
    let parts: Vec<String> = media_type.map(ToString::to_string).into_iter().chain(length).collect();
    if parts.is_empty() { String::new() } else { format!(" ({})", parts.join(", ")) }
}
