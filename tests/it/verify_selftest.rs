//! The verifier of the fault tests is itself tested with handwritten histories: it must catch each violation.

use minimax_watch::domain::alerts::Severity;
use minimax_watch::domain::message::Reason;

use crate::verify::{Expected, Facts, Message, Notification, Violation, compare_receivers, verify};
use crate::world::{days, start};

use Reason::{Escalated, Opened, Repeated, Resolved};

fn notification(alert: &str, reason: Reason) -> Notification {
    let facts = Facts {
        about: "not_found a".to_owned(),
        stage: None,
        severity: Severity::Critical,
        end: None,
        may_reopen: false,
    };
    Notification { alert: alert.to_owned(), reason, facts: Some(facts) }
}

/// A notification about an expiry that many days ahead.
fn expiry_notification(reason: Reason, stage: &str, end: i64) -> Notification {
    let facts = Facts {
        about: "expiry a".to_owned(),
        stage: stage.parse().ok(),
        severity: Severity::Warning,
        end: Some(start() + days(end)),
        may_reopen: true,
    };
    Notification { alert: "E".to_owned(), reason, facts: Some(facts) }
}

fn message(id: &str, alerts: &[Notification]) -> Message {
    Message { id: id.to_owned(), bytes: id.into(), alerts: alerts.to_vec(), changes: Vec::new() }
}

/// Messages `1`, `2` … with one notification each.
fn history(notifications: &[Notification]) -> Vec<Message> {
    let number = |(index, notification): (usize, &Notification)| {
        message(&format!("{}", index + 1), std::slice::from_ref(notification))
    };
    notifications.iter().enumerate().map(number).collect()
}

/// What the store would hold after that history if nothing went wrong.
fn expected(alerts: &[&str], messages: &[&str]) -> Expected {
    let owned = |words: &[&str]| words.iter().map(ToString::to_string).collect();
    Expected { alerts: owned(alerts), outbox: owned(messages), ..Expected::default() }
}

fn violations(received: &[Message], expected: &Expected) -> Vec<String> {
    verify(received, expected).violations.iter().map(ToString::to_string).collect()
}

#[test]
fn firing_and_resolved_is_a_sound_history_and_so_is_an_excused_repeat() {
    let mut received = history(&[notification("A", Opened), notification("A", Resolved)]);
    received.insert(1, received[0].clone());
    let expected = Expected { excuses: 1, ..expected(&["A"], &["1", "2"]) };
    let verdict = verify(&received, &expected);
    assert_eq!((verdict.messages, verdict.repeats, verdict.violations), (2, 1, vec![]));
}

#[test]
fn unexcused_repeat_is_caught() {
    let mut received = history(&[notification("A", Opened), notification("A", Resolved)]);
    received.insert(1, received[0].clone());
    assert_eq!(
        violations(&received, &expected(&["A"], &["1", "2"])),
        ["sent twice: 1 repeats, and only 0 attempts failed"]
    );
}

#[test]
fn lost_resolution_and_lost_alert_are_caught() {
    let received = history(&[notification("A", Opened)]);
    assert_eq!(violations(&received, &expected(&["A"], &["1"])), ["lost: the resolution of alert A"]);
    assert_eq!(
        violations(&received, &expected(&["A", "B"], &["1", "2"])),
        ["lost: message 2", "lost: the resolution of alert A", "lost: alert B"]
    );
}

#[test]
fn alert_opened_twice_is_caught_under_the_same_and_under_a_new_id() {
    let again = history(&[notification("A", Opened), notification("A", Opened), notification("A", Resolved)]);
    assert_eq!(
        violations(&again, &expected(&["A"], &["1", "2", "3"])),
        ["sent twice: alert A was opened again"]
    );
    let other = history(&[
        notification("A", Opened),
        notification("B", Opened),
        notification("B", Resolved),
        notification("A", Resolved),
    ]);
    assert_eq!(
        violations(&other, &expected(&["A", "B"], &["1", "2", "3", "4"])),
        ["sent twice: alerts A and B are the same and fire both"]
    );
}

#[test]
fn repeated_resolution_and_unwanted_reminder_are_caught() {
    let twice =
        history(&[notification("A", Opened), notification("A", Resolved), notification("A", Resolved)]);
    assert_eq!(
        violations(&twice, &expected(&["A"], &["1", "2", "3"])),
        ["sent twice: the resolution of alert A"]
    );
    let reminder =
        history(&[notification("A", Opened), notification("A", Repeated), notification("A", Resolved)]);
    assert_eq!(
        violations(&reminder, &expected(&["A"], &["1", "2", "3"])),
        ["sent twice: an unwanted reminder of alert A"]
    );
}

#[test]
fn other_bytes_under_one_id_are_caught() {
    let mut received = history(&[notification("A", Opened), notification("A", Resolved)]);
    let other = Message { bytes: b"other".to_vec(), ..received[0].clone() };
    received.insert(1, other);
    let expected = Expected { excuses: 1, ..expected(&["A"], &["1", "2"]) };
    assert_eq!(violations(&received, &expected), ["other bytes: 1"]);
}

#[test]
fn reversed_order_is_caught_within_a_life_between_messages_and_in_repeats() {
    let mut received = history(&[notification("A", Opened), notification("A", Resolved)]);
    received.reverse();
    let wrong = violations(&received, &expected(&["A"], &["1", "2"]));
    assert!(wrong.contains(&"out of order: messages did not come in the order of the outbox".to_owned()));
    assert!(wrong.contains(&"out of order: alert A begins with Resolved".to_owned()), "{wrong:?}");
    let mut late = history(&[notification("A", Opened), notification("A", Resolved)]);
    late.push(late[0].clone());
    let expected = Expected { excuses: 1, ..expected(&["A"], &["1", "2"]) };
    assert_eq!(violations(&late, &expected), ["out of order: 1 came again after a newer one"]);
}

#[test]
fn alert_may_only_escalate_and_only_an_expiry_may_reopen() {
    let sound = [
        expiry_notification(Opened, "7d", 5),
        expiry_notification(Escalated, "3d", 5),
        expiry_notification(Resolved, "3d", 30),
    ];
    assert!(violations(&history(&sound), &expected(&["E"], &["1", "2", "3"])).is_empty());
    let back =
        [&sound[..], &[expiry_notification(Escalated, "1d", 5), expiry_notification(Resolved, "1d", 30)]]
            .concat();
    assert!(violations(&history(&back), &expected(&["E"], &["1", "2", "3", "4", "5"])).is_empty());
    for stage in ["7d", "3d"] {
        let milder = [&sound[..2], &[expiry_notification(Escalated, stage, 5)], &sound[2..]].concat();
        let wrong = violations(&history(&milder), &expected(&["E"], &["1", "2", "3", "4"]));
        assert_eq!(wrong, ["sent twice: alert E is sent as escalated and is not"], "{stage}");
    }
    let reopened = [
        notification("A", Opened),
        notification("A", Resolved),
        notification("A", Escalated),
        notification("A", Resolved),
    ];
    let wrong = violations(&history(&reopened), &expected(&["A"], &["1", "2", "3", "4"]));
    assert_eq!(wrong, ["out of order: alert A escalates after its resolution"]);
}

#[test]
fn resolution_and_the_following_alert_may_share_a_message() {
    let received = [
        message("1", &[notification("A", Opened)]),
        message("2", &[notification("B", Opened), notification("A", Resolved)]),
        message("3", &[notification("B", Resolved)]),
    ];
    assert!(violations(&received, &expected(&["A", "B"], &["1", "2", "3"])).is_empty());
}

#[test]
fn change_that_is_lost_or_sent_twice_is_caught() {
    let jobs = || "maxJobs 3 1".to_owned();
    let received = |changes: Vec<String>| [Message { changes, ..message("1", &[]) }];
    let expected = Expected { changes: vec![jobs()], ..expected(&[], &["1"]) };
    assert!(violations(&received(vec![jobs()]), &expected).is_empty());
    assert_eq!(violations(&received(vec![]), &expected), ["lost: change maxJobs 3 1"]);
    assert_eq!(violations(&received(vec![jobs(), jobs()]), &expected), ["sent twice: change maxJobs 3 1"]);
}

#[test]
fn message_or_alert_missing_from_the_store_is_caught() {
    let received = history(&[notification("A", Opened), notification("A", Resolved)]);
    assert_eq!(
        violations(&received, &expected(&[], &["1"])),
        ["not in the store: message 2", "not in the store: alert A"]
    );
}

#[test]
fn receiver_that_got_less_or_something_else_than_another_is_caught() {
    let received = history(&[notification("A", Opened), notification("A", Resolved)]);
    assert_eq!(compare_receivers(&received, &received), None);
    assert!(matches!(compare_receivers(&received, &received[..1]), Some(Violation::Lost(_))));
    let other = history(&[notification("A", Opened), notification("B", Opened)]);
    assert!(matches!(compare_receivers(&received, &other), Some(Violation::Order(_))));
}
