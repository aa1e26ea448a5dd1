//! A webhook receiver on loopback, which verifies signatures like the libraries for receivers.
//!
//! Guarantees: every delivery is recorded before the response, even if the response is an error or never sent.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::body::{Bytes, to_bytes};
use axum::extract::{Request, State as Shared};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::Response;
use axum::{Extension, Router};
use chrono::TimeDelta;
use rustls::ServerConfig;
use secrecy::{ExposeSecret, SecretString};
use standardwebhooks::{
    HEADER_WEBHOOK_ID, HEADER_WEBHOOK_SIGNATURE, HEADER_WEBHOOK_TIMESTAMP, Webhook, WebhookError,
};
use url::Url;

use super::lock::lock;
use super::port::{HangUp, Port};
use super::reply::Reply;
use super::request_log::RequestLog;
use super::script::Script;
use minimax_watch::domain::time::Timestamp;
use minimax_watch::simulator::VirtualNow;

/// More than webhook receivers usually accept.
const MAX_BODY: usize = 4 * 1024 * 1024;

/// The receiver's verdict about a delivery's signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signature {
    /// The receiver has no secret.
    Unchecked,
    /// One of the signatures is valid.
    Valid,
    /// One of the three headers is missing or invalid.
    Unreadable,
    /// No signature is valid.
    Invalid,
}

/// One delivery as it was received.
#[derive(Clone, Debug)]
pub(crate) struct Delivery {
    /// When, in simulated time.
    pub(crate) at: Timestamp,
    /// `POST` …
    pub(crate) method: Method,
    /// The path as sent, with its query.
    pub(crate) path: String,
    /// All headers.
    pub(crate) headers: HeaderMap,
    /// The whole body.
    pub(crate) body: Bytes,
    /// Whether it is signed correctly.
    pub(crate) signature: Signature,
}

impl Delivery {
    /// A header's value, if it is text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

struct State {
    now: VirtualNow,
    verifier: Option<Webhook>,
    script: Mutex<Script<Reply>>,
    /// Duration of each response in simulated time.
    answer_time: Mutex<TimeDelta>,
    deliveries: RequestLog<Delivery>,
}

impl State {
    /// Signs again and compares: the library's own check compares the timestamp with the real clock. The driver decides how far
    /// the timestamp may be off.
    fn signature(&self, headers: &HeaderMap, body: &[u8]) -> Signature {
        let Some(verifier) = &self.verifier else { return Signature::Unchecked };
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let timestamp = text(HEADER_WEBHOOK_TIMESTAMP).and_then(|text| text.parse().ok());
        let (Some(id), Some(timestamp), Some(given)) =
            (text(HEADER_WEBHOOK_ID), timestamp, text(HEADER_WEBHOOK_SIGNATURE))
        else {
            return Signature::Unreadable;
        };
        match verifier.sign(id, timestamp, body) {
            Ok(expected) if given.split(' ').any(|signature| signature == expected) => Signature::Valid,
            _ => Signature::Invalid,
        }
    }
}

async fn receive(
    Shared(state): Shared<Arc<State>>,
    Extension(hang_up): Extension<HangUp>,
    request: Request,
) -> Response {
    let (head, body) = request.into_parts();
    let Ok(body) = to_bytes(body, MAX_BODY).await else {
        return Reply::status(StatusCode::PAYLOAD_TOO_LARGE).send(&hang_up).await;
    };
    // Chosen before it is recorded: a driver that sees the delivery may change the script for the next one.
    let reply = lock(&state.script).next();
    state.deliveries.append(Delivery {
        at: state.now.now(),
        method: head.method,
        path: head.uri.path_and_query().map_or_else(String::new, ToString::to_string),
        signature: state.signature(&head.headers, &body),
        headers: head.headers,
        body,
    });
    state.now.advance(*lock(&state.answer_time));
    reply.unwrap_or_else(|| Reply::status(StatusCode::OK)).send(&hang_up).await
}

/// A webhook receiver on a free port of 127.0.0.1. Clones are handles to the same server, which ends with the last of them.
#[derive(Clone)]
pub(crate) struct WebhookServer {
    state: Arc<State>,
    port: Arc<Port>,
}

impl WebhookServer {
    /// Opens it; it verifies signatures if it has a `secret` (`whsec_…`), and responds 200 until another reply is set.
    ///
    /// # Errors
    ///
    /// No port could be opened, or the secret is not base64.
    pub(crate) async fn open(now: &VirtualNow, secret: Option<&SecretString>) -> io::Result<Self> {
        Self::open_port(now, secret, None).await
    }

    /// Opens it behind TLS, with HTTP/2 if `tls` offers it and the client chooses it.
    pub(crate) async fn open_tls(
        now: &VirtualNow,
        secret: Option<&SecretString>,
        tls: Arc<ServerConfig>,
    ) -> io::Result<Self> {
        Self::open_port(now, secret, Some(tls)).await
    }

    async fn open_port(
        now: &VirtualNow,
        secret: Option<&SecretString>,
        tls: Option<Arc<ServerConfig>>,
    ) -> io::Result<Self> {
        let verifier = secret.map(|secret| Webhook::new(secret.expose_secret())).transpose();
        let state = Arc::new(State {
            now: now.clone(),
            verifier: verifier.map_err(|error: WebhookError| io::Error::other(error))?,
            script: Mutex::default(),
            answer_time: Mutex::default(),
            deliveries: RequestLog::default(),
        });
        let router = Router::new().fallback(receive).with_state(Arc::clone(&state));
        Ok(Self { state, port: Arc::new(Port::open_http(router, tls).await?) })
    }

    /// The address on which it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.port.address()
    }

    /// The URL for deliveries.
    pub(crate) fn url(&self) -> Url {
        self.port.url("/hook")
    }

    /// Sets the reply to deliveries; `None` is 200.
    pub(crate) fn set(&self, reply: Option<Reply>) {
        lock(&self.state.script).set(reply);
    }

    /// Sets the reply to the next delivery only.
    pub(crate) fn next(&self, reply: Reply) {
        lock(&self.state.script).once(reply);
    }

    /// Advances the simulated time by this much before each response.
    pub(crate) fn set_answer_time(&self, time: TimeDelta) {
        *lock(&self.state.answer_time) = time;
    }

    /// The deliveries since the start or since [`Self::forget`].
    pub(crate) fn deliveries(&self) -> Vec<Delivery> {
        self.state.deliveries.all()
    }

    /// How many were ever received.
    pub(crate) fn count(&self) -> usize {
        self.state.deliveries.total()
    }

    /// Clears the recorded deliveries; the count stays.
    pub(crate) fn forget(&self) {
        self.state.deliveries.clear();
    }

    /// Returns once `count` deliveries were ever received.
    pub(crate) async fn wait_for(&self, count: usize) {
        self.state.deliveries.wait_for(count).await;
    }

    /// Refuses connections and ends those that are open, until [`Self::come_back`].
    pub(crate) fn go_down(&self) {
        self.port.go_down();
    }

    /// Listens again on the same port.
    pub(crate) fn come_back(&self) -> io::Result<()> {
        self.port.come_back()
    }
}
