//! An Alertmanager on loopback: `/api/v2/alerts` as version 0.25 and later behave, in virtual time.
//!
//! Guarantees: a push is validated and merged as the real one does, so that a series that the real one would refuse, rename or keep alive
//! is refused, renamed or kept alive here. It does not group, silence or send notifications: instead it records when each series began to
//! fire and was ended.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex};

use axum::body::{Bytes, to_bytes};
use axum::extract::{Request, State as Shared};
use axum::http::header::AUTHORIZATION;
use axum::http::{Method, StatusCode};
use axum::response::Response;
use axum::{Extension, Router};
use chrono::{DateTime, SecondsFormat, Utc};
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

use super::lock::lock;
use super::port::{HangUp, Port};
use super::reply::Reply;
use super::request_log::RequestLog;
use super::script::Script;
use minimax_watch::clock;
use minimax_watch::domain::clock::Clock;
use minimax_watch::domain::time::Timestamp;
use minimax_watch::simulator::VirtualNow;

/// The real one has no limit; a proxy in front of it usually has this one.
const MAX_BODY: usize = 1024 * 1024;

/// The real one's `resolve_timeout`, for a series without `endsAt`.
const RESOLVE_TIMEOUT: chrono::TimeDelta = chrono::TimeDelta::minutes(5);

type Labels = BTreeMap<String, String>;

/// One alert as it is posted (`postableAlert` of the API).
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Posted {
    pub(crate) labels: Labels,
    #[serde(default)]
    pub(crate) annotations: Labels,
    pub(crate) starts_at: Option<DateTime<Utc>>,
    pub(crate) ends_at: Option<DateTime<Utc>>,
    #[serde(default, rename = "generatorURL")]
    pub(crate) generator_url: String,
}

/// One series as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KeptSeries {
    pub(crate) labels: Labels,
    pub(crate) annotations: Labels,
    pub(crate) starts_at: Timestamp,
    pub(crate) ends_at: Timestamp,
    /// Whether `endsAt` is the server's own.
    has_timeout: bool,
    updated_at: Timestamp,
    generator_url: String,
}

impl KeptSeries {
    /// `expiry warning 1`: kind, severity, what it is about, and whether it is stale.
    pub(crate) fn line(&self) -> String {
        let label = |name: &str| self.labels.get(name).cloned();
        let about = label("account").or_else(|| label("receiver")).or_else(|| label("subscription"));
        let stale = label("stale").map(|_| "stale".to_owned());
        let parts = [label("kind"), label("severity"), about, label("field"), stale];
        parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
    }

    fn fires(&self, now: Timestamp) -> bool {
        self.ends_at > now
    }

    fn new(posted: Posted, now: Timestamp) -> Self {
        // As `postAlertsHandler`: a missing beginning is the end, or now.
        let starts_at = posted.starts_at.or(posted.ends_at).unwrap_or(now);
        Self {
            labels: posted.labels.into_iter().filter(|(_, value)| !value.is_empty()).collect(),
            annotations: posted.annotations,
            starts_at,
            ends_at: posted.ends_at.unwrap_or(now + RESOLVE_TIMEOUT),
            has_timeout: posted.ends_at.is_none(),
            updated_at: now,
            generator_url: posted.generator_url,
        }
    }

    /// As `Alert.Validate`.
    fn refusal(&self) -> Option<String> {
        let is_name = |name: &String| {
            let mut chars = name.chars();
            chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
                && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
        };
        if self.ends_at < self.starts_at {
            return Some("start time must be before end time".to_owned());
        }
        if let Some(name) = self.labels.keys().find(|name| !is_name(name)) {
            return Some(format!("invalid label set: invalid name {name:?}"));
        }
        if self.labels.is_empty() {
            return Some("at least one label pair required".to_owned());
        }
        let name = self.annotations.keys().find(|name| !is_name(name))?;
        Some(format!("invalid annotations: invalid name {name:?}"))
    }

    /// As `Alerts.Put`: overlapping ones are merged (`Alert.Merge`), of which `self` is the older.
    fn merged(self, mut new: Self, now: Timestamp) -> Self {
        let overlaps = (new.ends_at > self.starts_at && new.ends_at < self.ends_at)
            || (new.starts_at > self.starts_at && new.starts_at < self.ends_at);
        if !overlaps {
            return new;
        }
        new.starts_at = new.starts_at.min(self.starts_at);
        let is_resolved = |series: &Self| series.ends_at <= now;
        let keeps_end = if is_resolved(&new) { is_resolved(&self) } else { !self.has_timeout };
        if keeps_end && self.ends_at > new.ends_at {
            new.ends_at = self.ends_at;
        }
        new
    }

    fn to_json(&self) -> Value {
        let time = |at: Timestamp| at.to_rfc3339_opts(SecondsFormat::Millis, true);
        json!({
            "annotations": self.annotations, "endsAt": time(self.ends_at), "fingerprint": "0000000000000000",
            "receivers": [{"name": "team"}], "startsAt": time(self.starts_at),
            "status": {"inhibitedBy": [], "silencedBy": [], "state": "active"},
            "updatedAt": time(self.updated_at), "generatorURL": self.generator_url, "labels": self.labels,
        })
    }
}

struct State {
    now: Clock,
    authorization: Mutex<Option<String>>,
    script: Mutex<Script<Reply>>,
    series: Mutex<BTreeMap<Labels, KeptSeries>>,
    pushes: RequestLog<Vec<Posted>>,
    reads: RequestLog<String>,
    history: RequestLog<String>,
}

impl State {
    fn answer(&self, method: &Method, path: &str, query: &str, body: &[u8]) -> Reply {
        match (method, path) {
            (&Method::POST, "/api/v2/alerts") => self.post(body),
            (&Method::GET, "/api/v2/alerts") => self.read(query),
            (&Method::GET, "/api/v2/status") => {
                Reply::json(StatusCode::OK, r#"{"cluster":{"status":"disabled"}}"#)
            }
            (_, "/api/v2/alerts") => error(
                StatusCode::METHOD_NOT_ALLOWED,
                405,
                &format!("method {method} is not allowed, but [GET,POST] are"),
            ),
            _ => error(StatusCode::NOT_FOUND, 404, &format!("path {path} was not found")),
        }
    }

    fn post(&self, body: &[u8]) -> Reply {
        let now = self.now.now();
        let Ok(values) = serde_json::from_slice::<Vec<Value>>(body) else {
            let text = r#"parsing alerts body from "" failed, because invalid character"#;
            return error(StatusCode::BAD_REQUEST, 400, text);
        };
        if let Some(index) = values.iter().position(|value| value.get("labels").is_none()) {
            let text = format!("{index}.labels in body is required");
            return error(StatusCode::UNPROCESSABLE_ENTITY, 602, &text);
        }
        let posted: Result<Vec<Posted>, _> = values.into_iter().map(serde_json::from_value).collect();
        let posted = match posted {
            Ok(posted) => posted,
            Err(reason) => {
                let text = format!(r#"parsing alerts body from "" failed, because {reason}"#);
                return error(StatusCode::BAD_REQUEST, 400, &text);
            }
        };
        self.pushes.append(posted.clone());
        let mut refusals = Vec::new();
        for new in posted.into_iter().map(|posted| KeptSeries::new(posted, now)) {
            // Those that are valid are taken all the same.
            match new.refusal() {
                Some(refusal) => refusals.push(refusal),
                None => self.put(new, now),
            }
        }
        if refusals.is_empty() {
            Reply::status(StatusCode::OK)
        } else {
            Reply::json(StatusCode::BAD_REQUEST, json!(refusals.join("; ")).to_string())
        }
    }

    fn put(&self, new: KeptSeries, now: Timestamp) {
        let mut series = lock(&self.series);
        let before = series.remove(&new.labels);
        let fired = before.as_ref().is_some_and(|before| before.fires(now));
        let kept = before.map_or(new.clone(), |before| before.merged(new, now));
        match (fired, kept.fires(now)) {
            (false, true) => _ = self.history.append(format!("fires {}", kept.line())),
            (true, false) => _ = self.history.append(format!("ends {}", kept.line())),
            (true, true) | (false, false) => {}
        }
        series.insert(kept.labels.clone(), kept);
    }

    /// Those that fire and match every `filter`, of which `name="value"` and `name=""` are known.
    fn read(&self, query: &str) -> Reply {
        let filters: Option<Vec<(String, String)>> = url::form_urlencoded::parse(query.as_bytes())
            .filter(|(name, _)| name == "filter")
            .map(|(_, filter)| {
                let (name, value) = filter.split_once('=')?;
                let value = value.strip_prefix('"')?.strip_suffix('"')?;
                Some((name.to_owned(), value.to_owned()))
            })
            .collect();
        let Some(filters) = filters else {
            return Reply::json(StatusCode::BAD_REQUEST, r#""bad matcher format""#);
        };
        self.reads.append(query.to_owned());
        let now = self.now.now();
        let matches = |series: &&KeptSeries| {
            let label = |name: &str| series.labels.get(name).map_or("", String::as_str);
            series.fires(now) && filters.iter().all(|(name, value)| label(name) == value)
        };
        let alerts: Vec<Value> =
            lock(&self.series).values().filter(matches).map(KeptSeries::to_json).collect();
        Reply::json(StatusCode::OK, Value::from(alerts).to_string())
    }
}

/// An error of the API's framework.
fn error(status: StatusCode, code: u16, message: &str) -> Reply {
    Reply::json(status, json!({"code": code, "message": message}).to_string())
}

async fn receive(
    Shared(state): Shared<Arc<State>>,
    Extension(hang_up): Extension<HangUp>,
    request: Request,
) -> Response {
    let (head, body) = request.into_parts();
    let body: Bytes = match to_bytes(body, MAX_BODY).await {
        Ok(body) => body,
        Err(_) => return Reply::status(StatusCode::PAYLOAD_TOO_LARGE).send(&hang_up).await,
    };
    let scripted = lock(&state.script).next();
    let given = head.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let is_refused = lock(&state.authorization).as_deref().is_some_and(|expected| given != Some(expected));
    let reply = match scripted {
        Some(reply) => reply,
        None if is_refused => Reply::text(StatusCode::UNAUTHORIZED, "Unauthorized\n"),
        None => {
            let query = head.uri.query().unwrap_or_default();
            state.answer(&head.method, head.uri.path(), query, &body)
        }
    };
    reply.send(&hang_up).await
}

/// An Alertmanager on a free port of 127.0.0.1. Clones are handles to the same server, which ends with the last of them.
#[derive(Clone)]
pub(crate) struct Alertmanager {
    state: Arc<State>,
    port: Arc<Port>,
}

impl Alertmanager {
    /// Opens it, without any series.
    ///
    /// # Errors
    ///
    /// No port could be opened.
    pub(crate) async fn open(now: &VirtualNow) -> io::Result<Self> {
        Self::open_by(now.clock()).await
    }

    /// Opens it with the clock of this machine, for services that run by it.
    pub(crate) async fn open_in_real_time() -> io::Result<Self> {
        Self::open_by(clock::system()).await
    }

    async fn open_by(now: Clock) -> io::Result<Self> {
        let state = Arc::new(State {
            now,
            authorization: Mutex::default(),
            script: Mutex::default(),
            series: Mutex::default(),
            pushes: RequestLog::default(),
            reads: RequestLog::default(),
            history: RequestLog::default(),
        });
        Self::listen(state).await
    }

    /// The same server on one more port, which goes down by itself: a part of the network from which it cannot be reached.
    pub(crate) async fn open_another_port(&self) -> io::Result<Self> {
        Self::listen(Arc::clone(&self.state)).await
    }

    async fn listen(state: Arc<State>) -> io::Result<Self> {
        let router = Router::new().fallback(receive).with_state(Arc::clone(&state));
        Ok(Self { state, port: Arc::new(Port::open_http(router, None).await?) })
    }

    /// Its base address.
    pub(crate) fn url(&self) -> Url {
        self.port.url("/")
    }

    /// Accepts only requests with this `Authorization`.
    pub(crate) fn require(&self, authorization: &str) {
        *lock(&self.state.authorization) = Some(authorization.to_owned());
    }

    /// Sets the reply to every request; `None` is the real one's.
    pub(crate) fn set(&self, reply: Option<Reply>) {
        lock(&self.state.script).set(reply);
    }

    /// What fires now, a line for each series.
    pub(crate) fn firing(&self) -> Vec<String> {
        let now = self.state.now.now();
        let mut lines: Vec<String> =
            self.series().iter().filter(|series| series.fires(now)).map(KeptSeries::line).collect();
        lines.sort();
        lines
    }

    /// Every series that it was ever pushed.
    pub(crate) fn series(&self) -> Vec<KeptSeries> {
        lock(&self.state.series).values().cloned().collect()
    }

    /// When series began to fire and were ended, since the last call; one that ends by itself is not in it.
    pub(crate) fn history(&self) -> Vec<String> {
        let history = self.state.history.all();
        self.state.history.clear();
        history
    }

    /// The accepted pushes since the last call.
    pub(crate) fn pushes(&self) -> Vec<Vec<Posted>> {
        let pushes = self.state.pushes.all();
        self.state.pushes.clear();
        pushes
    }

    /// How many pushes were ever taken.
    pub(crate) fn count(&self) -> usize {
        self.state.pushes.total()
    }

    /// Returns once `count` pushes were ever taken.
    pub(crate) async fn wait_for(&self, count: usize) {
        self.state.pushes.wait_for(count).await;
    }

    /// Returns once series began to fire or were ended `count` times in all.
    pub(crate) async fn wait_for_history(&self, count: usize) {
        self.state.history.wait_for(count).await;
    }

    /// How often its series were ever read.
    pub(crate) fn reads(&self) -> usize {
        self.state.reads.total()
    }

    /// Forgets every series, as a restart does.
    pub(crate) fn restart(&self) {
        lock(&self.state.series).clear();
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
