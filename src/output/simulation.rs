//! The messages that would be sent, for people: a timeline for each receiver, with repeated reminders and digests as one entry.

use std::fmt::Write;

use chrono::TimeDelta;

use super::lines::{labelled, pluralize, wrap};
use crate::domain::message::Reason;
use crate::domain::text::{self, one_line};
use crate::domain::time::{Timestamp, in_words, minute, relative};
use crate::report::{SimulatedMessage, Simulation};

/// Said once, because such alerts are missing in a forecast without a trace.
const NOT_SIMULATED: &str = "Alerts about jobs and credits need new data, which a forecast does not have.";

/// The column in which the text of a message begins.
const INDENT: usize = 20;

pub(crate) fn render(simulation: &Simulation) -> String {
    let Simulation { generated_at, until, receivers, kept_alive, messages } = simulation;
    let mut text = wrap(
        &format!(
            "Forecast until {}, assuming that no check changes anything and every delivery succeeds. {NOT_SIMULATED} Times in UTC.",
            minute(*until)
        ),
        0,
    );
    if receivers.is_empty() {
        text.push_str(&wrap("No receivers configured: nobody is notified. See [[receivers]].", 0));
    }
    for receiver in receivers {
        let _ = writeln!(text, "\n{}", text::name(receiver.as_str()));
        let entries = entries(messages.iter().filter(|message| message.receiver == *receiver));
        if kept_alive.contains(receiver) {
            text.push_str("  no messages: alerts are kept alive there while they fire\n");
        } else if entries.is_empty() {
            text.push_str("  no messages\n");
        }
        text.extend(entries.iter().map(|entry| entry.render(*generated_at)));
    }
    let total = pluralize(messages.len(), "message");
    text + "\n" + &wrap(&format!("{total}. Nothing was sent or stored."), 0)
}

/// A message, and how often it is repeated at the same interval.
struct Entry<'a> {
    first: &'a SimulatedMessage,
    /// The interval of its repetitions.
    every: Option<TimeDelta>,
    repetitions: usize,
    last: Timestamp,
}

/// The messages of one receiver; reminders of the same alerts, or equal digests, at equal intervals become one entry.
fn entries<'a>(messages: impl Iterator<Item = &'a SimulatedMessage>) -> Vec<Entry<'a>> {
    let mut entries: Vec<Entry<'_>> = Vec::new();
    for message in messages {
        let series = entries.iter_mut().rfind(|entry| is_repetition(entry.first, message));
        if series.is_none_or(|entry| !entry.extend(message.at)) {
            entries.push(Entry { first: message, every: None, repetitions: 0, last: message.at });
        }
    }
    entries
}

fn is_reminder(message: &SimulatedMessage) -> bool {
    !message.alerts.is_empty() && message.alerts.iter().all(|alert| alert.reason == Reason::Repeated)
}

fn is_repetition(earlier: &SimulatedMessage, later: &SimulatedMessage) -> bool {
    // While only time passes nothing changes, so that a message without alerts that is not queued yet is a digest.
    let is_same_digest = later.alerts.is_empty() && !later.already_queued && earlier.summary == later.summary;
    (is_reminder(later) || is_same_digest) && !earlier.already_queued && earlier.alerts == later.alerts
}

impl Entry<'_> {
    /// Adds a repetition at `at`; whether it continues the interval.
    fn extend(&mut self, at: Timestamp) -> bool {
        let interval = at - self.last;
        let continues = *self.every.get_or_insert(interval) == interval;
        if continues {
            self.repetitions += 1;
            self.last = at;
        }
        continues
    }

    fn render(&self, now: Timestamp) -> String {
        let message = self.first;
        let label = format!("  {}", message.at.format("%Y-%m-%d %H:%M"));
        let kind = if is_reminder(message) { "reminder: " } else { "" };
        let when = if message.already_queued {
            "already queued".to_owned()
        } else {
            format!("sent {}", relative(message.at, now))
        };
        let mut text = labelled(&label, INDENT, &format!("{kind}{} ({when})", one_line(&message.summary)));
        if let Some(every) = self.every {
            let times = match self.repetitions {
                1 => "once".to_owned(),
                times => format!("{times} times"),
            };
            text.push_str(&wrap(&format!("then every {}, {times}", interval_text(every)), INDENT));
        }
        text
    }
}

/// `24 h` rather than `1 day`, as `[alerts].repeat_every` is written.
fn interval_text(every: TimeDelta) -> String {
    let hours = every.num_hours();
    if every == TimeDelta::hours(hours) && hours > 0 { format!("{hours} h") } else { in_words(every) }
}

#[cfg(test)]
mod tests;
