//! Chat and paging services on loopback, each with the limits, answers and errors that it documents.
//!
//! Guarantees: every request is recorded before the answer, even if the answer is an error or never sent; what a service would refuse
//! is refused here, and marked. Where a limit can be read in two ways, the stricter one holds.

mod arrivals;
mod discord;
mod ntfy;
mod pagerduty;
mod slack;
mod telegram;

pub(crate) use self::arrivals::{Arrival, StoredMessage, arrivals};
pub(crate) use self::discord::discord_rate_limited;
pub(crate) use self::telegram::telegram_error;

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::body::{Bytes, to_bytes};
use axum::extract::{Request, State as Shared};
use axum::http::header::AUTHORIZATION;
use axum::http::{Method, StatusCode};
use axum::response::Response;
use axum::{Extension, Router};
use serde_json::Value;
use url::Url;

use super::lock::lock;
use super::port::{HangUp, Port};
use super::reply::Reply;
use super::request_log::RequestLog;
use super::script::Script;
use minimax_watch::domain::time::Timestamp;
use minimax_watch::simulator::VirtualNow;

/// Larger requests are refused by every service.
const MAX_BODY: usize = 1024 * 1024;

/// Which service a server is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ChatService {
    Telegram,
    Ntfy,
    Discord,
    Slack,
    PagerDuty,
}

impl ChatService {
    pub(crate) const ALL: [Self; 5] =
        [Self::Telegram, Self::Ntfy, Self::Discord, Self::Slack, Self::PagerDuty];

    /// The value of `type` in the configuration.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Telegram => "telegram",
            Self::Ntfy => "ntfy",
            Self::Discord => "discord",
            Self::Slack => "slack",
            Self::PagerDuty => "pagerduty",
        }
    }

    /// The parts of its address or key that nobody else may know.
    pub(crate) fn secrets(self) -> Vec<&'static str> {
        match self {
            Self::Telegram => telegram::SECRETS.to_vec(),
            Self::Ntfy => ntfy::SECRETS.to_vec(),
            Self::Discord => discord::SECRETS.to_vec(),
            Self::Slack => slack::SECRETS.to_vec(),
            Self::PagerDuty => pagerduty::SECRETS.to_vec(),
        }
    }

    /// What a proxy or a debugging page of the service could repeat of a request: its secrets as a whole, and each part of a path.
    pub(crate) fn echo(self) -> String {
        let whole = match self {
            Self::Telegram => vec![telegram::TOKEN],
            Self::Ntfy => vec![ntfy::TOPIC, ntfy::TOKEN],
            Self::Discord => vec![discord::PATH],
            Self::Slack => vec![slack::PATH],
            Self::PagerDuty => vec![pagerduty::KEY],
        };
        let parts = whole.iter().flat_map(|whole| whole.split('/')).filter(|part| part.len() > 3);
        format!("no route for {}", whole.iter().copied().chain(parts).collect::<Vec<_>>().join(" and "))
    }

    fn reply(self, request: &ChatRequest<'_>, ordinal: usize) -> Reply {
        match self {
            Self::Telegram => telegram::reply(request, ordinal),
            Self::Ntfy => ntfy::reply(request, ordinal),
            Self::Discord => discord::reply(request, ordinal),
            Self::Slack => slack::reply(request),
            Self::PagerDuty => pagerduty::reply(request),
        }
    }

    /// What a person reads of a message, without emphasis.
    fn shown(self, body: &Value) -> String {
        match self {
            Self::Telegram => telegram::shown(body),
            Self::Ntfy => ntfy::shown(body),
            Self::Discord => discord::shown(body),
            Self::Slack => slack::shown(body),
            Self::PagerDuty => pagerduty::shown(body),
        }
    }
}

/// A request as a service sees it.
struct ChatRequest<'a> {
    method: &'a Method,
    path: &'a str,
    query: &'a str,
    /// `Authorization`, if it is text.
    login: Option<&'a str>,
    bytes: &'a [u8],
    /// The body, `null` if it is not JSON.
    body: &'a Value,
}

/// One request as it was received.
#[derive(Clone, Debug)]
pub(crate) struct Post {
    /// When, in simulated time.
    pub(crate) at: Timestamp,
    /// The path as sent, without its query.
    pub(crate) path: String,
    /// The body, `null` if it was not JSON.
    pub(crate) body: Value,
    /// What a person reads of it, without emphasis.
    pub(crate) text: String,
    /// The status that the service itself answers to this request.
    pub(crate) own_status: u16,
    /// Whether it was answered by a success.
    pub(crate) is_answered: bool,
}

impl Post {
    /// Whether the service itself accepts it.
    pub(crate) const fn is_accepted(&self) -> bool {
        self.own_status < 300
    }

    /// The first line of what a person reads.
    pub(crate) fn title(&self) -> &str {
        self.text.lines().next().unwrap_or_default()
    }
}

struct State {
    now: VirtualNow,
    service: ChatService,
    /// `None` in it is the service's own answer.
    script: Mutex<Script<Option<Reply>>>,
    posts: RequestLog<Post>,
}

async fn receive(
    Shared(state): Shared<Arc<State>>,
    Extension(hang_up): Extension<HangUp>,
    request: Request,
) -> Response {
    let (head, body) = request.into_parts();
    let Ok(bytes) = to_bytes(body, MAX_BODY).await else {
        return Reply::status(StatusCode::PAYLOAD_TOO_LARGE).send(&hang_up).await;
    };
    let body: Value = serde_json::from_slice(&bytes).unwrap_or_default();
    let request = ChatRequest {
        method: &head.method,
        path: head.uri.path(),
        query: head.uri.query().unwrap_or_default(),
        login: head.headers.get(AUTHORIZATION).and_then(|login| login.to_str().ok()),
        bytes: &bytes,
        body: &body,
    };
    let own = state.service.reply(&request, state.posts.total() + 1);
    // Chosen before it is recorded: a driver that sees the request may change the script for the next one.
    let scripted = lock(&state.script).next().flatten();
    if head.method == Method::POST {
        state.posts.append(Post {
            at: state.now.now(),
            path: request.path.to_owned(),
            text: state.service.shown(&body),
            own_status: own.code().as_u16(),
            is_answered: scripted.as_ref().unwrap_or(&own).is_success(),
            body,
        });
    }
    scripted.unwrap_or(own).send(&hang_up).await
}

/// A chat or paging service on a free port of 127.0.0.1. Clones are handles to the same server, which ends with the last of them.
#[derive(Clone)]
pub(crate) struct ChatServer {
    state: Arc<State>,
    port: Arc<Port>,
}

impl ChatServer {
    /// Opens it; it answers as the service does until another reply is set.
    pub(crate) async fn open(now: &VirtualNow, service: ChatService) -> io::Result<Self> {
        let state = Arc::new(State {
            now: now.clone(),
            service,
            script: Mutex::default(),
            posts: RequestLog::default(),
        });
        let router = Router::new().fallback(receive).with_state(Arc::clone(&state));
        Ok(Self { state, port: Arc::new(Port::open_http(router, None).await?) })
    }

    pub(crate) fn service(&self) -> ChatService {
        self.state.service
    }

    /// The address on which it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.port.address()
    }

    /// The configuration of a receiver of this name at this server, and the secret files that it reads, by name and content.
    pub(crate) fn receiver(&self, name: &str) -> (String, Vec<(String, String)>) {
        let url = |path: &str| self.port.url(path).to_string();
        let service = self.state.service.name();
        let file = |what: &str| format!("{service}-{what}");
        let api = format!("api_url = \"{}\"\n", url("/"));
        let (keys, secrets) = match self.state.service {
            ChatService::Telegram => (
                format!("token_file = \"{}\"\nchat_id = {}\n{api}", file("token"), telegram::CHAT),
                vec![(file("token"), telegram::TOKEN.to_owned())],
            ),
            ChatService::Ntfy => (
                format!("url_file = \"{}\"\ntoken_file = \"{}\"\n", file("url"), file("token")),
                vec![
                    (file("url"), url(&format!("/{}", ntfy::TOPIC))),
                    (file("token"), ntfy::TOKEN.to_owned()),
                ],
            ),
            ChatService::Discord => {
                (format!("url_file = \"{}\"\n", file("url")), vec![(file("url"), url(discord::PATH))])
            }
            ChatService::Slack => {
                (format!("url_file = \"{}\"\n", file("url")), vec![(file("url"), url(slack::PATH))])
            }
            ChatService::PagerDuty => (
                format!("routing_key_file = \"{}\"\n{api}", file("key")),
                vec![(file("key"), pagerduty::KEY.to_owned())],
            ),
        };
        (format!("[[receivers]]\nname = \"{name}\"\ntype = \"{service}\"\n{keys}"), secrets)
    }

    /// Sets the reply to every request; `None` is the service's own.
    pub(crate) fn set(&self, reply: Option<Reply>) {
        lock(&self.state.script).set(reply.map(Some));
    }

    /// Sets the reply to the next request only; `None` is the service's own.
    pub(crate) fn next(&self, reply: Option<Reply>) {
        lock(&self.state.script).once(reply);
    }

    /// The requests since the start or since [`Self::forget`].
    pub(crate) fn posts(&self) -> Vec<Post> {
        self.state.posts.all()
    }

    /// How many were ever received.
    pub(crate) fn count(&self) -> usize {
        self.state.posts.total()
    }

    /// Clears the recorded requests; the count stays.
    pub(crate) fn forget(&self) {
        self.state.posts.clear();
    }

    /// Returns once `count` requests were ever received.
    pub(crate) async fn wait_for(&self, count: usize) {
        self.state.posts.wait_for(count).await;
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

fn json_reply(status: u16, body: &Value) -> Reply {
    let status = StatusCode::from_u16(status).expect("a status has three digits");
    Reply::json(status, Bytes::from(body.to_string()))
}

/// The length of `text` in UTF-16 units: never less than its characters.
fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

/// The text of a member, empty if there is none.
fn text<'a>(body: &'a Value, pointer: &str) -> &'a str {
    body.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}
