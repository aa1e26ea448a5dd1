//! Answers that many clients ask for at once: made once, and shared for a moment.
//!
//! Guarantees: only pages and metrics are kept, a few of them, each for [`LIFETIME`] after it was made, and its memory no longer than that
//! unless a client still reads it; clients that read the same answer share its memory. Who may read is decided before.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes};
use axum::http::request::Parts as RequestParts;
use axum::http::response::Parts;
use axum::http::{Method, StatusCode, header::ACCEPT};
use axum::response::Response;
use tokio::sync::Notify;

use super::request::{ACCOUNTS, METRICS, PAGE};

/// How long an answer is kept. A reader of the page does not notice; hundreds of clients cost what one a few seconds costs.
const LIFETIME: Duration = Duration::from_secs(5);

/// The most answers that are kept.
const MAX_ANSWERS: usize = 8;

/// What an answer depends on: the path with its query, and `Accept`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct CacheKey(String, Vec<u8>);

/// The latest answers.
#[derive(Debug, Default)]
pub(super) struct AnswerCache {
    answers: Mutex<Answers>,
    /// Wakes [`AnswerCache::forget_in_time`].
    kept: Notify,
}

type Answers = BTreeMap<CacheKey, (Instant, Parts, Bytes)>;

impl CacheKey {
    /// The key of `request`, if its answer may be shared.
    pub(super) fn from_request(request: &RequestParts) -> Option<Self> {
        let path = request.uri.path();
        let is_shared = path == PAGE || path == METRICS || path.starts_with(ACCOUNTS);
        let accept = request.headers.get(ACCEPT).map(|accept| accept.as_bytes().to_vec());
        let whole = request.uri.path_and_query().map_or(path, |whole| whole.as_str());
        (is_shared && request.method == Method::GET).then(|| {
            Self(whole.to_owned(), if path == METRICS { accept.unwrap_or_default() } else { Vec::new() })
        })
    }
}

impl AnswerCache {
    /// The answer, if it was made a moment ago.
    pub(super) fn find(&self, key: &CacheKey, now: Instant) -> Option<Response> {
        let answers = self.answers();
        let (made_at, head, bytes) = answers.get(key)?;
        let is_fresh = now - *made_at < LIFETIME;
        is_fresh.then(|| Response::from_parts(head.clone(), Body::from(bytes.clone())))
    }

    /// Keeps an answer that went well; not when there are too many newer ones than [`LIFETIME`].
    pub(super) fn keep(&self, key: CacheKey, (head, bytes): (&Parts, &Bytes), now: Instant) {
        if head.status != StatusCode::OK {
            return;
        }
        self.forget_old(now);
        let mut answers = self.answers();
        if answers.len() < MAX_ANSWERS {
            answers.insert(key, (now, head.clone(), bytes.clone()));
            self.kept.notify_one();
        }
    }

    /// Forgets the answers that are too old, so that their memory is free.
    pub(super) fn forget_old(&self, now: Instant) {
        self.answers().retain(|_, (made_at, ..)| now - *made_at < LIFETIME);
    }

    /// Forgets every answer.
    pub(super) fn clear(&self) {
        self.answers().clear();
    }

    /// Forgets each answer when it is too old, and sleeps while none is kept.
    pub(super) async fn forget_in_time(&self) -> Infallible {
        loop {
            match self.next_end() {
                Some(end) => {
                    tokio::time::sleep_until(end.into()).await;
                    self.forget_old(Instant::now());
                }
                None => self.kept.notified().await,
            }
        }
    }

    /// When the oldest answer is too old.
    fn next_end(&self) -> Option<Instant> {
        self.answers().values().map(|(made_at, ..)| *made_at + LIFETIME).min()
    }

    fn answers(&self) -> MutexGuard<'_, Answers> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    fn question(method: Method, path: &str, accept: &'static str) -> Option<CacheKey> {
        let request = Request::builder().method(method).uri(path).header(ACCEPT, accept).body(()).unwrap();
        CacheKey::from_request(&request.into_parts().0)
    }

    #[test]
    fn answers_are_shared_for_a_moment() {
        let (cache, begun) = (AnswerCache::default(), Instant::now());
        let get = |path: &str| question(Method::GET, path, "*/*");
        let (head, ()) = Response::new(()).into_parts();
        let page = get("/?q=a").unwrap();
        assert!(cache.find(&page, begun).is_none());
        cache.keep(page.clone(), (&head, &Bytes::from_static(b"made once")), begun);
        assert!(cache.find(&page, begun).is_some());
        assert!(cache.find(&get("/").unwrap(), begun).is_none(), "another query");
        let later = begun + LIFETIME;
        assert!(cache.find(&page, later).is_none(), "it is old");
        let (mut failed, ()) = Response::new(()).into_parts();
        failed.status = StatusCode::SERVICE_UNAVAILABLE;
        cache.keep(page.clone(), (&failed, &Bytes::new()), later);
        assert!(cache.find(&page, later).is_none(), "a failure is not kept");
        for number in 0..20 {
            cache.keep(get(&format!("/?page={number}")).unwrap(), (&head, &Bytes::new()), later);
        }
        assert_eq!(cache.answers().len(), MAX_ANSWERS);
        assert_eq!(cache.next_end(), Some(later + LIFETIME));
        cache.forget_old(later + LIFETIME);
        assert!(cache.answers().is_empty());
        assert_eq!(cache.next_end(), None);
    }

    #[tokio::test]
    async fn an_answer_is_forgotten_without_another_request() {
        let cache = AnswerCache::default();
        let (head, ()) = Response::new(()).into_parts();
        let body = Bytes::from(vec![0; 16]);
        let made_at = Instant::now().checked_sub(LIFETIME).unwrap();
        let forgotten = async {
            // The cache waits for its first answer by now.
            tokio::task::yield_now().await;
            cache.keep(question(Method::GET, "/", "").unwrap(), (&head, &body), made_at);
            while !body.is_unique() {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            biased;
            never = cache.forget_in_time() => match never {},
            () = tokio::time::sleep(LIFETIME) => panic!("it is kept"),
            () = forgotten => {}
        }
    }

    #[test]
    fn only_pages_and_metrics_are_shared() {
        for path in ["/api/v1/usable", "/login", "/healthz", "/v1/minimax/accounts"] {
            assert_eq!(question(Method::GET, path, ""), None, "{path}");
        }
        assert_eq!(question(Method::HEAD, "/", ""), None);
        assert!(question(Method::GET, "/metrics", "text/plain") != question(Method::GET, "/metrics", "*/*"));
        assert_eq!(question(Method::GET, "/", "text/html"), question(Method::GET, "/", "*/*"));
    }
}
