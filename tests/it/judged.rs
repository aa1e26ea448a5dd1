//! The judge of the fault harness is itself held to hand-made histories: a check that cannot fail is none.

use minimax_watch::domain::alert::Severity;
use minimax_watch::domain::message::Reason;

use crate::judge::{Broken, Due, Facts, Message, Telling, judge, same_story};
use crate::world::{days, start};

use Reason::{Escalated, Opened, Repeated, Resolved};

fn telling(alert: &str, reason: Reason) -> Telling {
    let facts = Facts {
        about: "not_found a".to_owned(),
        stage: None,
        severity: Severity::Critical,
        end: None,
        may_reopen: false,
    };
    Telling { alert: alert.to_owned(), reason, facts: Some(facts) }
}

/// Of an account's end so many days ahead.
fn rung(reason: Reason, stage: &str, end: i64) -> Telling {
    let facts = Facts {
        about: "expiry a".to_owned(),
        stage: stage.parse().ok(),
        severity: Severity::Warning,
        end: Some(start() + days(end)),
        may_reopen: true,
    };
    Telling { alert: "E".to_owned(), reason, facts: Some(facts) }
}

fn message(id: &str, alerts: &[Telling]) -> Message {
    Message { id: id.to_owned(), bytes: id.into(), alerts: alerts.to_vec(), changes: Vec::new() }
}

/// Messages `1`, `2` … with one telling each.
fn history(tellings: &[Telling]) -> Vec<Message> {
    let number = |(index, telling): (usize, &Telling)| {
        message(&format!("{}", index + 1), std::slice::from_ref(telling))
    };
    tellings.iter().enumerate().map(number).collect()
}

/// What the store would say after that history, had all gone well.
fn due(alerts: &[&str], messages: &[&str]) -> Due {
    let owned = |words: &[&str]| words.iter().map(ToString::to_string).collect();
    Due { alerts: owned(alerts), outbox: owned(messages), ..Due::default() }
}

fn broken(heard: &[Message], due: &Due) -> Vec<String> {
    judge(heard, due).broken.iter().map(ToString::to_string).collect()
}

#[test]
fn a_life_told_as_fire_and_end_is_sound_and_so_is_a_repeat_with_an_excuse() {
    let mut heard = history(&[telling("A", Opened), telling("A", Resolved)]);
    heard.insert(1, heard[0].clone());
    let due = Due { excuses: 1, ..due(&["A"], &["1", "2"]) };
    let verdict = judge(&heard, &due);
    assert_eq!((verdict.messages, verdict.repeats, verdict.broken), (2, 1, vec![]));
}

#[test]
fn a_repeat_without_an_excuse_is_caught() {
    let mut heard = history(&[telling("A", Opened), telling("A", Resolved)]);
    heard.insert(1, heard[0].clone());
    assert_eq!(
        broken(&heard, &due(&["A"], &["1", "2"])),
        ["told twice: 1 repeats, and only 0 attempts failed"]
    );
}

#[test]
fn a_lost_end_and_a_lost_alert_are_caught() {
    let heard = history(&[telling("A", Opened)]);
    assert_eq!(broken(&heard, &due(&["A"], &["1"])), ["lost: the end of alert A"]);
    assert_eq!(
        broken(&heard, &due(&["A", "B"], &["1", "2"])),
        ["lost: message 2", "lost: the end of alert A", "lost: alert B"]
    );
}

#[test]
fn a_fire_told_twice_is_caught_under_its_own_and_under_a_new_id() {
    let again = history(&[telling("A", Opened), telling("A", Opened), telling("A", Resolved)]);
    assert_eq!(broken(&again, &due(&["A"], &["1", "2", "3"])), ["told twice: alert A was opened again"]);
    let other = history(&[
        telling("A", Opened),
        telling("B", Opened),
        telling("B", Resolved),
        telling("A", Resolved),
    ]);
    assert_eq!(
        broken(&other, &due(&["A", "B"], &["1", "2", "3", "4"])),
        ["told twice: alerts A and B are the same and fire both"]
    );
}

#[test]
fn an_end_told_twice_and_a_reminder_are_caught() {
    let twice = history(&[telling("A", Opened), telling("A", Resolved), telling("A", Resolved)]);
    assert_eq!(broken(&twice, &due(&["A"], &["1", "2", "3"])), ["told twice: the end of alert A"]);
    let reminder = history(&[telling("A", Opened), telling("A", Repeated), telling("A", Resolved)]);
    assert_eq!(
        broken(&reminder, &due(&["A"], &["1", "2", "3"])),
        ["told twice: a reminder of alert A that nobody wants"]
    );
}

#[test]
fn other_bytes_under_one_id_are_caught() {
    let mut heard = history(&[telling("A", Opened), telling("A", Resolved)]);
    let other = Message { bytes: b"other".to_vec(), ..heard[0].clone() };
    heard.insert(1, other);
    let due = Due { excuses: 1, ..due(&["A"], &["1", "2"]) };
    assert_eq!(broken(&heard, &due), ["other bytes: 1"]);
}

#[test]
fn reversed_order_is_caught_within_a_life_between_messages_and_in_repeats() {
    let mut heard = history(&[telling("A", Opened), telling("A", Resolved)]);
    heard.reverse();
    let wrong = broken(&heard, &due(&["A"], &["1", "2"]));
    assert!(wrong.contains(&"out of order: messages did not come in the order of the outbox".to_owned()));
    assert!(wrong.contains(&"out of order: alert A begins with Resolved".to_owned()), "{wrong:?}");
    let mut late = history(&[telling("A", Opened), telling("A", Resolved)]);
    late.push(late[0].clone());
    let due = Due { excuses: 1, ..due(&["A"], &["1", "2"]) };
    assert_eq!(broken(&late, &due), ["out of order: 1 came again after a newer one"]);
}

#[test]
fn an_alert_may_only_grow_graver_and_only_an_end_may_come_back() {
    let sound = [rung(Opened, "7d", 5), rung(Escalated, "3d", 5), rung(Resolved, "3d", 30)];
    assert!(broken(&history(&sound), &due(&["E"], &["1", "2", "3"])).is_empty());
    let back = [&sound[..], &[rung(Escalated, "1d", 5), rung(Resolved, "1d", 30)]].concat();
    assert!(broken(&history(&back), &due(&["E"], &["1", "2", "3", "4", "5"])).is_empty());
    for stage in ["7d", "3d"] {
        let milder = [&sound[..2], &[rung(Escalated, stage, 5)], &sound[2..]].concat();
        let wrong = broken(&history(&milder), &due(&["E"], &["1", "2", "3", "4"]));
        assert_eq!(wrong, ["told twice: alert E is said to be graver and is not"], "{stage}");
    }
    let undead =
        [telling("A", Opened), telling("A", Resolved), telling("A", Escalated), telling("A", Resolved)];
    let wrong = broken(&history(&undead), &due(&["A"], &["1", "2", "3", "4"]));
    assert_eq!(wrong, ["out of order: alert A goes on after its end"]);
}

#[test]
fn an_end_and_the_alert_that_follows_it_may_share_a_message() {
    let heard = [
        message("1", &[telling("A", Opened)]),
        message("2", &[telling("B", Opened), telling("A", Resolved)]),
        message("3", &[telling("B", Resolved)]),
    ];
    assert!(broken(&heard, &due(&["A", "B"], &["1", "2", "3"])).is_empty());
}

#[test]
fn a_change_that_is_lost_or_told_twice_is_caught() {
    let jobs = || "maxJobs 3 1".to_owned();
    let heard = |changes: Vec<String>| [Message { changes, ..message("1", &[]) }];
    let due = Due { changes: vec![jobs()], ..due(&[], &["1"]) };
    assert!(broken(&heard(vec![jobs()]), &due).is_empty());
    assert_eq!(broken(&heard(vec![]), &due), ["lost: change maxJobs 3 1"]);
    assert_eq!(broken(&heard(vec![jobs(), jobs()]), &due), ["told twice: change maxJobs 3 1"]);
}

#[test]
fn what_the_store_does_not_know_is_caught() {
    let heard = history(&[telling("A", Opened), telling("A", Resolved)]);
    assert_eq!(
        broken(&heard, &due(&[], &["1"])),
        ["not in the store: message 2", "not in the store: alert A"]
    );
}

#[test]
fn a_receiver_that_hears_less_or_something_else_than_the_others_is_caught() {
    let heard = history(&[telling("A", Opened), telling("A", Resolved)]);
    assert_eq!(same_story(&heard, &heard), None);
    assert!(matches!(same_story(&heard, &heard[..1]), Some(Broken::Lost(_))));
    let other = history(&[telling("A", Opened), telling("B", Opened)]);
    assert!(matches!(same_story(&heard, &other), Some(Broken::Order(_))));
}
