//! How much the answers take at once, in work and in memory.
//!
//! Guarantees: one answer is made from the store at a time, so that one of the two connections is left for `/readyz`; large answers that
//! slow clients have not read yet take a bounded memory. Leaves the number of connections to `server`.

use std::sync::Arc;

#[cfg(test)]
use axum::body::Body;
use axum::body::{Bytes, to_bytes};
use axum::http::response::Parts;
use axum::response::Response;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};

use super::response::{busy, cannot_be_written};

/// KiB of large answers that are not sent yet. One that is larger than this is sent when there is no other.
const MAX_UNSENT: u32 = 32 * 1024;

/// Bytes of a large answer. The smaller ones of all connections together take little.
const LARGE: usize = 64 * 1024;

/// What the answers take now.
#[derive(Debug)]
pub(super) struct Load {
    turn: Semaphore,
    unsent: Arc<Semaphore>,
}

/// A large answer, and its part of what may be unsent.
struct Unsent {
    bytes: Bytes,
    _part: OwnedSemaphorePermit,
}

impl AsRef<[u8]> for Unsent {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Load {
    pub(super) fn new() -> Self {
        let unsent = usize::try_from(MAX_UNSENT).unwrap_or(usize::MAX);
        Self { turn: Semaphore::new(1), unsent: Arc::new(Semaphore::new(unsent)) }
    }

    /// The turn to make an answer, in the order of the requests.
    pub(super) async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        self.turn.acquire().await.ok()
    }

    /// The head and bytes of `response`, which count as unsent until the last client that shares them has read them; another response in its
    /// place when there are too many of them, also after `make_room`.
    pub(super) async fn admit(
        &self,
        response: Response,
        make_room: impl FnOnce(),
    ) -> Result<(Parts, Bytes), Response> {
        let (head, body) = response.into_parts();
        let Ok(bytes) = to_bytes(body, usize::MAX).await else { return Err(cannot_be_written()) };
        if bytes.len() < LARGE {
            return Ok((head, bytes));
        }
        let size = u32::try_from(bytes.len() / 1024).unwrap_or(u32::MAX).min(MAX_UNSENT);
        let acquire = || Arc::clone(&self.unsent).try_acquire_many_owned(size);
        let part = acquire().or_else(|_| {
            make_room();
            acquire()
        });
        match part {
            Ok(part) => Ok((head, Bytes::from_owner(Unsent { bytes, _part: part }))),
            Err(_) => Err(busy()),
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;

    use super::*;

    #[tokio::test]
    async fn large_answers_that_are_not_read_are_bounded_in_memory() {
        let load = Load::new();
        let answer = async |kib: usize| match load
            .admit(Response::new(Body::from(vec![0; kib * 1024])), || {})
            .await
        {
            Ok((head, bytes)) => Response::from_parts(head, Body::from(bytes)),
            Err(refused) => refused,
        };
        let first = answer(20 * 1024).await;
        assert_eq!(first.status(), StatusCode::OK);
        assert_eq!(answer(20 * 1024).await.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(answer(10).await.status(), StatusCode::OK, "a small one is always sent");
        let read = to_bytes(first.into_body(), usize::MAX).await.unwrap();
        assert_eq!(answer(20 * 1024).await.status(), StatusCode::SERVICE_UNAVAILABLE, "it is not sent yet");
        // What only a cache holds gives way.
        let held = std::cell::Cell::new(Some(read));
        let response = Response::new(Body::from(vec![0; 20 << 20]));
        assert!(load.admit(response, || drop(held.take())).await.is_ok());
        assert_eq!(answer(100 * 1024).await.status(), StatusCode::OK, "it is larger than all of them may be");
    }
}
