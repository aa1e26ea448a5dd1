use std::collections::BTreeSet;

use super::{
    Home, account, at, broken, calmed, days, ending, jobs, main_subscription, named, opened, over, taught,
};
use crate::domain::account::AccountId;
use crate::domain::alert::{AlertId, AlertKind, Subject};
use crate::domain::observation::Outcome;
use crate::domain::standing::{Fault, Standing};
use crate::domain::time::Timestamp;

/// Healthy at `now`, which is the number of the run too, with an end at `end`.
fn calm(now: Timestamp, end: Option<Timestamp>) -> Standing {
    let run = Some(now.timestamp_millis());
    Standing {
        outcome: Some(Outcome::Ok),
        checked_at: Some(now),
        last_ok_at: Some(now),
        last_verdict_at: Some(now),
        verdict_run: run,
        ok_run: run,
        end,
        end_missing: end.is_none(),
        ..Standing::default()
    }
}

async fn settle(home: &Home, id: &str, standing: &Standing, digest: &str) {
    let mut writer = home.write().await;
    writer.record_standings([calmed(&account(id), standing, digest)]).await.unwrap();
    writer.begin_snapshots(&[(&account(id), &jobs(3))], standing.checked_at.unwrap()).await.unwrap();
    writer.commit().await.unwrap();
}

async fn see_again(home: &Home, seen: &[(&str, &str)], seconds: i64) -> Vec<String> {
    let ids: Vec<(AccountId, &str)> =
        seen.iter().map(|(id, digest)| (AccountId::new(*id), *digest)).collect();
    let digests: Vec<(&AccountId, &str)> = ids.iter().map(|(id, digest)| (id, *digest)).collect();
    let mut writer = home.write().await;
    let now = at(seconds);
    let others = writer.see_again(&main_subscription(), &digests, now, now.timestamp_millis()).await.unwrap();
    writer.commit().await.unwrap();
    others.iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn what_is_known_of_a_calm_account_reads_as_if_each_look_had_been_kept_in_full() {
    let (short, full) = (Home::watching(&["1"]).await, Home::watching(&["1"]).await);
    for home in [&short, &full] {
        settle(home, "1", &calm(at(0), Some(days(30))), "x").await;
    }
    for seconds in [900, 1_800, 2_700] {
        assert!(see_again(&short, &[("1", "x")], seconds).await.is_empty());
        let mut writer = full.write().await;
        let standing = calm(at(seconds), Some(days(30)));
        writer.record_standings([taught(&account("1"), &standing)]).await.unwrap();
        writer.touch_snapshots(&[&account("1")], at(seconds)).await.unwrap();
        writer.commit().await.unwrap();
    }
    let mut seen = Vec::new();
    for home in [&short, &full] {
        let known = home.store.watched().await.unwrap();
        let present = home.store.present_snapshot(&account("1")).await.unwrap().unwrap();
        assert_eq!((present.last_seen_at, present.checks), (at(2_700), 4));
        seen.push((known, present, home.store.snapshots(&account("1")).await.unwrap()));
    }
    assert_eq!(seen[0], seen[1]);

    // And when the calm ends.
    let mut writer = short.write().await;
    let refused = Standing { outcome: Some(Outcome::Unauthorized), ..calm(at(3_600), None) };
    writer.record_standings([taught(&account("1"), &refused)]).await.unwrap();
    writer.begin_snapshots(&[(&account("1"), &jobs(1))], at(4_500)).await.unwrap();
    writer.commit().await.unwrap();
    assert_eq!(short.store.watched().await.unwrap()[0].standing, refused);
    let spans: Vec<_> = short.store.snapshots(&account("1")).await.unwrap();
    let spans: Vec<_> = spans.iter().map(|s| (s.first_seen_at, s.last_seen_at, s.checks)).collect();
    assert_eq!(spans, [(at(0), at(2_700), 4), (at(4_500), at(4_500), 1)]);
    assert_eq!(short.count("looks").await, 0);
}

#[tokio::test]
async fn only_calm_accounts_that_look_the_same_are_moved() {
    let home = Home::watching(&["1", "2", "3"]).await;
    settle(&home, "1", &calm(at(0), Some(days(30))), "x").await;
    settle(&home, "2", &calm(at(0), Some(days(30))), "x").await;
    let seen = [("1", "x"), ("2", "y"), ("3", "x"), ("nobody", "x")];
    assert_eq!(see_again(&home, &seen, 900).await, ["2", "3", "nobody"]);
    let known = home.store.watched().await.unwrap();
    let looked: Vec<_> = known.iter().map(|known| known.standing.checked_at).collect();
    assert_eq!(looked, [Some(at(900)), Some(at(0)), None]);
}

#[tokio::test]
async fn a_clock_that_was_set_back_moves_nothing() {
    let home = Home::watching(&["1"]).await;
    settle(&home, "1", &calm(at(0), Some(days(30))), "x").await;
    assert!(see_again(&home, &[("1", "x")], 900).await.is_empty());
    assert_eq!(see_again(&home, &[("1", "x")], 0).await, ["1"]);
    assert_eq!(home.store.watched().await.unwrap()[0].standing.checked_at, Some(at(900)));
}

#[tokio::test]
async fn a_look_that_teaches_nothing_changes_no_rows_width() {
    let ids: Vec<String> = (0..2_000).map(|id| format!("account-{id}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let home = Home::watching(&ids).await;
    let mut writer = home.write().await;
    for id in &ids {
        writer
            .record_standings([calmed(&account(id), &calm(at(0), Some(days(30))), "0123456789abcdef")])
            .await
            .unwrap();
    }
    writer.commit().await.unwrap();
    let pages = || async {
        let count: i64 = sqlx::query_scalar("PRAGMA page_count").fetch_one(&home.store.read).await.unwrap();
        count
    };
    let before = pages().await;
    let seen: Vec<(&str, &str)> = ids.iter().map(|id| (*id, "0123456789abcdef")).collect();
    for look in 1..=300 {
        assert!(see_again(&home, &seen, look * 900).await.is_empty());
    }
    assert_eq!(pages().await, before);
}

#[tokio::test]
async fn astir_is_whoever_there_may_be_something_to_say_about() {
    let home =
        Home::watching(&["", "calm", "ends", "endless", "alerted", "told", "unwell", "new", "left"]).await;
    for (id, end) in [
        ("calm", Some(days(30))),
        ("ends", Some(days(7))),
        ("endless", None),
        ("alerted", Some(days(30))),
        ("told", Some(days(30))),
        ("left", Some(days(1))),
    ] {
        settle(&home, id, &calm(at(0), end), "x").await;
    }
    let mut writer = home.write().await;
    let faults = BTreeSet::from([Fault::NotFound]);
    writer
        .record_standings([taught(&account("unwell"), &Standing { faults, ..calm(at(0), Some(days(30))) })])
        .await
        .unwrap();
    let alert = |id: &str| broken(Subject::Account(account(id)), AlertKind::AccountError);
    writer.open_alerts(&[opened(&AlertId::new("A1"), &alert("alerted"))], at(0)).await.unwrap();
    writer.open_alerts(&[opened(&AlertId::new("A2"), &alert("told"))], at(0)).await.unwrap();
    writer.resolve_alerts(&[over(&AlertId::new("A2"), "over", None)], at(1)).await.unwrap();
    writer.open_alerts(&[opened(&AlertId::new("A3"), &ending("left", days(1)))], at(0)).await.unwrap();
    let stay = ["", "calm", "ends", "endless", "alerted", "told", "unwell", "new"].map(|id| named(id, id));
    writer.watch(&stay).await.unwrap();
    let of = |known: Vec<crate::domain::standing::Known>| -> Vec<String> {
        known.into_iter().map(|known| known.name).collect()
    };
    let expected = ["", "alerted", "endless", "ends", "new", "told", "unwell"];
    assert_eq!(of(writer.astir(days(7)).await.unwrap()), expected);
    assert_eq!(writer.next_end(days(7)).await.unwrap(), Some(days(30)));
    writer.settle_alerts().await.unwrap();
    writer.commit().await.unwrap();
    let settled = of(home.store.astir(days(6)).await.unwrap());
    assert_eq!(settled, ["", "alerted", "endless", "new", "unwell"], "A2 is settled, 7 days are more than 6");
    assert_eq!(home.store.next_end(days(6)).await.unwrap(), Some(days(7)));
    assert_eq!(home.store.next_end(days(30)).await.unwrap(), None);
    assert!(home.store.is_anybody_unwell().await.unwrap(), "one was never looked at");
}
