//! What is new after one `check`, for readers of cron's mails: a line each, the most severe first.

use std::fmt::Write;

use crate::domain::summary::{self, Entry};
use crate::domain::text::{self, one_line};
use crate::domain::time::{Timestamp, minute};
use crate::report::News;
use crate::store::{DeliveryState, FailingServer, StoredMessage};

/// The most lines that are printed: a whole fleet that fails must not fill a mailbox.
const LINES: usize = 100;

pub(crate) fn render(news: &News) -> String {
    let entries = summary::ranked(&news.alerts, &news.changes);
    let servers = news.failing_servers.iter().map(not_pushed);
    let undelivered: Vec<String> = servers.chain(news.undelivered.iter().map(undelivered)).collect();
    // They are reported nowhere else, so half of the lines are reserved for them.
    let reserved = undelivered.len().min(LINES / 2);
    let alerts = entries.iter().take(LINES - reserved).map(|entry| line(entry, news));
    let more = news.omitted + (entries.len() + undelivered.len()).saturating_sub(LINES);
    let mut printed = String::new();
    for line in alerts.chain(undelivered).take(LINES) {
        let _ = writeln!(printed, "{line}");
    }
    if more > 0 {
        let _ = writeln!(printed, "... and {more} more: minimax-watch status, minimax-watch deliveries");
    }
    printed
}

fn line(entry: &Entry<'_>, news: &News) -> String {
    let tag =
        if entry.is_resolved() { "RESOLVED".to_owned() } else { entry.severity().as_str().to_uppercase() };
    format!("{tag} {}", entry.line(news.generated_at))
}

fn undelivered(message: &StoredMessage) -> String {
    let receiver = text::name(message.receiver.as_str());
    let error = reason(message.last_error.as_deref());
    let summary = one_line(&message.summary);
    let next = match (message.state, message.next_attempt_at) {
        (DeliveryState::Failed, _) => ", failed permanently".to_owned(),
        (_, next) => next_attempt(next),
    };
    format!("NOT DELIVERED to {receiver}{next}: {error} ({summary})")
}

fn not_pushed(failing: &FailingServer) -> String {
    let receiver = text::name(failing.receiver.as_str());
    let next = next_attempt(failing.state.next_attempt_at);
    let error = reason(failing.state.last_error.as_deref());
    format!("NOT DELIVERED to {receiver}{next}: {error} (alerts that fire)")
}

fn next_attempt(at: Option<Timestamp>) -> String {
    at.map(|at| format!(", next attempt {}", minute(at))).unwrap_or_default()
}

fn reason(error: Option<&str>) -> String {
    one_line(error.unwrap_or("no answer"))
}
