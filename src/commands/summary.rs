//! What is watched and who is notified of what, in words: for `config check` and the first lines of `run`.

use crate::config::{Config, Receiver};
use crate::domain::alerts::Severity;
use crate::domain::route::Kinds;
use crate::domain::text;

use super::names::list;

/// Receivers that are named before the rest is counted.
const MAX_RECEIVERS: usize = 10;

/// `a, b, and every account that the API lists for main`.
pub(super) fn watched(config: &Config) -> String {
    let subscriptions = config.subscriptions.iter();
    let accounts = subscriptions.clone().flat_map(|subscription| &subscription.accounts);
    let accounts: Vec<&str> = accounts.map(|account| account.name.as_str()).collect();
    let discovering = subscriptions.filter(|subscription| subscription.discover);
    let discovering: Vec<&str> = discovering.map(|subscription| subscription.name.as_str()).collect();
    let listed = || format!("every account that the API lists for {}", list(&discovering));
    match (accounts.is_empty(), discovering.is_empty()) {
        (_, true) => list(accounts),
        (true, false) => listed(),
        (false, false) => format!("{}, and {}", list(accounts), listed()),
    }
}

/// `ops-mail (email) of everything; pager (webhook) of expiry that is critical`.
pub(super) fn notified(config: &Config) -> String {
    let mut receivers: Vec<String> = config.receivers.iter().take(MAX_RECEIVERS).map(receiver).collect();
    match config.receivers.len().saturating_sub(MAX_RECEIVERS) {
        0 if receivers.is_empty() => return "nobody".to_owned(),
        0 => {}
        more => receivers.push(format!("and {more} more")),
    }
    receivers.join("; ")
}

fn receiver(receiver: &Receiver) -> String {
    let kind = receiver.channel.type_name();
    let what = match &receiver.route.kinds {
        Kinds::All => "everything".to_owned(),
        kinds @ Kinds::Only { .. } => kinds.names().join(", "),
    };
    let severity = match receiver.route.min_severity {
        Severity::Info => "",
        Severity::Warning => " from warning on",
        Severity::Critical => " that is critical",
    };
    let accounts = if receiver.accounts.iter().any(|glob| glob == "*") {
        String::new()
    } else {
        format!(" of {}", list(&receiver.accounts))
    };
    format!("{} ({kind}) of {what}{severity}{accounts}", text::name(receiver.name.as_str()))
}
