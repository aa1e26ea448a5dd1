//! One writer on a store; readers beside it; rights for the owner alone (docs/contract.md, sections 2 and 3).

use minimax_watch::simulator::Hook;

use crate::stage::{Stage, mode, webhook};

#[tokio::test(flavor = "multi_thread")]
async fn while_the_service_runs_a_check_is_refused_and_readers_work() {
    let stage = Stage::open().await;
    let hook = Hook::open(&stage.now, None).await.unwrap();
    stage.vendor.put(minimax_watch::simulator::Record::ending("a", crate::stage::healthy()));
    stage.configure(&["a"], &webhook(&hook));
    let mut service = stage.serve(&[]);
    service.until("run done");
    for command in ["check", "run"] {
        let refused = stage.run(&[command]);
        assert_eq!((refused.status, refused.out.as_str()), (Some(3), ""), "{refused:?}");
        let holder = format!("is in use by `minimax-watch run`, process {}\n", service.pid());
        assert!(refused.err.ends_with(&holder), "{}", refused.err);
    }
    for reader in [
        &["status"][..],
        &["status", "--json"],
        &["check", "--dry-run"],
        &["schedule"],
        &["config", "check"],
        &["config", "show"],
        &["notify", "test"],
    ] {
        let read = stage.run(reader);
        assert_eq!(read.status, Some(0), "{reader:?}: {read:?}");
    }
    assert_eq!(service.stop(), Some(0));
    assert_eq!(stage.run(&["check"]).status, Some(0), "the lock went with its process");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_whose_holder_was_killed_is_free() {
    let stage = Stage::with(&["a"], "").await;
    let mut service = stage.serve(&[]);
    service.until("run done");
    service.kill();
    assert_eq!(stage.run(&["check"]).status, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_owner_reads_the_store_its_siblings_and_its_folder() {
    let stage = Stage::with(&["a"], "").await;
    let mut service = stage.serve(&[]);
    service.until("run done");
    let folder = stage.store().parent().unwrap().to_owned();
    let mut files: Vec<String> = Vec::new();
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
        files.push(path.file_name().unwrap().to_string_lossy().into_owned());
    }
    files.sort_unstable();
    assert_eq!(files, ["watch.db", "watch.db-shm", "watch.db-wal", "watch.db.lock"]);
    assert_eq!((mode(&folder), mode(folder.parent().unwrap())), (0o700, 0o700));
    assert_eq!(service.stop(), Some(0));
}
