//! One process writes to a store, others may read it, and only its owner has access (docs/contract.md, sections 2 and 3).

use crate::simulator::WebhookServer;

use crate::setup::{Setup, mode, webhook};

#[tokio::test(flavor = "multi_thread")]
async fn check_beside_the_service_is_refused_and_reading_commands_work() {
    let setup = Setup::open().await;
    let hook = WebhookServer::open(&setup.now, None).await.unwrap();
    setup.vendor.put(crate::simulator::Record::ending("a", crate::setup::healthy()));
    setup.configure(&["a"], &webhook(&hook));
    let mut service = setup.serve(&[]);
    service.until("run finished");
    for command in ["check", "run"] {
        let refused = setup.run(&[command]);
        assert_eq!((refused.status, refused.out.as_str()), (Some(3), ""), "{refused:?}");
        let holder = format!(
            "is in use by `minimax-watch run`, process {}: wait until that ends, or stop",
            service.pid()
        );
        assert!(refused.err.contains(&holder), "{}", refused.err);
    }
    for reader in [
        &["status"][..],
        &["status", "--json"],
        &["usable", "--json"],
        &["check", "--dry-run"],
        &["schedule"],
        &["config", "check"],
        &["config", "show"],
        &["notify", "test"],
    ] {
        let read = setup.run(reader);
        assert_eq!(read.status, Some(0), "{reader:?}: {read:?}");
    }
    assert_eq!(service.stop(), Some(0));
    assert_eq!(setup.run(&["check"]).status, Some(0), "the lock ends with its process");
}

#[tokio::test(flavor = "multi_thread")]
async fn lock_of_a_killed_process_is_free() {
    let setup = Setup::with(&["a"], "").await;
    let mut service = setup.serve(&[]);
    service.until("run finished");
    service.kill();
    assert_eq!(setup.run(&["check"]).status, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_owner_can_read_the_store_its_siblings_and_its_folder() {
    let setup = Setup::with(&["a"], "").await;
    let mut service = setup.serve(&[]);
    service.until("run finished");
    let folder = setup.store().parent().unwrap().to_owned();
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
