//! One line for everything that can be told: what a webhook's `summary`, a mail's subject and a table's row say.
//!
//! Promises: each line names its subject first and fits on one line whatever the names hold; the gravest comes first.
//! Leaves longer words (why it matters, what to do) to `notify::render`.

use std::cmp::Reverse;
use std::fmt;

use serde_json::Value;

use super::alert::{AlertKind, Severity};
use super::change::ChangeKind;
use super::message::{AlertEntry, ChangeEntry, Status};
use super::text::{self, one_line};
use super::time::{self, Timestamp};

/// The summary of a message from `notify test`.
pub const TEST: &str = "test message: minimax-watch reaches this receiver, nothing is wrong";

/// An alert or a change, where both are told side by side.
#[derive(Clone, Copy, Debug)]
pub enum Entry<'a> {
    /// A condition that fires or has ended.
    Alert(&'a AlertEntry),
    /// A field's before and after.
    Change(&'a ChangeEntry),
}

impl Entry<'_> {
    /// Whether this is the end of an alert.
    pub fn is_resolved(&self) -> bool {
        matches!(self, Self::Alert(alert) if alert.status == Status::Resolved)
    }

    /// How grave it is, or was.
    pub const fn severity(&self) -> Severity {
        match self {
            Self::Alert(alert) => alert.severity,
            Self::Change(change) => change.severity,
        }
    }

    /// What [`alert_line`] or [`change_line`] says.
    pub fn line(&self, now: Timestamp) -> String {
        match self {
            Self::Alert(alert) => alert_line(alert, now),
            Self::Change(change) => change_line(change),
        }
    }

    /// What [`alert_topic`] or [`change_topic`] says.
    pub fn topic(&self, now: Timestamp) -> String {
        match self {
            Self::Alert(alert) => alert_topic(alert, now),
            Self::Change(change) => change_topic(change),
        }
    }
}

/// Everything gravest first: what fires and what changed by severity, alerts before changes; then what has ended.
pub fn ranked<'a>(alerts: &'a [AlertEntry], changes: &'a [ChangeEntry]) -> Vec<Entry<'a>> {
    let mut entries: Vec<_> =
        alerts.iter().map(Entry::Alert).chain(changes.iter().map(Entry::Change)).collect();
    entries.sort_by_key(|entry| (entry.is_resolved(), Reverse(entry.severity())));
    entries
}

/// One line about all of it: the only entry's own, or counts and the gravest. What is spelled out may be less than what is counted.
pub fn headline(alerts: &[AlertEntry], changes: &[ChangeEntry], counts: Counts, now: Timestamp) -> String {
    match ranked(alerts, changes).as_slice() {
        [] => "nothing to tell".to_owned(),
        [only] => only.line(now),
        [gravest, ..] => format!("{counts}: {}, …", gravest.line(now)),
    }
}

/// How much there is: `3 alerts, 1 ended, 2 changes`; `3 alerts ended` when nothing fires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts {
    /// Alerts that fire.
    pub firing: usize,
    /// Alerts that ended.
    pub ended: usize,
    /// Changes.
    pub changes: usize,
}

impl Counts {
    /// Of what is spelled out.
    pub fn of(alerts: &[AlertEntry], changes: &[ChangeEntry]) -> Self {
        let ended = alerts.iter().filter(|alert| alert.status == Status::Resolved).count();
        Self { firing: alerts.len() - ended, ended, changes: changes.len() }
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { firing, ended, changes } = *self;
        let plural = |count: usize, one: &str, many: &str| match count {
            0 => None,
            1 => Some(format!("1 {one}")),
            _ => Some(format!("{count} {many}")),
        };
        let ended = match firing {
            0 => plural(ended, "alert ended", "alerts ended"),
            _ => plural(ended, "ended", "ended"),
        };
        let parts = [plural(firing, "alert", "alerts"), ended, plural(changes, "change", "changes")];
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

/// [`alert_line`] without the moment, where room is short: `studio-a: token expired`.
pub fn alert_topic(alert: &AlertEntry, now: Timestamp) -> String {
    let words = match alert.status {
        Status::Firing => firing_words(alert, now),
        Status::Resolved => resolved_words(alert),
    };
    let concerned = match alert.affected {
        affected if affected > 1 => format!(", {affected} accounts"),
        _ => String::new(),
    };
    format!("{}: {words}{concerned}", subject(alert))
}

/// `studio-a: maxJobs 3 → 1`.
pub fn change_line(change: &ChangeEntry) -> String {
    let name = text::name(&change.account.name);
    let (before, after) = (value_words(&change.before), value_words(&change.after));
    match change.kind {
        ChangeKind::ExpiryMovedBack => format!("{name}: token now ends earlier, {before} → {after}"),
        ChangeKind::IdentityChanged => format!("{name}: another MiniMax user, {before} → {after}"),
        ChangeKind::CapabilityLost
        | ChangeKind::CapabilityGained
        | ChangeKind::MaxJobsChanged
        | ChangeKind::HostChanged => format!("{name}: {} {before} → {after}", text::name(&change.field)),
    }
}

/// [`change_line`] where room is short: of two moments only the new one.
pub fn change_topic(change: &ChangeEntry) -> String {
    match change.kind {
        ChangeKind::ExpiryMovedBack => {
            let name = text::name(&change.account.name);
            format!("{name}: token now ends earlier, {}", value_words(&change.after))
        }
        ChangeKind::CapabilityLost
        | ChangeKind::CapabilityGained
        | ChangeKind::MaxJobsChanged
        | ChangeKind::HostChanged
        | ChangeKind::IdentityChanged => change_line(change),
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

/// Whom an alert is about, by the operator's name.
pub fn subject(alert: &AlertEntry) -> String {
    let name = match (&alert.receiver, &alert.account, &alert.subscription) {
        (Some(receiver), _, _) => receiver.as_str(),
        (None, Some(account), _) => &account.name,
        (None, None, Some(subscription)) => subscription.as_str(),
        (None, None, None) => "minimax-watch",
    };
    text::name(name)
}

fn firing_words(alert: &AlertEntry, now: Timestamp) -> String {
    let words = match alert.kind {
        AlertKind::Expiry => return expiry_words(alert, now),
        AlertKind::ExpiryUnknown => "the token's end is unknown",
        AlertKind::Unauthorized => "useapi.net refuses the API token (401)",
        AlertKind::SubscriptionLapsed => "the useapi.net subscription has lapsed (402)",
        AlertKind::NotFound => "useapi.net knows no such account (404)",
        AlertKind::AccountError => "useapi.net reports the MiniMax account in error",
        AlertKind::Unreachable => "no verdict from useapi.net",
        AlertKind::Malformed => "useapi.net's answers cannot be read",
        AlertKind::DeliveryFailing => "messages to this receiver do not arrive",
    };
    words.to_owned()
}

fn expiry_words(alert: &AlertEntry, now: Timestamp) -> String {
    match alert.expires_at {
        Some(end) if end > now => format!("token expires {}", time::relative(end, now)),
        Some(_) => "token expired".to_owned(),
        None if alert.stage.as_deref() == Some("expired") => "token expired".to_owned(),
        None => "token expires soon".to_owned(),
    }
}

/// Nothing is known to be well: only nobody looks any more.
fn no_longer_watched_words(alert: &AlertEntry) -> String {
    match alert.expires_at {
        Some(end) if alert.resolved_at.is_some_and(|resolved| end <= resolved) => {
            format!("no longer watched, token expired {}", time::minute(end))
        }
        Some(end) => format!("no longer watched, token expires {}", time::minute(end)),
        None => "no longer watched".to_owned(),
    }
}

fn resolved_words(alert: &AlertEntry) -> String {
    if alert.no_longer_watched {
        return no_longer_watched_words(alert);
    }
    // An expiry that is past was not renewed: a clock that was set back resolves an alert too.
    let later_end = alert.expires_at.filter(|end| alert.resolved_at.is_none_or(|resolved| *end > resolved));
    let words = match (alert.kind, later_end) {
        (AlertKind::Expiry, Some(end)) => {
            return format!("renewed, token now ends {}", time::minute(end));
        }
        (AlertKind::Expiry, None) => "the token's end is no longer near",
        (AlertKind::ExpiryUnknown, Some(end)) => {
            return format!("the token's end is known again, {}", time::minute(end));
        }
        (AlertKind::ExpiryUnknown, None) => "the token's end is known again",
        (AlertKind::Unauthorized, _) => "useapi.net takes the API token again",
        (AlertKind::SubscriptionLapsed, _) => "the useapi.net subscription is active again",
        (AlertKind::NotFound, _) => "useapi.net knows the account again",
        (AlertKind::AccountError, _) => "the MiniMax account is no longer in error",
        (AlertKind::Unreachable, _) => "useapi.net gives verdicts again",
        (AlertKind::Malformed, _) => "useapi.net's answers can be read again",
        (AlertKind::DeliveryFailing, _) => "messages to this receiver arrive again",
    };
    words.to_owned()
}

#[cfg(test)]
mod tests {
    use chrono::{TimeDelta, TimeZone, Utc};
    use serde_json::json;

    use super::*;
    use crate::domain::account::{AccountId, AccountRef, ReceiverName, SubscriptionName};
    use crate::domain::alert::AlertId;

    fn now() -> Timestamp {
        Utc.with_ymd_and_hms(2026, 11, 23, 7, 15, 0).unwrap()
    }

    fn account(name: &str) -> AccountRef {
        AccountRef { id: AccountId::new("123456"), name: name.to_owned() }
    }

    fn alert(kind: AlertKind) -> AlertEntry {
        AlertEntry {
            id: AlertId::new("01J"),
            kind,
            status: Status::Firing,
            reason: None,
            stage: None,
            no_longer_watched: false,
            severity: Severity::Critical,
            subscription: Some(SubscriptionName::new("main")),
            account: Some(account("studio-a")),
            receiver: None,
            affected: 1,
            opened_at: now() - TimeDelta::days(7),
            resolved_at: None,
            expires_at: None,
            detail: String::new(),
        }
    }

    fn expiry(left: TimeDelta) -> AlertEntry {
        AlertEntry { expires_at: Some(now() + left), ..alert(AlertKind::Expiry) }
    }

    fn resolved(alert: AlertEntry) -> AlertEntry {
        AlertEntry { status: Status::Resolved, resolved_at: Some(now()), ..alert }
    }

    fn change(kind: ChangeKind, field: &str, before: Value, after: Value) -> ChangeEntry {
        ChangeEntry {
            kind,
            severity: Severity::Warning,
            subscription: SubscriptionName::new("main"),
            account: account("studio-a"),
            field: field.to_owned(),
            before,
            after,
            at: now(),
        }
    }

    #[test]
    fn an_end_is_told_with_its_moment_and_expired_from_its_very_second_on() {
        for (left, line) in [
            (TimeDelta::days(3), "studio-a: token expires in 3 days (2026-11-26 07:15 UTC)"),
            (TimeDelta::seconds(1), "studio-a: token expires in 1 s (2026-11-23 07:15 UTC)"),
            (TimeDelta::zero(), "studio-a: token expired 2026-11-23 07:15 UTC"),
            (-TimeDelta::hours(2), "studio-a: token expired 2026-11-23 05:15 UTC"),
        ] {
            assert_eq!(alert_line(&expiry(left), now()), line);
        }
        assert_eq!(alert_topic(&expiry(TimeDelta::zero()), now()), "studio-a: token expired");
    }

    #[test]
    fn every_kind_names_its_subject_first_and_tells_its_end_in_other_words() {
        for kind in AlertKind::ALL {
            let (firing, ended) = (alert(kind), resolved(alert(kind)));
            let (fires, ends) = (alert_line(&firing, now()), alert_line(&ended, now()));
            assert!(fires.starts_with("studio-a: ") && ends.starts_with("studio-a: "), "{fires} / {ends}");
            assert_ne!(fires, ends);
            assert!(fires.len() < 70 && ends.len() < 70, "{fires} / {ends}");
        }
    }

    #[test]
    fn a_subscription_counts_its_accounts_and_a_failing_receiver_is_named() {
        let subscription = AlertEntry { account: None, affected: 3, ..alert(AlertKind::Unauthorized) };
        assert_eq!(
            alert_line(&subscription, now()),
            "main: useapi.net refuses the API token (401), 3 accounts"
        );
        let receiver = AlertEntry {
            account: None,
            subscription: None,
            receiver: Some(ReceiverName::new("ops-mail")),
            affected: 0,
            ..alert(AlertKind::DeliveryFailing)
        };
        assert_eq!(alert_line(&receiver, now()), "ops-mail: messages to this receiver do not arrive");
    }

    #[test]
    fn only_a_later_end_is_called_a_renewal() {
        let renewed = resolved(expiry(TimeDelta::days(30)));
        assert_eq!(alert_line(&renewed, now()), "studio-a: renewed, token now ends 2026-12-23 07:15 UTC");
        let dropped = resolved(expiry(-TimeDelta::days(1)));
        assert_eq!(alert_line(&dropped, now()), "studio-a: the token's end is no longer near");
    }

    #[test]
    fn a_change_shows_before_and_after_with_absent_in_words() {
        for (entry, line) in [
            (change(ChangeKind::MaxJobsChanged, "maxJobs", json!(3), json!(1)), "studio-a: maxJobs 3 → 1"),
            (
                change(ChangeKind::CapabilityLost, "supportVideo", json!(true), Value::Null),
                "studio-a: supportVideo true → absent",
            ),
            (
                change(ChangeKind::HostChanged, "host", json!("minimax.io"), json!("a\r\nb")),
                "studio-a: host minimax.io → a b",
            ),
            (
                change(
                    ChangeKind::ExpiryMovedBack,
                    "expires_at",
                    json!("2026-12-24T00:00:00Z"),
                    json!("2026-12-01T00:00:00Z"),
                ),
                "studio-a: token now ends earlier, 2026-12-24 00:00 UTC → 2026-12-01 00:00 UTC",
            ),
        ] {
            assert_eq!(change_line(&entry), line);
        }
    }

    #[test]
    fn the_headline_counts_and_says_the_gravest_whatever_the_order() {
        let warning = AlertEntry { severity: Severity::Warning, ..alert(AlertKind::Unreachable) };
        let ended = resolved(alert(AlertKind::NotFound));
        let jobs = change(ChangeKind::MaxJobsChanged, "maxJobs", json!(3), json!(1));
        let alerts = [ended.clone(), warning, expiry(TimeDelta::zero())];
        let headline = |alerts: &[AlertEntry], changes: &[ChangeEntry]| {
            headline(alerts, changes, Counts::of(alerts, changes), now())
        };
        assert_eq!(
            headline(&alerts, std::slice::from_ref(&jobs)),
            "2 alerts, 1 ended, 1 change: studio-a: token expired 2026-11-23 07:15 UTC, …"
        );
        assert_eq!(
            headline(std::slice::from_ref(&ended), &[]),
            "studio-a: useapi.net knows the account again"
        );
        assert_eq!(Counts::of(&[ended.clone(), ended], &[jobs]).to_string(), "2 alerts ended, 1 change");
    }

    #[test]
    fn a_name_with_line_ends_stays_on_one_line() {
        let mut entry = expiry(TimeDelta::zero());
        entry.account = Some(account("a\r\nBcc: x@example.com"));
        assert_eq!(alert_topic(&entry, now()), "a\\u{d}\\u{a}Bcc: x@example.com: token expired");
    }
}
