//! Messages and their deliveries, for people, each with the id for `resend`: the newest last, next to the prompt.

use std::collections::BTreeMap;

use super::lines::{labelled, pluralize, wrap};
use crate::domain::text::{self, one_line};
use crate::domain::time::{Timestamp, dated, minute};
use crate::report::Deliveries;
use crate::store::{DeliveryState, StoredMessage};

/// The column in which the text of a message begins.
const INDENT: usize = 18;

pub(crate) fn render(list: &Deliveries) -> String {
    if list.deliveries.is_empty() {
        let since = minute(list.since);
        let text =
            format!("No messages since {since}. Earlier ones: `minimax-watch deliveries --since 30d`.");
        return wrap(&text, 0);
    }
    let now = list.generated_at;
    let messages: Vec<String> = list.deliveries.iter().map(|message| render_message(message, now)).collect();
    format!("{}\n{}", messages.concat(), wrap(&footer(list), 0))
}

fn render_message(message: &StoredMessage, now: Timestamp) -> String {
    let at = message.created_at.format("%Y-%m-%d %H:%M").to_string();
    let attempts = pluralize(usize::try_from(message.attempts).unwrap_or(usize::MAX), "attempt");
    let head = format!("{}: {}, {attempts}", text::name(message.receiver.as_str()), message.state.as_str());
    let mut text = labelled(&at, INDENT, &head);
    text.push_str(&wrap(&one_line(&message.summary), INDENT));
    if let Some(details) = details(message, now) {
        text.push_str(&wrap(&details, INDENT));
    }
    text.push_str(&wrap(&id(message), INDENT));
    text
}

/// The id for `resend`, and which message it repeats.
fn id(message: &StoredMessage) -> String {
    match &message.resend_of {
        Some(earlier) if *earlier == message.id => format!("id {}, sent again under the same id", message.id),
        Some(earlier) => format!("id {}, repeats {earlier}", message.id),
        None => format!("id {}", message.id),
    }
}

/// Errors, and when the next attempt is due.
fn details(message: &StoredMessage, now: Timestamp) -> Option<String> {
    let error = message.last_error.as_ref().map(|error| one_line(error));
    match (message.state, message.next_attempt_at) {
        (DeliveryState::Delivered, _) => {
            error.map(|error| format!("Delivered after retries; last error: {error}"))
        }
        (DeliveryState::Failed, _) => Some(format!("Failed permanently: {}", error.unwrap_or_default())),
        (DeliveryState::Pending, None) => Some("Waits for an earlier message to this receiver.".to_owned()),
        (DeliveryState::Pending, Some(next)) => {
            let next = format!("Next attempt {}", dated(next, now));
            Some(error.map_or_else(|| next.clone(), |error| format!("{next}; {error}")))
        }
    }
}

fn footer(list: &Deliveries) -> String {
    let mut counts: BTreeMap<DeliveryState, usize> = BTreeMap::new();
    for message in &list.deliveries {
        *counts.entry(message.state).or_default() += 1;
    }
    let counts: Vec<String> =
        counts.into_iter().map(|(state, count)| format!("{count} {}", state.as_str())).collect();
    let total = pluralize(list.deliveries.len(), "message");
    format!("{total} since {}, times in UTC: {}.", minute(list.since), counts.join(", "))
}

#[cfg(test)]
mod tests;
