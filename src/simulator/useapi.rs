//! A useapi.net on loopback: the two reads of MiniMax account configurations, real HTTP.
//!
//! Promises: whoever asks as the vendor's own examples do (curl, a browser's or Node's `fetch`, Python's `requests`) gets
//! the documented answers; a token is accepted or refused by what the subscriptions hold at that moment; every
//! request is recorded, its token never.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::{ConnectInfo, Request as HttpRequest, State as Shared};
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN, ALLOW,
    AUTHORIZATION, DATE, USER_AGENT,
};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::Response;
use chrono::TimeDelta;
use percent_encoding::percent_decode_str;
use rustls::ServerConfig;
use secrecy::SecretString;
use url::Url;

use super::answer::{Answer, Refusal};
use super::ledger::Ledger;
use super::listener::{Line, Port};
use super::lock;
use super::now::VirtualNow;
use super::reply::{Reply, http_date};
use super::subscription::{Plan, Subscription};
use crate::domain::account::AccountId;
use crate::domain::time::Timestamp;

const ACCOUNTS: &str = "/v1/minimax/accounts";
const READS: HeaderValue = HeaderValue::from_static("GET, HEAD, OPTIONS");

/// One request as it came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The simulated now.
    pub at: Timestamp,
    /// `GET` …
    pub method: String,
    /// The path as sent: still percent-encoded, without a query.
    pub path: String,
    /// The account it reads, decoded; none for the list.
    pub account: Option<AccountId>,
    /// What the client calls itself.
    pub user_agent: Option<String>,
    /// Whether its token was accepted.
    pub authorized: bool,
}

/// What a path names.
enum Target {
    List,
    Account(String),
    Other,
}

impl Target {
    fn of(path: &str) -> Self {
        match path.strip_prefix(ACCOUNTS) {
            Some("") => Self::List,
            Some(rest) => match rest.strip_prefix('/') {
                Some(id) if !id.is_empty() && !id.contains('/') => {
                    percent_decode_str(id).decode_utf8().map_or(Self::Other, |id| Self::Account(id.into()))
                }
                _ => Self::Other,
            },
            None => Self::Other,
        }
    }
}

/// What the server and its handles share.
pub(super) struct State {
    now: VirtualNow,
    plans: Mutex<Vec<Plan>>,
    refusal: Mutex<Refusal>,
    latency: Mutex<Duration>,
    /// How long an answer takes in the simulated world.
    answer_time: Mutex<TimeDelta>,
    requests: Ledger<Request>,
}

impl State {
    /// Changes the subscription with that index.
    pub(super) fn change(&self, index: usize, change: impl FnOnce(&mut Plan, Timestamp)) {
        if let Some(plan) = lock(&self.plans).get_mut(index) {
            change(plan, self.now.now());
        }
    }

    fn reply_to(&self, method: &Method, path: &str, headers: &HeaderMap) -> Reply {
        let now = self.now.now();
        let target = Target::of(path);
        let mut plans = lock(&self.plans);
        let plan = bearer(headers).and_then(|token| plans.iter_mut().find(|plan| plan.admits(token)));
        let ordinal = self.requests.append(Request {
            at: now,
            method: method.to_string(),
            path: path.to_owned(),
            account: match &target {
                Target::Account(id) => Some(AccountId::new(id.as_str())),
                Target::List | Target::Other => None,
            },
            user_agent: headers.get(USER_AGENT).map(|name| String::from_utf8_lossy(name.as_bytes()).into()),
            authorized: plan.is_some(),
        });
        if *method == Method::OPTIONS {
            return preflight();
        }
        if *method != Method::GET && *method != Method::HEAD {
            return Reply::status(StatusCode::METHOD_NOT_ALLOWED).header(ALLOW, READS);
        }
        match (target, plan) {
            (Target::Other, _) => Reply::status(StatusCode::NOT_FOUND),
            (_, None) => Answer::unauthorized(*lock(&self.refusal)).into_reply(now, ordinal),
            (Target::List, Some(plan)) => plan.read_list(now, ordinal),
            (Target::Account(id), Some(plan)) => plan.read(&id, now).into_reply(now, ordinal),
        }
    }
}

/// The token of `Authorization: Bearer …`; the scheme's case does not matter (RFC 9110, 11.1).
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim_start_matches(' '))
}

/// What a browser asks before it sends a token across origins (Fetch, 4.8); `*` would not cover `Authorization`.
fn preflight() -> Reply {
    Reply::status(StatusCode::NO_CONTENT)
        .header(ACCESS_CONTROL_ALLOW_METHODS, READS)
        .header(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("authorization, content-type, accept"))
}

async fn answer(
    Shared(state): Shared<Arc<State>>,
    ConnectInfo(line): ConnectInfo<Line>,
    request: HttpRequest,
) -> Response {
    let latency = *lock(&state.latency);
    if !latency.is_zero() {
        tokio::time::sleep(latency).await;
    }
    let reply = state.reply_to(request.method(), request.uri().path(), request.headers());
    state.now.advance(*lock(&state.answer_time));
    let mut response = reply.send(&line).await;
    response.headers_mut().insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    // Else the server's library would give the machine's time. A scripted one stands, also one that lies.
    response.headers_mut().entry(DATE).or_insert_with(|| http_date(state.now.now()));
    response
}

fn prepare(now: &VirtualNow) -> (Arc<State>, Router) {
    let state = Arc::new(State {
        now: now.clone(),
        plans: Mutex::default(),
        refusal: Mutex::default(),
        latency: Mutex::default(),
        answer_time: Mutex::default(),
        requests: Ledger::new(),
    });
    let router = Router::new().fallback(answer).with_state(Arc::clone(&state));
    (state, router)
}

/// A useapi.net on a free port of 127.0.0.1. Clones are handles on the same one; with the last of them it ends.
#[derive(Clone)]
pub struct UseApi {
    state: Arc<State>,
    port: Arc<Port>,
}

impl UseApi {
    /// Opens it without any subscription: every token is refused.
    pub async fn open(now: &VirtualNow) -> io::Result<Self> {
        let (state, router) = prepare(now);
        Ok(Self { state, port: Arc::new(Port::open_http(router).await?) })
    }

    /// The same behind TLS; HTTP/2 where `tls` offers it.
    pub async fn open_tls(now: &VirtualNow, tls: Arc<ServerConfig>) -> io::Result<Self> {
        let (state, router) = prepare(now);
        Ok(Self { state, port: Arc::new(Port::open_https(router, tls).await?) })
    }

    /// Adds a subscription that `token` opens.
    pub fn subscribe(&self, token: SecretString) -> Subscription {
        let mut plans = lock(&self.state.plans);
        plans.push(Plan::new(token));
        Subscription::new(Arc::clone(&self.state), plans.len() - 1)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.port.address()
    }

    /// What to configure as `[api].base_url`.
    pub fn base_url(&self) -> Url {
        self.port.url("/")
    }

    /// Moves the simulated now.
    pub fn set_now(&self, now: Timestamp) {
        self.state.now.set(now);
    }

    /// How unknown tokens are refused from now on.
    pub fn refuse_with(&self, form: Refusal) {
        *lock(&self.state.refusal) = form;
    }

    /// Answers that much later from now on, as over a long line.
    pub fn set_latency(&self, latency: Duration) {
        *lock(&self.state.latency) = latency;
    }

    /// Lets simulated time pass before each answer from now on.
    pub fn set_answer_time(&self, time: TimeDelta) {
        *lock(&self.state.answer_time) = time;
    }

    /// Every request since the start or since [`Self::forget_requests`].
    pub fn requests(&self) -> Vec<Request> {
        self.state.requests.all()
    }

    /// Those that read `account`.
    pub fn requests_for(&self, account: &str) -> Vec<Request> {
        let reads = |request: &Request| request.account.as_ref().is_some_and(|id| id.as_str() == account);
        self.state.requests.matching(reads)
    }

    /// How many requests ever came in.
    pub fn request_count(&self) -> usize {
        self.state.requests.total()
    }

    /// Drops what was recorded; the count stays.
    pub fn forget_requests(&self) {
        self.state.requests.forget();
    }

    /// Returns once `count` requests ever came in.
    pub async fn wait_for_requests(&self, count: usize) {
        self.state.requests.reach(count).await;
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
