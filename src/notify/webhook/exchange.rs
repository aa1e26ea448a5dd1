//! One request and its answer on a connection of their own.
//!
//! Guarantees: bounded in bytes by [`MAX_ANSWER`] and in time by the deadline, whatever the receiver does; once a status was said,
//! how the answer goes on changes nothing. What was there before the request is an answer to nothing.

use std::future::{pending, poll_fn};
use std::io;
use std::task::Poll;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt, ReadBuf, split};
use tokio::time::{Instant, timeout_at};

use super::answer::{Answer, MAX_ANSWER};
use super::connection::Stream;
use crate::domain::text::one_line;

/// Bytes read at once.
const READ_SIZE: usize = 4096;

/// For the rest of an answer that is decided: the receiver is not cut off while it writes, and holds up nothing either.
const LINGER: Duration = Duration::from_secs(1);

/// Why there is no status.
#[derive(Debug, thiserror::Error)]
pub(super) enum ExchangeError {
    /// Before the status line.
    #[error("no answer in time")]
    TimedOut,
    /// Before the status line.
    #[error("the connection was closed without an answer")]
    Closed,
    /// The network, or TLS.
    #[error("{}", one_line(&.0.to_string()))]
    Io(#[from] io::Error),
    /// Something else speaks there.
    #[error("the answer is not HTTP")]
    Garbage,
    /// Interim answers, or empty lines, without an end.
    #[error("no status in the first {MAX_ANSWER} bytes of the answer")]
    Full,
    /// It cannot be about a request that was not sent yet.
    #[error("the receiver answered before it was asked")]
    Unasked,
}

/// Sends `request` and reads the answer by `deadline`; an answer that has a status may be cut.
pub(super) async fn exchange(
    mut stream: Box<dyn Stream>,
    request: &[u8],
    deadline: Instant,
) -> Result<Answer, ExchangeError> {
    if has_unread(&mut stream).await {
        return Err(ExchangeError::Unasked);
    }
    let (mut reader, mut writer) = split(stream);
    // A receiver may answer before it has read everything, and then read no more. A failed write shows in reading, too.
    let writing = async {
        let _ = async {
            writer.write_all(request).await?;
            writer.flush().await
        }
        .await;
        pending::<()>().await;
    };
    let answer = tokio::select! {
        answer = read(&mut reader, deadline) => answer,
        () = writing => Err(ExchangeError::Closed),
    };
    let _ = timeout_at(Instant::now() + LINGER, reader.unsplit(writer).shutdown()).await;
    answer
}

async fn read(reader: &mut (impl AsyncRead + Unpin), deadline: Instant) -> Result<Answer, ExchangeError> {
    let mut answer = Answer::new();
    let mut limit = deadline;
    let mut buffer = [0; READ_SIZE];
    let ended = loop {
        let read = match timeout_at(limit, reader.read(&mut buffer)).await {
            Err(_) => break ExchangeError::TimedOut,
            Ok(Err(error)) => break ExchangeError::Io(error),
            Ok(Ok(0)) => break ExchangeError::Closed,
            Ok(Ok(read)) => read,
        };
        let was_decided = is_decided(&answer);
        answer.feed(buffer.get(..read).unwrap_or_default());
        if answer.is_garbage() {
            break ExchangeError::Garbage;
        }
        if answer.is_whole() || answer.is_full() {
            break ExchangeError::Full;
        }
        if is_decided(&answer) && !was_decided {
            limit = deadline.min(Instant::now() + LINGER);
        }
    };
    answer.end();
    if answer.status().is_some() { Ok(answer) } else { Err(ended) }
}

/// Whether nothing that may follow matters: of a refusal, the head says when to try again.
fn is_decided(answer: &Answer) -> bool {
    answer.has_head() || answer.status().is_some_and(|status| (200..300).contains(&status))
}

/// Whether something is there to be read already; waits for nothing. An error or an end shows again at the next reading.
async fn has_unread(stream: &mut Box<dyn Stream>) -> bool {
    poll_fn(|context| {
        let mut space = [0; 1];
        let mut buffer = ReadBuf::new(&mut space);
        let polled = std::pin::Pin::new(&mut *stream).poll_read(context, &mut buffer);
        Poll::Ready(polled.is_ready() && !buffer.filled().is_empty())
    })
    .await
}

#[cfg(test)]
mod tests {
    use tokio::io::duplex;

    use super::*;

    const SOON: Duration = Duration::from_secs(10);

    #[tokio::test]
    async fn an_answer_that_is_there_before_the_request_is_none() {
        let (here, mut there) = duplex(1024);
        there.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
        let ended = exchange(Box::new(here), b"POST", Instant::now() + SOON).await;
        assert!(matches!(ended, Err(ExchangeError::Unasked)), "{ended:?}");
        let mut heard = Vec::new();
        there.read_to_end(&mut heard).await.unwrap();
        assert_eq!(heard, b"", "the request was not sent");
    }

    #[tokio::test]
    async fn a_refusal_is_heard_from_a_receiver_that_reads_no_further() {
        let (here, mut there) = duplex(64);
        let receiver = async {
            there.read_exact(&mut [0; 16]).await.unwrap();
            there.write_all(b"HTTP/1.1 413 Too Large\r\n\r\n").await.unwrap();
            there.shutdown().await.unwrap();
        };
        let request = [b'a'; 4096];
        let (answer, ()) = tokio::join!(exchange(Box::new(here), &request, Instant::now() + SOON), receiver);
        assert_eq!(answer.unwrap().status(), Some(413));
    }

    #[tokio::test]
    async fn a_decided_answer_is_read_for_a_second_and_an_undecided_one_until_the_deadline() {
        const LIMIT: Duration = Duration::from_secs(3);
        let stalled = async |line: &'static str| {
            let (here, mut there) = duplex(1024);
            let begin = Instant::now();
            let receiver = async {
                there.read_exact(&mut [0; 4]).await.unwrap();
                there.write_all(line.as_bytes()).await.unwrap();
            };
            let (answer, ()) = tokio::join!(exchange(Box::new(here), b"POST", begin + LIMIT), receiver);
            (answer.ok().and_then(|answer| answer.status()), begin.elapsed())
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
