//! A store of each earlier version goes on where it left off: what was told stays told, what waits is delivered as it is, and
//! what fires is told of its end. The dumps hold the migrations' checksums, so that no migration that was released can change.

use std::path::{Path, PathBuf};

use minimax_watch::simulator::Answer;
use sqlx::migrate::Migrator;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, SqliteConnection};

use crate::world::{DESK, PAGER, Settings, World, healthy, hours, start};

static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");

const ALL: &[(&str, &str)] = &[("1", "studio-a"), ("2", "studio-b"), ("3", "studio-c"), ("4", "office")];

fn dump(version: i64) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/fixtures/stores/{version:04}.sql"))
}

/// Every version but the present one.
fn earlier() -> Vec<i64> {
    let mut versions: Vec<i64> = MIGRATIONS.iter().map(|migration| migration.version).collect();
    versions.pop();
    versions
}

async fn connect(path: &Path) -> SqliteConnection {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .foreign_keys(false)
        .connect()
        .await
        .unwrap()
}

/// A world whose store is that of `version`: two hours after the start, studio-b's expiry and studio-c's error fire, office's
/// absence began and ended while the desk did not answer, and two messages wait for the desk.
async fn world_with(version: i64) -> World {
    let world = World::open(Settings::watching(ALL).receivers(&[PAGER, DESK])).await;
    world.engine.store.close().await;
    let path = world.engine.config.store.path.clone();
    for file in ["db", "db-wal", "db-shm"] {
        let _ = std::fs::remove_file(path.with_extension(file));
    }
    let mut connection = connect(&path).await;
    let dump = std::fs::read_to_string(dump(version)).unwrap();
    sqlx::raw_sql(AssertSqlSafe(dump)).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    world.all_healthy(ALL);
    world.main.put(healthy("1").max_jobs(2));
    world.main.put(healthy("2").end(start() + hours(6 * 24)));
    world.main.set("3", Answer::account_error("On hold"));
    world.at(start() + hours(3));
    world.restart().await
}

#[test]
fn every_earlier_version_has_its_sample() {
    let versions = earlier();
    assert!(!versions.is_empty());
    for version in versions {
        assert!(
            dump(version).exists(),
            "tests/fixtures/stores holds no dump of a store of version {version}"
        );
    }
}

#[tokio::test]
async fn an_earlier_store_goes_on_where_it_left_off() {
    for version in earlier() {
        let world = world_with(version).await;
        let path = world.engine.config.store.path.clone();
        let mut connection = connect(&path).await;
        let waiting: Vec<(String, String)> = sqlx::query_as(
            "SELECT id, CAST(body AS TEXT) FROM messages WHERE state = 'pending' ORDER BY seq",
        )
        .fetch_all(&mut connection)
        .await
        .unwrap();
        assert_eq!(waiting.len(), 2);
        world.live_until(world.now() + hours(2)).await;
        world.run().await;
        assert!(world.heard().is_empty(), "the pager knows it all");
        let sent = world.desk.deliveries();
        let sent: Vec<(String, String)> = sent
            .iter()
            .map(|sent| {
                (
                    sent.header("webhook-id").unwrap().to_owned(),
                    String::from_utf8(sent.body.to_vec()).unwrap(),
                )
            })
            .collect();
        assert_eq!(sent, waiting, "the same ids and bytes, in order");
        world.desk.forget();
        world.main.put(healthy("3"));
        world.main.put(healthy("2"));
        world.run().await;
        let ends = "resolved account_error critical studio-c + resolved expiry 7d warning studio-b";
        assert_eq!((world.heard(), world.heard_at_desk()), (vec![ends.to_owned()], vec![ends.to_owned()]));
        let check: String =
            sqlx::query_scalar("PRAGMA integrity_check").fetch_one(&mut connection).await.unwrap();
        assert_eq!(check, "ok");
        connection.close().await.unwrap();
    }
}
