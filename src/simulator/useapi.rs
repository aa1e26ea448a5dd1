//! A useapi.net on loopback: reads of MiniMax account configurations, of their features, of the plan and of what became of the jobs,
//! over real HTTP.
//!
//! Guarantees: a token is accepted only by its subscription. Leaves out the list of accounts.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use axum::Router;
use axum::extract::{Request, State as Shared};
use axum::http::header::{AUTHORIZATION, DATE};
use axum::http::{HeaderValue, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use chrono::TimeDelta;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use url::Url;

use super::answer::{Answer, account_info, features, job, job_stats};
use super::http::HttpServer;
use super::lock::lock;
use super::now::VirtualNow;
use crate::domain::time::Timestamp;

const ACCOUNTS: &str = "/v1/minimax/accounts/";
const ACCOUNT_INFO: &str = "/v2/account";
const JOB_STATS: &str = "/v2/account/stats";
const FEATURES: &str = "/v1/minimax/features/";

/// The statistics show a job this much later.
const DATA_DELAY: TimeDelta = TimeDelta::minutes(10);
/// Rows of the statistics, unless the request asks for another number.
const ROWS: usize = 1_000;
/// The credits of an account, unless others were set.
const CREDITS: u64 = 1_000;

/// The server's side of a subscription.
struct Plan {
    token: SecretString,
    refuses_token: bool,
    accounts: BTreeMap<String, Answer>,
    /// By account, the answers that differ from those of a healthy one.
    features: BTreeMap<String, Answer>,
    /// By account, from when on it has how many credits.
    credits: BTreeMap<String, BTreeMap<Timestamp, u64>>,
    jobs: BTreeMap<Timestamp, Vec<Value>>,
    is_active: bool,
    /// The answer to every read while the vendor is down.
    outage: Option<Answer>,
}

impl Plan {
    fn read(&self, uri: &Uri, now: Timestamp) -> Answer {
        if let Some(outage) = &self.outage {
            return outage.clone();
        }
        match uri.path() {
            ACCOUNT_INFO => account_info(self.is_active, self.accounts.len()),
            JOB_STATS => {
                let limit = parameter(uri, "limit").and_then(|limit| limit.parse().ok());
                self.job_stats(limit.unwrap_or(ROWS), now)
            }
            FEATURES => self.features(&parameter(uri, "account").unwrap_or_default(), now),
            path => self.account(path.strip_prefix(ACCOUNTS).unwrap_or_default()),
        }
    }

    fn account(&self, account: &str) -> Answer {
        self.accounts.get(account).cloned().unwrap_or_else(Answer::not_found)
    }

    /// The newest jobs first.
    fn job_stats(&self, limit: usize, now: Timestamp) -> Answer {
        let known = self.jobs.range(..=now - DATA_DELAY).rev().flat_map(|(_, jobs)| jobs);
        let rows: Vec<Value> = known.take(limit).cloned().collect();
        job_stats(now, &rows)
    }

    fn features(&self, account: &str, now: Timestamp) -> Answer {
        let credits = self.credits.get(account).and_then(|credits| credits.range(..=now).next_back());
        let credits = credits.map_or(CREDITS, |(_, credits)| *credits);
        let healthy = || Answer::json(StatusCode::OK, &features(credits, now + TimeDelta::days(30)));
        self.features.get(account).cloned().unwrap_or_else(|| {
            let stored = self.account(account);
            if stored.status == StatusCode::OK { healthy() } else { stored }
        })
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
    fn answer(&self, token: &str, uri: &Uri) -> Answer {
        let plans = lock(&self.plans);
        let Some(plan) = plans.iter().map(|plan| lock(plan)).find(|plan| plan.accepts(token)) else {
            return Answer::unauthorized();
        };
        plan.read(uri, self.now.now())
    }
}

/// The value of a parameter in the query.
fn parameter(uri: &Uri, name: &str) -> Option<String> {
    let mut pairs = url::form_urlencoded::parse(uri.query()?.as_bytes());
    pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

async fn respond(Shared(state): Shared<Arc<State>>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    let authorization = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = authorization.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
    let Answer { status, headers, body } = state.answer(token, request.uri());
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
            features: BTreeMap::new(),
            credits: BTreeMap::new(),
            jobs: BTreeMap::new(),
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

    /// Sets the answer to reads of the features of `account`; `None`: as for a healthy account.
    pub fn set_features(&self, account: &str, answer: Option<Answer>) {
        let features = &mut lock(&self.0).features;
        match answer {
            Some(answer) => drop(features.insert(account.to_owned(), answer)),
            None => drop(features.remove(account)),
        }
    }

    /// From `at` on, the features of a healthy `account` show so many credits.
    pub fn set_credits(&self, account: &str, at: Timestamp, credits: u64) {
        lock(&self.0).credits.entry(account.to_owned()).or_default().insert(at, credits);
    }

    /// Adds a job of `account` that is answered with `code` at `at`. The statistics show it 10 minutes later.
    pub fn add_job(&self, account: &str, at: Timestamp, code: u16) {
        lock(&self.0).jobs.entry(at).or_default().push(job(account, at, code));
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
