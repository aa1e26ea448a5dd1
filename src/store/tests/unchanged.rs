use std::collections::BTreeSet;

use super::{
    Home, account, at, broken, days, ending, jobs, main_subscription, named, opened, over, stable_row,
    unstable_row,
};
use crate::domain::account::AccountId;
use crate::domain::account_state::{AccountState, Fault};
use crate::domain::alerts::{AlertId, AlertKind, Subject};
use crate::domain::checksum::Checksum;
use crate::domain::observation::Outcome;
use crate::domain::time::Timestamp;

/// Healthy at `now`, which is the number of the run too, with an end at `end`.
fn stable(now: Timestamp, end: Option<Timestamp>) -> AccountState {
    let run = Some(now.timestamp_millis());
    AccountState {
        outcome: Some(Outcome::Ok),
        checked_at: Some(now),
        last_ok_at: Some(now),
        last_conclusive_at: Some(now),
        auth_run: run,
        last_ok_run: run,
        expires_at: end,
        expiry_missing: end.is_none(),
        ..AccountState::default()
    }
}

async fn settle(home: &Home, id: &str, account_state: &AccountState, answer: &str) {
    let checksum = Checksum::of([answer]).to_string();
    let mut writer = home.write().await;
    writer.save_account_states([stable_row(&account(id), account_state, &checksum)]).await.unwrap();
    writer.insert_snapshots(&[(&account(id), &jobs(3))], account_state.checked_at.unwrap()).await.unwrap();
    writer.commit().await.unwrap();
}

/// Stores answers, as a run does. Returns the accounts whose answer is another one, or is no longer known.
async fn touch_unchanged(home: &Home, seen: &[(&str, &str)], seconds: i64) -> Vec<String> {
    let known = home.store.last_answers().await.unwrap().remove(&main_subscription()).unwrap_or_default();
    let last = |id: &str| known.get(&AccountId::new(id)).copied();
    let row = |(id, answer): &(&str, &str)| {
        last(id).filter(|last| last.checksum == Checksum::of([answer])).map(|last| last.row)
    };
    let mut writer = home.write().await;
    let (rows, now) = (seen.iter().filter_map(row).collect(), at(seconds));
    let forgotten = writer.touch_unchanged(&rows, now, now.timestamp_millis()).await.unwrap();
    writer.commit().await.unwrap();
    let is_other = |seen: &&(&str, &str)| row(seen).is_none_or(|row| forgotten.contains(&row));
    seen.iter().filter(is_other).map(|(id, _)| (*id).to_owned()).collect()
}

#[tokio::test]
async fn stable_account_reads_as_if_each_check_was_written_in_full() {
    let (short, full) = (Home::watching(&["1"]).await, Home::watching(&["1"]).await);
    for home in [&short, &full] {
        settle(home, "1", &stable(at(0), Some(days(30))), "x").await;
    }
    for seconds in [900, 1_800, 2_700] {
        assert!(touch_unchanged(&short, &[("1", "x")], seconds).await.is_empty());
        let mut writer = full.write().await;
        let account_state = stable(at(seconds), Some(days(30)));
        writer.save_account_states([unstable_row(&account("1"), &account_state)]).await.unwrap();
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

    // And after the account became unstable.
    let mut writer = short.write().await;
    let refused = AccountState { outcome: Some(Outcome::Unauthorized), ..stable(at(3_600), None) };
    writer.save_account_states([unstable_row(&account("1"), &refused)]).await.unwrap();
    writer.insert_snapshots(&[(&account("1"), &jobs(1))], at(4_500)).await.unwrap();
    writer.commit().await.unwrap();
    assert_eq!(short.store.watched().await.unwrap()[0].account_state, refused);
    let spans: Vec<_> = short.store.snapshots(&account("1")).await.unwrap();
    let spans: Vec<_> = spans.iter().map(|s| (s.first_seen_at, s.last_seen_at, s.checks)).collect();
    assert_eq!(spans, [(at(0), at(2_700), 4), (at(4_500), at(4_500), 1)]);
    assert_eq!(short.count("unchanged_checks").await, 0);
}

#[tokio::test]
async fn only_stable_accounts_with_the_same_answer_are_touched() {
    let home = Home::watching(&["1", "2", "3"]).await;
    settle(&home, "1", &stable(at(0), Some(days(30))), "x").await;
    settle(&home, "2", &stable(at(0), Some(days(30))), "x").await;
    let seen = [("1", "x"), ("2", "y"), ("3", "x"), ("nobody", "x")];
    assert_eq!(touch_unchanged(&home, &seen, 900).await, ["2", "3", "nobody"]);
    let known = home.store.watched().await.unwrap();
    let looked: Vec<_> = known.iter().map(|known| known.account_state.checked_at).collect();
    assert_eq!(looked, [Some(at(900)), Some(at(0)), None]);
}

#[tokio::test]
async fn clock_that_was_set_back_touches_nothing() {
    let home = Home::watching(&["1"]).await;
    settle(&home, "1", &stable(at(0), Some(days(30))), "x").await;
    assert!(touch_unchanged(&home, &[("1", "x")], 900).await.is_empty());
    assert_eq!(touch_unchanged(&home, &[("1", "x")], 0).await, ["1"]);
    assert_eq!(home.store.watched().await.unwrap()[0].account_state.checked_at, Some(at(900)));
}

#[tokio::test]
async fn unchanged_checks_do_not_grow_the_file() {
    let ids: Vec<String> = (0..2_000).map(|id| format!("account-{id}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let home = Home::watching(&ids).await;
    let mut writer = home.write().await;
    let checksum = Checksum::of(["x"]).to_string();
    for id in &ids {
        let state = stable(at(0), Some(days(30)));
        writer.save_account_states([stable_row(&account(id), &state, &checksum)]).await.unwrap();
    }
    writer.commit().await.unwrap();
    let pages = || async {
        let count: i64 = sqlx::query_scalar("PRAGMA page_count").fetch_one(&home.store.read).await.unwrap();
        count
    };
    let before = pages().await;
    let seen: Vec<(&str, &str)> = ids.iter().map(|id| (*id, "x")).collect();
    for look in 1..=60 {
        assert!(touch_unchanged(&home, &seen, look * 900).await.is_empty());
    }
    assert_eq!(pages().await, before);
}

#[tokio::test]
async fn accounts_needing_evaluation_are_unstable_expiring_or_alerted() {
    let home =
        Home::watching(&["", "stable", "ends", "endless", "alerted", "notified", "faulty", "new", "left"])
            .await;
    for (id, end) in [
        ("stable", Some(days(30))),
        ("ends", Some(days(7))),
        ("endless", None),
        ("alerted", Some(days(30))),
        ("notified", Some(days(30))),
        ("left", Some(days(1))),
    ] {
        settle(&home, id, &stable(at(0), end), "x").await;
    }
    let mut writer = home.write().await;
    let faults = BTreeSet::from([Fault::NotFound]);
    writer
        .save_account_states([unstable_row(
            &account("faulty"),
            &AccountState { faults, ..stable(at(0), Some(days(30))) },
        )])
        .await
        .unwrap();
    let alert = |id: &str| broken(Subject::Account(account(id)), AlertKind::AccountError);
    writer.open_alerts(&[opened(&AlertId::new("A1"), &alert("alerted"))], at(0)).await.unwrap();
    writer.open_alerts(&[opened(&AlertId::new("A2"), &alert("notified"))], at(0)).await.unwrap();
    writer.resolve_alerts(&[over(&AlertId::new("A2"), "over", None)], at(1)).await.unwrap();
    writer.open_alerts(&[opened(&AlertId::new("A3"), &ending("left", days(1)))], at(0)).await.unwrap();
    let stay =
        ["", "stable", "ends", "endless", "alerted", "notified", "faulty", "new"].map(|id| named(id, id));
    writer.watch(&stay).await.unwrap();
    let of = |known: Vec<crate::domain::account_state::AccountRecord>| -> Vec<String> {
        known.into_iter().map(|known| known.name).collect()
    };
    let expected = ["", "alerted", "endless", "ends", "faulty", "new", "notified"];
    assert_eq!(of(writer.needing_evaluation(days(7)).await.unwrap()), expected);
    assert_eq!(writer.next_expiry(days(7)).await.unwrap(), Some(days(30)));
    writer.close_notified_alerts().await.unwrap();
    writer.commit().await.unwrap();
    let closed = of(home.store.needing_evaluation(days(6)).await.unwrap());
    assert_eq!(closed, ["", "alerted", "endless", "faulty", "new"], "A2 is closed, 7 days are more than 6");
    assert_eq!(home.store.next_expiry(days(6)).await.unwrap(), Some(days(7)));
    assert_eq!(home.store.next_expiry(days(30)).await.unwrap(), None);
    assert!(home.store.any_unhealthy().await.unwrap(), "one was never checked");
}

#[tokio::test]
async fn account_made_unstable_reads_the_same_and_is_no_longer_touched() {
    let home = Home::watching(&["1", "2"]).await;
    for id in ["1", "2"] {
        settle(&home, id, &stable(at(0), Some(days(30))), "x").await;
    }
    assert!(touch_unchanged(&home, &[("1", "x")], 900).await.is_empty());
    let read = async || {
        let snapshot = home.store.present_snapshot(&account("1")).await.unwrap();
        (home.store.watched().await.unwrap(), snapshot)
    };
    let before = read().await;
    let mut writer = home.write().await;
    writer.mark_all_unstable(&main_subscription()).await.unwrap();
    writer.commit().await.unwrap();
    assert_eq!(read().await, before);
    assert_eq!(home.count("unchanged_checks").await, 0);
    assert_eq!(touch_unchanged(&home, &[("1", "x"), ("2", "x")], 1_800).await, ["1", "2"]);
}
