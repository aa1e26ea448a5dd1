//! What answered and what did not, for people: one block each, the verdict first.

use super::lines::{block, counted, wrapped};
use super::paint::{self, Paint};
use crate::domain::text::{self, one_line};
use crate::report::Probe;

/// How far what is said is moved in, behind its label.
const INDENT: usize = 9;

pub(super) fn render(probe: &Probe, paint: Paint) -> String {
    let mut text = String::new();
    for one in &probe.subscriptions {
        let said = Said { good: one.good, tried: &one.tried, seen: &one.seen, next: one.next.as_deref() };
        text.push_str(&said.block(&format!("subscription {}", text::name(one.name.as_str())), paint));
    }
    for one in &probe.receivers {
        let said = Said { good: one.good, tried: &one.tried, seen: &one.seen, next: one.next.as_deref() };
        text.push_str(&said.block(&format!("receiver {}", text::name(one.name.as_str())), paint));
    }
    text.push('\n');
    text.push_str(&wrapped(&closing(probe), 0));
    text
}

/// What there is to say of one of them.
struct Said<'a> {
    good: bool,
    tried: &'a str,
    seen: &'a str,
    next: Option<&'a str>,
}

impl Said<'_> {
    fn block(&self, name: &str, paint: Paint) -> String {
        let verdict = if self.good { "good" } else { "FAILED" };
        let mut text = format!("\n{}: {verdict}\n", paint::bold(name, paint));
        for (label, words) in
            [("  tried", Some(self.tried)), ("  seen", Some(self.seen)), ("  next", self.next)]
        {
            if let Some(words) = words {
                text.push_str(&block(label, label.len(), INDENT, &one_line(words)));
            }
        }
        text
    }
}

fn closing(probe: &Probe) -> String {
    let total = probe.subscriptions.len() + probe.receivers.len();
    let failed = probe.subscriptions.iter().filter(|one| !one.good).count()
        + probe.receivers.iter().filter(|one| !one.good).count();
    let mut text = if failed == 0 {
        format!("{}: all good. Nothing was sent, nothing was stored.", counted(total, "probe"))
    } else {
        format!("{failed} of {} failed. Nothing was sent, nothing was stored.", counted(total, "probe"))
    };
    if probe.receivers.is_empty() {
        text.push_str(" There are no receivers: nobody is told of anything until a [[receivers]] is added.");
    } else if failed == 0 {
        text.push_str(" Whether a message arrives, `minimax-watch notify test` shows.");
    }
    text
}

#[cfg(test)]
mod tests;
