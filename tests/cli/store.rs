//! A store that is damaged, foreign or removed: every command reports that with a next step and leaves the files unchanged.

use std::fs;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};

use crate::setup::Setup;

/// Asserts that each command refuses the store with status 3 and leaves it unchanged; returns the error messages.
fn assert_refused(setup: &Setup, commands: &[&str]) -> Vec<String> {
    let before = fs::read(setup.store()).unwrap();
    let mut words = Vec::new();
    for command in commands {
        let refused = setup.run(&[command]);
        assert_eq!((refused.status, refused.out.as_str()), (Some(3), ""), "{command}: {refused:?}");
        assert!(
            refused.err.contains(&*setup.store().file_name().unwrap().to_string_lossy()),
            "{}",
            refused.err
        );
        assert!(fs::read(setup.store()).unwrap() == before, "`{command}` changed it");
        words.push(refused.err);
    }
    words
}

#[tokio::test(flavor = "multi_thread")]
async fn file_with_garbage_is_named_and_left_unchanged() {
    let setup = Setup::with(&["a"], "").await;
    assert_eq!(setup.run(&["check"]).status, Some(0));
    fs::write(setup.store(), "garbage ".repeat(5_000)).unwrap();
    for notified in assert_refused(&setup, &["check", "run", "status"]) {
        assert!(notified.contains("is not a database; it was left as it is. Restore a backup"), "{notified}");
    }
    assert_eq!(setup.api.request_count(), 1, "the vendor is not asked when nothing can be stored");
}

#[tokio::test(flavor = "multi_thread")]
async fn truncated_store_is_named_with_the_next_step() {
    let setup = Setup::with(&["a"], "").await;
    assert_eq!(setup.run(&["check"]).status, Some(0));
    let bytes = fs::read(setup.store()).unwrap();
    fs::write(setup.store(), &bytes[..bytes.len() / 2]).unwrap();
    for notified in assert_refused(&setup, &["check", "run", "status"]) {
        assert!(
            notified.contains("is damaged: ") && notified.contains("restore a backup in its place"),
            "{notified}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn large_store_is_verified_by_the_first_check_of_a_day() {
    let setup = Setup::with(&["a"], "").await;
    assert_eq!(setup.run(&["check"]).status, Some(0));
    let mut store = SqliteConnectOptions::new().filename(setup.store()).connect().await.unwrap();
    sqlx::raw_sql(
        "CREATE TABLE ballast (text TEXT NOT NULL); CREATE INDEX weights ON ballast (text);
         WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 15000)
         INSERT INTO ballast SELECT printf('%0300d', i) FROM n",
    )
    .execute(&mut store)
    .await
    .unwrap();
    let page: i64 = sqlx::query_scalar("SELECT rootpage FROM sqlite_schema WHERE name = 'weights'")
        .fetch_one(&mut store)
        .await
        .unwrap();
    store.close().await.unwrap();
    let mut bytes = fs::read(setup.store()).unwrap();
    assert!(bytes.len() > 4 << 20);
    let begin = usize::try_from(page - 1).unwrap() * 4_096;
    // The type of the page.
    bytes[begin] = 0;
    fs::write(setup.store(), bytes).unwrap();
    assert_eq!(setup.run(&["check"]).status, Some(0), "the first check of the day was before");
    let mut store = SqliteConnectOptions::new().filename(setup.store()).connect().await.unwrap();
    sqlx::raw_sql("UPDATE runs SET started_at = started_at - 86400000").execute(&mut store).await.unwrap();
    store.close().await.unwrap();
    let notified = setup.run(&["check"]);
    assert_eq!(notified.status, Some(3), "{notified:?}");
    assert!(notified.err.contains("is damaged: "), "{notified:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn service_stops_with_an_error_when_its_store_is_removed() {
    for what in ["watch.db", "watch.db.lock", ""] {
        let mut setup = Setup::with(&["a"], "").await;
        setup.set("MINIMAX_WATCH__SCHEDULE__CRON", "* * * * * *");
        let mut service = setup.serve(&[]);
        service.until("run finished");
        let folder = setup.store().parent().unwrap().to_owned();
        fs::rename(folder.join(what), setup.path("aside")).unwrap();
        let notified = service.until("stopping: ");
        assert!(
            notified.contains("ERROR") && notified.contains("deleted or moved away while in use"),
            "{notified}"
        );
        assert_eq!(service.end(), Some(3), "so that the service manager restarts it");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn service_leaves_a_file_that_replaces_its_store_unchanged() {
    let mut setup = Setup::with(&["a"], "").await;
    setup.set("MINIMAX_WATCH__SCHEDULE__CRON", "* * * * * *");
    let mut service = setup.serve(&[]);
    service.until("run finished");
    let log = setup.store().with_extension("db-wal");
    fs::write(setup.path("new"), "another store").unwrap();
    fs::write(setup.path("new-wal"), "another store's log").unwrap();
    fs::rename(setup.path("new-wal"), &log).unwrap();
    fs::rename(setup.path("new"), setup.store()).unwrap();
    service.until("replaced by another file while in use");
    assert_eq!(service.end(), Some(3));
    assert_eq!(fs::read(setup.store()).unwrap(), b"another store");
    assert_eq!(fs::read(log).unwrap(), b"another store's log");
}
