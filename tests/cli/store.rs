//! A store that is damaged, foreign or gone: every command says so in words to act on, and leaves it as it was.

use std::fs;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};

use crate::stage::Stage;

/// Its words, after each command refused it with status 3 and did not touch it.
fn refusals(stage: &Stage, commands: &[&str]) -> Vec<String> {
    let before = fs::read(stage.store()).unwrap();
    let mut words = Vec::new();
    for command in commands {
        let refused = stage.run(&[command]);
        assert_eq!((refused.status, refused.out.as_str()), (Some(3), ""), "{command}: {refused:?}");
        assert!(
            refused.err.contains(&*stage.store().file_name().unwrap().to_string_lossy()),
            "{}",
            refused.err
        );
        assert!(fs::read(stage.store()).unwrap() == before, "`{command}` changed it");
        words.push(refused.err);
    }
    words
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_in_the_stores_place_is_named_and_kept() {
    let stage = Stage::with(&["a"], "").await;
    assert_eq!(stage.run(&["check"]).status, Some(0));
    fs::write(stage.store(), "garbage ".repeat(5_000)).unwrap();
    for told in refusals(&stage, &["check", "run", "status"]) {
        assert!(told.contains("is not a database; it was left as it is. Restore a backup"), "{told}");
    }
    assert_eq!(stage.api.request_count(), 1, "nobody is asked for what cannot be kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_cut_short_is_named_with_what_to_do() {
    let stage = Stage::with(&["a"], "").await;
    assert_eq!(stage.run(&["check"]).status, Some(0));
    let bytes = fs::read(stage.store()).unwrap();
    fs::write(stage.store(), &bytes[..bytes.len() / 2]).unwrap();
    for told in refusals(&stage, &["check", "run", "status"]) {
        assert!(told.contains("is damaged: ") && told.contains("restore a backup in its place"), "{told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_store_is_examined_by_the_first_check_of_a_day() {
    let stage = Stage::with(&["a"], "").await;
    assert_eq!(stage.run(&["check"]).status, Some(0));
    let mut store = SqliteConnectOptions::new().filename(stage.store()).connect().await.unwrap();
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
    let mut bytes = fs::read(stage.store()).unwrap();
    assert!(bytes.len() > 4 << 20);
    let begin = usize::try_from(page - 1).unwrap() * 4_096;
    // What kind of page it is.
    bytes[begin] = 0;
    fs::write(stage.store(), bytes).unwrap();
    assert_eq!(stage.run(&["check"]).status, Some(0), "the day's first was before");
    let mut store = SqliteConnectOptions::new().filename(stage.store()).connect().await.unwrap();
    sqlx::raw_sql("UPDATE runs SET started_at = started_at - 86400000").execute(&mut store).await.unwrap();
    store.close().await.unwrap();
    let told = stage.run(&["check"]);
    assert_eq!(told.status, Some(3), "{told:?}");
    assert!(told.err.contains("is damaged: "), "{told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_whose_store_is_taken_away_says_so_and_ends() {
    for what in ["watch.db", "watch.db.lock", ""] {
        let mut stage = Stage::with(&["a"], "").await;
        stage.set("MINIMAX_WATCH__SCHEDULE__CRON", "* * * * * *");
        let mut service = stage.serve(&[]);
        service.until("run done");
        let folder = stage.store().parent().unwrap().to_owned();
        fs::rename(folder.join(what), stage.path("aside")).unwrap();
        let told = service.until("stopping: ");
        assert!(told.contains("ERROR") && told.contains("deleted or moved away while in use"), "{told}");
        assert_eq!(service.end(), Some(3), "so that the service manager starts it anew");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_whose_store_is_replaced_leaves_the_new_one_alone() {
    let mut stage = Stage::with(&["a"], "").await;
    stage.set("MINIMAX_WATCH__SCHEDULE__CRON", "* * * * * *");
    let mut service = stage.serve(&[]);
    service.until("run done");
    let log = stage.store().with_extension("db-wal");
    fs::write(stage.path("new"), "another store").unwrap();
    fs::write(stage.path("new-wal"), "another store's log").unwrap();
    fs::rename(stage.path("new-wal"), &log).unwrap();
    fs::rename(stage.path("new"), stage.store()).unwrap();
    service.until("replaced by another file while in use");
    assert_eq!(service.end(), Some(3));
    assert_eq!(fs::read(stage.store()).unwrap(), b"another store");
    assert_eq!(fs::read(log).unwrap(), b"another store's log");
}
