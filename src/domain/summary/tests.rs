use chrono::{TimeDelta, TimeZone, Utc};
use serde_json::json;

use strum::IntoEnumIterator;

use super::*;
use crate::domain::account::{AccountId, AccountRef, ReceiverName, SubscriptionName};
use crate::domain::alerts::AlertId;

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
fn expiry_is_shown_with_its_time_and_as_expired_from_that_second_on() {
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
fn every_kind_names_its_subject_first_and_says_in_other_words_that_it_resolved() {
    for kind in AlertKind::iter() {
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
    assert_eq!(alert_line(&subscription, now()), "main: useapi.net refuses the API token (401), 3 accounts");
    let receiver = AlertEntry {
        account: None,
        subscription: None,
        receiver: Some(ReceiverName::new("ops-mail")),
        affected: 0,
        ..alert(AlertKind::DeliveryFailing)
    };
    assert_eq!(alert_line(&receiver, now()), "ops-mail: messages to this receiver are not delivered");
}

#[test]
fn only_a_later_expiry_is_called_a_renewal() {
    let renewed = resolved(expiry(TimeDelta::days(30)));
    assert_eq!(alert_line(&renewed, now()), "studio-a: renewed, token now expires 2026-12-23 07:15 UTC");
    let dropped = resolved(expiry(-TimeDelta::days(1)));
    assert_eq!(alert_line(&dropped, now()), "studio-a: the token no longer expires soon");
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
            "studio-a: token now expires earlier, 2026-12-24 00:00 UTC → 2026-12-01 00:00 UTC",
        ),
    ] {
        assert_eq!(change_line(&entry), line);
    }
}

#[test]
fn headline_is_the_most_severe_entry_then_counts() {
    let warning = AlertEntry { severity: Severity::Warning, ..alert(AlertKind::Unreachable) };
    let ended = resolved(alert(AlertKind::NotFound));
    let jobs = change(ChangeKind::MaxJobsChanged, "maxJobs", json!(3), json!(1));
    let alerts = [ended.clone(), warning, expiry(TimeDelta::zero())];
    let headline = |alerts: &[AlertEntry], changes: &[ChangeEntry]| {
        headline(alerts, changes, Counts::new(alerts, changes), now())
    };
    assert_eq!(
        headline(&alerts, std::slice::from_ref(&jobs)),
        "studio-a: token expired 2026-11-23 07:15 UTC (and 1 alert, 1 resolved, 1 change)"
    );
    assert_eq!(headline(std::slice::from_ref(&ended), &[]), "studio-a: useapi.net knows the account again");
    assert_eq!(Counts::new(&[ended.clone(), ended], &[jobs]).to_string(), "2 alerts resolved, 1 change");
}

#[test]
fn digest_counts_what_needs_attention_and_what_was_not_delivered() {
    for (accounts, attention, failed, topic) in [
        (0, 0, 0, "no accounts"),
        (1, 0, 0, "1 account well"),
        (3, 0, 0, "all 3 accounts well"),
        (1, 1, 0, "1 account needs attention"),
        (3, 1, 0, "1 of 3 accounts needs attention"),
        (3, 3, 1, "3 of 3 accounts need attention, 1 message not delivered"),
        (3, 0, 2, "all 3 accounts well, 2 messages not delivered"),
    ] {
        let totals = DigestTotals { accounts, attention, failed, ..DigestTotals::default() };
        assert_eq!(digest_topic(&totals), topic);
    }
}

#[test]
fn a_name_with_line_ends_stays_on_one_line() {
    let mut entry = expiry(TimeDelta::zero());
    entry.account = Some(account("a\r\nBcc: x@example.com"));
    assert_eq!(alert_topic(&entry, now()), "a\\u{d}\\u{a}Bcc: x@example.com: token expired");
}
