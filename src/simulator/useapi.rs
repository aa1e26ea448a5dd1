//! A useapi.net on loopback: reads of MiniMax account configurations and of the plan, over real HTTP.
//!
//! Guarantees: a token is accepted only by its subscription. Leaves out the list of accounts.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use axum::Router;
use axum::extract::{Request, State as Shared};
use axum::http::header::{AUTHORIZATION, DATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use url::Url;

use super::answer::{Answer, account_info};
use super::http::HttpServer;
use super::lock::lock;
use super::now::VirtualNow;

const ACCOUNTS: &str = "/v1/minimax/accounts/";
const ACCOUNT_INFO: &str = "/v2/account";

/// The server's side of a subscription.
struct Plan {
    token: SecretString,
    refuses_token: bool,
    accounts: BTreeMap<String, Answer>,
    is_active: bool,
    /// The answer to every read while the vendor is down.
    outage: Option<Answer>,
}

impl Plan {
    fn read(&self, path: &str) -> Answer {
        if let Some(outage) = &self.outage {
            return outage.clone();
        }
        if path == ACCOUNT_INFO {
            return account_info(self.is_active, self.accounts.len());
        }
        let stored = path.strip_prefix(ACCOUNTS).and_then(|account| self.accounts.get(account));
        stored.cloned().unwrap_or_else(Answer::not_found)
    }

    fn accepts(&self, token: &str) -> bool {
        !self.refuses_token && self.token.expose_secret() == token
    }
}

struct State {
    now: VirtualNow,
    plans: Mutex<Vec<Arc<Mutex<Plan>>>>,
    paths: Mutex<Vec<String>>,
}

impl State {
    fn answer(&self, token: &str, path: &str) -> Answer {
        let plans = lock(&self.plans);
        let Some(plan) = plans.iter().map(|plan| lock(plan)).find(|plan| plan.accepts(token)) else {
            return Answer::unauthorized();
        };
        plan.read(path)
    }
}

async fn respond(Shared(state): Shared<Arc<State>>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    let authorization = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = authorization.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
    let Answer { status, headers, body } = state.answer(token, &path);
    lock(&state.paths).push(path);
    let date = httpdate::fmt_http_date(SystemTime::from(state.now.now()));
    let date = HeaderValue::try_from(date).expect("a date is printable ASCII");
    // The HTTP library would add the machine's time.
    (status, headers, [(DATE, date)], body).into_response()
}

/// A useapi.net on a free port of 127.0.0.1.
pub struct FakeUseApi {
    state: Arc<State>,
    server: HttpServer,
}

impl FakeUseApi {
    /// Opens it without any subscription: every token is refused.
    pub async fn open(now: &VirtualNow) -> io::Result<Self> {
        let state = Arc::new(State { now: now.clone(), plans: Mutex::default(), paths: Mutex::default() });
        let router = Router::new().fallback(respond).with_state(Arc::clone(&state));
        Ok(Self { state, server: HttpServer::open(router).await? })
    }

    /// Adds a subscription that accepts `token`.
    pub fn subscribe(&self, token: &str) -> Subscription {
        let plan = Arc::new(Mutex::new(Plan {
            token: SecretString::from(token),
            refuses_token: false,
            accounts: BTreeMap::new(),
            is_active: true,
            outage: None,
        }));
        lock(&self.state.plans).push(Arc::clone(&plan));
        Subscription(plan)
    }

    /// The value for `[api].base_url`.
    pub fn base_url(&self) -> Url {
        self.server.url("/")
    }

    /// The paths of the requests so far.
    pub fn requested_paths(&self) -> Vec<String> {
        lock(&self.state.paths).clone()
    }
}

/// The driver's handle to one subscription of a [`FakeUseApi`].
pub struct Subscription(Arc<Mutex<Plan>>);

impl Subscription {
    /// Stores the configuration of `account`.
    pub fn put(&self, account: &str, configuration: &Value) {
        self.set_answer(account, Answer::json(StatusCode::OK, configuration));
    }

    /// Sets the answer to reads of `account`.
    pub fn set_answer(&self, account: &str, answer: Answer) {
        lock(&self.0).accounts.insert(account.to_owned(), answer);
    }

    /// Sets the answer to every read of this subscription; `None` ends that.
    pub fn set_outage(&self, answer: Option<Answer>) {
        lock(&self.0).outage = answer;
    }

    /// Whether the plan is active.
    pub fn set_active(&self, is_active: bool) {
        lock(&self.0).is_active = is_active;
    }

    /// Whether the token is refused.
    pub fn refuse_token(&self, refuses_token: bool) {
        lock(&self.0).refuses_token = refuses_token;
    }
}
