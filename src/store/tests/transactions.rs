use std::sync::Mutex;

use futures_util::FutureExt;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use super::super::Store;
use super::{Home, account, at, days, ending, jobs, main_subscription, named, opened};
use crate::domain::alerts::AlertId;

#[tokio::test]
async fn uncommitted_writes_are_rolled_back() {
    let home = Home::watching(&["1"]).await;
    let mut writer = home.write().await;
    writer.begin_run(at(0)).await.unwrap();
    writer.watch(&[named("1", "renamed"), named("2", "2")]).await.unwrap();
    writer.insert_snapshots(&[(&account("1"), &jobs(1))], at(0)).await.unwrap();
    drop(writer);
    let watched = home.write().await.accounts_of(&main_subscription()).await.unwrap();
    assert_eq!(watched.iter().map(|account| account.name.as_str()).collect::<Vec<_>>(), ["1"]);
    assert_eq!(home.store.last_run().await.unwrap(), None);
    assert_eq!(home.count("snapshots").await, 0);
}

#[tokio::test]
async fn reader_sees_the_old_state_until_the_writer_commits() {
    let home = Home::watching(&["1"]).await;
    let mut writer = home.write().await;
    writer.watch(&[named("1", "renamed")]).await.unwrap();
    assert_eq!(home.store.watched().await.unwrap()[0].name, "1");
    assert_eq!(writer.accounts_of(&main_subscription()).await.unwrap()[0].name, "renamed");
    writer.commit().await.unwrap();
    assert_eq!(home.store.watched().await.unwrap()[0].name, "renamed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_writers_wait_for_each_other_and_none_fails() {
    let home = Home::new().await;
    let second = Store::open(&home.path()).await.unwrap();
    let mut writers = JoinSet::new();
    for number in 0..20 {
        let store = if number % 2 == 0 { home.store.clone() } else { second.clone() };
        writers.spawn(async move {
            let mut writer = store.write().await?;
            writer.begin_run(at(number)).await?;
            writer.commit().await
        });
    }
    for done in writers.join_all().await {
        done.unwrap();
    }
    assert_eq!(home.count("runs").await, 20);
}

#[tokio::test]
async fn second_process_waits_for_the_transaction_of_the_first() {
    let home = Home::new().await;
    let second = Store::open(&home.path()).await.unwrap();
    let order = Mutex::new(Vec::new());
    let ((began, is_open), (asked, is_waiting)) = (oneshot::channel(), oneshot::channel());
    let first = async {
        let mut writer = home.write().await;
        began.send(()).unwrap();
        is_waiting.await.unwrap();
        for number in 0..50 {
            writer.begin_run(at(number)).await.unwrap();
        }
        order.lock().unwrap().push("the first is about to end");
        writer.commit().await.unwrap();
    };
    let then = async {
        is_open.await.unwrap();
        asked.send(()).unwrap();
        let mut writer = second.write().await.unwrap();
        order.lock().unwrap().push("the second begins");
        assert_eq!(writer.begin_run(at(99)).await.unwrap(), at(99).timestamp_millis());
        writer.commit().await.unwrap();
    };
    tokio::join!(first, then);
    assert_eq!(*order.lock().unwrap(), ["the first is about to end", "the second begins"]);
}

#[tokio::test]
async fn transaction_that_sqlite_ended_does_not_block_the_next_one() {
    let home = Home::new().await;
    let mut writer = home.write().await;
    writer.begin_run(at(0)).await.unwrap();
    // As SQLite does it itself when the disk is full.
    sqlx::query("ROLLBACK").execute(writer.connection()).await.unwrap();
    drop(writer);
    let mut writer = home.store.write().await.unwrap();
    writer.begin_run(at(1)).await.unwrap();
    writer.commit().await.unwrap();
    assert_eq!(home.store.last_run().await.unwrap().unwrap().started_at, at(1));
}

#[tokio::test]
async fn every_read_of_a_transaction_shows_the_state_of_its_first_read() {
    let home = Home::watching(&["1"]).await;
    let frozen = home.store.begin_reading().await.unwrap();
    assert!(frozen.firing_alerts().await.unwrap().is_empty());
    let mut writer = home.write().await;
    writer.watch(&[named("1", "renamed"), named("2", "2")]).await.unwrap();
    let expiry = ending("1", days(7));
    writer.open_alerts(&[opened(&AlertId::new("A1"), &expiry)], at(0)).await.unwrap();
    writer.begin_run(at(0)).await.unwrap();
    writer.commit().await.unwrap();
    for store in [&frozen, &frozen.begin_reading().await.unwrap()] {
        let watched = store.watched().await.unwrap();
        assert_eq!(watched.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(), ["1"]);
        assert_eq!(store.names().await.unwrap().len(), 1);
        assert_eq!(store.firing_alerts().await.unwrap(), []);
        assert_eq!(store.last_run().await.unwrap(), None);
    }
    drop(frozen);
    for store in [&home.store, &home.store.begin_reading().await.unwrap()] {
        assert_eq!(store.watched().await.unwrap().len(), 2);
        assert_eq!(store.firing_alerts().await.unwrap().len(), 1);
    }
}

#[tokio::test]
async fn dropped_read_transaction_gives_its_connection_and_the_log_back() {
    let home = Home::watching(&["1"]).await;
    let independent = home.store.independent_readers();
    for number in 0..5 {
        let frozen = independent.begin_reading().await.unwrap();
        assert_eq!(frozen.names().await.unwrap().len(), 1);
        let mut writer = home.write().await;
        writer.begin_run(at(number)).await.unwrap();
        writer.commit().await.unwrap();
        // Half-way through a statement, as a request whose client is gone.
        drop(frozen.watched().now_or_never());
        assert_eq!(frozen.watched().await.unwrap().len(), 1);
        drop(frozen.last_run().now_or_never());
    }
    // Both connections are free, and the transactions on them have ended.
    let both = [independent.begin_reading().await.unwrap(), independent.begin_reading().await.unwrap()];
    for frozen in &both {
        frozen.last_run().await.unwrap().unwrap();
    }
    drop(both);
    let sql = "PRAGMA wal_checkpoint(TRUNCATE)";
    let (is_busy, left, _): (i64, i64, i64) = sqlx::query_as(sql).fetch_one(&home.store.write).await.unwrap();
    assert_eq!((is_busy, left), (0, 0));
}

#[tokio::test]
async fn read_transaction_that_sqlite_ended_does_not_keep_the_next_one_in_the_past() {
    let home = Home::watching(&["1"]).await;
    let independent = home.store.independent_readers();
    for number in 0..4 {
        let frozen = independent.begin_reading().await.unwrap();
        assert_eq!(frozen.last_run().await.unwrap().is_some(), number > 0);
        sqlx::query("ROLLBACK").execute(&frozen.read).await.unwrap();
        drop(frozen);
        let mut writer = home.write().await;
        let run = writer.begin_run(at(number)).await.unwrap();
        writer.commit().await.unwrap();
        let now = independent.begin_reading().await.unwrap();
        assert_eq!(now.last_run().await.unwrap().unwrap().id, run);
    }
}
