//! A message to a receiver, and whether it was delivered.

use serde::Serialize;

use crate::domain::text;
use crate::domain::time::{Timestamp, dated, minute, rfc3339};
use crate::store::{DeliveryState, StoredMessage};

/// What the page shows of one message.
#[derive(Serialize)]
pub(super) struct MessageRow {
    created_at: String,
    created: String,
    receiver: String,
    summary: String,
    state: &'static str,
    /// The class of its colour.
    tone: &'static str,
    /// `after 3 attempts: connection refused; next attempt …`, empty when all is well.
    note: String,
}

impl MessageRow {
    pub(super) fn new(message: &StoredMessage, now: Timestamp) -> Self {
        Self {
            created_at: rfc3339(message.created_at),
            created: minute(message.created_at),
            receiver: text::name(message.receiver.as_str()),
            summary: text::one_line(&message.summary),
            state: message.state.as_str(),
            tone: match message.state {
                DeliveryState::Delivered => "ok",
                DeliveryState::Pending => "warning",
                DeliveryState::Failed => "critical",
            },
            note: note(message, now),
        }
    }
}

fn note(message: &StoredMessage, now: Timestamp) -> String {
    let mut parts = Vec::new();
    if message.attempts > 1 {
        parts.push(format!("{} attempts", message.attempts));
    }
    if message.state != DeliveryState::Delivered {
        parts.extend(message.last_error.as_deref().map(text::one_line));
        parts.extend(message.next_attempt_at.map(|at| format!("next attempt {}", dated(at, now))));
    }
    parts.join("; ")
}
