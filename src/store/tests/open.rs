use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use sqlx::migrate::Migrator;
use sqlx::sqlite::{SqliteConnectOptions, SqliteExecutor, SqliteJournalMode};
use sqlx::{AssertSqlSafe, ConnectOptions, Row, SqlSafeStr, SqlitePool};

use super::super::{Store, StoreError};
use super::{Home, account, at, named};

pub(super) fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

pub(super) fn beside(folder: &Path) -> Vec<(String, u32)> {
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), mode(&path)))
        .collect();
    files.sort();
    files
}

async fn pragma(executor: impl SqliteExecutor<'_>, name: &str) -> String {
    let sql = sqlx::AssertSqlSafe(format!("PRAGMA {name}"));
    sqlx::query(sql).fetch_one(executor).await.unwrap().get_unchecked(0)
}

#[tokio::test]
async fn store_its_siblings_and_its_folders_are_private() {
    let folder = tempfile::tempdir().unwrap();
    let (outer, inner) = (folder.path().join("state"), folder.path().join("state").join("watch"));
    let store = Store::open(&inner.join("watch.db")).await.unwrap();
    store.write().await.unwrap().commit().await.unwrap();
    let files = beside(&inner);
    let expected = ["watch.db", "watch.db-shm", "watch.db-wal"].map(|name| (name.to_owned(), 0o600));
    assert_eq!(files, expected);
    assert_eq!((mode(&outer), mode(&inner)), (0o700, 0o700));
}

#[tokio::test]
async fn every_connection_has_the_durable_settings() {
    let home = Home::new().await;
    for (setting, value) in [
        ("journal_mode", "wal"),
        ("synchronous", "2"),
        ("foreign_keys", "1"),
        ("auto_vacuum", "2"),
        ("busy_timeout", "10000"),
    ] {
        assert_eq!(pragma(&home.store.write, setting).await, value, "{setting} of the writer");
        assert_eq!(pragma(&home.store.read, setting).await, value, "{setting} of the reader");
    }
}

#[tokio::test]
async fn empty_file_becomes_a_store() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("watch.db");
    fs::write(&path, "").unwrap();
    assert!(Store::open_existing(&path).await.unwrap().is_none(), "nothing is kept there yet");
    let store = Store::open(&path).await.unwrap();
    assert!(store.watched().await.unwrap().is_empty());
}

#[tokio::test]
async fn stored_data_is_there_after_reopening() {
    let home = Home::watching(&["1", "2"]).await;
    let mut writer = home.write().await;
    writer.begin_run(at(5)).await.unwrap();
    writer.commit().await.unwrap();
    home.store.close().await;

    let again = Store::open(&home.path()).await.unwrap();
    assert_eq!(again.watched().await.unwrap().len(), 2);
    again.close().await;
    let again = Store::open_existing(&home.path()).await.unwrap().unwrap();
    assert_eq!(again.last_run().await.unwrap().unwrap().started_at, at(5));
}

#[tokio::test]
async fn file_that_is_not_a_database_is_refused_and_unchanged() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("watch.db");
    let content = "this is a letter to my aunt, and she would miss it\n".repeat(200);
    fs::write(&path, &content).unwrap();
    for refused in [Store::open(&path).await.map(Some), Store::open_existing(&path).await] {
        let error = refused.unwrap_err().to_string();
        let message = format!("{} is not a database; it was left as it is. Restore a backup", path.display());
        assert!(error.starts_with(&message), "{error}");
    }
    assert_eq!(fs::read_to_string(&path).unwrap(), content);
    assert_eq!(beside(folder.path()).len(), 1, "nothing was left beside it");
}

#[tokio::test]
async fn database_of_another_program_is_refused_and_unchanged() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("recipes.db");
    fs::write(&path, "").unwrap();
    let other = SqlitePool::connect(&format!("sqlite://{}", path.display())).await.unwrap();
    sqlx::query("CREATE TABLE recipes (name TEXT)").execute(&other).await.unwrap();
    other.close().await;
    let before = fs::read(&path).unwrap();
    for refused in [Store::open(&path).await.map(Some), Store::open_existing(&path).await] {
        assert!(matches!(refused, Err(StoreError::Foreign(_))), "{refused:?}");
    }
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[tokio::test]
async fn impossible_path_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    for path in [folder.path().to_owned(), file.join("watch.db"), folder.path().join("n".repeat(300))] {
        let error = Store::open(&path).await.unwrap_err();
        assert!(matches!(&error, StoreError::Open(named, _) if *named == path), "{error:?}");
    }
    assert!(Store::open_existing(folder.path()).await.is_err());
}

#[tokio::test]
async fn read_only_folder_is_refused_unless_root_opens_it() {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o500)).unwrap();
    let root = fs::write(folder.path().join("probe"), "").is_ok();
    let opened = Store::open(&folder.path().join("watch.db")).await;
    assert_eq!(opened.is_ok(), root);
}

async fn rewrite_history(home: &Home, sql: impl SqlSafeStr) {
    let mut writer = home.write().await;
    sqlx::raw_sql(sql).execute(writer.connection()).await.unwrap();
    writer.commit().await.unwrap();
    home.store.close().await;
}

#[tokio::test]
async fn store_of_a_later_version_is_refused_and_unchanged() {
    let home = Home::watching(&["1"]).await;
    rewrite_history(
        &home,
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         VALUES (9999, 'from the future', 1, x'00', 1)",
    )
    .await;
    let before = fs::read(home.path()).unwrap();
    for refused in [Store::open(&home.path()).await.map(Some), Store::open_existing(&home.path()).await] {
        assert!(matches!(refused, Err(StoreError::Newer(_, 9999))), "{refused:?}");
    }
    assert_eq!(fs::read(home.path()).unwrap(), before);
}

#[tokio::test]
async fn store_of_an_earlier_version_is_not_read_before_its_upgrade() {
    let home = Home::watching(&["1"]).await;
    let first = include_str!("../../../migrations/0001_initial.sql");
    let (_, assigned) = first.split_once("CREATE TRIGGER job_assigned").unwrap();
    let (assigned, _) = assigned.split_once("END;").unwrap();
    let undone = format!(
        "CREATE TRIGGER job_assigned{assigned}END;
         ALTER TABLE job_readings DROP COLUMN unseen; DROP TRIGGER job_corrected; DROP TRIGGER job_deleted; ALTER TABLE job_readings DROP COLUMN purged_until;
         ALTER TABLE credits DROP COLUMN proof_at; ALTER TABLE credits DROP COLUMN proof;
         INSERT INTO job_readings (subscription, read_at) VALUES ('main', 1);
         INSERT INTO jobs (subscription, key, account, at, code, counts) VALUES ('main', 1, '1', 1, 403, 1), ('main', 2, '1', 2, 403, 1);
         INSERT INTO credits (subscription, account, newest_at, newest, dead, not_understood) VALUES ('main', '1', 5, 7, 0, 0);
         DELETE FROM _sqlx_migrations WHERE version > 1"
    );
    rewrite_history(&home, AssertSqlSafe(undone)).await;
    let refused = Store::open_existing(&home.path()).await;
    assert!(matches!(refused, Err(StoreError::Older(_))), "{refused:?}");
    Store::open(&home.path()).await.unwrap().close().await;
    let upgraded = Store::open_existing(&home.path()).await.unwrap().unwrap();
    assert_eq!(upgraded.watched().await.unwrap().len(), 1);
    assert_eq!(upgraded.stats_readings().await.unwrap().len(), 1);
    // What was stored until the last reading is not added again under another key; a job dated later keeps no other one out.
    let purged_until: i64 =
        sqlx::query_scalar("SELECT purged_until FROM job_readings").fetch_one(&upgraded.read).await.unwrap();
    assert_eq!(purged_until, 1);
    let credits = upgraded.credits_states().await.unwrap().remove(&account("1")).unwrap();
    assert_eq!((credits.outlook.unwrap().newest.credits, credits.proof), (7, None));
}

#[tokio::test]
async fn store_of_an_unreleased_version_is_refused_and_unchanged() {
    let home = Home::watching(&["1"]).await;
    rewrite_history(&home, "UPDATE _sqlx_migrations SET checksum = x'00'").await;
    let before = fs::read(home.path()).unwrap();
    for refused in [Store::open(&home.path()).await.map(Some), Store::open_existing(&home.path()).await] {
        assert!(matches!(refused, Err(StoreError::Unreleased(_))), "{refused:?}");
    }
    assert_eq!(fs::read(home.path()).unwrap(), before);
}

/// The present schema and one migration more, as the next version would bring it.
async fn next_version() -> Migrator {
    let folder = tempfile::tempdir().unwrap();
    for file in fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations")).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), folder.path().join(file.file_name())).unwrap();
    }
    let sample = "ALTER TABLE accounts ADD COLUMN sample INTEGER NOT NULL DEFAULT 7;";
    fs::write(folder.path().join("9000_sample.sql"), sample).unwrap();
    Migrator::new(folder.path().to_owned()).await.unwrap()
}

#[tokio::test]
async fn next_version_upgrades_a_store_once_and_keeps_its_rows() {
    let home = Home::watching(&["1", "2"]).await;
    home.store.close().await;
    let next = next_version().await;
    for _ in 0..2 {
        let upgraded = Store::open_with(&home.path(), &next).await.unwrap();
        assert_eq!(upgraded.watched().await.unwrap().len(), 2);
        let sample: i64 =
            sqlx::query_scalar("SELECT SUM(sample) FROM accounts").fetch_one(&upgraded.read).await.unwrap();
        assert_eq!(sample, 14);
        upgraded.close().await;
    }
    let refused = Store::open(&home.path()).await;
    assert!(matches!(refused, Err(StoreError::Newer(_, 9000))), "{refused:?}");
}

#[tokio::test]
async fn opening_an_absent_store_for_reading_creates_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state").join("watch.db");
    assert!(Store::open_existing(&path).await.unwrap().is_none());
    assert!(beside(folder.path()).is_empty());
}

#[tokio::test]
async fn copy_holds_committed_data_only() {
    let home = Home::watching(&["1"]).await;
    let copy = home.folder.path().join("backups").join("copy.db");
    let mut writer = home.write().await;
    writer.watch(&[named("1", "1"), named("2", "2")]).await.unwrap();
    home.store.copy_to(&copy).await.unwrap();
    writer.commit().await.unwrap();

    assert_eq!((mode(&copy), mode(copy.parent().unwrap())), (0o600, 0o700));
    assert_eq!(beside(copy.parent().unwrap()).len(), 1, "nothing was left beside it");
    let opened = Store::open(&copy).await.unwrap();
    let watched = opened.watched().await.unwrap();
    assert_eq!(watched.iter().map(|known| &known.account).collect::<Vec<_>>(), [&account("1")]);
    assert_eq!(pragma(&opened.write, "auto_vacuum").await, "2");
    let intact: String = sqlx::query_scalar("PRAGMA integrity_check").fetch_one(&opened.read).await.unwrap();
    assert_eq!(intact, "ok");
}

#[tokio::test]
async fn copy_never_replaces_a_file() {
    let home = Home::new().await;
    let taken = home.folder.path().join("taken.db");
    for content in ["", "an older backup"] {
        fs::write(&taken, content).unwrap();
        let refused = home.store.copy_to(&taken).await;
        assert!(matches!(refused, Err(StoreError::Copy(..))), "{refused:?}");
        assert_eq!(fs::read_to_string(&taken).unwrap(), content);
    }
    assert!(home.store.copy_to(&home.path()).await.is_err(), "not even its own");
}

/// A store with some rows, carried over into its file and closed.
async fn closed() -> Home {
    let home = Home::watching(&["1", "2", "3"]).await;
    let mut writer = home.write().await;
    for seconds in 0..2_000 {
        writer.begin_run(at(seconds)).await.unwrap();
    }
    writer.commit().await.unwrap();
    home.store.close().await;
    home
}

async fn refused_as_damaged(home: &Home) -> String {
    let before = fs::read(home.path()).unwrap();
    let error = Store::open(&home.path()).await.unwrap_err();
    assert!(matches!(error, StoreError::Damaged(..)), "{error:?}");
    assert!(fs::read(home.path()).unwrap() == before, "it is left byte for byte as it was");
    error.to_string()
}

#[tokio::test]
async fn store_with_a_page_of_garbage_is_refused_and_unchanged() {
    let home = closed().await;
    let mut bytes = fs::read(home.path()).unwrap();
    let last = bytes.len() - 4_096;
    bytes[last..].fill(0x5a);
    fs::write(home.path(), bytes).unwrap();
    let message = refused_as_damaged(&home).await;
    for words in [&home.path().display().to_string(), "is damaged: ", "was left as it is", "restore a backup"]
    {
        assert!(message.contains(words), "{message}");
    }
}

#[tokio::test]
async fn index_that_contradicts_its_table_is_damage() {
    let home = Home::watching(&["1"]).await;
    let mut writer = home.write().await;
    writer
        .open_alerts(&[super::opened(&super::AlertId::new("A1"), &super::ending("1", at(0)))], at(0))
        .await
        .unwrap();
    writer.commit().await.unwrap();
    let page: i64 = sqlx::query_scalar("SELECT rootpage FROM sqlite_schema WHERE name = 'alerts_firing'")
        .fetch_one(&home.store.read)
        .await
        .unwrap();
    home.store.close().await;
    let mut bytes = fs::read(home.path()).unwrap();
    let begin = usize::try_from(page - 1).unwrap() * 4_096;
    let index = &mut bytes[begin..begin + 4_096];
    let kind = index.windows(6).position(|window| window == b"expiry").unwrap();
    index[kind] = b'E';
    fs::write(home.path(), bytes).unwrap();
    refused_as_damaged(&home).await;
}

#[tokio::test]
async fn truncated_store_is_refused() {
    let home = closed().await;
    let bytes = fs::read(home.path()).unwrap();
    for length in [100, 4_096, bytes.len() / 2, bytes.len() - 4_096] {
        fs::write(home.path(), &bytes[..length]).unwrap();
        refused_as_damaged(&home).await;
    }
}

#[tokio::test]
async fn emptied_store_beside_its_log_is_refused_and_the_log_stays() {
    let home = Home::watching(&["1"]).await;
    let log = home.folder.path().join("watch.db-wal");
    let kept = fs::read(&log).unwrap();
    home.store.close().await;
    fs::write(home.path(), "").unwrap();
    fs::write(&log, &kept).unwrap();
    assert!(refused_as_damaged(&home).await.contains("it is empty, but "));
    assert!(matches!(Store::open_existing(&home.path()).await, Err(StoreError::Damaged(..))));
    assert_eq!(fs::read(&log).unwrap(), kept);
}

#[tokio::test]
async fn torn_log_leaves_the_store_at_some_commit() {
    let home = Home::new().await;
    for seconds in 0..5 {
        let mut writer = home.write().await;
        writer.begin_run(at(seconds)).await.unwrap();
        writer.commit().await.unwrap();
    }
    let log = home.folder.path().join("watch.db-wal");
    let (file, whole) = (fs::read(home.path()).unwrap(), fs::read(&log).unwrap());
    let elsewhere = tempfile::tempdir().unwrap();
    let path = elsewhere.path().join("watch.db");
    let (mut most, mut different) = (0, std::collections::BTreeSet::new());
    for cut in (whole.len().saturating_sub(12 * 4_120)..=whole.len()).step_by(1_373).chain([whole.len()]) {
        for flipped in [false, true] {
            let mut torn = whole.clone();
            if flipped {
                torn[cut.min(whole.len() - 1)] ^= 0x10;
            } else {
                torn.truncate(cut);
            }
            fs::write(&path, &file).unwrap();
            fs::write(path.with_extension("db-wal"), torn).unwrap();
            let _ = fs::remove_file(path.with_extension("db-shm"));
            let store = Store::open(&path).await.unwrap();
            let runs: i64 =
                sqlx::query_scalar("SELECT COUNT(*) FROM runs").fetch_one(&store.read).await.unwrap();
            store.check_integrity().await.unwrap();
            store.close().await;
            most = most.max(runs);
            different.insert(runs);
        }
    }
    assert_eq!(most, 5, "an unhurt log loses nothing");
    assert!(different.len() > 1, "some cuts took whole commits: {different:?}");
}

#[tokio::test]
async fn deleted_or_replaced_store_is_noticed_while_open() {
    let home = Home::new().await;
    home.store.verify_not_replaced().unwrap();
    let aside = home.folder.path().join("aside.db");
    fs::rename(home.path(), &aside).unwrap();
    let message = home.store.verify_not_replaced().unwrap_err().to_string();
    assert!(message.contains("was deleted or moved away while in use"), "{message}");
    fs::copy(&aside, home.path()).unwrap();
    let message = home.store.verify_not_replaced().unwrap_err().to_string();
    assert!(message.contains("was replaced by another file while in use"), "{message}");
    fs::rename(&aside, home.path()).unwrap();
    home.store.verify_not_replaced().unwrap();
}

#[tokio::test]
async fn write_that_a_kill_interrupted_is_rolled_back() {
    let home = closed().await;
    let options = SqliteConnectOptions::new().filename(home.path()).journal_mode(SqliteJournalMode::Delete);
    let mut connection = options.pragma("cache_size", "1").connect().await.unwrap();
    let change = "BEGIN; UPDATE runs SET checked = 7";
    sqlx::raw_sql(change).execute(&mut connection).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    for file in ["watch.db", "watch.db-journal"] {
        fs::copy(home.folder.path().join(file), folder.path().join(file)).unwrap();
    }
    let store = Store::open(&folder.path().join("watch.db")).await.unwrap();
    assert_eq!(store.last_run().await.unwrap().unwrap().counts.checked, 0);
}
