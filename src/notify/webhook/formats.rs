//! The bodies of the formats beside `standard`, and their media types.
//!
//! Source: CloudEvents 1.0.2, structured mode of the HTTP binding
//! (<https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md>).

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use crate::config::{Receiver, WebhookFormat};
use crate::domain::account::SubscriptionName;
use crate::domain::message::{Message, MessageId};
use crate::domain::time::rfc3339;
use crate::notify::message::{ChatText, Line, RenderError};

/// What a URN cannot hold as it is (RFC 8141, RFC 3986: all but the unreserved characters).
const ENCODED: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Bytes of a text: more than a person reads.
const MAX_TEXT: usize = 16 * 1024;

/// The media type of a body.
pub(super) const fn media_type(format: WebhookFormat) -> &'static str {
    match format {
        WebhookFormat::Standard => "application/json",
        WebhookFormat::CloudEvents => "application/cloudevents+json; charset=utf-8",
        WebhookFormat::Text => "text/plain; charset=utf-8",
    }
}

/// The body of `message` in `format`.
pub(in crate::notify) fn render(
    message: &Message,
    id: &MessageId,
    receiver: &Receiver,
    format: WebhookFormat,
) -> Result<Vec<u8>, RenderError> {
    match format {
        WebhookFormat::Standard => Ok(serde_json::to_vec(message)?),
        WebhookFormat::CloudEvents => cloud_event(message, id),
        WebhookFormat::Text => text(message, receiver),
    }
}

fn cloud_event(message: &Message, id: &MessageId) -> Result<Vec<u8>, RenderError> {
    let event: Value = json!({
        "specversion": "1.0",
        "id": id.as_str(),
        "source": source(message),
        "type": message.kind,
        "time": rfc3339(message.timestamp),
        "datacontenttype": "application/json",
        "data": message.data,
    });
    Ok(serde_json::to_vec(&event)?)
}

/// `urn:minimax-watch:` and the subscription, or the receiver where the message is about none or several.
fn source(message: &Message) -> String {
    let data = &message.data;
    let alerts = data.alerts.iter().map(|alert| alert.subscription.as_ref());
    let mut subscriptions = alerts.chain(data.changes.iter().map(|change| Some(&change.subscription)));
    let first =
        subscriptions.next().flatten().filter(|first| subscriptions.all(|other| other == Some(*first)));
    let name = first.map_or(data.receiver.as_str(), SubscriptionName::as_str);
    let name = utf8_percent_encode(name, &ENCODED);
    format!("urn:minimax-watch:{name}")
}

/// The title in the first line, so that it is there also for receivers that do not read the header.
fn text(message: &Message, receiver: &Receiver) -> Result<Vec<u8>, RenderError> {
    let chat = ChatText::new(message, receiver)?;
    let bytes = |line: &Line| line.iter().map(|span| span.text.len()).sum::<usize>() + 1;
    Ok(format!("{}\n\n{}\n", chat.title, ChatText::plain(&chat.lines_within(MAX_TEXT, bytes))).into_bytes())
}

/// The title of a text: its first line, for the header `title`. Characters beyond ASCII become `?`, which headers cannot hold.
pub(super) fn title(body: &[u8]) -> String {
    let line = body.split(|byte| *byte == b'\n').next().unwrap_or_default();
    String::from_utf8_lossy(line)
        .chars()
        .map(|c| if c.is_ascii_graphic() || c == ' ' { c } else { '?' })
        .collect()
}
