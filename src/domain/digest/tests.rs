//! When a digest is due, and what it shows.

use std::collections::BTreeMap;

use chrono::{TimeZone, Utc};
use globset::{Glob, GlobSetBuilder};
use serde_json::json;

use super::*;
use crate::domain::account::{AccountId, AccountKey, SubscriptionName};
use crate::domain::account_state::{AccountState, Check};
use crate::domain::alerts::{AlertId, AlertKind, Condition, Subject};
use crate::domain::change::ChangeKind;
use crate::domain::configuration::{Configuration, ExpirySource};
use crate::domain::lead_times::LeadTimes;
use crate::domain::message::MessageId;
use crate::domain::observation::{Observation, Outcome};
use crate::domain::time_zone;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Monday, 08:00 in Berlin.
fn now() -> Timestamp {
    Utc.with_ymd_and_hms(2026, 11, 23, 7, 0, 0).unwrap()
}

fn schedule(expression: &str, zone: &str) -> Schedule {
    Schedule::parse(expression, time_zone::TimeZone::named(zone).unwrap(), now()).unwrap()
}

/// Mondays at 08:00 in Berlin.
fn mondays() -> Schedule {
    schedule("0 8 * * 1", "Europe/Berlin")
}

fn record(schedule: &Schedule, waits_since: Timestamp) -> DigestRecord {
    DigestRecord {
        receiver: ReceiverName::new("pager"),
        schedule: schedule_text(schedule),
        waits_since,
        reported_until: waits_since,
        last_change: 0,
    }
}

#[test]
fn digest_is_due_once_its_time_has_come_in_the_zone_of_its_receiver() {
    use DigestDecision::{Due, NotDue};
    let monday = at("2026-11-23T07:00:00Z");
    for (waits_since, now, decision) in [
        ("2026-11-16T07:00:00Z", "2026-11-23T06:59:59Z", NotDue),
        ("2026-11-16T07:00:00Z", "2026-11-23T07:00:00Z", Due(monday)),
        ("2026-11-16T07:00:00Z", "2026-11-23T12:00:00Z", Due(monday)),
        ("2026-11-22T23:00:00Z", "2026-11-23T07:00:00Z", Due(monday)),
        ("2026-11-23T07:00:00Z", "2026-11-23T07:00:00Z", NotDue),
        ("2026-11-23T09:00:00Z", "2026-11-30T06:59:59Z", NotDue),
        // Summer time: the same time of day is an hour earlier in UTC.
        ("2026-06-01T12:00:00Z", "2026-06-08T05:59:59Z", NotDue),
        ("2026-06-01T12:00:00Z", "2026-06-08T06:00:00Z", Due(at("2026-06-08T06:00:00Z"))),
    ] {
        let record = record(&mondays(), at(waits_since));
        assert_eq!(decide(&mondays(), Some(&record), at(now)), decision, "{waits_since} {now}");
    }
}

#[test]
fn missed_times_are_one_digest() {
    let (schedule, now) = (mondays(), at("2027-01-15T12:00:00Z"));
    let earlier = record(&schedule, at("2026-11-16T07:00:00Z"));
    let due = DigestDecision::Due(at("2026-11-23T07:00:00Z"));
    assert_eq!(decide(&schedule, Some(&earlier), now), due, "since the first that was missed");
    assert_eq!(decide(&schedule, Some(&record(&schedule, now)), now), DigestDecision::NotDue);
}

#[test]
fn new_schedule_counts_from_now() {
    assert_eq!(decide(&mondays(), None, now()), DigestDecision::Begin);
    let long_ago = at("2026-01-01T00:00:00Z");
    for other in [schedule("0 8 * * 2", "Europe/Berlin"), schedule("0 8 * * 1", "UTC")] {
        assert_eq!(decide(&mondays(), Some(&record(&other, long_ago)), now()), DigestDecision::Begin);
    }
    let same = schedule(" 0 8 * * 1 ", "Europe/Berlin");
    assert_eq!(decide(&mondays(), Some(&record(&same, now())), now()), DigestDecision::NotDue);
}

#[test]
fn record_of_a_clock_that_ran_ahead_begins_anew_and_a_small_correction_repeats_nothing() {
    let ahead = |by: TimeDelta| decide(&mondays(), Some(&record(&mondays(), now() + by)), now());
    assert_eq!(ahead(TimeDelta::days(300)), DigestDecision::Begin);
    assert_eq!(ahead(TimeDelta::minutes(5)), DigestDecision::NotDue);
    let before_its_time = now() - TimeDelta::minutes(1);
    let sent = record(&mondays(), now() + TimeDelta::minutes(1));
    assert_eq!(decide(&mondays(), Some(&sent), before_its_time), DigestDecision::NotDue);
    assert_eq!(decide(&mondays(), Some(&sent), now()), DigestDecision::NotDue, "it was sent");
}

#[test]
fn digest_waits_for_the_first_run_after_its_time() {
    let due = now();
    for (last_run, awaits) in [
        (None, true),
        (Some(due - TimeDelta::minutes(15)), true),
        (Some(due), false),
        (Some(due + TimeDelta::seconds(1)), false),
    ] {
        assert_eq!(awaits_run(due, last_run), awaits, "{last_run:?}");
    }
}

fn policy() -> Policy {
    Policy {
        source: ExpirySource::ExpExpire,
        lead_times: LeadTimes::new(vec![TimeDelta::days(7)]),
        lead_times_by_account: BTreeMap::new(),
        confirm_after: TimeDelta::zero(),
        unreachable_after: TimeDelta::hours(1),
        repeat_every: None,
        jobs: None,
        credits: None,
    }
}

/// An account after one check, whose token expires after `left`.
fn account(name: &str, outcome: Outcome, left: TimeDelta) -> AccountRecord {
    let account = AccountKey::new(&SubscriptionName::new("main"), &AccountId::new(format!("id-{name}")));
    let record = AccountRecord {
        account,
        name: name.to_owned(),
        account_state: AccountState::default(),
        configuration: None,
    };
    let ok = Observation::ok(Configuration { exp_expire: Some(now() + left), ..Configuration::default() });
    let check = |observation, at| Check { observation, at, run: 1 };
    let state = record.apply_check(check(&ok, now()), &policy()).account_state;
    let record = AccountRecord { account_state: state, ..record };
    if outcome == Outcome::Ok {
        return record;
    }
    let failed = Observation::failed(outcome, "failed");
    let state = record.apply_check(check(&failed, now()), &policy()).account_state;
    AccountRecord { account_state: state, ..record }
}

fn alert(record: &AccountRecord, kind: AlertKind, severity: Severity) -> Alert {
    Alert {
        id: AlertId::new("01J"),
        condition: Condition {
            subject: Subject::Account(record.account.clone()),
            kind,
            stage: None,
            severity,
            expires_at: None,
            detail: String::new(),
            affected: 1,
        },
        opened_at: now(),
        resolved_at: None,
        renewed_until: None,
        reached_at: now(),
        resolution: None,
    }
}

fn globs(glob: &str) -> GlobSet {
    GlobSetBuilder::new().add(Glob::new(glob).unwrap()).build().unwrap()
}

fn change(record: &AccountRecord, severity: Severity) -> Change {
    Change {
        account: record.account.clone(),
        kind: ChangeKind::MaxJobsChanged,
        severity,
        field: "maxJobs".to_owned(),
        before: json!(3),
        after: json!(1),
        at: now(),
    }
}

fn failed(number: u32) -> FailedMessage {
    FailedMessage {
        receiver: ReceiverName::new("pager"),
        message: MessageId::new(format!("msg_{number:03}")),
        since: now() - TimeDelta::hours(1),
        error: "refused".to_owned(),
        next_attempt_at: None,
    }
}

/// The digest for accounts that `glob` matches, filled by `fill`, and its message.
fn digest(glob: &str, fill: impl FnOnce(&mut DigestDraft<'_>)) -> (Digest, Message) {
    let (globs, policy) = (globs(glob), policy());
    let mut draft = DigestDraft::new(&globs, &policy, now() - TimeDelta::days(7), now());
    fill(&mut draft);
    let message = draft.into_message(&ReceiverName::new("pager"));
    (message.data.digest.clone().unwrap(), message)
}

#[test]
fn accounts_are_listed_with_the_worst_verdict_first() {
    let (days, hours) = (TimeDelta::days, TimeDelta::hours);
    let critical = account("gone", Outcome::NotFound, days(60));
    let alert = alert(&critical, AlertKind::NotFound, Severity::Critical);
    let (digest, message) = digest("*", |draft| {
        draft.add_account(&account("b-well", Outcome::Ok, days(30)), &[]);
        draft.add_account(&account("a-well", Outcome::Ok, days(14)), &[]);
        draft.add_account(&account("near", Outcome::Ok, days(5)), &[]);
        draft.add_account(&critical, &[&alert]);
        draft.add_account(&account("dark", Outcome::Unavailable, days(10)), &[]);
        draft.add_account(&account("past", Outcome::Ok, -hours(1)), &[]);
    });
    let accounts: Vec<_> =
        digest.accounts.iter().map(|account| (account.name.as_str(), account.verdict)).collect();
    assert_eq!(
        accounts,
        [
            ("gone", Verdict::Critical),
            ("past", Verdict::Critical),
            ("dark", Verdict::Unknown),
            ("near", Verdict::Warning),
            ("a-well", Verdict::Ok),
            ("b-well", Verdict::Ok),
        ]
    );
    assert_eq!(digest.accounts[0].outcome, Some(Outcome::NotFound));
    assert_eq!(digest.accounts[0].alerts.iter().copied().collect::<Vec<_>>(), [AlertKind::NotFound]);
    let expiring: Vec<_> = digest.expiring.iter().map(|expiry| expiry.account.name.as_str()).collect();
    assert_eq!(expiring, ["near", "dark", "a-well"], "within 14 days, the next one first");
    assert_eq!((digest.totals.accounts, digest.totals.attention), (6, 4));
    assert_eq!(message.data.summary, "digest: 4 of 6 accounts need attention");
    assert_eq!((message.kind, message.data.severity), (MessageType::Digest, Severity::Info));
}

#[test]
fn only_accepted_accounts_are_shown_and_every_failed_message() {
    let (studio, office) = (
        account("studio", Outcome::Ok, TimeDelta::days(1)),
        account("office", Outcome::Ok, TimeDelta::days(1)),
    );
    let (digest, _) = digest("stud*", |draft| {
        for record in [&studio, &office] {
            draft.add_account(record, &[]);
            draft.add_change(&change(record, Severity::Info), &record.name);
        }
        draft.add_failed(failed(1));
    });
    let names = (&digest.accounts[0].name, &digest.expiring[0].account.name, &digest.changes[0].account.name);
    assert_eq!(names, (&"studio".to_owned(), &"studio".to_owned(), &"studio".to_owned()));
    let totals = DigestTotals { accounts: 1, attention: 1, expiring: 1, changes: 1, failed: 1 };
    assert_eq!(digest.totals, totals);
}

#[test]
fn list_of_accounts_is_not_an_account() {
    let mut list = account("", Outcome::Unavailable, TimeDelta::days(1));
    list.account.id = AccountId::new("");
    let (digest, message) = digest("*", |draft| draft.add_account(&list, &[]));
    assert_eq!(digest.totals, DigestTotals::default());
    assert_eq!(message.data.summary, "digest: no accounts");
}

#[test]
fn each_list_holds_the_first_entries_of_its_order_and_counts_the_rest() {
    const MANY: usize = 3 * LIMIT + 7;
    let (digest, message) = digest("*", |draft| {
        for number in 0..MANY {
            let left = TimeDelta::hours(i64::try_from(MANY - number).unwrap());
            let record = account(&format!("{number:04}"), Outcome::Ok, left);
            draft.add_account(&record, &[]);
            let severity = if number == MANY - 1 { Severity::Warning } else { Severity::Info };
            draft.add_change(&change(&record, severity), &record.name);
            draft.add_failed(failed(u32::try_from(number).unwrap()));
        }
    });
    let lengths = [digest.accounts.len(), digest.expiring.len(), digest.changes.len(), digest.failed.len()];
    assert_eq!(lengths, [LIMIT; 4]);
    assert_eq!(message.data.truncated, 4 * (MANY - LIMIT));
    assert_eq!(digest.totals.accounts, MANY);
    assert_eq!(digest.expiring[0].account.name, format!("{:04}", MANY - 1), "the next to expire");
    assert_eq!(digest.changes[0].severity, Severity::Warning, "the most severe");
    assert_eq!(digest.failed[0].message.as_str(), format!("msg_{}", MANY - 1), "the newest");
}

#[test]
fn message_without_a_digest_has_no_such_member_and_one_with_it_is_read_back() {
    let (_, message) = digest("*", |draft| {
        let record = account("a", Outcome::Ok, TimeDelta::days(1));
        draft.add_account(&record, &[]);
        draft.add_change(&change(&record, Severity::Info), "a");
        draft.add_failed(failed(1));
    });
    let json = serde_json::to_value(&message).unwrap();
    assert_eq!(json["type"], "watch.digest");
    assert_eq!(serde_json::from_value::<Message>(json).unwrap(), message);
    let mut other = message;
    other.data.digest = None;
    assert_eq!(serde_json::to_value(&other).unwrap()["data"].get("digest"), None);
}
