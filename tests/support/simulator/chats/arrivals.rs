//! Which stored message a chat or paging service received with each request: these services get no id of a message.
//!
//! Guarantees: a request is only taken for the message that arrived last, or for a newer one. Anything else, such as an older message that
//! comes again or a text that no message has, is unknown. Of two messages with the same text, the second one has come when the text comes
//! again after a success.

use serde_json::Value;

use super::{ChatService, Post};

/// A message as the store keeps it for one receiver.
#[derive(Clone, Debug)]
pub(crate) struct StoredMessage {
    pub(crate) id: String,
    /// The rendered bytes, empty if it is not rendered yet.
    pub(crate) body: Vec<u8>,
    /// What it was rendered from.
    pub(crate) content: Value,
}

/// One attempt to deliver a message, as the service saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Arrival {
    /// The message's place among the stored ones; none if it is unknown.
    pub(crate) message: Option<usize>,
    /// Whether all requests of the message have come with this attempt or the ones before.
    pub(crate) is_complete: bool,
}

/// The attempts that `posts` make up. `messages` are those of the receiver, in the order of the outbox.
pub(crate) fn arrivals(service: ChatService, posts: &[Post], messages: &[StoredMessage]) -> Vec<Arrival> {
    let expected: Vec<Vec<Value>> = messages.iter().map(|message| requests(service, &message.body)).collect();
    let mut arrivals: Vec<Arrival> = Vec::new();
    // The message that arrived last, its latest request, and which of its requests have come.
    let mut last: Option<(usize, usize, Vec<bool>)> = None;
    let mut was_answered = false;
    for post in posts {
        let body = without_address(post.body.clone());
        let place = |message: usize| expected[message].iter().position(|request| *request == body);
        if let Some((message, at, seen)) = &mut last
            && let Some(found) = place(*message)
            && !(was_answered
                && seen.iter().all(|seen| *seen)
                && expected.get(*message + 1) == expected.get(*message))
        {
            seen[found] = true;
            let is_complete = seen.iter().all(|seen| *seen);
            if found <= *at {
                arrivals.push(Arrival { message: Some(*message), is_complete });
            } else if let Some(arrival) = arrivals.last_mut() {
                arrival.is_complete = is_complete;
            }
            *at = found;
            was_answered = post.is_answered;
            continue;
        }
        was_answered = post.is_answered;
        let from = last.as_ref().map_or(0, |(message, ..)| message + 1);
        let newer = (from..messages.len()).find_map(|message| Some((message, place(message)?)));
        arrivals.push(match newer {
            Some((message, found)) => {
                let mut seen = vec![false; expected[message].len()];
                seen[found] = true;
                let is_complete = seen.len() == 1;
                last = Some((message, found, seen));
                Arrival { message: Some(message), is_complete }
            }
            None => Arrival { message: None, is_complete: true },
        });
    }
    arrivals
}

/// The requests of a stored body, without what is configured.
fn requests(service: ChatService, body: &[u8]) -> Vec<Value> {
    let Ok(body) = serde_json::from_slice::<Value>(body) else { return Vec::new() };
    match service {
        ChatService::PagerDuty => {
            let events = body["events"].as_array().into_iter().flatten();
            events.map(|event| event["members"].clone()).collect()
        }
        ChatService::Telegram | ChatService::Ntfy | ChatService::Discord | ChatService::Slack => vec![body],
    }
}

fn without_address(mut body: Value) -> Value {
    if let Value::Object(members) = &mut body {
        for member in ["chat_id", "message_thread_id", "topic", "routing_key"] {
            members.remove(member);
        }
    }
    body
}
