//! One POST as bytes of HTTP/1.1.
//!
//! Guarantees: only valid header values are written; the length is declared, and the connection ends after the response.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;
use reqwest::header::{
    ACCEPT, AUTHORIZATION, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderMap, HeaderName,
    HeaderValue, PROXY_AUTHORIZATION, USER_AGENT,
};
use secrecy::ExposeSecret;
use url::{Position, Url};

use super::connection::{Connection, OUR_USER_AGENT, host, proxy_login};
use super::signature::sign;
use crate::config::{Secret, Webhook};
use crate::domain::clock::Clock;
use crate::domain::message::MessageId;

/// What one attempt sends.
pub(in crate::notify) struct Delivery<'a> {
    pub(in crate::notify) id: &'a MessageId,
    pub(in crate::notify) body: &'a [u8],
    pub(in crate::notify) clock: &'a Clock,
}

/// The bytes of a POST of `delivery` to `url`; none if the id, a secret or a header is invalid.
pub(super) fn bytes(
    url: &Url,
    webhook: &Webhook,
    delivery: &Delivery<'_>,
    connection: &Connection,
) -> Option<Vec<u8>> {
    let path = &url[Position::BeforePath..Position::AfterQuery];
    let target = if connection.is_forwarded {
        format!("{}://{}{path}", url.scheme(), host(url))
    } else {
        path.to_owned()
    };
    let mut headers = HeaderMap::new();
    headers.insert(HOST, HeaderValue::from_str(&host(url)).ok()?);
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    headers.insert(USER_AGENT, HeaderValue::from_static(OUR_USER_AGENT));
    headers.insert(ACCEPT, HeaderValue::from_static("*/*"));
    headers.extend(login(url).map(|login| (AUTHORIZATION, login)));
    let proxy_login = if connection.is_forwarded { proxy_login(url) } else { None };
    headers.extend(proxy_login.map(|login| (PROXY_AUTHORIZATION, login)));
    headers.extend(configured_headers(&webhook.headers));
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CONTENT_LENGTH, HeaderValue::from(delivery.body.len()));
    headers.extend(signed_headers(delivery, webhook)?);

    let mut bytes = format!("POST {target} HTTP/1.1\r\n").into_bytes();
    for (name, value) in &headers {
        bytes.extend_from_slice(name.as_str().as_bytes());
        bytes.extend_from_slice(b": ");
        bytes.extend_from_slice(value.as_bytes());
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(b"\r\n");
    bytes.extend_from_slice(delivery.body);
    Some(bytes)
}

/// The login in the address (RFC 7617).
fn login(url: &Url) -> Option<HeaderValue> {
    if url.username().is_empty() && url.password().is_none() {
        return None;
    }
    let mut login: Vec<u8> = percent_decode_str(url.username()).collect();
    login.push(b':');
    login.extend(percent_decode_str(url.password().unwrap_or_default()));
    HeaderValue::from_str(&format!("Basic {}", STANDARD.encode(login))).ok()
}

/// The headers from the configuration, which checked that they are valid.
fn configured_headers(headers: &[(String, Secret)]) -> HeaderMap {
    let header = |(name, secret): &(String, Secret)| {
        let mut value = HeaderValue::from_str(secret.value.expose_secret()).ok()?;
        value.set_sensitive(true);
        Some((HeaderName::from_bytes(name.as_bytes()).ok()?, value))
    };
    headers.iter().filter_map(header).collect()
}

/// The headers of Standard Webhooks; none if an id or a secret is invalid.
fn signed_headers(delivery: &Delivery<'_>, webhook: &Webhook) -> Option<HeaderMap> {
    let (id, seconds) = (delivery.id.as_str(), delivery.clock.now().timestamp());
    let signatures = webhook.signing.iter().map(|secret| sign(secret, id, seconds, delivery.body));
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
