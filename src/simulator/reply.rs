//! One HTTP answer as bytes, and the manner in which it reaches the client, or does not.

use std::future::pending;
use std::io::{self, Write};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, DATE, LOCATION, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use flate2::Compression;
use flate2::write::GzEncoder;
use futures_util::{Stream, StreamExt, stream};

use super::listener::Line;
use crate::domain::time::Timestamp;

/// When a client is asked to come back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryAfter {
    /// `Retry-After: 30`.
    Seconds(u64),
    /// `Retry-After: Mon, 23 Nov 2026 07:15:00 GMT`.
    Date(Timestamp),
}

impl RetryAfter {
    fn header(self) -> HeaderValue {
        match self {
            Self::Seconds(seconds) => HeaderValue::from(seconds),
            Self::Date(moment) => http_date(moment),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Manner {
    AtOnce,
    Trickle { bytes: usize, every: Duration },
    CutAfter(usize),
    Endless,
    Close,
    Hang,
}

/// One HTTP answer: status, headers, body, manner. Anything can be said with it, also what no sane server says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
    manner: Manner,
}

impl Reply {
    /// That status, no body.
    pub fn status(status: StatusCode) -> Self {
        Self { status, headers: HeaderMap::new(), body: Bytes::new(), manner: Manner::AtOnce }
    }

    /// A JSON text, which need not be one.
    pub fn json(status: StatusCode, text: impl Into<Bytes>) -> Self {
        Self::status(status)
            .header(CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"))
            .body(text)
    }

    /// A page as proxies make them.
    pub fn html(status: StatusCode, text: impl Into<Bytes>) -> Self {
        Self::status(status).header(CONTENT_TYPE, HeaderValue::from_static("text/html")).body(text)
    }

    /// Plain text.
    pub fn text(status: StatusCode, text: impl Into<Bytes>) -> Self {
        Self::status(status)
            .header(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"))
            .body(text)
    }

    /// Sends the client elsewhere.
    pub fn redirect(status: StatusCode, location: &url::Url) -> Self {
        Self::status(status).header(LOCATION, address(location))
    }

    /// Closes the connection without a byte.
    pub fn close() -> Self {
        Self { manner: Manner::Close, ..Self::status(StatusCode::OK) }
    }

    /// Never answers; the connection stays open.
    pub fn hang() -> Self {
        Self { manner: Manner::Hang, ..Self::status(StatusCode::OK) }
    }

    /// A small gzip body that unpacks to a JSON object of more than `size` bytes.
    pub fn gzip_bomb(size: usize) -> Self {
        const PIECE: [u8; 8192] = [b'a'; 8192];
        let mut packer = Packer::new();
        packer.add(br#"{"account":""#);
        for start in (0..size).step_by(PIECE.len()) {
            packer.add(&PIECE[..PIECE.len().min(size - start)]);
        }
        packer.add(br#""}"#);
        Self::json(StatusCode::OK, packer.finish()).header(CONTENT_ENCODING, HeaderValue::from_static("gzip"))
    }

    /// With one more header.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.append(name, value);
        self
    }

    /// With that `Date`, whatever time it is.
    #[must_use]
    pub fn date(self, moment: Timestamp) -> Self {
        self.header(DATE, http_date(moment))
    }

    /// With `Retry-After`.
    #[must_use]
    pub fn retry_after(self, when: RetryAfter) -> Self {
        self.header(RETRY_AFTER, when.header())
    }

    /// With that body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    /// The same body, packed.
    #[must_use]
    pub fn gzipped(mut self) -> Self {
        let mut packer = Packer::new();
        packer.add(&self.body);
        self.body = packer.finish().into();
        self.header(CONTENT_ENCODING, HeaderValue::from_static("gzip"))
    }

    /// The body in pieces of `bytes`, with a pause of `every` (real time) between them.
    #[must_use]
    pub fn trickling(self, bytes: usize, every: Duration) -> Self {
        Self { manner: Manner::Trickle { bytes: bytes.max(1), every }, ..self }
    }

    /// The head and the first `bytes` of the body, then the connection closes.
    #[must_use]
    pub fn cut_after(self, bytes: usize) -> Self {
        Self { manner: Manner::CutAfter(bytes), ..self }
    }

    /// The body again and again until the client has enough; an empty one counts as a space.
    #[must_use]
    pub fn endless(self) -> Self {
        let body = if self.body.is_empty() { Bytes::from_static(b" ") } else { self.body };
        Self { manner: Manner::Endless, body, ..self }
    }

    /// Its status code.
    pub fn code(&self) -> StatusCode {
        self.status
    }

    /// Answers over `line`; does not return when there is to be no answer.
    pub(super) async fn send(self, line: &Line) -> Response {
        let length = HeaderValue::from(self.body.len());
        let (body, length) = match self.manner {
            Manner::Hang => pending().await,
            Manner::Close => {
                line.cut();
                pending().await
            }
            Manner::AtOnce => (Body::from(self.body), None),
            Manner::Trickle { bytes, every } => {
                (Body::from_stream(trickle(self.body, bytes, every)), Some(length))
            }
            Manner::CutAfter(bytes) => (Body::from_stream(torn(&self.body, bytes)), Some(length)),
            Manner::Endless => (Body::from_stream(stream::repeat(self.body).map(Ok::<_, io::Error>)), None),
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

/// `moment` as HTTP writes it (RFC 9110, 5.6.7).
pub(super) fn http_date(moment: Timestamp) -> HeaderValue {
    let text = moment.format("%a, %d %b %Y %H:%M:%S GMT").to_string();
    HeaderValue::try_from(text).expect("a date is printable ASCII")
}

fn address(url: &url::Url) -> HeaderValue {
    HeaderValue::try_from(url.as_str()).expect("a URL is printable ASCII")
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

/// Yields before it tears, so that what came before is on the wire by then.
fn torn(body: &Bytes, bytes: usize) -> impl Stream<Item = io::Result<Bytes>> + use<> {
    let kept = body.slice(..bytes.min(body.len()));
    stream::once(async { Ok(kept) }).chain(stream::once(async {
        tokio::task::yield_now().await;
        Err(io::ErrorKind::ConnectionAborted.into())
    }))
}

struct Packer(GzEncoder<Vec<u8>>);

impl Packer {
    fn new() -> Self {
        Self(GzEncoder::new(Vec::new(), Compression::fast()))
    }

    fn add(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).expect("writing to memory cannot fail");
    }

    fn finish(self) -> Vec<u8> {
        self.0.finish().expect("writing to memory cannot fail")
    }
}
