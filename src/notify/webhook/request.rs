//! One POST as it travels in HTTP/1.1.
//!
//! Guarantees: only checked header values are written; the length is declared, and the connection ends after the answer.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;
use reqwest::header::{
    ACCEPT, AUTHORIZATION, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderMap, HeaderName,
    HeaderValue, PROXY_AUTHORIZATION, USER_AGENT,
};
use secrecy::ExposeSecret;
use url::{Position, Url};

use super::connection::{Connection, proxy_login};
use super::{Delivery, host};
use crate::config::{Secret, Webhook};

/// The bytes of a POST of `delivery` to `url`; none if the id, a secret or a header cannot be written.
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
    headers.insert(USER_AGENT, HeaderValue::from_static(super::USER_AGENT));
    headers.insert(ACCEPT, HeaderValue::from_static("*/*"));
    if let Some(login) = login(url) {
        headers.insert(AUTHORIZATION, login);
    }
    if connection.is_forwarded
        && let Some(login) = proxy_login(url)
    {
        headers.insert(PROXY_AUTHORIZATION, login);
    }
    headers.extend(own_headers(&webhook.headers));
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

/// The log-in that stands in the address (RFC 7617).
fn login(url: &Url) -> Option<HeaderValue> {
    if url.username().is_empty() && url.password().is_none() {
        return None;
    }
    let mut login: Vec<u8> = percent_decode_str(url.username()).collect();
    login.push(b':');
    login.extend(percent_decode_str(url.password().unwrap_or_default()));
    HeaderValue::from_str(&format!("Basic {}", STANDARD.encode(login))).ok()
}

/// The headers that the operator gave this receiver; the configuration checked that they can be written.
fn own_headers(typed: &[(String, Secret)]) -> HeaderMap {
    let header = |(name, secret): &(String, Secret)| {
        let mut value = HeaderValue::from_str(secret.value.expose_secret()).ok()?;
        value.set_sensitive(true);
        Some((HeaderName::from_bytes(name.as_bytes()).ok()?, value))
    };
    typed.iter().filter_map(header).collect()
}

/// The headers of Standard Webhooks; none if an id or a secret cannot be written.
fn signed_headers(delivery: &Delivery<'_>, webhook: &Webhook) -> Option<HeaderMap> {
    let (id, moment) = (delivery.id.as_str(), delivery.clock.now().timestamp());
    let mut headers = HeaderMap::new();
    let mut insert = |name, value: &str| {
        let value = HeaderValue::from_str(value).ok()?;
        headers.insert(HeaderName::from_static(name), value);
        Some(())
    };
    insert(standardwebhooks::HEADER_WEBHOOK_ID, id)?;
    insert(standardwebhooks::HEADER_WEBHOOK_TIMESTAMP, &moment.to_string())?;
    if !webhook.signing.is_empty() {
        let signatures: Option<Vec<_>> = webhook
            .signing
            .iter()
            .map(|secret| {
                let signer = standardwebhooks::Webhook::new(secret.expose_secret()).ok()?;
                signer.sign(id, moment, delivery.body).ok()
            })
            .collect();
        insert(standardwebhooks::HEADER_WEBHOOK_SIGNATURE, &signatures?.join(" "))?;
    }
    Some(headers)
}
