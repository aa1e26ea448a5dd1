//! One HTTP response, and how it is sent, or not.

use std::future::pending;
use std::io;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, DATE, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use futures_util::{Stream, StreamExt, stream};

use super::port::HangUp;
use minimax_watch::domain::time::Timestamp;

/// When a client should try again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RetryAfter {
    /// `Retry-After: 30`.
    Seconds(u64),
    /// `Retry-After: Mon, 23 Nov 2026 07:15:00 GMT`.
    Date(Timestamp),
}

/// How the response is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
enum BodyDelivery {
    AtOnce,
    Trickle { bytes: usize, every: Duration },
    CutAfter(usize),
    Endless,
    Close,
    Hang,
}

/// One HTTP response: status, headers, body and how it is sent; also one that no sane server sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reply {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
    mode: BodyDelivery,
}

impl Reply {
    /// A response without a body.
    pub(crate) fn status(status: StatusCode) -> Self {
        Self { status, headers: HeaderMap::new(), body: Bytes::new(), mode: BodyDelivery::AtOnce }
    }

    /// A response of the type JSON; `text` need not be valid.
    pub(crate) fn json(status: StatusCode, text: impl Into<Bytes>) -> Self {
        Self::status(status)
            .header(CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"))
            .body(text)
    }

    /// An HTML page.
    pub(crate) fn html(status: StatusCode, text: impl Into<Bytes>) -> Self {
        Self::status(status).header(CONTENT_TYPE, HeaderValue::from_static("text/html")).body(text)
    }

    /// A response of plain text.
    pub(crate) fn text(status: StatusCode, text: impl Into<Bytes>) -> Self {
        Self::status(status)
            .header(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"))
            .body(text)
    }

    /// The connection closes without a response.
    pub(crate) fn close() -> Self {
        Self { mode: BodyDelivery::Close, ..Self::status(StatusCode::OK) }
    }

    /// No response; the connection stays open.
    pub(crate) fn hang() -> Self {
        Self { mode: BodyDelivery::Hang, ..Self::status(StatusCode::OK) }
    }

    /// Adds a header.
    #[must_use]
    pub(crate) fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.append(name, value);
        self
    }

    /// Sets `Date`, which may differ from the simulated time.
    #[must_use]
    pub(crate) fn date(self, at: Timestamp) -> Self {
        self.header(DATE, http_date(at))
    }

    /// Adds `Retry-After`.
    #[must_use]
    pub(crate) fn retry_after(self, when: RetryAfter) -> Self {
        let value = match when {
            RetryAfter::Seconds(seconds) => HeaderValue::from(seconds),
            RetryAfter::Date(at) => http_date(at),
        };
        self.header(RETRY_AFTER, value)
    }

    /// Sets the body.
    #[must_use]
    pub(crate) fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    /// Sends the body in pieces of `bytes`, one per `every` (real time).
    #[must_use]
    pub(crate) fn trickling(self, bytes: usize, every: Duration) -> Self {
        Self { mode: BodyDelivery::Trickle { bytes: bytes.max(1), every }, ..self }
    }

    /// Sends the head and the first `bytes` of the body, then closes the connection.
    #[must_use]
    pub(crate) fn cut_after(self, bytes: usize) -> Self {
        Self { mode: BodyDelivery::CutAfter(bytes), ..self }
    }

    /// Repeats the body until the client closes the connection; an empty body counts as a space.
    #[must_use]
    pub(crate) fn endless(self) -> Self {
        let body = if self.body.is_empty() { Bytes::from_static(b" ") } else { self.body };
        Self { mode: BodyDelivery::Endless, body, ..self }
    }

    pub(crate) fn code(&self) -> StatusCode {
        self.status
    }

    /// Whether a client learns of a success.
    pub(crate) fn is_success(&self) -> bool {
        self.status.is_success() && !matches!(self.mode, BodyDelivery::Close | BodyDelivery::Hang)
    }

    /// The response. Does not return if there is none.
    pub(crate) async fn send(self, connection: &HangUp) -> Response {
        let length = HeaderValue::from(self.body.len());
        let (body, length) = match self.mode {
            BodyDelivery::Hang => pending().await,
            BodyDelivery::Close => {
                connection.hang_up();
                pending().await
            }
            BodyDelivery::AtOnce => (Body::from(self.body), None),
            BodyDelivery::Trickle { bytes, every } => {
                (Body::from_stream(trickle(self.body, bytes, every)), Some(length))
            }
            BodyDelivery::CutAfter(bytes) => (Body::from_stream(truncated(&self.body, bytes)), Some(length)),
            BodyDelivery::Endless => {
                (Body::from_stream(stream::repeat(self.body).map(Ok::<_, io::Error>)), None)
            }
        };
        let mut response = Response::new(body);
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers;
        if let Some(length) = length {
            response.headers_mut().insert(CONTENT_LENGTH, length);
        }
        response
    }
}

/// `at` in the notation of HTTP (RFC 9110, 5.6.7).
pub(crate) fn http_date(at: Timestamp) -> HeaderValue {
    let text = at.format("%a, %d %b %Y %H:%M:%S GMT").to_string();
    HeaderValue::try_from(text).expect("a date is printable ASCII")
}

fn trickle(body: Bytes, bytes: usize, every: Duration) -> impl Stream<Item = io::Result<Bytes>> {
    stream::unfold((body, Duration::ZERO), move |(mut rest, pause)| async move {
        if rest.is_empty() {
            return None;
        }
        tokio::time::sleep(pause).await;
        let piece = rest.split_to(bytes.min(rest.len()));
        Some((Ok(piece), (rest, every)))
    })
}

/// Yields before it fails, so that the previous bytes are sent by then.
fn truncated(body: &Bytes, bytes: usize) -> impl Stream<Item = io::Result<Bytes>> + use<> {
    let kept = body.slice(..bytes.min(body.len()));
    stream::once(async { Ok(kept) }).chain(stream::once(async {
        tokio::task::yield_now().await;
        Err(io::ErrorKind::ConnectionAborted.into())
    }))
}
