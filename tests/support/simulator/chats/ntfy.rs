//! An ntfy server with one protected topic.
//!
//! Source: <https://docs.ntfy.sh/publish/#publish-as-json>, "Limitations" there, and the errors in `server/errors.go` of
//! <https://github.com/binwiederhier/ntfy>. Where a real server makes an attachment of a long message, this one refuses it.

use axum::http::Method;
use serde_json::{Value, json};

use super::{ChatRequest, Reply, json_reply, text};

pub(super) const TOPIC: &str = "nTfYtOpIc4711";
pub(super) const TOKEN: &str = "tk_nTfYaCcEsStOkEn4711xyzXYZ";
pub(super) const SECRETS: &[&str] = &[TOPIC, TOKEN, "nTfYaCcEsStOkEn"];

/// `message-size-limit`, in bytes; a request as JSON may be twice as long.
const MAX_MESSAGE: usize = 4096;
const MAX_TOPIC: usize = 64;

fn error(code: u32, error: &str) -> Reply {
    let status = u16::try_from(code / 100).expect("a code begins with its status");
    let link = "https://ntfy.sh/docs/publish/";
    json_reply(status, &json!({"code": code, "http": status, "error": error, "link": link}))
}

pub(super) fn reply(request: &ChatRequest<'_>, ordinal: usize) -> Reply {
    let body = request.body;
    if request.method != Method::POST || request.path != "/" {
        return error(40401, "page not found");
    }
    if request.bytes.len() > 2 * MAX_MESSAGE {
        return error(41303, "JSON body too large");
    }
    if !body.is_object() {
        return error(40017, "invalid request: request body must be message JSON");
    }
    let topic = text(body, "/topic");
    let is_in_topic = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if topic.is_empty() || topic.len() > MAX_TOPIC || !topic.chars().all(is_in_topic) {
        return error(40009, "invalid request: topic invalid");
    }
    match request.login {
        Some(login) if login != format!("Bearer {TOKEN}") => return error(40101, "unauthorized"),
        Some(_) if topic == TOPIC => {}
        _ => return error(40301, "forbidden"),
    }
    let priority = body["priority"].as_u64();
    if !body["priority"].is_null() && !priority.is_some_and(|priority| (1..=5).contains(&priority)) {
        return error(40007, "invalid priority parameter");
    }
    if text(body, "/message").len() > MAX_MESSAGE {
        return error(41301, "attachment too large, or bandwidth limit reached");
    }
    json_reply(
        200,
        &json!({
            "id": format!("msg{ordinal:09}"), "time": 0, "expires": 0, "event": "message", "topic": topic,
            "title": body["title"], "message": body["message"], "priority": priority.unwrap_or(3),
        }),
    )
}

pub(super) fn shown(body: &Value) -> String {
    format!("{}\n{}", text(body, "/title"), text(body, "/message"))
}
