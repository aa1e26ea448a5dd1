//! `backup`: beside a service that writes, and when it fails.

use std::fs;
use std::path::Path;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};

use crate::child::within_timeout;
use crate::setup::{Ended, Setup, healthy, mode, webhook};
use crate::simulator::{Answer, Record, WebhookServer};

/// `status` of a backup: with a configuration that has it as the store.
fn status_of(setup: &Setup, backup: &str) -> Ended {
    let text = fs::read_to_string(setup.path("minimax-watch.toml")).unwrap();
    fs::write(setup.path("restored.toml"), text.replace("state/deep/watch.db", backup)).unwrap();
    setup.run(&["status", "--config", "restored.toml"])
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn backup_beside_a_writing_service_is_a_consistent_store() {
    let mut setup = Setup::with(&["a", "b", "c"], "").await;
    let hook = WebhookServer::open(&setup.now, None).await.unwrap();
    setup.configure(&["a", "b", "c"], &webhook(&hook));
    setup.set("MINIMAX_WATCH__SCHEDULE__CRON", "* * * * * *");
    let mut service = setup.serve(&[]);
    fs::create_dir(setup.path("backups")).unwrap();
    service.until("run finished");
    for round in 1..=4 {
        // Each run stores something: an alert that opens or resolves, and a message.
        if round % 2 == 1 {
            setup.vendor.set_answer("a", Answer::account_error("on hold"));
        } else {
            setup.vendor.put(Record::ending("a", healthy()));
        }
        let file = format!("backups/{round}.db");
        let backup = setup.run(&["backup", &file]);
        assert_eq!((backup.status, backup.err.as_str()), (Some(0), ""), "{backup:?}");
        assert!(backup.out.starts_with(&format!("{file}: ")), "{}", backup.out);
        assert!(backup.out.contains(" KiB, 3 accounts, as of "), "{}", backup.out);
        assert_eq!(mode(&setup.path(&file)), 0o600);
        service.until("message delivered");
    }
    within_timeout(hook.wait_for(4)).await;
    assert_eq!(service.stop(), Some(0), "{}", service.log());
    assert!(!service.log().contains("ERROR"), "{}", service.log());
    for name in names(&setup.path("backups")) {
        let status = status_of(&setup, &format!("backups/{name}"));
        assert!(status.status.is_some_and(|status| status < 3), "{name}: {status:?}");
        assert!(status.out.contains("\nc "), "{}", status.out);
        assert_eq!(status.err, "");
    }
    assert_eq!(names(&setup.path("backups")).len(), 4, "the folder holds nothing else");
}

#[tokio::test(flavor = "multi_thread")]
async fn failed_backup_exits_with_status_3_and_leaves_nothing() {
    let setup = Setup::with(&["a"], "").await;
    let none = setup.run(&["backup", "b.db"]);
    assert_eq!((none.status, none.out.as_str()), (Some(3), ""));
    assert!(none.err.contains("there is no store at ") && none.err.contains("check"), "{}", none.err);
    assert!(!setup.path("state").exists(), "the command creates no store");
    assert_eq!(setup.run(&["check"]).status, Some(0));
    let before = fs::read(setup.store()).unwrap();
    fs::write(setup.path("taken.db"), "mine").unwrap();
    for (file, words) in [
        ("taken.db", "taken.db: it already exists and was left as it is"),
        ("absent/b.db", "does not exist; create it first"),
        ("state/deep/watch.db", "it is the store itself"),
        (".", "folder"),
    ] {
        let refused = setup.run(&["backup", file]);
        assert_eq!((refused.status, refused.out.as_str()), (Some(3), ""), "{file}");
        assert!(refused.err.contains(words), "{file}: {}", refused.err);
    }
    assert_eq!(fs::read_to_string(setup.path("taken.db")).unwrap(), "mine");
    assert!(fs::read(setup.store()).unwrap() == before);
}

#[tokio::test(flavor = "multi_thread")]
async fn backup_on_a_full_disk_leaves_nothing_half_written() {
    let setup = Setup::with(&["a"], "").await;
    assert_eq!(setup.run(&["check"]).status, Some(0));
    fs::create_dir(setup.path("backups")).unwrap();
    // No file may grow beyond 40 KiB: less than the store has, and more than reading it needs.
    let script = format!("trap '' XFSZ; ulimit -f 80; exec '{}' backup backups/b.db", crate::setup::PROGRAM);
    let failed = Ended::of(&setup.process("/bin/sh", &["-c", &script]).output().unwrap());
    assert_eq!((failed.status, failed.out.as_str()), (Some(3), ""), "{failed:?}");
    assert!(failed.err.contains("cannot copy the store to backups/b.db: "), "{}", failed.err);
    assert_eq!(names(&setup.path("backups")), [""; 0]);
    assert_eq!(setup.run(&["backup", "backups/b.db"]).status, Some(0), "with enough room it succeeds");
}

#[tokio::test(flavor = "multi_thread")]
async fn store_of_an_earlier_version_can_be_backed_up_before_its_upgrade() {
    let setup = Setup::with(&["a"], "").await;
    setup.vendor.put(Record::ending("a", healthy()));
    assert_eq!(setup.run(&["check"]).status, Some(0));
    let mut old = SqliteConnectOptions::new().filename(setup.store()).connect().await.unwrap();
    // To the version before the last migration.
    let downgrade =
        "ALTER TABLE job_readings DROP COLUMN unseen; DELETE FROM _sqlx_migrations WHERE version >= 5";
    sqlx::raw_sql(downgrade).execute(&mut old).await.unwrap();
    old.close().await.unwrap();
    assert!(setup.run(&["status"]).err.contains("was written by an earlier version"));
    let backup = setup.run(&["backup", "old.db"]);
    assert_eq!((backup.status, backup.err.as_str()), (Some(0), ""), "{backup:?}");
    assert!(
        status_of(&setup, "old.db").err.contains("was written by an earlier version"),
        "the copy is unchanged"
    );
}
