//! A history as people read it.

use chrono::{TimeDelta, TimeZone, Utc};

use super::*;
use crate::domain::account::{AccountId, AccountKey, SubscriptionName};
use crate::domain::account_state::{AccountRecord, AccountState};
use crate::domain::configuration::{Configuration, ExpirySource};
use crate::domain::jobs::{CodeCount, JobCode};
use crate::domain::lead_times::LeadTimes;
use crate::report::{AccountIdentity, AccountSeries};
use crate::store::{CreditPeriod, Snapshot};

fn now() -> Timestamp {
    Utc.with_ymd_and_hms(2026, 11, 23, 7, 15, 0).unwrap()
}

fn known() -> AccountRecord {
    AccountRecord {
        account: AccountKey::new(&SubscriptionName::new("main"), &AccountId::new("123456")),
        name: "studio-a".to_owned(),
        account_state: AccountState::default(),
        configuration: None,
    }
}

/// Three: the second an hour after the first, of a renewal and a loss; the third a day later.
fn snapshots() -> Vec<Snapshot> {
    let flag = |name: &str, has| (name.to_owned(), has);
    let first = Configuration {
        host: Some("hailuoai.video".to_owned()),
        user_id: Some("77".to_owned()),
        max_jobs: Some(3),
        capabilities: [flag("supportVideo", true), flag("supportChat", true)].into(),
        exp_expire: Some(now()),
        exp: None,
        ..Configuration::default()
    };
    let second = Configuration {
        capabilities: [flag("supportVideo", true)].into(),
        exp_expire: Some(now() + TimeDelta::days(30)),
        ..first.clone()
    };
    let third = Configuration {
        max_jobs: Some(1),
        host: Some("a\u{1b}[31m-very-long-host-name.".repeat(5)),
        ..second.clone()
    };
    let hours = |hours| now() - TimeDelta::hours(hours);
    let snapshot = |configuration, from, to, checks| Snapshot {
        configuration,
        first_seen_at: hours(from),
        last_seen_at: hours(to),
        checks,
    };
    vec![snapshot(first, 200, 101, 396), snapshot(second, 100, 31, 277), snapshot(third, 30, 30, 1)]
}

fn no_series() -> AccountSeries {
    AccountSeries::default()
}

fn lead_times() -> LeadTimes {
    LeadTimes::new([7, 3, 1].map(TimeDelta::days).to_vec())
}

fn at(hours_ago: i64) -> String {
    let state = ConfigurationState::new(
        &snapshots(),
        (ExpirySource::ExpExpire, &lead_times()),
        now() - TimeDelta::hours(hours_ago),
    );
    configuration_at(&ConfigurationAt { generated_at: now(), account: AccountIdentity::new(&known()), state })
}

fn compared(from: i64, to: i64) -> String {
    let moments = [from, to].map(|hours| now() - TimeDelta::hours(hours));
    diff(&Diff::new(&known(), &snapshots(), (ExpirySource::ExpExpire, &lead_times()), moments, now()))
}

#[test]
fn each_period_shows_what_changed_before_it() {
    let text = history(&History::new(&known(), (&snapshots(), &no_series()), None, now()));
    insta::assert_snapshot!(text);
    let since = history(&History::new(
        &known(),
        (&snapshots(), &no_series()),
        Some(now() - TimeDelta::hours(40)),
        now(),
    ));
    assert!(!since.contains("396") && since.contains("2 configurations."), "{since}");
    let none = history(&History::new(&known(), (&[], &no_series()), None, now()));
    assert!(none.contains("no configuration is stored yet."), "{none}");
    let since = history(&History::new(&known(), (&snapshots(), &no_series()), Some(now()), now()));
    assert!(since.contains("no configuration was seen since 2026-11-23 07:15 UTC"), "{since}");
}

#[test]
fn certainty_depends_on_the_checks_around_the_moment() {
    insta::assert_snapshot!([at(300), at(150), at(100), at(0)].join("\n"));
    let between = now() - TimeDelta::minutes(100 * 60 + 30);
    let state = ConfigurationState::new(&snapshots(), (ExpirySource::ExpExpire, &lead_times()), between);
    assert_eq!(
        (state.certainty, state.next_seen_at),
        (Certainty::Between, Some(now() - TimeDelta::hours(100)))
    );
    let text = configuration_at(&ConfigurationAt {
        generated_at: now(),
        account: AccountIdentity::new(&known()),
        state,
    });
    assert!(text.contains("as below, or already changed:"), "{text}");
    assert!(compared(150, 120).ends_with("\nNo differences.\n"), "{}", compared(150, 120));
    assert!(compared(300, 120).ends_with("\nNothing to compare.\n"), "{}", compared(300, 120));
    insta::assert_snapshot!("diff", compared(150, 50));
}

#[test]
fn configuration_without_an_expiry_keeps_the_earlier_one() {
    let [mut first, mut second] = [0, 1].map(|place| snapshots()[place].clone());
    first.configuration.exp = Some(now() + TimeDelta::days(40));
    second.configuration = Configuration { exp_expire: None, ..first.configuration.clone() };
    let state = ConfigurationState::new(&[first, second], (ExpirySource::ExpExpire, &lead_times()), now());
    assert_eq!(state.expires_at, Some(now()), "not the other member's, which is later");
}

#[test]
fn credits_and_jobs_are_shown_by_day_behind_the_configurations() {
    let hours = |hours| now() - TimeDelta::hours(hours);
    let period = |credits, from, to| CreditPeriod {
        credits,
        plan: Some("Unlimited".to_owned()),
        ends_at: None,
        first_read_at: hours(from),
        last_read_at: hours(to),
        readings: 2,
    };
    let jobs = |code, jobs, counted| CodeCount {
        day: now().date_naive(),
        code: JobCode::new(code).unwrap(),
        jobs,
        counted,
    };
    let series = AccountSeries {
        credits: vec![period(900, 60, 50), period(20, 30, 29), period(1_000, 4, 1)],
        jobs: vec![jobs(200, 70, 68), jobs(403, 3, 3), jobs(429, 4, 0)],
    };
    let text = history(&History::new(&known(), (&[], &series), None, now()));
    let (_, days) = text.split_once("\n\n").unwrap();
    assert_eq!(
        days,
        "Credits, by day (UTC)\n  2026-11-20: 900, plan Unlimited\n  2026-11-21: 900, plan Unlimited\n  \
         2026-11-22: 20, plan Unlimited\n  2026-11-23: 1000, plan Unlimited\n\n\
         Jobs by status code, by day (UTC)\n  2026-11-23: 70 × 200 (2 not counted), 3 × 403, 4 × 429 (not counted)\n"
    );
    let long: Vec<CreditPeriod> = (0..40).map(|day| period(5, day * 24, day * 24)).rev().collect();
    let series = AccountSeries { credits: long, ..AccountSeries::default() };
    let text = history(&History::new(&known(), (&[], &series), None, now()));
    assert!(text.contains("Credits, by day (UTC); 9 earlier days in `--json`"), "{text}");
}
