//! One connection: HTTP/1.1 with bounded headers, and time-outs for slow clients.
//!
//! Guarantees: a request whose headers do not arrive in time is answered 408, and an idle connection is closed without an answer: its
//! client would take a 408 for the answer to its next request; a connection ends after its lifetime, however slowly the client reads.

use std::convert::Infallible;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::sync::watch;

use super::gate::Gate;

/// How long the headers of a request may take, and how long a connection may be idle.
const HEADER_TIMEOUT: Duration = Duration::from_secs(5);

/// Bytes of the headers of one request.
const MAX_HEADER_BYTES: usize = 16 * 1024;

/// Headers of one request.
const MAX_HEADERS: usize = 64;

/// How long a connection lives, and how long its last answer may take after that.
const LIFETIME: Duration = Duration::from_mins(2);
const LAST_ANSWER: Duration = Duration::from_secs(15);

const TOO_SLOW: &[u8] = b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";

/// Answers the requests of one connection.
pub(super) async fn serve(
    stream: TcpStream,
    peer: IpAddr,
    gate: Arc<Gate>,
    mut stopping: watch::Receiver<bool>,
) {
    let service = service_fn(move |request: Request<Incoming>| {
        let gate = Arc::clone(&gate);
        async move { Ok::<_, Infallible>(gate.respond(peer, request).await) }
    });
    let mut connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .max_buf_size(MAX_HEADER_BYTES)
        .max_headers(MAX_HEADERS)
        .serve_connection(TokioIo::new(stream), service);
    let ended = tokio::select! {
        ended = &mut connection => Some(ended),
        () = tokio::time::sleep(LIFETIME) => None,
        _ = stopping.wait_for(|is_stopping| *is_stopping) => None,
    };
    let ended = if let Some(ended) = ended {
        ended
    } else {
        Pin::new(&mut connection).graceful_shutdown();
        tokio::time::timeout(LAST_ANSWER, &mut connection).await.unwrap_or(Ok(()))
    };
    if ended.is_err_and(|error| error.is_timeout()) {
        let connection = connection.into_parts();
        // Empty lines before a request belong to none.
        if connection.read_buf.trim_ascii_start().is_empty() {
            return;
        }
        let mut stream = connection.io.into_inner();
        // A client that does not read either is left.
        let _ = tokio::time::timeout(HEADER_TIMEOUT, stream.write_all(TOO_SLOW)).await;
    }
}
