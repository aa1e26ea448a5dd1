//! A useapi.net on loopback: the two reads of MiniMax account configurations, over real HTTP.
//!
//! Guarantees: requests as in the vendor's examples (curl, `fetch` of a browser or Node, Python's `requests`) get the documented
//! responses. A token is accepted if a subscription has it at that time. Every request is recorded, its
//! token never.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::{Request as HttpRequest, State as Shared};
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN, ALLOW,
    AUTHORIZATION, DATE, USER_AGENT,
};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use axum::response::Response;
use axum::{Extension, Router};
use chrono::TimeDelta;
use percent_encoding::percent_decode_str;
use rustls::ServerConfig;
use secrecy::SecretString;
use url::Url;

use super::answer::{Answer, Refusal};
use super::lock::lock;
use super::port::{HangUp, Port};
use super::reply::{Reply, http_date};
use super::request_log::RequestLog;
use super::subscription::{Plan, Subscription};
use minimax_watch::domain::account::AccountId;
use minimax_watch::domain::time::Timestamp;
use minimax_watch::simulator::VirtualNow;

const ACCOUNTS: &str = "/v1/minimax/accounts";
const ACCOUNT_INFO: &str = "/v2/account";
const JOB_STATS: &str = "/v2/account/stats";
const FEATURES: &str = "/v1/minimax/features/";
const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, OPTIONS");

/// One request as it was received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Request {
    /// When, in simulated time.
    pub(crate) at: Timestamp,
    /// `GET` …
    pub(crate) method: String,
    /// The path as sent: percent-encoded, without a query.
    pub(crate) path: String,
    /// The requested account, decoded; `None` for the list.
    pub(crate) account: Option<AccountId>,
    /// The client's name for itself.
    pub(crate) user_agent: Option<String>,
    /// Whether its token was accepted.
    pub(crate) authorized: bool,
}

enum Target {
    List,
    Account(String),
    AccountInfo,
    JobStats,
    Features(String),
    Unknown,
}

impl Target {
    fn parse(path: &str, query: Option<&str>) -> Self {
        if path == ACCOUNT_INFO {
            return Self::AccountInfo;
        }
        if path == JOB_STATS {
            return Self::JobStats;
        }
        if path == FEATURES {
            let id = query.and_then(|query| query.strip_prefix("account=")).filter(|id| !id.is_empty());
            let id = id.and_then(|id| percent_decode_str(id).decode_utf8().ok());
            return id.map_or(Self::Unknown, |id| Self::Features(id.into()));
        }
        let Some(rest) = path.strip_prefix(ACCOUNTS) else { return Self::Unknown };
        if rest.is_empty() {
            return Self::List;
        }
        let id = rest.strip_prefix('/').filter(|id| !id.is_empty() && !id.contains('/'));
        let id = id.and_then(|id| percent_decode_str(id).decode_utf8().ok());
        id.map_or(Self::Unknown, |id| Self::Account(id.into()))
    }
}

/// Shared by the server and its handles.
struct State {
    now: VirtualNow,
    plans: Mutex<Vec<Arc<Mutex<Plan>>>>,
    refusal: Mutex<Refusal>,
    /// Delay of each response in real time.
    latency: Mutex<Duration>,
    /// Duration of each response in simulated time.
    answer_time: Mutex<TimeDelta>,
    /// Reads of accounts, of lists, and of what does not exist.
    requests: RequestLog<Request>,
    /// Reads of the plan.
    plan_requests: RequestLog<Request>,
    /// Reads of the statistics of jobs.
    stats_requests: RequestLog<Request>,
    /// Reads of the credits of accounts.
    features_requests: RequestLog<Request>,
}

impl State {
    fn reply(&self, method: &Method, uri: &Uri, headers: &HeaderMap) -> Reply {
        let (now, path) = (self.now.now(), uri.path());
        let target = Target::parse(path, uri.query());
        let plans = lock(&self.plans);
        let plan = bearer(headers).and_then(|token| plans.iter().find(|plan| lock(plan).accepts(token)));
        let log = match target {
            Target::AccountInfo => &self.plan_requests,
            Target::JobStats => &self.stats_requests,
            Target::Features(_) => &self.features_requests,
            Target::List | Target::Account(_) | Target::Unknown => &self.requests,
        };
        let ordinal = log.append(Request {
            at: now,
            method: method.to_string(),
            path: path.to_owned(),
            account: match &target {
                Target::Account(id) | Target::Features(id) => Some(AccountId::new(id.as_str())),
                Target::List | Target::AccountInfo | Target::JobStats | Target::Unknown => None,
            },
            user_agent: headers.get(USER_AGENT).map(|name| String::from_utf8_lossy(name.as_bytes()).into()),
            authorized: plan.is_some(),
        });
        if *method == Method::OPTIONS {
            return preflight();
        }
        if *method != Method::GET && *method != Method::HEAD {
            return Reply::status(StatusCode::METHOD_NOT_ALLOWED).header(ALLOW, METHODS);
        }
        match (target, plan) {
            (Target::Unknown, _) => Reply::status(StatusCode::NOT_FOUND),
            (_, None) => Answer::unauthorized(*lock(&self.refusal)).into_reply(now, ordinal),
            (Target::AccountInfo, Some(plan)) => lock(plan).account_info().into_reply(now, ordinal),
            (Target::JobStats, Some(plan)) => lock(plan).job_stats().into_reply(now, ordinal),
            (Target::Features(id), Some(plan)) => lock(plan).features(&id).into_reply(now, ordinal),
            (Target::List, Some(plan)) => lock(plan).list_reply(now, ordinal),
            (Target::Account(id), Some(plan)) => lock(plan).account_answer(&id).into_reply(now, ordinal),
        }
    }
}

/// The token of `Authorization: Bearer …`; the scheme is case-insensitive (RFC 9110, 11.1).
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim_start_matches(' '))
}

/// What a browser asks before it sends a token across origins (Fetch, 4.8); `*` would not include `Authorization`.
fn preflight() -> Reply {
    Reply::status(StatusCode::NO_CONTENT)
        .header(ACCESS_CONTROL_ALLOW_METHODS, METHODS)
        .header(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("authorization, content-type, accept"))
}

async fn respond(
    Shared(state): Shared<Arc<State>>,
    Extension(hang_up): Extension<HangUp>,
    request: HttpRequest,
) -> Response {
    let latency = *lock(&state.latency);
    if !latency.is_zero() {
        tokio::time::sleep(latency).await;
    }
    let reply = state.reply(request.method(), request.uri(), request.headers());
    // Plans, jobs and credits are read beside the checks, which take the time.
    if !matches!(request.uri().path(), ACCOUNT_INFO | JOB_STATS | FEATURES) {
        state.now.advance(*lock(&state.answer_time));
    }
    let mut response = reply.send(&hang_up).await;
    response.headers_mut().insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    // The HTTP library would add the machine's time. A scripted `Date` stays, even a wrong one.
    response.headers_mut().entry(DATE).or_insert_with(|| http_date(state.now.now()));
    response
}

/// A useapi.net on a free port of 127.0.0.1. Clones are handles to the same server, which ends with the last of them.
#[derive(Clone)]
pub(crate) struct FakeUseApi {
    state: Arc<State>,
    port: Arc<Port>,
}

impl FakeUseApi {
    /// Opens it without any subscription: every token is refused.
    pub(crate) async fn open(now: &VirtualNow) -> io::Result<Self> {
        Self::open_port(now, None).await
    }

    /// Opens it behind TLS, with HTTP/2 if `tls` offers it.
    pub(crate) async fn open_tls(now: &VirtualNow, tls: Arc<ServerConfig>) -> io::Result<Self> {
        Self::open_port(now, Some(tls)).await
    }

    async fn open_port(now: &VirtualNow, tls: Option<Arc<ServerConfig>>) -> io::Result<Self> {
        let state = Arc::new(State {
            now: now.clone(),
            plans: Mutex::default(),
            refusal: Mutex::default(),
            latency: Mutex::default(),
            answer_time: Mutex::default(),
            requests: RequestLog::default(),
            plan_requests: RequestLog::default(),
            stats_requests: RequestLog::default(),
            features_requests: RequestLog::default(),
        });
        let router = Router::new().fallback(respond).with_state(Arc::clone(&state));
        Ok(Self { state, port: Arc::new(Port::open_http(router, tls).await?) })
    }

    /// Adds a subscription that accepts `token`.
    pub(crate) fn subscribe(&self, token: SecretString) -> Subscription {
        let plan = Arc::new(Mutex::new(Plan::new(token)));
        lock(&self.state.plans).push(Arc::clone(&plan));
        Subscription::new(plan)
    }

    /// The address on which it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.port.address()
    }

    /// The value for `[api].base_url`.
    pub(crate) fn base_url(&self) -> Url {
        self.port.url("/")
    }

    /// Sets the form in which unknown tokens are refused.
    pub(crate) fn refuse_with(&self, form: Refusal) {
        *lock(&self.state.refusal) = form;
    }

    /// Delays each response by this real time, as over a long distance.
    pub(crate) fn set_latency(&self, latency: Duration) {
        *lock(&self.state.latency) = latency;
    }

    /// Advances the simulated time by this much before each response.
    pub(crate) fn set_answer_time(&self, time: TimeDelta) {
        *lock(&self.state.answer_time) = time;
    }

    /// The requests since the start or since [`Self::forget_requests`].
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.state.requests.all()
    }

    /// The reads of plans, which [`Self::requests`] leaves out.
    pub(crate) fn plan_requests(&self) -> Vec<Request> {
        self.state.plan_requests.all()
    }

    /// The reads of the statistics of jobs, which [`Self::requests`] leaves out.
    pub(crate) fn stats_requests(&self) -> Vec<Request> {
        self.state.stats_requests.all()
    }

    /// The reads of the credits of accounts, which [`Self::requests`] leaves out.
    pub(crate) fn features_requests(&self) -> Vec<Request> {
        self.state.features_requests.all()
    }

    /// Those for `account`.
    pub(crate) fn requests_for(&self, account: &str) -> Vec<Request> {
        let mut requests = self.requests();
        requests.retain(|request| request.account.as_ref().is_some_and(|id| id.as_str() == account));
        requests
    }

    /// How many requests were ever received.
    pub(crate) fn request_count(&self) -> usize {
        self.state.requests.total()
    }

    /// Clears the recorded requests; the count stays.
    pub(crate) fn forget_requests(&self) {
        self.state.requests.clear();
    }

    /// Returns once `count` requests were ever received.
    pub(crate) async fn wait_for_requests(&self, count: usize) {
        self.state.requests.wait_for(count).await;
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
