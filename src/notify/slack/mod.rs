//! `slack`: a message in blocks, posted to an incoming webhook.
//!
//! Guarantees: within the documented limits of blocks; the text is rich text, in which nothing is markup, and the fallback text is escaped:
//! no name becomes a link or a mention.
//! Source: <https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks>, "Handling errors" there, and "Formatting message
//! text" for escaping.

use serde_json::{Value, json};

use super::attempt::Attempt;
use super::http::{self, Clients, Request, Response, Target, attempt_by_status, json_headers};
use super::message::{ChatText, Line, RenderError, SETUP_PAGE, Span, Style, Tone, shortened_units};
use super::probe::ProbeResult;
use crate::config::{ChatWebhook, Receiver};
use crate::domain::clock::Clock;
use crate::domain::message::Message;
use crate::domain::time::Timestamp;

/// Characters of a header block.
const MAX_HEADER: usize = 150;

/// Characters of the text: what a section may hold, and far less than a whole message.
const MAX_TEXT: usize = 3000;

/// The JSON of the message.
pub(super) fn render(message: &Message, receiver: &Receiver) -> Result<Vec<u8>, RenderError> {
    let chat = ChatText::new(message, receiver)?;
    let characters =
        |line: &Line| line.iter().map(|span| span.text.encode_utf16().count()).sum::<usize>() + 1;
    let lines = chat.lines_within(MAX_TEXT, characters);
    let mark = match chat.tone {
        Tone::Critical => "🔴 ",
        Tone::Warning => "🟠 ",
        Tone::Resolved => "🟢 ",
        Tone::Info | Tone::Test | Tone::Digest => "🔵 ",
    };
    let mut content: Vec<Value> = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        if index > 0 {
            content.push(json!({"type": "text", "text": "\n"}));
        }
        content.extend(line.iter().flat_map(elements));
    }
    let title = format!("{mark}{}", chat.title);
    let mut blocks = vec![json!({
        "type": "header",
        "text": {"type": "plain_text", "text": shortened_units(&title, MAX_HEADER), "emoji": false},
    })];
    if !content.is_empty() {
        blocks.push(
            json!({"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": content}]}),
        );
    }
    // What phones and screen readers get.
    let body =
        json!({"text": escaped(&title), "blocks": blocks, "unfurl_links": false, "unfurl_media": false});
    Ok(serde_json::to_vec(&body)?)
}

/// Rich text makes no links by itself.
fn elements(Span { style, text }: &Span) -> Vec<Value> {
    let link = || json!({"type": "link", "url": SETUP_PAGE});
    let mut elements = Vec::new();
    for (index, piece) in text.split(SETUP_PAGE).enumerate() {
        if index > 0 {
            elements.push(link());
        }
        if !piece.is_empty() {
            elements.push(match style {
                Style::Plain => json!({"type": "text", "text": piece}),
                Style::Bold => json!({"type": "text", "text": piece, "style": {"bold": true}}),
                Style::Code => json!({"type": "text", "text": piece, "style": {"code": true}}),
            });
        }
    }
    elements
}

/// The three characters that control text in Slack.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Tries once to post the message that [`render()`] wrote.
pub(super) async fn send(clients: &Clients, webhook: &ChatWebhook, body: &[u8], clock: &Clock) -> Attempt {
    let request = Request::post(json_headers(), body);
    http::deliver(target(webhook), clients, &request, clock, classify).await
}

pub(super) async fn probe(webhook: &ChatWebhook) -> ProbeResult {
    http::probe(target(webhook), "URL", &webhook.endpoint.url).await
}

fn target(webhook: &ChatWebhook) -> Result<Target, Attempt> {
    Target::new(&webhook.endpoint.url.value, webhook.endpoint.timeout)
}

/// The codes that Slack answers as plain text, and what to do about each.
const CODES: [(&str, &str); 14] = [
    ("invalid_blocks", "Slack refuses the form of this message: look for a newer minimax-watch"),
    ("invalid_payload", "Slack refuses the form of this message: look for a newer minimax-watch"),
    ("no_text", "Slack refuses the form of this message: look for a newer minimax-watch"),
    ("msg_too_long", "Slack refuses the length of this message: look for a newer minimax-watch"),
    ("no_service", "the webhook was removed or its app disabled: make a new one in the app's settings"),
    ("no_service_id", "the address is not complete: copy it again from the app's settings"),
    ("no_team", "the workspace does not exist: copy the address again from the app's settings"),
    ("team_disabled", "the workspace is disabled"),
    ("invalid_token", "the address is not valid: copy it again from the app's settings"),
    ("channel_not_found", "the channel was deleted: make a webhook for another one"),
    ("channel_is_archived", "the channel is archived: make a webhook for another one"),
    ("action_prohibited", "an administrator restricts posting: ask for permission"),
    (
        "posting_to_general_channel_denied",
        "an administrator restricts posting to this channel: use another one",
    ),
    ("rollup_error", ""),
];

fn classify(response: &Response, target: &Target, now: Timestamp) -> Attempt {
    let status = response.status.unwrap_or_default();
    let body = response.body();
    let body = String::from_utf8_lossy(&body);
    let code = body.trim();
    if (200..300).contains(&status) && response.is_complete() && code != "ok" && !code.is_empty() {
        let advice = "this is not an answer of Slack: check the address and the proxy";
        return Attempt::deferred(target.error(response, "", advice));
    }
    let (words, advice) = CODES.into_iter().find(|(known, _)| *known == code).unwrap_or_default();
    attempt_by_status(status, target.error(response, words, advice), response.pause(now))
}
