//! What servers were pushed, and how that went.

use chrono::TimeDelta;

use super::{Home, account, at};
use crate::domain::account::ReceiverName;
use crate::domain::alerts::Severity;
use crate::domain::change::{Change, ChangeKind};
use crate::domain::series::{Labels, Series, ServerState, StoredSeries};
use crate::domain::time::Timestamp;

const SERVERS: [&str; 2] = ["http://127.0.0.1:1/", "http://127.0.0.1:2/"];

fn receiver() -> ReceiverName {
    ReceiverName::new("am")
}

fn series(kind: &str, ends_at: Timestamp) -> StoredSeries {
    let labels = Labels::from([("kind".to_owned(), kind.to_owned()), ("é\"".to_owned(), "\u{1}".to_owned())]);
    let series = Series { annotations: labels.clone(), labels, starts_at: at(0) };
    StoredSeries { series, change_id: 0, ends_at, ended_at: Some(at(3)), accepted_at: None }
}

fn max_jobs_changed() -> Change {
    Change {
        account: account("1"),
        kind: ChangeKind::MaxJobsChanged,
        severity: Severity::Info,
        field: "maxJobs".to_owned(),
        before: 1.into(),
        after: 3.into(),
        at: at(0),
    }
}

async fn save(home: &Home, server: &str, state: &ServerState) {
    let mut writer = home.store.write().await.unwrap();
    writer.save_server_state(&receiver(), server, state).await.unwrap();
    writer.commit().await.unwrap();
}

#[tokio::test]
async fn series_of_each_server_are_kept_replaced_and_forgotten() {
    let home = Home::new().await;
    let (first, second) = (series("expiry", at(60)), series("not_found", at(60)));
    let mut writer = home.store.write().await.unwrap();
    writer.save_series(&receiver(), SERVERS[0], [&first, &second]).await.unwrap();
    let again = StoredSeries { accepted_at: Some(at(5)), ended_at: None, ..first.clone() };
    writer.save_series(&receiver(), SERVERS[0], [&again]).await.unwrap();
    writer.forget_series(&receiver(), SERVERS[0], &[second.key()]).await.unwrap();
    writer.commit().await.unwrap();
    let stored = home.store.series(&receiver(), SERVERS[0]).await.unwrap();
    assert_eq!(stored.into_values().collect::<Vec<_>>(), [again]);
    assert!(home.store.series(&receiver(), SERVERS[1]).await.unwrap().is_empty());
}

#[tokio::test]
async fn change_stays_until_it_is_processed_and_is_not_stored_again() {
    let home = Home::watching(&["1"]).await;
    let mut writer = home.store.write().await.unwrap();
    writer.record_changes(&[max_jobs_changed()]).await.unwrap();
    let change = StoredSeries { change_id: 1, ended_at: None, ..series("max_jobs_changed", at(60)) };
    let receivers = [(1, receiver())].into();
    assert!(writer.receivers_of_unprocessed_changes().await.unwrap().is_empty());
    writer.save_series(&receiver(), SERVERS[0], [&change]).await.unwrap();
    writer.forget_series(&receiver(), SERVERS[0], &[change.key()]).await.unwrap();
    writer.forget_servers(&[], at(90)).await.unwrap();
    assert_eq!(writer.receivers_of_unprocessed_changes().await.unwrap(), receivers);
    writer.mark_changes_processed(&[1]).await.unwrap();
    writer.forget_series(&receiver(), SERVERS[0], &[change.key()]).await.unwrap();
    writer.commit().await.unwrap();
    assert!(home.store.series(&receiver(), SERVERS[0]).await.unwrap().is_empty());
}

#[tokio::test]
async fn receiver_fails_since_the_last_of_its_servers_began_to_fail() {
    let home = Home::new().await;
    let failing = |since| ServerState {
        failing_since: Some(at(since)),
        failures: 1,
        last_error: Some(format!("error {since}")),
        ..ServerState::default()
    };
    let health = async || {
        let mut writer = home.store.write().await.unwrap();
        writer.push_health(&receiver(), &SERVERS).await.unwrap()
    };
    save(&home, SERVERS[0], &failing(1)).await;
    assert_eq!(health().await.waiting, None, "the other one was not tried yet");
    save(&home, SERVERS[1], &failing(9)).await;
    assert_eq!(health().await.waiting, Some((at(9), "error 9".to_owned())));
    let accepted = ServerState { accepted_at: Some(at(10)), ..ServerState::default() };
    save(&home, SERVERS[0], &accepted).await;
    let health = health().await;
    assert_eq!((health.waiting, health.delivered_at), (None, Some(at(10))));
    assert_eq!(home.store.server_state(&receiver(), SERVERS[0]).await.unwrap(), accepted);
}

#[tokio::test]
async fn servers_and_series_that_left_are_forgotten() {
    let home = Home::new().await;
    for server in SERVERS {
        save(&home, server, &ServerState { failures: 3, ..ServerState::default() }).await;
    }
    let mut writer = home.store.write().await.unwrap();
    let all = [series("expiry", at(1)), series("not_found", at(60))];
    writer.save_series(&receiver(), SERVERS[1], &all).await.unwrap();
    writer.forget_servers(&[("am", SERVERS[0])], at(1) + TimeDelta::seconds(1)).await.unwrap();
    writer.commit().await.unwrap();
    assert_eq!(home.store.server_state(&receiver(), SERVERS[0]).await.unwrap().failures, 3);
    assert_eq!(home.store.server_state(&receiver(), SERVERS[1]).await.unwrap(), ServerState::default());
    assert_eq!(home.store.series(&receiver(), SERVERS[1]).await.unwrap().len(), 1);
}
