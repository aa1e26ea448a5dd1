//! How things stand, as people and monitors read it.

use std::sync::Arc;

use chrono::{TimeZone, Utc};

use super::*;
use crate::domain::account::{AccountId, AccountRef, SubscriptionName};
use crate::domain::alerts::AlertId;
use crate::domain::message::Status;
use crate::domain::time::Timestamp;
use crate::report::Expiries;
use crate::store::{OutboxCounts, RunCounts, RunRecord};

fn now() -> Timestamp {
    Utc.with_ymd_and_hms(2026, 11, 23, 7, 15, 0).unwrap()
}

fn account(name: &str, verdict: Verdict, outcome: Outcome, left: Option<TimeDelta>) -> AccountReport {
    let end = left.map(|left| now() + left);
    let flags = [("supportVideo", true), ("supportChat", true), ("supportMusic", false)];
    AccountReport {
        subscription: SubscriptionName::new("main"),
        id: AccountId::new(name),
        name: name.to_owned(),
        outcome: Some(outcome),
        verdict,
        usable: Some(outcome == Outcome::Ok),
        checked_at: Some(now()),
        last_ok_at: Some(now()),
        expires_at: end,
        expiries: Expiries::default(),
        max_jobs: end.map(|_| 3),
        host: None,
        capabilities: Arc::new(flags.map(|(flag, has)| (flag.to_owned(), has)).into()),
        error: (outcome != Outcome::Ok).then(|| "no complete answer within 15 s".to_owned()),
        alerts: [AlertKind::Expiry].into_iter().filter(|_| verdict == Verdict::Critical).collect(),
        warning_within: TimeDelta::days(7),
        critical_within: TimeDelta::days(1),
    }
}

fn text(report: &Report) -> String {
    let mut bytes = Vec::new();
    render(report, false, &mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

fn report() -> Report {
    let near = AlertEntry {
        id: AlertId::new("01KAQ9Z0X0000000000000000"),
        kind: AlertKind::Expiry,
        status: Status::Firing,
        reason: None,
        stage: Some("1d".to_owned()),
        severity: Severity::Critical,
        subscription: Some(SubscriptionName::new("main")),
        account: Some(AccountRef { id: AccountId::new("studio-a"), name: "studio-a".to_owned() }),
        receiver: None,
        affected: 1,
        opened_at: now() - TimeDelta::days(6),
        resolved_at: None,
        expires_at: None,
        detail: "The MiniMax token ends 2026-11-24 03:15 UTC.".to_owned(),
        no_longer_watched: false,
    };
    let started_at = now() - TimeDelta::minutes(3);
    let counts = RunCounts { checked: 3, ok: 2, inconclusive: 1 };
    Report {
        plans: Vec::new(),
        unassigned_jobs: Vec::new(),
        generated_at: now(),
        verdict: Verdict::Critical,
        last_run: Some(RunRecord { id: 1, started_at, finished_at: Some(started_at), counts }),
        last_finished_at: Some(started_at),
        accounts: vec![
            account("studio-a", Verdict::Critical, Outcome::Ok, Some(TimeDelta::hours(20))),
            account("studio-b", Verdict::Ok, Outcome::Ok, Some(TimeDelta::days(20))),
            account("an-office-with-a-very-long-name", Verdict::Unknown, Outcome::Unavailable, None),
        ],
        alerts: vec![near],
        outbox: OutboxCounts { pending: 1, failed: 0 },
        next_steps: BTreeMap::new(),
        lists: Vec::new(),
        failed_readings: Vec::new(),
        silences: 1,
        overdue: None,
        clock_skew: None,
    }
}

#[test]
fn table_is_followed_by_open_alerts_and_a_summary() {
    let text = text(&report());
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    insta::assert_snapshot!(text);
}

#[test]
fn nagios_output_has_one_line_with_performance_data_and_details() {
    insta::assert_snapshot!(crate::output::nagios::render(&report()));
}

#[test]
fn nagios_output_notes_clock_skew() {
    let skewed = Report { clock_skew: Some(TimeDelta::minutes(-5)), ..report() };
    let text = crate::output::nagios::render(&skewed);
    assert!(
        text.contains("\nnote: the clock of this machine was 5 min behind useapi.net's at the last answer\n"),
        "{text}"
    );
}

#[test]
fn empty_table_says_what_to_do() {
    insta::assert_snapshot!(text(&Report::empty(now())));
}

#[test]
fn summary_counts_usable_accounts_when_not_all_are() {
    let account = |usable| AccountReport {
        usable,
        ..account("a", Verdict::Ok, Outcome::Ok, Some(TimeDelta::days(20)))
    };
    for (accounts, expected) in [
        (vec![Some(true), Some(true)], ""),
        (vec![Some(true), Some(false)], "; 1 usable"),
        (vec![Some(false), None], "; none usable"),
        (vec![], ""),
    ] {
        let accounts = accounts.into_iter().map(account).collect();
        assert_eq!(usable(&Report { accounts, ..report() }), expected);
    }
}

#[test]
fn many_accounts_make_one_table_wherever_the_longest_name_is() {
    let short = account("a", Verdict::Ok, Outcome::Ok, Some(TimeDelta::days(20)));
    let long = account("an-office-with-a-very-long-name", Verdict::Ok, Outcome::Ok, None);
    let mut accounts = vec![short; 2 * CHUNK];
    accounts[CHUNK + 3] = long;
    let mut table = Vec::new();
    super::accounts(&Report { accounts, ..report() }, false, &mut table).unwrap();
    let text = String::from_utf8(table).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.iter().filter(|line| line.starts_with("ACCOUNT")).count(), 1);
    let verdict = lines[0].find("VERDICT");
    let others = lines[1..].iter().filter(|line| line.find("OK") == verdict);
    assert_eq!(others.count(), 2 * CHUNK, "one column, and each account once");
    assert!(lines.iter().all(|line| line.chars().count() <= 80));
}

#[test]
fn names_get_room_before_capabilities() {
    for (name, can, expected) in [
        (8, 10, [10, 9, 18, 9, 6, 12]),
        (31, 5, [31, 9, 18, 9, 6, 7]),
        (20, 60, [22, 9, 18, 9, 6, 16]),
        (60, 60, [26, 9, 18, 9, 6, 12]),
    ] {
        let widths = column_widths([name, 7, 16, 7, 4, can]);
        assert_eq!(widths, expected, "{name} and {can}");
        assert!(widths.iter().sum::<u16>() <= WIDTH);
    }
}
