//! What connections to mail servers and to webhooks have in common.

use std::error::Error;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::Poll;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A connection, with or without TLS.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// The bytes, at most `room`, that `stream` has received already; does not wait. An error or an end of the stream shows
/// again at the next read.
pub(super) async fn received(stream: &mut dyn Stream, room: usize) -> Vec<u8> {
    let mut space = vec![0; room];
    let length = poll_fn(|context| {
        let mut buffer = ReadBuf::new(&mut space);
        let _ = Pin::new(&mut *stream).poll_read(context, &mut buffer);
        Poll::Ready(buffer.filled().len())
    })
    .await;
    space.truncate(length);
    space
}

type Cause<'e> = &'e (dyn Error + 'static);

/// The error and its causes, outermost first, including one inside an `io::Error`, which `source` skips.
pub(super) fn causes(error: Cause<'_>) -> impl Iterator<Item = Cause<'_>> {
    std::iter::successors(Some(error), |error| next_cause(*error))
}

fn next_cause(error: Cause<'_>) -> Option<Cause<'_>> {
    match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(wrapped) => Some(wrapped),
        None => error.source(),
    }
}

/// The first `T` among the error and its causes.
pub(super) fn find_cause<T: Error + 'static>(error: Cause<'_>) -> Option<&T> {
    causes(error).find_map(|cause| cause.downcast_ref())
}
