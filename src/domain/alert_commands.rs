//! Commands of this program that answer an alert, ready to paste into a shell.
//!
//! Guarantees: a name is written only if a shell and a glob take it literally, so that no text from outside becomes part of a command.

use super::alerts::Severity;
use super::message::{AlertEntry, Status};
use super::summary::Entry;

/// With more alerts than this, commands that name each of them would be longer than the message.
const MAX_ALERTS: usize = 5;

/// Labels and commands for the firing alerts among `entries`, which are of one kind; none when there are too many of them.
pub fn commands<'a>(entries: impl Iterator<Item = &'a Entry<'a>>) -> Vec<(&'static str, String)> {
    let alerts: Vec<&AlertEntry> = entries
        .filter_map(|entry| match entry {
            Entry::Alert(alert) if alert.status == Status::Firing => Some(*alert),
            Entry::Alert(_) | Entry::Change(_) => None,
        })
        .collect();
    let ids: Vec<&str> = alerts.iter().map(|alert| alert.id.as_str()).collect();
    if !(1..=MAX_ALERTS).contains(&ids.len()) || !ids.iter().all(|id| is_literal(id)) {
        return Vec::new();
    }
    let has_reminders = alerts.iter().any(|alert| alert.kind.has_reminders());
    let ack = has_reminders.then(|| ("To stop reminders", format!("minimax-watch ack {}", ids.join(" "))));
    let silence = silence(&alerts).map(|command| ("To silence it for 4 hours", command));
    [ack, silence].into_iter().flatten().collect()
}

/// The command that silences `alerts`; none if one is about a receiver, which silences do not cover, or has no literal name.
fn silence(alerts: &[&AlertEntry]) -> Option<String> {
    // Accounts and subscriptions in one command must both match.
    if alerts.iter().any(|alert| alert.account.is_some())
        && alerts.iter().any(|alert| alert.account.is_none())
    {
        return None;
    }
    let mut command = "minimax-watch silence add".to_owned();
    let mut options = Vec::new();
    for alert in alerts {
        let (name, option) = match (&alert.account, &alert.subscription) {
            (Some(account), Some(_)) => ([account.name.as_str(), account.id.as_str()], ""),
            (None, Some(subscription)) => ([subscription.as_str(), ""], "--subscription "),
            (_, None) => return None,
        };
        let name = name.into_iter().find(|name| is_literal(name))?;
        options.push(format!(" {option}{name}"));
    }
    options.dedup();
    command.extend(options);
    let kind = alerts.first()?.kind.as_str();
    let is_critical = alerts.iter().any(|alert| alert.severity == Severity::Critical);
    let even = if is_critical { " --even-critical" } else { "" };
    Some(format!("{command} --kind {kind} --for 4h --reason 'being fixed'{even}"))
}

/// Whether a shell, a glob and an option parser take `name` as it is.
fn is_literal(name: &str) -> bool {
    let is_safe = |c: char| c.is_ascii_alphanumeric() || "_.@:/-".contains(c);
    !name.is_empty() && !name.starts_with('-') && name.chars().all(is_safe)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_that_need_no_quotes_are_written() {
        for (name, expected) in [
            ("studio-a", true),
            ("a@example.com", true),
            ("", false),
            ("-rf", false),
            ("a b", false),
            ("studio-*", false),
            ("$(id)", false),
            ("a;b", false),
            ("é", false),
        ] {
            assert_eq!(is_literal(name), expected, "{name}");
        }
    }
}
