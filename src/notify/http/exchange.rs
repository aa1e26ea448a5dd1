//! One request and its response on one connection.
//!
//! Guarantees: bounded in bytes and in time by the deadline and a second for closing, whatever the receiver does; of a POST, the rest
//! of the response does not change the outcome once there is a status. Bytes that arrive before the request are not a response.

use std::future::pending;
use std::io;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt, split};
use tokio::time::{Instant, timeout_at};

use super::request::Method;
use super::response::{MAX_RESPONSE, Response};
use crate::domain::text::one_line;
use crate::notify::stream::{Stream, received};

/// Bytes read at once.
const READ_SIZE: usize = 4096;

/// For the rest of a response that is decided: long enough not to interrupt the receiver, short enough to delay nothing.
const LINGER: Duration = Duration::from_secs(1);

/// Why there is no status.
#[derive(Debug, thiserror::Error)]
pub(super) enum ExchangeError {
    #[error("no answer in time")]
    TimedOut,
    #[error("the connection was closed without an answer")]
    Closed,
    /// The network, or TLS.
    #[error("{}", one_line(&.0.to_string()))]
    Io(#[from] io::Error),
    #[error("the answer is not HTTP")]
    Garbage,
    /// Interim responses, or empty lines, without an end.
    #[error("no status in the first {MAX_RESPONSE} bytes of the answer")]
    Full,
    /// Bytes that arrive before the request cannot be its response.
    #[error("the receiver answered before it was asked")]
    Unsolicited,
}

/// Sends `request` and reads the response by `deadline`. A response with a status may be incomplete.
pub(super) async fn exchange(
    mut stream: Box<dyn Stream>,
    (method, request): (Method, &[u8]),
    deadline: Instant,
) -> Result<Response, ExchangeError> {
    if !received(&mut *stream, 1).await.is_empty() {
        return Err(ExchangeError::Unsolicited);
    }
    let (mut reader, mut writer) = split(stream);
    // A receiver may respond before it has read everything, and then stop reading. A failed write also shows in reading.
    let writing = async {
        if writer.write_all(request).await.is_ok() {
            let _ = writer.flush().await;
        }
        pending().await
    };
    let response = tokio::select! {
        response = read(&mut reader, method, deadline) => response,
        never = writing => never,
    };
    let _ = timeout_at(Instant::now() + LINGER, reader.unsplit(writer).shutdown()).await;
    response
}

async fn read(
    reader: &mut (impl AsyncRead + Unpin),
    method: Method,
    deadline: Instant,
) -> Result<Response, ExchangeError> {
    let mut response = match method {
        Method::Post => Response::default(),
        Method::Get { limit } => Response::up_to(limit),
    };
    let mut limit = deadline;
    let mut buffer = [0; READ_SIZE];
    let ended = loop {
        let length = match timeout_at(limit, reader.read(&mut buffer)).await {
            Err(_) => break ExchangeError::TimedOut,
            Ok(Err(error)) => break ExchangeError::Io(error),
            Ok(Ok(0)) => break ExchangeError::Closed,
            Ok(Ok(length)) => length,
        };
        let was_decided = is_decided(&response);
        response.feed(buffer.get(..length).unwrap_or_default());
        if response.is_garbage() || response.is_complete() || response.is_full() {
            break ExchangeError::Full;
        }
        if method == Method::Post && is_decided(&response) && !was_decided {
            limit = deadline.min(Instant::now() + LINGER);
        }
    };
    response.end();
    match response.status {
        Some(_) => Ok(response),
        None if response.is_garbage() => Err(ExchangeError::Garbage),
        None => Err(ended),
    }
}

/// Whether the rest of the response does not matter. The head of a failure is needed for its `Retry-After`.
fn is_decided(response: &Response) -> bool {
    response.has_head() || response.status.is_some_and(|status| (200..300).contains(&status))
}

#[cfg(test)]
mod tests {
    use tokio::io::duplex;

    use super::*;

    const SOON: Duration = Duration::from_secs(10);

    #[tokio::test]
    async fn bytes_before_the_request_are_not_a_response() {
        let (here, mut there) = duplex(1024);
        there.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
        let ended = exchange(Box::new(here), (Method::Post, b"POST"), Instant::now() + SOON).await;
        assert!(matches!(ended, Err(ExchangeError::Unsolicited)), "{ended:?}");
        let mut sent = Vec::new();
        there.read_to_end(&mut sent).await.unwrap();
        assert_eq!(sent, b"", "the request was not sent");
    }

    #[tokio::test]
    async fn refusal_is_read_from_a_receiver_that_stops_reading() {
        let (here, mut there) = duplex(64);
        let receiver = async {
            there.read_exact(&mut [0; 16]).await.unwrap();
            there.write_all(b"HTTP/1.1 413 Too Large\r\n\r\n").await.unwrap();
            there.shutdown().await.unwrap();
        };
        let request = [b'a'; 4096];
        let (response, ()) =
            tokio::join!(exchange(Box::new(here), (Method::Post, &request), Instant::now() + SOON), receiver);
        assert_eq!(response.unwrap().status, Some(413));
    }

    #[tokio::test]
    async fn decided_response_is_read_for_a_second_and_an_undecided_one_until_the_deadline() {
        const LIMIT: Duration = Duration::from_secs(3);
        let stalled = async |line: &'static str| {
            let (here, mut there) = duplex(1024);
            let begin = Instant::now();
            let receiver = async {
                there.read_exact(&mut [0; 4]).await.unwrap();
                there.write_all(line.as_bytes()).await.unwrap();
            };
            let (response, ()) =
                tokio::join!(exchange(Box::new(here), (Method::Post, b"POST"), begin + LIMIT), receiver);
            (response.ok().and_then(|response| response.status), begin.elapsed())
        };
        let ended = tokio::join!(
            stalled("HTTP/1.1 200 OK\r\n"),
            stalled("HTTP/1.1 503 No\r\n\r\n"),
            stalled("HTTP/1.1 503 No\r\n"),
            stalled("HTTP/1.1 100 Continue\r\n\r\n"),
        );
        for ((status, waited), expected) in [(ended.0, Some(200)), (ended.1, Some(503))] {
            assert_eq!(status, expected);
            assert!((LINGER..LIMIT).contains(&waited), "{waited:?}");
        }
        for ((status, waited), expected) in [(ended.2, Some(503)), (ended.3, None)] {
            assert_eq!(status, expected);
            assert!(waited >= LIMIT, "{waited:?}");
        }
    }
}
