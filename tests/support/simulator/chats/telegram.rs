//! A Telegram Bot API with one bot, one chat and one topic in it.
//!
//! Source: <https://core.telegram.org/bots/api>, "Making requests", "sendMessage", "MessageEntity" and "ResponseParameters" there; the
//! descriptions of errors as collected at <https://github.com/TelegramBotAPI/errors>.

use axum::http::Method;
use serde_json::{Value, json};

use super::{ChatRequest, Reply, json_reply, text, units};

pub(super) const TOKEN: &str = "4711471147:AAtElEgRaMbOtToKeN-4711_xyzXYZ";
pub(super) const SECRETS: &[&str] = &[TOKEN, "AAtElEgRaMbOtToKeN"];
/// The chat in which the bot may write.
pub(super) const CHAT: i64 = -1_001_234_567_890;
/// Its topic.
const THREAD: i64 = 42;

/// UTF-16 units of a text.
const MAX_TEXT: usize = 4096;

/// An answer that is not `ok`.
pub(crate) fn telegram_error(code: u16, description: &str, parameters: Option<Value>) -> Reply {
    let mut body = json!({"ok": false, "error_code": code, "description": description});
    if let Some(parameters) = parameters {
        body["parameters"] = parameters;
    }
    json_reply(code, &body)
}

fn done(result: &Value) -> Reply {
    json_reply(200, &json!({"ok": true, "result": result}))
}

pub(super) fn reply(request: &ChatRequest<'_>, ordinal: usize) -> Reply {
    let call = request.path.strip_prefix("/bot").and_then(|path| path.split_once('/'));
    let Some((token, method)) = call else { return telegram_error(404, "Not Found", None) };
    if token != TOKEN {
        return telegram_error(401, "Unauthorized", None);
    }
    match method {
        "getMe" => done(
            &json!({"id": 4_711_471_147_i64, "is_bot": true, "first_name": "watch", "username": "watch_bot"}),
        ),
        "getChat" if is_known_chat(request) => {
            done(&json!({"id": CHAT, "type": "supergroup", "title": "Operations"}))
        }
        "getChat" => telegram_error(400, "Bad Request: chat not found", None),
        "sendMessage" if request.method == Method::POST => match refusal(request) {
            Some(description) => telegram_error(400, &format!("Bad Request: {description}"), None),
            None => done(
                &json!({"message_id": ordinal, "date": 0, "chat": {"id": CHAT}, "text": request.body["text"]}),
            ),
        },
        _ => telegram_error(404, "Not Found", None),
    }
}

fn is_known_chat(request: &ChatRequest<'_>) -> bool {
    let by_query = request.query == format!("chat_id={CHAT}");
    let given = &request.body["chat_id"];
    by_query || *given == json!(CHAT) || *given == json!(CHAT.to_string())
}

fn refusal(request: &ChatRequest<'_>) -> Option<String> {
    let body = request.body;
    let message = text(body, "/text");
    if message.trim().is_empty() {
        return Some("message text is empty".to_owned());
    }
    if body["chat_id"].is_null() {
        return Some("chat_id is empty".to_owned());
    }
    if !is_known_chat(request) {
        return Some("chat not found".to_owned());
    }
    if !body["message_thread_id"].is_null() && body["message_thread_id"] != json!(THREAD) {
        return Some("message thread not found".to_owned());
    }
    if units(message) > MAX_TEXT {
        return Some("message is too long".to_owned());
    }
    let entities = body["entities"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut end = 0;
    for entity in entities {
        let (offset, length) = (entity["offset"].as_u64(), entity["length"].as_u64());
        let (Some(offset), Some(length)) = (offset, length) else {
            return Some("can't parse entities: offset and length must be numbers".to_owned());
        };
        if !["bold", "italic", "code", "pre"].contains(&text(entity, "/type")) {
            return Some("can't parse entities: unsupported type of entity".to_owned());
        }
        // The Bot API sorts them. Ours come in order and do not overlap, or their offsets are wrong.
        if offset < end || length == 0 {
            return Some(format!(
                "can't parse entities: the entity at UTF-16 offset {offset} overlaps another"
            ));
        }
        end = offset + length;
        if !is_boundary(message, offset) || !is_boundary(message, end) {
            return Some(format!(
                "entity beginning at UTF-16 offset {offset} ends after the end of the text"
            ));
        }
    }
    None
}

/// Whether a character of `text` begins or ends at this UTF-16 offset.
fn is_boundary(text: &str, offset: u64) -> bool {
    let mut at = 0;
    let mut offsets = text.chars().map(|c| {
        at += c.len_utf16() as u64;
        at
    });
    offset == 0 || offsets.any(|end| end == offset)
}

pub(super) fn shown(body: &Value) -> String {
    text(body, "/text").to_owned()
}
