//! One request as bytes of HTTP/1.1.
//!
//! Guarantees: only valid header values are written; the length is declared, and the connection ends after the response.

use percent_encoding::percent_decode_str;
use reqwest::header::{
    ACCEPT, AUTHORIZATION, CONNECTION, CONTENT_LENGTH, HOST, HeaderMap, HeaderValue, PROXY_AUTHORIZATION,
    USER_AGENT,
};
use url::{Position, Url};

use super::connection::{Connection, OUR_USER_AGENT, host, proxy_login};
use super::login::basic;

/// What a request does with its target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::notify) enum Method {
    /// Sends the body. The status decides, so the answer is read no longer than for a second after its head; what a service adds in the
    /// body may be lost then.
    Post,
    /// Reads the answer as a whole, up to this many bytes; sends no body.
    Get { limit: usize },
}

/// What one attempt sends.
pub(in crate::notify) struct Request<'a> {
    pub(in crate::notify) method: Method,
    /// Headers of the message, its content type among them.
    pub(in crate::notify) headers: HeaderMap,
    pub(in crate::notify) body: &'a [u8],
}

impl<'a> Request<'a> {
    /// Sends `body`.
    pub(in crate::notify) const fn post(headers: HeaderMap, body: &'a [u8]) -> Self {
        Self { method: Method::Post, headers, body }
    }
}

/// The bytes of `request` to `url`; none if the host is no header.
pub(super) fn bytes(url: &Url, request: &Request<'_>, connection: &Connection) -> Option<Vec<u8>> {
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
    headers.extend(request.headers.clone());
    let (method, body) = match request.method {
        Method::Post => ("POST", request.body),
        Method::Get { .. } => ("GET", &[] as &[u8]),
    };
    if request.method == Method::Post {
        headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
    }

    let mut bytes = format!("{method} {target} HTTP/1.1\r\n").into_bytes();
    for (name, value) in &headers {
        bytes.extend_from_slice(name.as_str().as_bytes());
        bytes.extend_from_slice(b": ");
        bytes.extend_from_slice(value.as_bytes());
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(b"\r\n");
    bytes.extend_from_slice(body);
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
    basic(&login)
}
