//! `backup`: beside a service that writes, and what is left when it cannot be made.

use std::fs;
use std::path::Path;

use minimax_watch::simulator::{Answer, Hook, Record};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};

use crate::child::within_patience;
use crate::stage::{Ended, Stage, healthy, mode, webhook};

/// `status` of a backup, by a configuration that names it as the store.
fn status_of(stage: &Stage, backup: &str) -> Ended {
    let text = fs::read_to_string(stage.path("minimax-watch.toml")).unwrap();
    fs::write(stage.path("restored.toml"), text.replace("state/deep/watch.db", backup)).unwrap();
    stage.run(&["status", "--config", "restored.toml"])
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_beside_a_service_that_writes_is_a_store_of_one_moment() {
    let mut stage = Stage::with(&["a", "b", "c"], "").await;
    let hook = Hook::open(&stage.now, None).await.unwrap();
    stage.configure(&["a", "b", "c"], &webhook(&hook));
    stage.set("MINIMAX_WATCH__SCHEDULE__CRON", "* * * * * *");
    let mut service = stage.serve(&[]);
    fs::create_dir(stage.path("backups")).unwrap();
    service.until("run done");
    for round in 1..=4 {
        // Each run stores something: an alert that opens or ends, a message that goes out.
        if round % 2 == 1 {
            stage.vendor.set("a", Answer::account_error("on hold"));
        } else {
            stage.vendor.put(Record::ending("a", healthy()));
        }
        let file = format!("backups/{round}.db");
        let backup = stage.run(&["backup", &file]);
        assert_eq!((backup.status, backup.err.as_str()), (Some(0), ""), "{backup:?}");
        assert!(backup.out.starts_with(&format!("{file}: ")), "{}", backup.out);
        assert!(backup.out.contains(" KiB, 3 accounts, as of "), "{}", backup.out);
        assert_eq!(mode(&stage.path(&file)), 0o600);
        service.until("message delivered");
    }
    within_patience(hook.wait_for(4)).await;
    assert_eq!(service.stop(), Some(0), "{}", service.log());
    assert!(!service.log().contains("ERROR"), "{}", service.log());
    for name in names(&stage.path("backups")) {
        let status = status_of(&stage, &format!("backups/{name}"));
        assert!(status.status.is_some_and(|status| status < 3), "{name}: {status:?}");
        assert!(status.out.contains("\nc "), "{}", status.out);
        assert_eq!(status.err, "");
    }
    assert_eq!(names(&stage.path("backups")).len(), 4, "nothing else was left there");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_that_cannot_be_made_is_told_with_status_3_and_leaves_nothing() {
    let stage = Stage::with(&["a"], "").await;
    let none = stage.run(&["backup", "b.db"]);
    assert_eq!((none.status, none.out.as_str()), (Some(3), ""));
    assert!(none.err.contains("there is no store at ") && none.err.contains("check"), "{}", none.err);
    assert!(!stage.path("state").exists(), "nor does it make one");
    assert_eq!(stage.run(&["check"]).status, Some(0));
    let before = fs::read(stage.store()).unwrap();
    fs::write(stage.path("taken.db"), "mine").unwrap();
    for (file, words) in [
        ("taken.db", "taken.db: it is there already and was left as it is"),
        ("absent/b.db", "there is no folder "),
        ("state/deep/watch.db", "that is the store itself"),
        (".", "it is a folder"),
    ] {
        let refused = stage.run(&["backup", file]);
        assert_eq!((refused.status, refused.out.as_str()), (Some(3), ""), "{file}");
        assert!(refused.err.contains(words), "{file}: {}", refused.err);
    }
    assert_eq!(fs::read_to_string(stage.path("taken.db")).unwrap(), "mine");
    assert!(fs::read(stage.store()).unwrap() == before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_without_room_for_it_leaves_nothing_half_written() {
    let stage = Stage::with(&["a"], "").await;
    assert_eq!(stage.run(&["check"]).status, Some(0));
    fs::create_dir(stage.path("backups")).unwrap();
    // No file may grow beyond 40 KiB: less than the store has, and more than reading it needs.
    let script = format!("trap '' XFSZ; ulimit -f 80; exec '{}' backup backups/b.db", crate::stage::PROGRAM);
    let failed = Ended::of(&stage.process("/bin/sh", &["-c", &script]).output().unwrap());
    assert_eq!((failed.status, failed.out.as_str()), (Some(3), ""), "{failed:?}");
    assert!(failed.err.contains("cannot copy the store to backups/b.db: "), "{}", failed.err);
    assert_eq!(names(&stage.path("backups")), [""; 0]);
    assert_eq!(stage.run(&["backup", "backups/b.db"]).status, Some(0), "and then there is room");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_earlier_versions_store_is_backed_up_before_it_is_upgraded() {
    let stage = Stage::with(&["a"], "").await;
    stage.vendor.put(Record::ending("a", healthy()));
    assert_eq!(stage.run(&["check"]).status, Some(0));
    let mut old = SqliteConnectOptions::new().filename(stage.store()).connect().await.unwrap();
    sqlx::query("DELETE FROM _sqlx_migrations").execute(&mut old).await.unwrap();
    old.close().await.unwrap();
    assert!(stage.run(&["status"]).err.contains("was written by an earlier version"));
    let backup = stage.run(&["backup", "old.db"]);
    assert_eq!((backup.status, backup.err.as_str()), (Some(0), ""), "{backup:?}");
    assert!(status_of(&stage, "old.db").err.contains("was written by an earlier version"), "still as it was");
}
