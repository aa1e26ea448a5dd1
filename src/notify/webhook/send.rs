//! Sends one POST, and classifies the response.

use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use secrecy::ExposeSecret;

use super::formats::{media_type, title};
use super::signature::sign;
use crate::config::{Secret, Webhook, WebhookFormat};
use crate::domain::clock::Clock;
use crate::domain::message::MessageId;
use crate::domain::time::Timestamp;
use crate::notify::attempt::Attempt;
use crate::notify::http::{Clients, Request, Response, Target, attempt_by_status, secret_header};

/// Tries once to send `body` under `id`.
pub(in crate::notify) async fn send(
    clients: &Clients,
    webhook: &Webhook,
    id: &MessageId,
    body: &[u8],
    clock: &Clock,
) -> Attempt {
    let target = match target(webhook) {
        Ok(target) => target,
        Err(attempt) => return attempt,
    };
    let Some(signed) = signed_headers(webhook, id, body, clock.now()) else {
        return Attempt::deferred("a signing secret of the webhook is not base64");
    };
    let mut headers = configured_headers(&webhook.headers);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type(webhook.format)));
    if webhook.format == WebhookFormat::Text
        && let Ok(title) = HeaderValue::from_str(&title(body))
    {
        headers.insert("title", title);
    }
    headers.extend(signed);
    match target.send(clients, &Request::post(headers, body)).await {
        Ok(response) => classify(&response, &target, clients.quotes_responses, clock.now()),
        Err(attempt) => attempt,
    }
}

/// The address, with the headers and signing secrets hidden.
pub(super) fn target(webhook: &Webhook) -> Result<Target, Attempt> {
    let keys = webhook.signing.iter().map(|secret| {
        let secret = secret.expose_secret();
        // Some encoders omit the padding.
        secret.strip_prefix("whsec_").unwrap_or(secret).trim_end_matches('=').to_owned()
    });
    let headers = webhook.headers.iter().flat_map(|(_, secret)| {
        let value = secret.value.expose_secret();
        std::iter::once(value).chain(value.split_whitespace()).map(str::to_owned)
    });
    Ok(Target::new(&webhook.endpoint.url.value, webhook.endpoint.timeout)?.hiding(keys.chain(headers)))
}

/// By the status alone. The body is quoted only for a person at a terminal.
pub(super) fn classify(response: &Response, target: &Target, is_quoted: bool, now: Timestamp) -> Attempt {
    let status = response.status.unwrap_or_default();
    let mut error = target.answered(response);
    if status == 404 {
        error.push_str(": the path is wrong, or the workflow is not active");
    }
    if is_quoted {
        let excerpt = target.quote(&String::from_utf8_lossy(&response.body()));
        if !excerpt.is_empty() {
            error = format!("{error}: {excerpt}");
        }
    }
    attempt_by_status(status, error, response.pause(now))
}

/// The headers from the configuration, which checked that they are valid.
fn configured_headers(headers: &[(String, Secret)]) -> HeaderMap {
    let header = |(name, secret): &(String, Secret)| {
        let value = secret_header(secret.value.expose_secret())?;
        Some((HeaderName::from_bytes(name.as_bytes()).ok()?, value))
    };
    headers.iter().filter_map(header).collect()
}

/// The headers of Standard Webhooks; none if an id or a secret is invalid.
fn signed_headers(webhook: &Webhook, id: &MessageId, body: &[u8], now: Timestamp) -> Option<HeaderMap> {
    let (id, seconds) = (id.as_str(), now.timestamp());
    let signatures = webhook.signing.iter().map(|secret| sign(secret, id, seconds, body));
    let signatures = signatures.collect::<Option<Vec<_>>>()?.join(" ");
    let mut headers = HeaderMap::new();
    for (name, value) in [
        (standardwebhooks::HEADER_WEBHOOK_ID, id),
        (standardwebhooks::HEADER_WEBHOOK_TIMESTAMP, &seconds.to_string()),
        (standardwebhooks::HEADER_WEBHOOK_SIGNATURE, &signatures),
    ] {
        // Without a secret there is no signature.
        if !value.is_empty() {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_str(value).ok()?);
        }
    }
    Some(headers)
}
