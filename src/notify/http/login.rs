//! Logins as headers, whose values the HTTP library hides.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::HeaderValue;
use secrecy::ExposeSecret;

use crate::config::Secret;

/// A secret value; none if it cannot be in a header.
pub(in crate::notify) fn secret_header(value: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(value).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// A token (RFC 6750).
pub(in crate::notify) fn bearer(token: &Secret) -> Option<HeaderValue> {
    secret_header(&format!("Bearer {}", token.value.expose_secret()))
}

/// A user name and its password, with a colon between (RFC 7617).
pub(in crate::notify) fn basic(login: &[u8]) -> Option<HeaderValue> {
    secret_header(&format!("Basic {}", STANDARD.encode(login)))
}
