//! A Discord with one webhook.
//!
//! Source: <https://docs.discord.com/developers/resources/webhook#execute-webhook>, "Embed Limits" of the message resource, "Rate Limits",
//! and "JSON Error Codes" there. The documents count characters; here they are UTF-16 units. `allowed_mentions` is optional at Discord and
//! required here: without it a name could notify everyone.

use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderValue, Method};
use serde_json::{Value, json};

use super::{ChatRequest, Reply, json_reply, text, units};

pub(super) const PATH: &str = "/api/webhooks/1234567890123456789/dIsCoRdToKeN4711-xyzXYZ_0123456789";
pub(super) const SECRETS: &[&str] = &["dIsCoRdToKeN4711", "1234567890123456789", "/api/webhooks"];

const MAX_CONTENT: usize = 2000;
const MAX_TITLE: usize = 256;
const MAX_DESCRIPTION: usize = 4096;
/// Of all texts in all embeds.
const MAX_EMBEDS: usize = 6000;

/// 429 with its own pause in the body.
pub(crate) fn discord_rate_limited(seconds: f64) -> Reply {
    let body = json!({"message": "You are being rate limited.", "retry_after": seconds, "global": false});
    json_reply(429, &body).header(RETRY_AFTER, HeaderValue::from_static("1"))
}

fn error(status: u16, code: u32, message: &str) -> Reply {
    json_reply(status, &json!({"message": message, "code": code}))
}

pub(super) fn reply(request: &ChatRequest<'_>, ordinal: usize) -> Reply {
    let (id, token) = PATH.rsplit_once('/').expect("the path has several parts");
    if request.method != Method::POST || !request.path.starts_with(id) {
        return error(404, 10_015, "Unknown Webhook");
    }
    if request.path.rsplit('/').next() != Some(token) {
        return error(401, 50_027, "Invalid Webhook Token");
    }
    let body = request.body;
    if !body.is_object() {
        return error(400, 50_109, "The request body contains invalid JSON.");
    }
    let embeds = body["embeds"].as_array().map(Vec::as_slice).unwrap_or_default();
    if text(body, "/content").is_empty() && embeds.is_empty() {
        return error(400, 50_006, "Cannot send an empty message");
    }
    if let Some(errors) = form_errors(body, embeds) {
        return json_reply(400, &json!({"message": "Invalid Form Body", "code": 50_035, "errors": errors}));
    }
    if request.query.split('&').any(|pair| pair == "wait=true") {
        let message = json!({
            "id": format!("9{ordinal:018}"), "type": 0, "channel_id": "199737254929760256",
            "webhook_id": "1234567890123456789", "content": body["content"], "embeds": embeds,
        });
        json_reply(200, &message)
    } else {
        Reply::status(axum::http::StatusCode::NO_CONTENT)
    }
}

/// What is wrong with the form, at its place in it.
fn form_errors(body: &Value, embeds: &[Value]) -> Option<Value> {
    let at = |code: &str, message: &str| json!({"_errors": [{"code": code, "message": message}]});
    let too_long = |most: usize| at("BASE_TYPE_MAX_LENGTH", &format!("Must be {most} or fewer in length."));
    if units(text(body, "/content")) > MAX_CONTENT {
        return Some(json!({"content": too_long(MAX_CONTENT)}));
    }
    if !body["allowed_mentions"]["parse"].as_array().is_some_and(Vec::is_empty) {
        return Some(json!({"allowed_mentions": at("BASE_TYPE_REQUIRED", "This field is required")}));
    }
    if embeds.len() > 10 {
        return Some(json!({"embeds": at("BASE_TYPE_BAD_LENGTH", "Must be between 1 and 10 in length.")}));
    }
    let mut total = 0;
    for (index, embed) in embeds.iter().enumerate() {
        for (member, most) in [("title", MAX_TITLE), ("description", MAX_DESCRIPTION)] {
            let length = units(text(embed, &format!("/{member}")));
            total += length;
            if length > most {
                return Some(json!({"embeds": {index.to_string(): {member: too_long(most)}}}));
            }
        }
        let timestamp = text(embed, "/timestamp");
        if !timestamp.is_empty() && chrono::DateTime::parse_from_rfc3339(timestamp).is_err() {
            let wrong = at("DATE_TIME_TYPE_PARSE", "Could not parse. Should be ISO8601.");
            return Some(json!({"embeds": {index.to_string(): {"timestamp": wrong}}}));
        }
    }
    let exceeds = at("MAX_EMBED_SIZE_EXCEEDED", "Embed size exceeds maximum size of 6000");
    (total > MAX_EMBEDS).then(|| json!({"embeds": exceeds}))
}

/// The content, the title and the description, as a client shows them. Markup other than bold text and code is shown as `⟦*⟧`, so that a
/// test that looks for a name does not find it.
pub(super) fn shown(body: &Value) -> String {
    let embed = &body["embeds"][0];
    [text(body, "/content"), text(embed, "/title"), text(embed, "/description")]
        .map(without_markup)
        .join("\n")
}

fn without_markup(markdown: &str) -> String {
    let (mut shown, mut rest) = (String::new(), markdown);
    while let Some(c) = rest.chars().next() {
        let tail = &rest[c.len_utf8()..];
        rest = match c {
            '\\' if tail.starts_with(|next: char| next.is_ascii_punctuation()) => {
                shown.push_str(&tail[..1]);
                &tail[1..]
            }
            '*' if tail.starts_with('*') => &tail[1..],
            '`' => match tail.split_once('`') {
                Some((code, tail)) => {
                    shown.push_str(code);
                    tail
                }
                None => tail,
            },
            '*' | '_' | '~' | '<' => {
                shown.extend(['⟦', c, '⟧']);
                tail
            }
            '|' if tail.starts_with('|') => {
                shown.push_str("⟦||⟧");
                &tail[1..]
            }
            _ => {
                shown.push(c);
                tail
            }
        };
    }
    shown
}
