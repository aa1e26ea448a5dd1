//! A webhook receiver on loopback, which verifies signatures as the libraries for receivers do.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State as Shared;
use axum::http::{HeaderMap, StatusCode};
use standardwebhooks::{
    HEADER_WEBHOOK_ID, HEADER_WEBHOOK_SIGNATURE, HEADER_WEBHOOK_TIMESTAMP, Webhook, WebhookError,
};
use url::Url;

use super::http::HttpServer;
use super::lock::lock;
use super::now::VirtualNow;
use crate::domain::time::Timestamp;

/// One delivery as it was received.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// When, in simulated time.
    pub at: Timestamp,
    /// The message's id.
    pub id: String,
    /// The whole body.
    pub body: Bytes,
    /// Whether the signature is valid.
    pub is_signed: bool,
}

struct State {
    now: VirtualNow,
    verifier: Webhook,
    is_down: AtomicBool,
    deliveries: Mutex<Vec<Delivery>>,
}

async fn receive(Shared(state): Shared<Arc<State>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    if state.is_down.load(Ordering::Relaxed) {
        return StatusCode::SERVICE_UNAVAILABLE;
    }
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let id = text(HEADER_WEBHOOK_ID);
    // Signs again and compares: the library's own check compares the timestamp with the real clock.
    let timestamp = text(HEADER_WEBHOOK_TIMESTAMP).parse().unwrap_or_default();
    let expected = state.verifier.sign(id, timestamp, &body);
    let is_signed = expected.is_ok_and(|expected| expected == text(HEADER_WEBHOOK_SIGNATURE));
    lock(&state.deliveries).push(Delivery { at: state.now.now(), id: id.to_owned(), body, is_signed });
    StatusCode::OK
}

/// A webhook receiver on a free port of 127.0.0.1.
pub struct WebhookServer {
    state: Arc<State>,
    server: HttpServer,
}

impl WebhookServer {
    /// Opens it; it verifies signatures with `secret` (`whsec_…`).
    ///
    /// # Errors
    ///
    /// No port could be opened, or the secret is not base64.
    pub async fn open(now: &VirtualNow, secret: &str) -> io::Result<Self> {
        let state = Arc::new(State {
            now: now.clone(),
            verifier: Webhook::new(secret).map_err(|error: WebhookError| io::Error::other(error))?,
            is_down: AtomicBool::new(false),
            deliveries: Mutex::default(),
        });
        let router = Router::new().fallback(receive).with_state(Arc::clone(&state));
        Ok(Self { state, server: HttpServer::open(router).await? })
    }

    /// The URL for deliveries.
    pub fn url(&self) -> Url {
        self.server.url("/hook")
    }

    /// The deliveries so far.
    pub fn deliveries(&self) -> Vec<Delivery> {
        lock(&self.state.deliveries).clone()
    }

    /// Answers 503 and records nothing while it is down.
    pub fn set_down(&self, is_down: bool) {
        self.state.is_down.store(is_down, Ordering::Relaxed);
    }
}
