//! What became of messages, for people: the newest last, next to the prompt.

use std::collections::BTreeMap;

use super::lines::{block, counted, wrapped};
use crate::domain::text::{self, one_line};
use crate::domain::time::{Timestamp, minute, relative};
use crate::report::{Deliveries, DeliveryReport};
use crate::store::DeliveryState;

/// How far what is said of a message is moved in.
const INDENT: usize = 18;

pub(super) fn render(list: &Deliveries) -> String {
    if list.deliveries.is_empty() {
        let since = minute(list.since);
        return wrapped(
            &format!("No messages since {since}. Earlier ones: `minimax-watch deliveries --since 30d`."),
            0,
        );
    }
    let now = list.generated_at;
    let messages: Vec<String> = list.deliveries.iter().map(|message| one(message, now)).collect();
    format!("{}\n{}", messages.concat(), wrapped(&closing(list), 0))
}

fn one(message: &DeliveryReport, now: Timestamp) -> String {
    let at = message.created_at.format("%Y-%m-%d %H:%M").to_string();
    let tries =
        if message.attempts == 1 { "1 try".to_owned() } else { format!("{} tries", message.attempts) };
    let head = format!("{}: {}, {tries}", text::name(message.receiver.as_str()), message.state.as_str());
    let mut text = block(&at, at.len(), INDENT, &head);
    text.push_str(&wrapped(&one_line(&message.summary), INDENT));
    if let Some(fate) = fate(message, now) {
        text.push_str(&wrapped(&fate, INDENT));
    }
    text
}

/// What there is to say about its delivery.
fn fate(message: &DeliveryReport, now: Timestamp) -> Option<String> {
    let error = message.last_error.as_ref().map(|error| one_line(error));
    match (message.state, message.next_attempt_at) {
        (DeliveryState::Delivered, _) => error.map(|error| format!("Taken in the end; before: {error}")),
        (DeliveryState::Failed, _) => Some(format!("Given up: {}", error.unwrap_or_default())),
        (DeliveryState::Pending, None) => Some("Waits behind another.".to_owned()),
        (DeliveryState::Pending, Some(next)) => {
            let next = format!("Next try {} ({})", minute(next), relative(next, now));
            Some(error.map_or_else(|| next.clone(), |error| format!("{next}; {error}")))
        }
    }
}

fn closing(list: &Deliveries) -> String {
    let mut counts: BTreeMap<DeliveryState, usize> = BTreeMap::new();
    for message in &list.deliveries {
        *counts.entry(message.state).or_default() += 1;
    }
    let counts: Vec<String> =
        counts.into_iter().map(|(state, count)| format!("{count} {}", state.as_str())).collect();
    let total = counted(list.deliveries.len(), "message");
    format!("{total} since {}, times in UTC: {}.", minute(list.since), counts.join(", "))
}

#[cfg(test)]
mod tests;
