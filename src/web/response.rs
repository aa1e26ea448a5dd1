//! Answers of each media type, and the headers that all of them carry.

use axum::body::Body;
use axum::http::StatusCode;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, HeaderValue, REFERRER_POLICY,
    RETRY_AFTER, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::response::Response;
use serde::Serialize;

use crate::store::StoreError;

/// On every answer. No page here needs a script, an inline style or anything of another server.
const SECURITY_HEADERS: [(HeaderName, &str); 8] = [
    (
        CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (X_FRAME_OPTIONS, "DENY"),
    (REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("x-robots-tag"), "noindex, nofollow"),
    (CACHE_CONTROL, "private, no-cache"),
];

const JSON: &str = "application/json; charset=utf-8";

/// Adds the headers that every answer carries; a route's own value of one of them stays.
pub(super) fn add_security_headers(response: &mut Response) {
    for (name, value) in SECURITY_HEADERS {
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
}

/// The answer to a client that guesses too often.
pub(super) fn too_many() -> Response {
    let mut response = plain(StatusCode::TOO_MANY_REQUESTS, "too many wrong tokens; try again in a second\n");
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
    response
}

/// Plain text.
pub(super) fn plain(status: StatusCode, text: impl Into<String>) -> Response {
    with_type(status, "text/plain; charset=utf-8", text.into())
}

/// A page. A browser must not show it again from memory: it would look as fresh as it was.
pub(super) fn html(status: StatusCode, page: String) -> Response {
    let mut response = with_type(status, "text/html; charset=utf-8", page);
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    response
}

/// The style sheet.
pub(super) fn css(text: &'static str) -> Response {
    with_type(StatusCode::OK, "text/css; charset=utf-8", text)
}

/// Text of another media type.
pub(super) fn text_as(status: StatusCode, media_type: &'static str, text: String) -> Response {
    with_type(status, media_type, text)
}

/// The icon.
pub(super) fn svg(text: &'static str) -> Response {
    with_type(StatusCode::OK, "image/svg+xml", text)
}

/// JSON that is text already.
pub(super) fn json_text(text: &'static str) -> Response {
    with_type(StatusCode::OK, JSON, text)
}

/// JSON as the commands print it.
pub(super) fn json(status: StatusCode, answer: &impl Serialize) -> Response {
    with_json(status, serde_json::to_vec_pretty(answer))
}

fn with_json(status: StatusCode, text: serde_json::Result<Vec<u8>>) -> Response {
    match text {
        Ok(mut text) => {
            text.push(b'\n');
            with_type(status, JSON, text)
        }
        Err(error) => {
            tracing::error!("an answer of the HTTP listener cannot be written as JSON: {error}");
            cannot_be_written()
        }
    }
}

/// An answer that failed for our own reasons.
pub(super) fn cannot_be_written() -> Response {
    plain(StatusCode::INTERNAL_SERVER_ERROR, "the answer cannot be written\n")
}

/// Too much is asked at once.
pub(super) fn busy() -> Response {
    let text = "other clients are still reading large answers; try again in a moment\n";
    let mut response = plain(StatusCode::SERVICE_UNAVAILABLE, text);
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("5"));
    response
}

/// JSON in one line, as the vendor sends it.
pub(super) fn compact_json(status: StatusCode, answer: &impl Serialize) -> Response {
    with_json(status, serde_json::to_vec(answer))
}

/// The client asked for what cannot be answered.
pub(super) fn bad_request(reason: &str) -> Response {
    json(StatusCode::BAD_REQUEST, &serde_json::json!({"error": reason, "code": 400}))
}

/// There is no such account.
pub(super) fn unknown_account() -> Response {
    json(
        StatusCode::NOT_FOUND,
        &serde_json::json!({"error": "no account with this id is watched", "code": 404}),
    )
}

/// The store could not be read. The log has the reason, which may name files.
pub(super) fn store_failed(error: &StoreError) -> Response {
    log_failure(error);
    store_unreadable()
}

/// Why the store could not be read, in the log.
pub(super) fn log_failure(error: &StoreError) {
    tracing::warn!("the HTTP listener cannot read the store: {error}");
}

/// As [`store_failed`], when the log has the reason already.
pub(super) fn store_unreadable() -> Response {
    plain(StatusCode::SERVICE_UNAVAILABLE, "the store cannot be read; the log says why\n")
}

fn with_type(status: StatusCode, media_type: &'static str, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    response
}
