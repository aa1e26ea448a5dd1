//! What is new after one `check`, for readers of cron's mails: a line each, the most severe first.

use std::fmt::Write;

use crate::domain::summary::{self, Entry};
use crate::domain::text::{self, one_line};
use crate::domain::time::minute;
use crate::report::News;
use crate::store::{DeliveryState, StoredMessage};

/// The most lines that are printed: a whole fleet that fails must not fill a mailbox.
const LINES: usize = 100;

pub(crate) fn render(news: &News) -> String {
    let entries = summary::ranked(&news.alerts, &news.changes);
    // Undelivered messages are reported nowhere else, so half of the lines are reserved for them.
    let reserved = news.undelivered.len().min(LINES / 2);
    let alerts = entries.iter().take(LINES - reserved).map(|entry| line(entry, news));
    let lines = alerts.chain(news.undelivered.iter().map(undelivered));
    let mut printed = String::new();
    for line in lines.take(LINES) {
        let _ = writeln!(printed, "{line}");
    }
    let more = news.omitted + (entries.len() + news.undelivered.len()).saturating_sub(LINES);
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
    let error = one_line(message.last_error.as_deref().unwrap_or("no answer"));
    let summary = one_line(&message.summary);
    let next = match (message.state, message.next_attempt_at) {
        (DeliveryState::Failed, _) => ", failed permanently".to_owned(),
        (_, Some(next)) => format!(", next attempt {}", minute(next)),
        (_, None) => String::new(),
    };
    format!("NOT DELIVERED to {receiver}{next}: {error} ({summary})")
}
