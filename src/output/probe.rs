//! The result of `config check --probe`, for people: one block for each probe, its verdict first.

use super::lines::{labelled, pluralize, wrap};
use super::paint::{self, Paint};
use crate::domain::text::{self, one_line};
use crate::report::{Probe, ReceiverProbe, SubscriptionProbe};

/// The column in which the text behind a label begins.
const INDENT: usize = 10;

pub(crate) fn render(probe: &Probe, paint: Paint) -> String {
    let Probe { subscriptions, receivers, .. } = probe;
    let mut text = String::new();
    for SubscriptionProbe { name, ok, action, result, hint, .. } in subscriptions {
        let title = format!("subscription {}", text::name(name.as_str()));
        text.push_str(&block(&title, *ok, [Some(action), Some(result), hint.as_ref()], paint));
    }
    for ReceiverProbe { name, ok, action, result, hint, .. } in receivers {
        let title = format!("receiver {}", text::name(name.as_str()));
        text.push_str(&block(&title, *ok, [Some(action), Some(result), hint.as_ref()], paint));
    }
    let failed = subscriptions.iter().filter(|probe| !probe.ok).count()
        + receivers.iter().filter(|probe| !probe.ok).count();
    let total = pluralize(subscriptions.len() + receivers.len(), "probe");
    let mut footer = match failed {
        0 => format!("{total}: all ok. Nothing was sent or stored."),
        _ => format!("{failed} of {total} failed. Nothing was sent or stored."),
    };
    if receivers.is_empty() {
        footer.push_str(" No receivers configured: nobody is notified until a [[receivers]] is added.");
    } else if failed == 0 {
        footer.push_str(" To send a test message: `minimax-watch notify test`.");
    }
    format!("{text}\n{}", wrap(&footer, 0))
}

/// The action, the result and the hint of one probe.
fn block(title: &str, ok: bool, texts: [Option<&String>; 3], paint: Paint) -> String {
    let mut text = format!("\n{}: {}\n", paint::bold(title, paint), if ok { "ok" } else { "FAILED" });
    for (label, words) in ["  action", "  result", "  hint"].into_iter().zip(texts) {
        text.extend(words.map(|words| labelled(label, INDENT, &one_line(words))));
    }
    text
}

#[cfg(test)]
mod tests;
