//! `ntfy`: a message published as JSON, with priority, tags and a link.
//!
//! Guarantees: at most 4,096 bytes of text, beyond which ntfy would make an attachment of it; the topic, which is often as good as a
//! password, is quoted nowhere and not part of the stored body.
//! Source: <https://docs.ntfy.sh/publish/#publish-as-json>.

use reqwest::header::AUTHORIZATION;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

use super::attempt::Attempt;
use super::http::{self, Clients, Request, Response, Target, attempt_by_status, json_headers};
use super::message::{ChatText, Line, RenderError, SETUP_PAGE, Tone};
use super::probe::ProbeResult;
use crate::config::{Ntfy, Receiver};
use crate::domain::clock::Clock;
use crate::domain::message::Message;
use crate::domain::time::Timestamp;

/// Bytes of a message (`message-size-limit` of a server, by default 4,096).
const MAX_TEXT: usize = 4096;

/// The JSON to publish, without the topic.
pub(super) fn render(message: &Message, receiver: &Receiver) -> Result<Vec<u8>, RenderError> {
    let chat = ChatText::new(message, receiver)?;
    // As they are written in JSON, whose size ntfy limits too.
    let written = |text: &str| serde_json::to_string(text).map_or(usize::MAX, |json| json.len());
    let bytes = |line: &Line| line.iter().map(|span| written(&span.text)).sum::<usize>() + 2;
    let (priority, tag) = match chat.tone {
        Tone::Critical => (5, "rotating_light"),
        Tone::Warning => (4, "warning"),
        Tone::Resolved => (3, "white_check_mark"),
        Tone::Info => (2, "information_source"),
        Tone::Digest => (2, "bar_chart"),
        Tone::Test => (3, "test_tube"),
    };
    let body: Value = json!({
        "title": chat.title,
        "message": ChatText::plain(&chat.lines_within(MAX_TEXT, bytes)),
        "priority": priority,
        "tags": [tag],
        "click": SETUP_PAGE,
    });
    Ok(serde_json::to_vec(&body)?)
}

/// Tries once to publish the message that [`render()`] wrote.
pub(super) async fn send(clients: &Clients, ntfy: &Ntfy, body: &[u8], clock: &Clock) -> Attempt {
    let (target, topic) = match target(ntfy) {
        Ok(target) => target,
        Err(attempt) => return attempt,
    };
    let Ok(Value::Object(mut message)) = serde_json::from_slice(body) else {
        return Attempt::Final { error: "the stored message is not a JSON object".to_owned() };
    };
    message.insert("topic".to_owned(), json!(topic));
    let body = Value::Object(message).to_string();
    let mut headers = json_headers();
    if let Some(token) = &ntfy.token {
        let Some(login) = http::bearer(token) else {
            return Attempt::deferred("the token is not a valid header");
        };
        headers.insert(AUTHORIZATION, login);
    }
    match target.send(clients, &Request::post(headers, body.as_bytes())).await {
        Ok(response) => classify(&response, &target, clock.now()),
        Err(attempt) => attempt,
    }
}

pub(super) async fn probe(ntfy: &Ntfy) -> ProbeResult {
    http::probe(target(ntfy).map(|(target, _)| target), "URL", &ntfy.endpoint.url).await
}

/// The server's root, to which JSON is published, and the topic.
fn target(ntfy: &Ntfy) -> Result<(Target, String), Attempt> {
    let not_a_topic = || Attempt::deferred("the receiver's address does not end in a topic");
    let mut url = Url::parse(ntfy.endpoint.url.value.expose_secret()).map_err(|_| not_a_topic())?;
    let topic =
        url.path_segments().and_then(|mut segments| segments.next_back()).unwrap_or_default().to_owned();
    url.path_segments_mut().map_err(|()| not_a_topic())?.pop().push("");
    let token = ntfy.token.iter().map(|token| token.value.expose_secret().to_owned());
    let target = Target::new(&SecretString::from(url.as_str()), ntfy.endpoint.timeout)?;
    Ok((target.hiding(token.chain([topic.clone()])), topic))
}

/// The members that matter of an error.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Answer {
    error: String,
}

fn classify(response: &Response, target: &Target, now: Timestamp) -> Attempt {
    let status = response.status.unwrap_or_default();
    if (200..300).contains(&status) && response.is_other_than_json() {
        let advice = "this is not an answer of ntfy: check the url and the proxy";
        return Attempt::deferred(target.error(response, "", advice));
    }
    let answer: Answer = serde_json::from_slice(&response.body()).unwrap_or_default();
    let advice = match status {
        401 => "the token is not valid: check token_file",
        403 => "writing to this topic is not allowed: give a token_file whose user may write to it",
        404 | 405 => "this is not an ntfy server: check the url",
        413 => "the server's limit for messages is below 4,096 bytes: raise it",
        429 if answer.error.contains("daily") => "the server's daily limit is reached",
        _ => "",
    };
    attempt_by_status(status, target.error(response, &answer.error, advice), response.pause(now))
}
