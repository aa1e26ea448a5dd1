//! A timeline as people read it.

use chrono::{TimeDelta, TimeZone, Utc};

use super::*;
use crate::domain::account::{AccountId, AccountRef, ReceiverName};
use crate::domain::alerts::{AlertKind, Severity};
use crate::report::SimulatedAlert;

fn now() -> Timestamp {
    Utc.with_ymd_and_hms(2026, 11, 23, 7, 15, 0).unwrap()
}

fn message(receiver: &str, hours: i64, summary: &str) -> SimulatedMessage {
    SimulatedMessage {
        at: now() + TimeDelta::hours(hours),
        receiver: ReceiverName::new(receiver),
        already_queued: hours < 0,
        summary: summary.to_owned(),
        alerts: Vec::new(),
    }
}

#[test]
fn each_receiver_has_its_timeline() {
    let simulation = Simulation {
        generated_at: now(),
        until: now() + TimeDelta::days(30),
        receivers: ["ops-mail", "pager", "archive"].map(ReceiverName::new).to_vec(),
        kept_alive: Vec::new(),
        messages: vec![
            message(
                "pager",
                -3,
                "studio-b: 404: no such configuration at useapi.net, since 2026-11-23 04:15 UTC; and one more",
            ),
            message("ops-mail", 4, "studio-a: token expires in 3 days (2026-11-26 11:15 UTC)"),
            message("ops-mail", 52, "studio-a: token expires in 1 day\n(2026-11-26 11:15 UTC)"),
        ],
    };
    let text = render(&simulation);
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    insta::assert_snapshot!(text);
    let nobody = Simulation { receivers: Vec::new(), messages: Vec::new(), ..simulation };
    assert!(render(&nobody).contains("See [[receivers]]"));
}

#[test]
fn reminders_at_equal_intervals_are_one_entry() {
    let alert = |reason, account: &str| SimulatedAlert {
        kind: AlertKind::NotFound,
        reason,
        stage: None,
        severity: Severity::Critical,
        subscription: None,
        account: Some(AccountRef { id: AccountId::new(account), name: account.to_owned() }),
        receiver: None,
    };
    let mut messages = Vec::new();
    for account in ["a", "b"] {
        let offset = if account == "a" { 0 } else { 5 };
        let mut opened = message("pager", offset, &format!("{account}: unknown account"));
        opened.alerts = vec![alert(Reason::Opened, account)];
        messages.push(opened);
        for day in 1..=30 {
            let mut reminder = message("pager", offset + 24 * day, &format!("{account}: unknown account"));
            reminder.alerts = vec![alert(Reason::Repeated, account)];
            messages.push(reminder);
        }
    }
    messages.sort_by_key(|message| message.at);
    let simulation = Simulation {
        generated_at: now(),
        until: now() + TimeDelta::days(31),
        receivers: vec![ReceiverName::new("pager")],
        kept_alive: Vec::new(),
        messages,
    };
    insta::assert_snapshot!(render(&simulation));
}

#[test]
fn equal_digests_at_equal_intervals_are_one_entry() {
    let well = (1..=3).map(|day| message("pager", 24 * day, "digest: all 3 accounts well"));
    let other = (4..=5).map(|day| message("pager", 24 * day, "digest: 1 of 3 accounts needs attention"));
    let simulation = Simulation {
        generated_at: now(),
        until: now() + TimeDelta::days(6),
        receivers: vec![ReceiverName::new("pager")],
        kept_alive: Vec::new(),
        messages: well.chain(other).collect(),
    };
    insta::assert_snapshot!(render(&simulation));
}
