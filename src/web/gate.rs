//! What every request passes before its route, and every answer after it.
//!
//! Guarantees: a request that is too large, too slow or not allowed reaches no route; every answer to a request that
//! could be parsed carries the security headers.

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{CONNECTION, CONTENT_LENGTH, HeaderValue};
use axum::http::{Method, StatusCode};
use axum::response::Response;
use hyper::body::Incoming;
use tower::ServiceExt as _;

use super::access;
use super::answer_cache::{AnswerCache, CacheKey};
use super::load::Load;
use super::request::{HEALTHZ, ICON, LOGIN, MAX_BODY, Peer, READYZ, STYLE};
use super::response::{add_security_headers, plain};
use super::routes;
use super::site::Site;

/// How long one answer may take to be made.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(15);

/// Admits requests to the routes.
#[derive(Debug)]
pub(super) struct Gate {
    site: Arc<Site>,
    routes: Router,
    load: Load,
    cache: AnswerCache,
}

impl Gate {
    pub(super) fn new(site: Arc<Site>) -> Self {
        let routes = routes::router(Arc::clone(&site));
        Self { site, routes, load: Load::new(), cache: AnswerCache::default() }
    }

    /// Frees the memory of answers that are kept for others, each when it is too old.
    pub(super) async fn forget_answers(&self) -> Infallible {
        self.cache.forget_in_time().await
    }

    /// The answer to one request.
    pub(super) async fn respond(&self, peer: IpAddr, request: Request<Incoming>) -> Response {
        let waits_for_client = request.method() == Method::POST;
        let answer = self.answer(peer, request.map(Body::new));
        let answered = tokio::time::timeout(REQUEST_TIMEOUT, answer).await;
        let mut response = answered.unwrap_or_else(|_| {
            let status =
                if waits_for_client { StatusCode::REQUEST_TIMEOUT } else { StatusCode::SERVICE_UNAVAILABLE };
            plain(status, "this took too long; try again\n")
        });
        if response.status().is_client_error() {
            // What is left of the request is not read.
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        add_security_headers(&mut response);
        response
    }

    async fn answer(&self, peer: IpAddr, mut request: Request) -> Response {
        if announced_length(&request).is_some_and(|length| length > MAX_BODY) {
            return plain(StatusCode::PAYLOAD_TOO_LARGE, "the body is too large\n");
        }
        request.extensions_mut().insert(Peer(peer));
        let (parts, body) = request.into_parts();
        if let Err(refused) = access::check(&self.site, peer, &parts).await {
            return *refused;
        }
        let key = CacheKey::from_request(&parts);
        let find = || key.as_ref().and_then(|key| self.cache.find(key, Instant::now()));
        if let Some(made) = find() {
            return made;
        }
        let _turn = if is_cheap(parts.uri.path()) { None } else { self.load.turn().await };
        // Another client may have had it made meanwhile.
        if let Some(made) = find() {
            return made;
        }
        self.cache.forget_old(Instant::now());
        let response = match self.routes.clone().oneshot(Request::from_parts(parts, body)).await {
            Ok(response) => response,
            Err(never) => match never {},
        };
        match self.load.admit(response, || self.cache.clear()).await {
            Ok((head, bytes)) => {
                if let Some(key) = key {
                    self.cache.keep(key, (&head, &bytes), Instant::now());
                }
                Response::from_parts(head, Body::from(bytes))
            }
            Err(refused) => refused,
        }
    }
}

/// Whether the answer must not wait for others: it reads little or nothing of the store.
fn is_cheap(path: &str) -> bool {
    matches!(path, HEALTHZ | READYZ | STYLE | ICON | LOGIN)
}

fn announced_length(request: &Request) -> Option<usize> {
    request.headers().get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}
