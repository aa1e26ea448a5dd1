//! Who may read: clients that know the token, or, without one, clients that address this machine as itself.
//!
//! Guarantees: without a token, another `Host` is refused, so that no web page in a browser on this machine can read the answers under a
//! name of its own (DNS rebinding). Tokens are compared in constant time, and wrong ones are slowed (`guesses`).

use std::net::IpAddr;

use axum::http::header::{AUTHORIZATION, COOKIE, HOST, HeaderMap, HeaderValue, WWW_AUTHENTICATE};
use axum::http::request::Parts;
use axum::http::uri::Authority;
use axum::http::{Method, StatusCode};
use axum::response::Response;
use serde_json::json;

use super::guesses::Guess;
use super::pages::login_form;
use super::request::{HEALTHZ, ICON, LOGIN, READYZ, STYLE};
use super::response::{compact_json, plain, too_many};
use super::session;
use super::site::Site;
use crate::clock;

const NOT_THIS_HOST: &str = "without a token, only requests to localhost or a loopback address are answered: open \
     http://127.0.0.1 with the port, or set [http].token_file\n";

/// Whether the request may reach its route.
///
/// # Errors
/// With the answer, when it may not.
pub(super) async fn check(site: &Site, peer: IpAddr, request: &Parts) -> Result<(), Box<Response>> {
    let config = site.config();
    let Some(token) = config.http.as_ref().and_then(|http| http.token.as_ref()) else {
        let refused = || Box::new(plain(StatusCode::MISDIRECTED_REQUEST, NOT_THIS_HOST));
        return if is_local(request) { Ok(()) } else { Err(refused()) };
    };
    if is_public(request) {
        return Ok(());
    }
    if let Some(given) = bearer(&request.headers) {
        return match site.guesses.verify(peer, given, &token.value).await {
            Guess::Right => Ok(()),
            Guess::Wrong => Err(Box::new(unauthorized(site, request))),
            Guess::TooMany => Err(Box::new(too_many())),
        };
    }
    let now = clock::now();
    if cookies(&request.headers).any(|session| session::is_valid(session, &token.value, now)) {
        return Ok(());
    }
    Err(Box::new(unauthorized(site, request)))
}

/// What needs no token.
fn is_public(request: &Parts) -> bool {
    let is_read = matches!(request.method, Method::GET | Method::HEAD);
    match request.uri.path() {
        HEALTHZ | READYZ | STYLE | ICON => is_read,
        LOGIN => request.method == Method::POST,
        _ => false,
    }
}

/// The log-in form for the pages, and what the vendor answers for everything else.
fn unauthorized(site: &Site, request: &Parts) -> Response {
    let form = login_form(&site.templates, StatusCode::UNAUTHORIZED, request.uri.path(), false);
    let mut response = form.unwrap_or_else(|| {
        compact_json(StatusCode::UNAUTHORIZED, &json!({"error": "Unauthorized", "code": 401}))
    });
    response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    response
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("Bearer").then(|| token.trim())
}

/// The values of the session cookie.
fn cookies(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let texts = headers.get_all(COOKIE).into_iter().filter_map(|cookies| cookies.to_str().ok());
    let pairs = texts.flat_map(|cookies| cookies.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.filter(|(name, _)| *name == session::COOKIE).map(|(_, value)| value)
}

/// Whether the request addresses this machine as `localhost` or by a loopback address.
fn is_local(request: &Parts) -> bool {
    let mut hosts = request.headers.get_all(HOST).into_iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else { return false };
    let host = host.to_str().ok().and_then(|host| host.parse::<Authority>().ok());
    let is_asked_locally = request.uri.authority().is_none_or(is_loopback);
    is_asked_locally && host.as_ref().is_some_and(is_loopback)
}

fn is_loopback(authority: &Authority) -> bool {
    let host = authority.host();
    let address = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let is_plain = !authority.as_str().contains('@');
    is_plain
        && (host.eq_ignore_ascii_case("localhost")
            || address.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_local() {
        for (host, expected) in [
            ("localhost", true),
            ("LOCALHOST:9464", true),
            ("127.0.0.1:9464", true),
            ("127.8.8.8", true),
            ("[::1]:9464", true),
            ("[::ffff:127.0.0.1]", true),
            ("rebound.example.com", false),
            ("localhost.example.com", false),
            ("127.0.0.1.example.com", false),
            ("192.168.1.5", false),
            ("0.0.0.0:9464", false),
            ("localhost@example.com", false),
            ("example.com@localhost", false),
        ] {
            let is_local = host.parse::<Authority>().is_ok_and(|authority| is_loopback(&authority));
            assert_eq!(is_local, expected, "{host}");
        }
    }

    #[test]
    fn the_session_is_found_among_other_cookies() {
        let value = format!("theme=dark; {}=1.ab; x", session::COOKIE);
        let headers = HeaderMap::from_iter([(COOKIE, HeaderValue::from_str(&value).unwrap())]);
        assert_eq!(cookies(&headers).collect::<Vec<_>>(), ["1.ab"]);
    }
}
