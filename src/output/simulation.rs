//! What would be told, for people: one timeline for each receiver.

use std::fmt::Write;

use super::lines::{block, counted, wrapped};
use crate::domain::text::{self, one_line};
use crate::domain::time::{Timestamp, minute, relative};
use crate::report::{SimulatedMessage, Simulation};

/// How far what a message says is moved in.
const INDENT: usize = 20;

pub(super) fn render(simulation: &Simulation) -> String {
    let Simulation { generated_at, until, receivers, messages } = simulation;
    let mut text = wrapped(
        &format!(
            "If nothing but time passed until {}: no account looked at, every message taken. Times in UTC.",
            minute(*until)
        ),
        0,
    );
    if receivers.is_empty() {
        text.push_str(&wrapped("There are no receivers, so nobody is told anything: see [[receivers]].", 0));
    }
    for receiver in receivers {
        let _ = writeln!(text, "\n{}", text::name(receiver.as_str()));
        let told: Vec<&SimulatedMessage> =
            messages.iter().filter(|message| message.receiver == *receiver).collect();
        if told.is_empty() {
            text.push_str("  nothing\n");
        }
        text.extend(told.into_iter().map(|message| one(message, *generated_at)));
    }
    text.push('\n');
    text.push_str(&wrapped(
        &format!("{}. Nothing was sent or stored.", counted(messages.len(), "message")),
        0,
    ));
    text
}

fn one(message: &SimulatedMessage, now: Timestamp) -> String {
    let label = format!("  {}", message.at.format("%Y-%m-%d %H:%M"));
    let when = if message.waiting { "waits already".to_owned() } else { relative(message.at, now) };
    let words = format!("{} ({when})", one_line(&message.summary));
    block(&label, label.len(), INDENT, &words)
}

#[cfg(test)]
mod tests;
