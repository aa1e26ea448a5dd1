//! `discord`: a message with one embed, posted to the webhook of a channel.
//!
//! Guarantees: within the limits of an embed (256 characters of title, 4,096 of description, 6,000 in all); every character that Discord
//! reads as markup is escaped, and no mention notifies anyone, whatever a name contains.
//! Source: <https://docs.discord.com/developers/resources/webhook#execute-webhook>, "Embed limits" and "Rate limits".

use chrono::TimeDelta;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

use super::attempt::Attempt;
use super::http::{self, Clients, Request, Response, Target, attempt_by_status, json_headers};
use super::message::{ChatText, Line, RenderError, SETUP_PAGE, Span, Style, Tone, shortened_units};
use super::probe::ProbeResult;
use crate::config::{ChatWebhook, Receiver};
use crate::domain::clock::Clock;
use crate::domain::message::Message;
use crate::domain::time::{Timestamp, rfc3339};

const MAX_TITLE: usize = 256;
const MAX_DESCRIPTION: usize = 4096;

/// A pause that Discord asks for beyond this is not a pause.
const MAX_PAUSE: f64 = 86_400.0;

/// The JSON of the message.
pub(super) fn render(message: &Message, receiver: &Receiver) -> Result<Vec<u8>, RenderError> {
    let chat = ChatText::new(message, receiver)?;
    let characters = |line: &Line| markdown(line).encode_utf16().count() + 1;
    let lines = chat.lines_within(MAX_DESCRIPTION, characters);
    let colour = match chat.tone {
        Tone::Critical => 0xe5_48_4d,
        Tone::Warning => 0xd9_8a_00,
        Tone::Resolved => 0x30_a4_6c,
        Tone::Info | Tone::Test | Tone::Digest => 0x5b_8d_ef,
    };
    let title = escaped(&chat.title);
    let body: Value = json!({
        // The text of a phone's notification, which shows nothing of an embed.
        "content": title,
        "allowed_mentions": {"parse": []},
        "embeds": [{
            "title": shortened_units(&title, MAX_TITLE),
            "description": lines.iter().map(markdown).collect::<Vec<_>>().join("\n"),
            "url": SETUP_PAGE,
            "color": colour,
            "timestamp": rfc3339(message.timestamp),
        }],
    });
    Ok(serde_json::to_vec(&body)?)
}

fn markdown(line: &Line) -> String {
    let span = |Span { style, text }: &Span| match style {
        Style::Plain => escaped(text),
        Style::Bold => format!("**{}**", escaped(text)),
        // Inside a code span nothing is markup, and nothing can be escaped.
        Style::Code => format!("`{}`", text.replace('`', "'")),
    };
    let line: String = line.iter().map(span).collect();
    // Headings, small print, quotes and lists begin a line; `*`, `>` and `_` are escaped anyway.
    if line.trim_start().starts_with(['#', '-', '+']) { format!("\\{}", line.trim_start()) } else { line }
}

/// `text` with a backslash before whatever Discord reads as markup or as a mention within a line. Addresses of ours stay links.
fn escaped(text: &str) -> String {
    let word = |word: &str| {
        if word == SETUP_PAGE {
            return word.to_owned();
        }
        let mut escaped = String::with_capacity(word.len());
        for c in word.chars() {
            // A link with a text of its own has a bracket before its address.
            if "\\*_~`|<>".contains(c) || c == '(' && escaped.ends_with(']') {
                escaped.push('\\');
            }
            escaped.push(c);
        }
        escaped
    };
    text.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

/// Tries once to post the message that [`render()`] wrote.
pub(super) async fn send(clients: &Clients, webhook: &ChatWebhook, body: &[u8], clock: &Clock) -> Attempt {
    let request = Request::post(json_headers(), body);
    http::deliver(target(webhook), clients, &request, clock, classify).await
}

pub(super) async fn probe(webhook: &ChatWebhook) -> ProbeResult {
    http::probe(target(webhook), "URL", &webhook.endpoint.url).await
}

/// The address with `wait=true`: Discord answers when the message is saved, and with what is wrong when it is not.
fn target(webhook: &ChatWebhook) -> Result<Target, Attempt> {
    let address = webhook.endpoint.url.value.expose_secret();
    let Ok(mut url) = Url::parse(address) else {
        return Target::new(&webhook.endpoint.url.value, webhook.endpoint.timeout);
    };
    url.query_pairs_mut().append_pair("wait", "true");
    Target::new(&SecretString::from(url.as_str()), webhook.endpoint.timeout)
}

/// The members that matter of an error.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Answer {
    message: String,
    code: i64,
    retry_after: Option<f64>,
}

fn classify(response: &Response, target: &Target, now: Timestamp) -> Attempt {
    let status = response.status.unwrap_or_default();
    if (200..300).contains(&status) && response.is_other_than_json() && !response.body().is_empty() {
        let advice = "this is not an answer of Discord: check the address and the proxy";
        return Attempt::deferred(target.error(response, "", advice));
    }
    let answer: Answer = serde_json::from_slice(&response.body()).unwrap_or_default();
    let advice = match (status, answer.code) {
        (_, 10_015) | (404, _) => {
            "the webhook was deleted: make a new one in the channel's settings, Integrations"
        }
        (_, 50_027) | (401, _) => {
            "the address is not complete: copy it again from the channel's settings, Integrations"
        }
        (_, 30_046 | 160_004) => {
            "this channel needs another kind of message: use the webhook of a text channel"
        }
        (_, 220_001) => "this is a forum channel: use the webhook of a text channel",
        _ => "",
    };
    let pause = answer.retry_after.filter(|seconds| *seconds > 0.0 && *seconds <= MAX_PAUSE);
    // In whole seconds, upwards: an attempt that comes too early extends the pause.
    let pause = pause.and_then(|seconds| {
        TimeDelta::from_std(std::time::Duration::try_from_secs_f64(seconds.ceil()).ok()?).ok()
    });
    attempt_by_status(
        status,
        target.error(response, &answer.message, advice),
        pause.or_else(|| response.pause(now)),
    )
}
