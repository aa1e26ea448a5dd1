//! A store with values that the program never writes.

use std::path::Path;

use minimax_watch::domain::time_arg;
use minimax_watch::notify::Sender;
use minimax_watch::report::{Explanation, Report};
use minimax_watch::store::{Store, StoreError};
use serde_json::{Value, json};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, Connection as _, SqliteConnection};

use crate::simulator::{Answer, Record};
use crate::world::{DESK, MAIL, PAGER, Settings, World, days, healthy, start};

/// Beyond every valid time, duration or count.
const NUMBERS: [i64; 6] = [i64::MIN, -62_167_219_200_001, -1, 253_402_300_800_000, i64::MAX - 1, i64::MAX];

/// A store with rows in its tables.
async fn world_with_rows() -> World {
    let accounts = [("1", "studio-a"), ("2", "studio-b"), ("3", "studio-c")];
    let settings = Settings::watching(&accounts).receivers(&[PAGER, DESK]);
    let world = World::open(settings).await;
    world.all_healthy(&accounts);
    world.run().await;
    world.main.put(healthy("1").max_jobs(9));
    world.main.set_answer("2", Answer::account_error("On hold"));
    world.desk.go_down();
    world.run().await;
    world.main.put(healthy("1").max_jobs(8));
    world.main.next("3", Answer::not_json());
    world.start_run().await;
    world
}

async fn open(path: &Path) -> SqliteConnection {
    SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(path)).await.unwrap()
}

/// Every INTEGER column of every table.
async fn columns(path: &Path) -> Vec<(String, String)> {
    let sql = "SELECT t.name, c.name FROM pragma_table_list t JOIN pragma_table_info(t.name) c
               WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite%' AND t.name NOT LIKE '\\_%' ESCAPE '\\'
               AND c.type = 'INTEGER'";
    sqlx::query_as(sql).fetch_all(&mut open(path).await).await.unwrap()
}

/// Does what the commands and the steps do; each may fail, none may panic. Explanations take longest: beside the first account, only the one
/// whose `turn` it is gets one.
async fn read_and_run_everything(world: &World, store: &Store, turn: usize) -> Vec<StoreError> {
    let (mut engine, now) = (world.engine.clone(), start() + days(3));
    engine.store = store.clone();
    let mut failed = Vec::new();
    let mut keep = |result: Result<(), StoreError>| failed.extend(result.err());
    keep(Report::load(store, &engine.config, None, now).await.map(drop));
    keep(store.all_alerts().await.map(drop));
    keep(store.pending_messages().await.map(drop));
    keep(store.outbox(now).await.map(drop));
    keep(store.last_run().await.map(drop));
    keep(store.silences_in_force(now).await.map(drop));
    if let Ok(watched) = store.watched().await {
        for known in &watched {
            keep(store.snapshots(&known.account).await.map(drop));
        }
        keep(store.changes_after(0).await.map(drop));
        let is_explained = |index: usize| index == 0 || index == turn % watched.len();
        for (_, known) in watched.iter().enumerate().filter(|(index, _)| is_explained(*index)) {
            keep(Explanation::new(&engine, known, true, now).await.map(drop));
        }
    }
    keep(engine.evaluate_alerts(now).await.map(drop));
    keep(engine.deliver_all().await.map(drop));
    keep(engine.purge(now).await.map(drop));
    failed
}

#[tokio::test]
async fn foreign_numbers_are_an_error_and_never_a_panic() {
    let world = world_with_rows().await;
    let original = world.folder().join("watch.db");
    world.engine.store.close().await;
    let columns = columns(&original).await;
    assert!(columns.len() > 40, "{columns:?}");
    let mut named = 0;
    for (table, column) in columns {
        for (turn, number) in NUMBERS.into_iter().enumerate() {
            let path = world.folder().join("tampered.db");
            for suffix in ["", "-wal", "-shm"] {
                let _ = std::fs::remove_file(world.folder().join(format!("tampered.db{suffix}")));
            }
            std::fs::copy(&original, &path).unwrap();
            let mut connection = open(&path).await;
            let sql = format!(
                "UPDATE {table} SET {column} = {number} WHERE rowid = (SELECT MIN(rowid) FROM {table})"
            );
            let updated = sqlx::query(AssertSqlSafe(sql)).execute(&mut connection).await;
            connection.close().await.unwrap();
            if !updated.is_ok_and(|updated| updated.rows_affected() == 1) {
                continue;
            }
            let Ok(store) = Store::open(&path).await else { continue };
            for error in read_and_run_everything(&world, &store, turn).await {
                if let StoreError::Unreadable { column, value } = error {
                    assert!(column.contains('.') && !value.is_empty(), "{column}: {value}");
                    named += 1;
                }
            }
            store.close().await;
        }
    }
    assert!(named > 50, "only {named} errors named a column");
}

#[test]
fn times_beyond_the_calendar_are_refused() {
    for typed in ["9999-12-31T23:59:59-00:01", "+99y", "-99y"] {
        let read = time_arg::parse(typed, start());
        assert_eq!(read.is_ok(), !typed.starts_with('9'), "{typed}");
    }
}

/// Values that JSON in the store never holds where the program writes a time, a count or a name.
fn odd_values() -> [Value; 11] {
    [
        Value::Null,
        json!(-1),
        json!(1e300),
        json!(""),
        json!("9999-12-31T23:59:59Z"),
        json!("0000-01-01T00:00:00Z"),
        json!("+262142-01-01T00:00:00Z"),
        json!("-262142-01-01T00:00:00Z"),
        json!("a\u{0}\r\n\u{1b}[2J\u{202e}"),
        json!([]),
        json!({}),
    ]
}

/// `json` with each of its values in turn replaced by each of `values`.
fn damaged(json: &Value, values: &[Value]) -> Vec<Value> {
    let mut all = values.to_vec();
    match json {
        Value::Object(members) => {
            for (name, member) in members {
                all.extend(damaged(member, values).into_iter().map(|member| {
                    let mut copy = members.clone();
                    copy.insert(name.clone(), member);
                    Value::Object(copy)
                }));
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                all.extend(damaged(item, values).into_iter().map(|item| {
                    let mut copy = items.clone();
                    copy[index] = item;
                    Value::Array(copy)
                }));
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
    all
}

#[tokio::test]
async fn foreign_message_content_fails_its_message_and_never_panics() {
    let accounts = [("1", "studio-a"), ("2", "studio-b")];
    let mut world = World::open(Settings::watching(&accounts).receivers(&[DESK])).await;
    world.all_healthy(&accounts);
    world.run().await;
    world.desk.go_down();
    world.main.put(healthy("1").max_jobs(9));
    world.main.put(Record::ending("2", start() + days(5)));
    world.run().await;
    world.main.put(healthy("2"));
    world.run().await;
    let as_mail = MAIL.replace("name = \"mail\"", "name = \"desk\"");
    world.reload(Settings::watching(&accounts).receivers(&[&as_mail])).await;
    world.engine.sender = Sender::dry_run();
    let mut database = open(&world.folder().join("watch.db")).await;
    let original: String = sqlx::query_scalar("SELECT content FROM messages ORDER BY seq")
        .fetch_one(&mut database)
        .await
        .unwrap();
    let all = damaged(&serde_json::from_str(&original).unwrap(), &odd_values());
    assert!(all.len() > 200, "{}", all.len());
    let (mut failed, mut delivered) = (0, 0);
    for content in all {
        let again =
            "UPDATE messages SET content = ?, state = 'pending', channel = 'webhook', next_attempt_at = 0
                     WHERE seq = (SELECT MIN(seq) FROM messages)";
        sqlx::query(again).bind(content.to_string()).execute(&mut database).await.unwrap();
        let delivery = world.engine.deliver_all().await.unwrap();
        failed += delivery.failed;
        delivered += delivery.delivered;
        assert_eq!(world.engine.store.outbox(start()).await.unwrap().pending, 0, "{content}");
    }
    assert!(failed > 50 && delivered > 50, "{failed} failed, {delivered} delivered");
}

#[tokio::test]
async fn foreign_expiries_are_an_error_and_never_a_panic() {
    let world = World::open(Settings::watching(&[("1", "studio-a")])).await;
    world.main.put(healthy("1").max_jobs(2));
    world.run().await;
    // Every member in use: an expiry that moved back, then a missing one beside one that moves.
    world.main.put(Record::ending("1", start() + days(20)));
    world.run().await;
    world.main.put(Record::ending("1", start() + days(20)).exp_expire(None));
    world.run().await;
    let mut database = open(&world.folder().join("watch.db")).await;
    let original: String = sqlx::query_scalar("SELECT expiries FROM accounts WHERE id = '1'")
        .fetch_one(&mut database)
        .await
        .unwrap();
    let all = damaged(&serde_json::from_str(&original).unwrap(), &odd_values());
    assert!(all.len() > 80, "{}: {original}", all.len());
    let mut named = 0;
    for expiries in all {
        let write = "UPDATE accounts SET expiries = ?, stable = 0 WHERE id = '1'";
        sqlx::query(write).bind(expiries.to_string()).execute(&mut database).await.unwrap();
        let failed = read_and_run_everything(&world, &world.engine.store, 0).await;
        named += usize::from(failed.iter().any(
            |error| matches!(error, StoreError::Unreadable { column, .. } if *column == "accounts.expiries"),
        ));
    }
    assert!(named > 40, "only {named} errors named the column");
}
