//! A Telegram Bot API and an ntfy server on loopback, as far as one message needs them.

use std::io;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State as Shared;
use axum::http::Uri;
use serde_json::Value;
use url::Url;

use super::http::HttpServer;
use super::lock::lock;
use super::now::VirtualNow;
use crate::domain::time::Timestamp;

/// One message as a chat shows it.
#[derive(Clone, Debug)]
pub struct ChatMessage {
    /// When, in simulated time.
    pub at: Timestamp,
    /// Its first line.
    pub title: String,
    /// The rest.
    pub text: String,
}

struct State {
    now: VirtualNow,
    messages: Mutex<Vec<ChatMessage>>,
}

/// Both services take JSON; Telegram has the title in the text.
async fn receive(Shared(state): Shared<Arc<State>>, uri: Uri, body: Bytes) -> &'static str {
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let member = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    let is_telegram = uri.path().starts_with("/bot");
    let (title, text) = if is_telegram {
        let text = member("text");
        let (title, text) = text.split_once("\n\n").unwrap_or((&text, ""));
        (title.to_owned(), text.to_owned())
    } else {
        (member("title"), member("message"))
    };
    lock(&state.messages).push(ChatMessage { at: state.now.now(), title, text });
    if is_telegram { r#"{"ok":true,"result":{}}"# } else { r#"{"id":"simulated","event":"message"}"# }
}

/// A chat service on a free port of 127.0.0.1.
pub struct ChatServer {
    state: Arc<State>,
    server: HttpServer,
}

impl ChatServer {
    /// Opens it.
    ///
    /// # Errors
    ///
    /// No port could be opened.
    pub async fn open(now: &VirtualNow) -> io::Result<Self> {
        let state = Arc::new(State { now: now.clone(), messages: Mutex::default() });
        let router = Router::new().fallback(receive).with_state(Arc::clone(&state));
        Ok(Self { state, server: HttpServer::open(router).await? })
    }

    /// The URL of `path` on it.
    pub fn url(&self, path: &str) -> Url {
        self.server.url(path)
    }

    /// The messages so far.
    pub fn messages(&self) -> Vec<ChatMessage> {
        lock(&self.state.messages).clone()
    }
}
