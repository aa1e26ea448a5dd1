//! A history as people read it.

use chrono::{TimeDelta, TimeZone, Utc};

use super::*;
use crate::domain::account::{AccountId, AccountKey, SubscriptionName};
use crate::domain::configuration::{Configuration, EndSource};
use crate::domain::expiry::Ladder;
use crate::domain::standing::{Known, Standing};
use crate::store::Snapshot;

fn now() -> Timestamp {
    Utc.with_ymd_and_hms(2026, 11, 23, 7, 15, 0).unwrap()
}

fn known() -> Known {
    Known {
        account: AccountKey::new(&SubscriptionName::new("main"), &AccountId::new("123456")),
        name: "studio-a".to_owned(),
        standing: Standing::default(),
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

fn ladder() -> Ladder {
    Ladder::new([7, 3, 1].map(TimeDelta::days).to_vec())
}

fn at(hours_ago: i64) -> String {
    let stood =
        Standpoint::of(&snapshots(), (EndSource::ExpExpire, &ladder()), now() - TimeDelta::hours(hours_ago));
    configuration_at(&ConfigurationAt { generated_at: now(), account: Whose::of(&known()), stood })
}

fn compared(from: i64, to: i64) -> String {
    let moments = [from, to].map(|hours| now() - TimeDelta::hours(hours));
    diff(&Diff::of(&known(), &snapshots(), (EndSource::ExpExpire, &ladder()), moments, now()))
}

#[test]
fn each_time_without_a_change_says_what_changed_before_it() {
    let text = history(&History::of(&known(), &snapshots(), Timestamp::UNIX_EPOCH, now()));
    insta::assert_snapshot!(text);
    let since = history(&History::of(&known(), &snapshots(), now() - TimeDelta::hours(40), now()));
    assert!(!since.contains("396") && since.contains("2 configurations."), "{since}");
    let none = history(&History::of(&known(), &[], Timestamp::UNIX_EPOCH, now()));
    assert!(none.contains("no configuration was seen"), "{none}");
}

#[test]
fn a_moment_is_as_certain_as_the_looks_around_it() {
    insta::assert_snapshot!([at(300), at(150), at(100), at(0)].join("\n"));
    let between = now() - TimeDelta::minutes(100 * 60 + 30);
    let stood = Standpoint::of(&snapshots(), (EndSource::ExpExpire, &ladder()), between);
    assert_eq!(
        (stood.certainty, stood.next_seen_at),
        (Certainty::Between, Some(now() - TimeDelta::hours(100)))
    );
    let text =
        configuration_at(&ConfigurationAt { generated_at: now(), account: Whose::of(&known()), stood });
    assert!(text.contains("as below, or already changed:"), "{text}");
    assert!(compared(150, 120).ends_with("\nNothing differs.\n"), "{}", compared(150, 120));
    assert!(compared(300, 120).ends_with("\nSo there is nothing to compare.\n"), "{}", compared(300, 120));
    insta::assert_snapshot!("diff", compared(150, 50));
}

#[test]
fn a_configuration_that_lacks_an_expiry_leaves_the_one_that_counted() {
    let [mut first, mut second] = [0, 1].map(|place| snapshots()[place].clone());
    first.configuration.exp = Some(now() + TimeDelta::days(40));
    second.configuration = Configuration { exp_expire: None, ..first.configuration.clone() };
    let stood = Standpoint::of(&[first, second], (EndSource::ExpExpire, &ladder()), now());
    assert_eq!(stood.expires_at, Some(now()), "not the other member's, which is later");
}
