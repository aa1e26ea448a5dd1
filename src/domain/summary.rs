//! Alerts and changes in one line each: what a webhook's `summary`, a mail's subject and a table's row say.
//!
//! Guarantees: each line names its subject first and is one line whatever the names hold; the most severe comes first.
//! Longer texts (why it matters, what to do) are left to `notify`.

use std::cmp::Reverse;
use std::fmt;

use serde_json::Value;

use super::alerts::{AlertKind, Severity};
use super::change::ChangeKind;
use super::message::{AlertEntry, ChangeEntry, DigestTotals, Status};
use super::text::{self, one_line};
use super::time::{self, Timestamp};

/// The summary of a message from `notify test`.
pub const TEST: &str = "test message: minimax-watch reaches this receiver, nothing is wrong";

/// An alert or a change, where both are listed together.
#[derive(Clone, Copy, Debug)]
pub enum Entry<'a> {
    /// An alert that fires or has resolved.
    Alert(&'a AlertEntry),
    /// A changed field.
    Change(&'a ChangeEntry),
}

impl Entry<'_> {
    /// Whether this is a resolved alert.
    pub fn is_resolved(&self) -> bool {
        matches!(self, Self::Alert(alert) if alert.status == Status::Resolved)
    }

    /// How severe it is, or was.
    pub const fn severity(&self) -> Severity {
        match self {
            Self::Alert(alert) => alert.severity,
            Self::Change(change) => change.severity,
        }
    }

    /// The entry in one line, as [`alert_line`] or [`change_line`].
    pub fn line(&self, now: Timestamp) -> String {
        match self {
            Self::Alert(alert) => alert_line(alert, now),
            Self::Change(change) => change_line(change),
        }
    }

    /// The same where room is short, as [`alert_topic`] or [`change_topic`].
    pub fn topic(&self, now: Timestamp) -> String {
        match self {
            Self::Alert(alert) => alert_topic(alert, now),
            Self::Change(change) => change_topic(change),
        }
    }
}

/// All entries, most severe first: firing alerts and changes by severity, alerts before changes; then resolved alerts.
pub fn ranked<'a>(alerts: &'a [AlertEntry], changes: &'a [ChangeEntry]) -> Vec<Entry<'a>> {
    let mut entries: Vec<_> =
        alerts.iter().map(Entry::Alert).chain(changes.iter().map(Entry::Change)).collect();
    entries.sort_by_key(|entry| (entry.is_resolved(), Reverse(entry.severity())));
    entries
}

/// One line about everything: the most severe entry, then how much else there is. `counts` may be higher than what is listed.
///
/// `studio-a: token expired 2026-11-23 07:15 UTC (and 2 alerts, 1 change)`
pub fn headline(alerts: &[AlertEntry], changes: &[ChangeEntry], counts: Counts, now: Timestamp) -> String {
    match ranked(alerts, changes).as_slice() {
        [] => "nothing to report".to_owned(),
        [only] => only.line(now),
        [first, ..] => format!("{} (and {})", first.line(now), counts.without(first)),
    }
}

/// How much there is: `3 alerts, 1 resolved, 2 changes`; `3 alerts resolved` when none fires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts {
    /// Alerts that fire.
    pub firing: usize,
    /// Resolved alerts.
    pub resolved: usize,
    /// Changes.
    pub changes: usize,
}

impl Counts {
    /// Counts what is listed.
    pub fn new(alerts: &[AlertEntry], changes: &[ChangeEntry]) -> Self {
        let resolved = alerts.iter().filter(|alert| alert.status == Status::Resolved).count();
        Self { firing: alerts.len() - resolved, resolved, changes: changes.len() }
    }

    /// How much there is besides `entry`.
    #[must_use]
    pub fn without(mut self, entry: &Entry<'_>) -> Self {
        let count = match entry {
            Entry::Change(_) => &mut self.changes,
            Entry::Alert(_) if entry.is_resolved() => &mut self.resolved,
            Entry::Alert(_) => &mut self.firing,
        };
        *count = count.saturating_sub(1);
        self
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { firing, resolved, changes } = *self;
        let plural = |count: usize, one: &str, many: &str| match count {
            0 => None,
            1 => Some(format!("1 {one}")),
            _ => Some(format!("{count} {many}")),
        };
        let resolved = match firing {
            0 => plural(resolved, "alert resolved", "alerts resolved"),
            _ => plural(resolved, "resolved", "resolved"),
        };
        let parts = [plural(firing, "alert", "alerts"), resolved, plural(changes, "change", "changes")];
        f.write_str(&parts.into_iter().flatten().collect::<Vec<_>>().join(", "))
    }
}

/// `studio-a: token expires in 3 days (2026-11-23 07:15 UTC)`.
pub fn alert_line(alert: &AlertEntry, now: Timestamp) -> String {
    let topic = alert_topic(alert, now);
    match (alert.status, alert.kind, alert.expires_at) {
        (Status::Firing, AlertKind::Expiry, Some(end)) if end <= now => {
            format!("{topic} {}", time::minute(end))
        }
        (Status::Firing, AlertKind::Expiry, Some(end)) => format!("{topic} ({})", time::minute(end)),
        _ => topic,
    }
}

/// [`alert_line`] without what changes as time passes, for texts that are kept: `studio-a: token expires 2026-11-23 07:15 UTC`.
pub fn lasting_line(alert: &AlertEntry) -> String {
    match (alert.kind, alert.expires_at) {
        (AlertKind::Expiry, Some(end)) => {
            let verb = if alert.stage.as_deref() == Some("expired") { "expired" } else { "expires" };
            format!("{}: token {verb} {}", subject(alert), time::minute(end))
        }
        _ => alert_topic(alert, alert.opened_at),
    }
}

/// [`alert_line`] without the moment, where room is short: `studio-a: token expired`.
pub fn alert_topic(alert: &AlertEntry, now: Timestamp) -> String {
    let phrase = match alert.status {
        Status::Firing => firing_text(alert, now),
        Status::Resolved => resolved_text(alert),
    };
    let affected_accounts = match alert.affected {
        // They are no MiniMax accounts, and the detail counts them.
        _ if alert.kind == AlertKind::ServicesInError => String::new(),
        affected if affected > 1 => format!(", {affected} accounts"),
        _ => String::new(),
    };
    format!("{}: {phrase}{affected_accounts}", subject(alert))
}

/// `studio-a: maxJobs 3 → 1`.
pub fn change_line(change: &ChangeEntry) -> String {
    let name = text::name(&change.account.name);
    let (before, after) = (value_words(&change.before), value_words(&change.after));
    match change.kind {
        ChangeKind::ExpiryMovedBack => format!("{name}: token now expires earlier, {before} → {after}"),
        ChangeKind::IdentityChanged => format!("{name}: another MiniMax user, {before} → {after}"),
        ChangeKind::CapabilityLost
        | ChangeKind::CapabilityGained
        | ChangeKind::MaxJobsChanged
        | ChangeKind::HostChanged => format!("{name}: {} {before} → {after}", text::name(&change.field)),
    }
}

/// [`change_line`] where room is short: of two moments only the new one.
pub fn change_topic(change: &ChangeEntry) -> String {
    if change.kind != ChangeKind::ExpiryMovedBack {
        return change_line(change);
    }
    let name = text::name(&change.account.name);
    format!("{name}: token now expires earlier, {}", value_words(&change.after))
}

/// A digest where room is short: `all 3 accounts well`, `1 of 3 accounts needs attention, 2 messages not delivered`.
pub fn digest_topic(totals: &DigestTotals) -> String {
    let accounts = match (totals.accounts, totals.attention) {
        (0, _) => "no accounts".to_owned(),
        (1, 0) => "1 account well".to_owned(),
        (all, 0) => format!("all {all} accounts well"),
        (1, _) => "1 account needs attention".to_owned(),
        (all, 1) => format!("1 of {all} accounts needs attention"),
        (all, some) => format!("{some} of {all} accounts need attention"),
    };
    match totals.failed {
        0 => accounts,
        1 => format!("{accounts}, 1 message not delivered"),
        failed => format!("{accounts}, {failed} messages not delivered"),
    }
}

/// A field's value for people: `absent` for null, moments as people read them, text without quotes.
pub fn value_words(value: &Value) -> String {
    match value {
        Value::Null => "absent".to_owned(),
        Value::String(text) => match text.parse::<Timestamp>() {
            Ok(moment) => time::minute(moment),
            Err(_) => one_line(text),
        },
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}

/// The subject of an alert, by the operator's name.
pub fn subject(alert: &AlertEntry) -> String {
    let name = match (&alert.receiver, &alert.account, &alert.subscription) {
        (Some(receiver), _, _) => receiver.as_str(),
        (None, Some(account), _) => &account.name,
        (None, None, Some(subscription)) => subscription.as_str(),
        (None, None, None) => "minimax-watch",
    };
    text::name(name)
}

fn firing_text(alert: &AlertEntry, now: Timestamp) -> String {
    let phrase = match alert.kind {
        AlertKind::Expiry => return expiry_text(alert, now),
        AlertKind::ExpiryUnknown => "the token's expiry is unknown",
        AlertKind::Unauthorized => "useapi.net refuses the API token (401)",
        AlertKind::SubscriptionLapsed => "the useapi.net subscription has lapsed",
        AlertKind::NotFound => "useapi.net knows no such account (404)",
        AlertKind::AccountError => "useapi.net reports the MiniMax account in error",
        AlertKind::Unreachable => "useapi.net cannot be reached",
        AlertKind::Malformed => "useapi.net's answers cannot be read",
        AlertKind::DeliveryFailing => "messages to this receiver are not delivered",
        AlertKind::JobsFailing => "jobs sent to this account fail",
        AlertKind::OutOfCredits => "this account is out of credits",
        AlertKind::CreditsLow => "the credits of this account run low",
        AlertKind::ServicesInError => "useapi.net counts accounts of other services in error",
    };
    phrase.to_owned()
}

fn expiry_text(alert: &AlertEntry, now: Timestamp) -> String {
    match alert.expires_at {
        Some(end) if end > now => format!("token expires {}", time::relative(end, now)),
        Some(_) => "token expired".to_owned(),
        None if alert.stage.as_deref() == Some("expired") => "token expired".to_owned(),
        None => "token expires soon".to_owned(),
    }
}

/// Nothing has recovered: it is only no longer watched.
fn no_longer_watched_text(alert: &AlertEntry) -> String {
    match alert.expires_at {
        Some(end) if alert.resolved_at.is_some_and(|resolved| end <= resolved) => {
            format!("no longer watched, token expired {}", time::minute(end))
        }
        Some(end) => format!("no longer watched, token expires {}", time::minute(end)),
        None => "no longer watched".to_owned(),
    }
}

fn resolved_text(alert: &AlertEntry) -> String {
    if alert.no_longer_watched {
        return no_longer_watched_text(alert);
    }
    // An expiry that is past was not renewed: a clock that was set back resolves an alert too.
    let later_end = alert.expires_at.filter(|end| alert.resolved_at.is_none_or(|resolved| *end > resolved));
    let phrase = match (alert.kind, later_end) {
        (AlertKind::Expiry, Some(end)) => {
            return format!("renewed, token now expires {}", time::minute(end));
        }
        (AlertKind::Expiry, None) => "the token no longer expires soon",
        (AlertKind::ExpiryUnknown, Some(end)) => {
            return format!("the token's expiry is known again, {}", time::minute(end));
        }
        (AlertKind::ExpiryUnknown, None) => "the token's expiry is known again",
        (AlertKind::Unauthorized, _) => "useapi.net accepts the API token again",
        (AlertKind::SubscriptionLapsed, _) => "the useapi.net subscription is active again",
        (AlertKind::NotFound, _) => "useapi.net knows the account again",
        (AlertKind::AccountError, _) => "the MiniMax account is no longer in error",
        (AlertKind::Unreachable, _) => "useapi.net can be reached again",
        (AlertKind::Malformed, _) => "useapi.net's answers can be read again",
        (AlertKind::DeliveryFailing, _) => "messages to this receiver are delivered again",
        (AlertKind::JobsFailing, _) => "the alert about failing jobs ended",
        (AlertKind::OutOfCredits, _) => "the alert about missing credits ended",
        (AlertKind::CreditsLow, _) => "the alert about low credits ended",
        (AlertKind::ServicesInError, _) => "useapi.net counts no accounts of other services in error",
    };
    phrase.to_owned()
}

#[cfg(test)]
mod tests;
