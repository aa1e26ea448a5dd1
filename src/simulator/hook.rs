//! A webhook receiver on loopback, which checks signatures as receivers' libraries do.
//!
//! Promises: every delivery is recorded before it is answered, also one that is answered badly or not at all.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Bytes, to_bytes};
use axum::extract::{ConnectInfo, Request, State as Shared};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::Response;
use chrono::TimeDelta;
use rustls::ServerConfig;
use secrecy::{ExposeSecret, SecretString};
use standardwebhooks::{
    HEADER_WEBHOOK_ID, HEADER_WEBHOOK_SIGNATURE, HEADER_WEBHOOK_TIMESTAMP, Webhook, WebhookError,
};
use url::Url;

use super::ledger::Ledger;
use super::listener::{Line, Port};
use super::lock;
use super::now::VirtualNow;
use super::reply::Reply;
use super::script::Script;
use crate::domain::time::Timestamp;

/// More than any webhook receiver of note takes.
const MAX_BODY: usize = 4 * 1024 * 1024;

/// What the receiver makes of a delivery's signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signature {
    /// The receiver knows no secret.
    Unchecked,
    /// One of the signatures fits.
    Valid,
    /// One of the three headers is missing or cannot be read.
    Missing,
    /// No signature fits.
    Invalid,
}

/// One delivery as it came in.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// The simulated now.
    pub at: Timestamp,
    /// `POST` …
    pub method: Method,
    /// The path as sent, with its query.
    pub path: String,
    /// Every header.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Bytes,
    /// Whether it is signed as it should be.
    pub signature: Signature,
}

impl Delivery {
    /// A header's text, if it is there and is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

struct State {
    now: VirtualNow,
    verifier: Option<Webhook>,
    script: Mutex<Script<Reply>>,
    /// How long an answer takes in the simulated world.
    answer_time: Mutex<TimeDelta>,
    deliveries: Ledger<Delivery>,
}

impl State {
    /// Signs again and compares. The library's own check holds the timestamp against the real clock, and here time is
    /// virtual; how far the timestamp may be off is left to the driver.
    fn signature(&self, headers: &HeaderMap, body: &[u8]) -> Signature {
        let Some(verifier) = &self.verifier else { return Signature::Unchecked };
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let timestamp = text(HEADER_WEBHOOK_TIMESTAMP).and_then(|text| text.parse().ok());
        let (Some(id), Some(timestamp), Some(given)) =
            (text(HEADER_WEBHOOK_ID), timestamp, text(HEADER_WEBHOOK_SIGNATURE))
        else {
            return Signature::Missing;
        };
        match verifier.sign(id, timestamp, body) {
            Ok(expected) if given.split(' ').any(|one| one == expected) => Signature::Valid,
            _ => Signature::Invalid,
        }
    }
}

fn prepare(now: &VirtualNow, secret: Option<&SecretString>) -> io::Result<(Arc<State>, Router)> {
    let verifier = secret.map(|secret| Webhook::new(secret.expose_secret())).transpose();
    let state = Arc::new(State {
        now: now.clone(),
        verifier: verifier.map_err(|error: WebhookError| io::Error::other(error))?,
        script: Mutex::default(),
        answer_time: Mutex::default(),
        deliveries: Ledger::new(),
    });
    let router = Router::new().fallback(receive).with_state(Arc::clone(&state));
    Ok((state, router))
}

async fn receive(
    Shared(state): Shared<Arc<State>>,
    ConnectInfo(line): ConnectInfo<Line>,
    request: Request,
) -> Response {
    let (head, body) = request.into_parts();
    let Ok(body) = to_bytes(body, MAX_BODY).await else {
        return Reply::status(StatusCode::PAYLOAD_TOO_LARGE).send(&line).await;
    };
    let now = state.now.now();
    // Chosen before it is recorded: a driver that saw the delivery may change the script for the next one.
    let reply = lock(&state.script).take(now);
    state.deliveries.append(Delivery {
        at: now,
        method: head.method,
        path: head.uri.path_and_query().map_or_else(String::new, ToString::to_string),
        signature: state.signature(&head.headers, &body),
        headers: head.headers,
        body,
    });
    state.now.advance(*lock(&state.answer_time));
    reply.unwrap_or_else(|| Reply::status(StatusCode::OK)).send(&line).await
}

/// A webhook receiver on a free port of 127.0.0.1. Clones are handles on the same one; with the last of them it ends.
#[derive(Clone)]
pub struct Hook {
    state: Arc<State>,
    port: Arc<Port>,
}

impl Hook {
    /// Opens it; with a `secret` (`whsec_…`) it checks signatures. It answers 200 until told otherwise.
    ///
    /// # Errors
    ///
    /// No port could be opened, or the secret is not base64.
    pub async fn open(now: &VirtualNow, secret: Option<&SecretString>) -> io::Result<Self> {
        let (state, router) = prepare(now, secret)?;
        Ok(Self { state, port: Arc::new(Port::open_http(router).await?) })
    }

    /// The same behind TLS; HTTP/2 where `tls` offers it and the client chooses it.
    pub async fn open_tls(
        now: &VirtualNow,
        secret: Option<&SecretString>,
        tls: Arc<ServerConfig>,
    ) -> io::Result<Self> {
        let (state, router) = prepare(now, secret)?;
        Ok(Self { state, port: Arc::new(Port::open_https(router, tls).await?) })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.port.address()
    }

    /// Where to deliver.
    pub fn url(&self) -> Url {
        self.port.url("/hook")
    }

    /// Moves the simulated now.
    pub fn set_now(&self, now: Timestamp) {
        self.state.now.set(now);
    }

    /// Answers so from now on; `None` is 200.
    pub fn set(&self, reply: Option<Reply>) {
        lock(&self.state.script).set(self.state.now.now(), reply);
    }

    /// Answers so from the moment `from` on.
    pub fn script(&self, from: Timestamp, reply: Option<Reply>) {
        lock(&self.state.script).plan(from, reply);
    }

    /// Answers the next delivery so, then as before.
    pub fn next(&self, reply: Reply) {
        lock(&self.state.script).once(reply);
    }

    /// Lets simulated time pass before each answer from now on.
    pub fn set_answer_time(&self, time: TimeDelta) {
        *lock(&self.state.answer_time) = time;
    }

    /// Every delivery since the start or since [`Self::forget`].
    pub fn deliveries(&self) -> Vec<Delivery> {
        self.state.deliveries.all()
    }

    /// How many ever came in.
    pub fn count(&self) -> usize {
        self.state.deliveries.total()
    }

    /// Drops what was recorded; the count stays.
    pub fn forget(&self) {
        self.state.deliveries.forget();
    }

    /// Returns once `count` deliveries ever came in.
    pub async fn wait_for(&self, count: usize) {
        self.state.deliveries.reach(count).await;
    }

    /// Refuses connections from now on and cuts those that are open, until [`Self::come_back`].
    pub fn go_down(&self) {
        self.port.go_down();
    }

    /// Listens again on the same port.
    pub fn come_back(&self) -> io::Result<()> {
        self.port.come_back()
    }

    /// Ends it for good.
    pub async fn stop(&self) {
        self.port.stop().await;
    }
}
