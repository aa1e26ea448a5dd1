use std::fs;
use std::future::ready;

use super::open::{beside, mode};
use super::{Home, named};
use crate::store::{Backup, Store, StoreError};

async fn refusal(home: &Home, name: &str) -> String {
    let refused = home.store.back_up(&home.folder.path().join(name)).await;
    assert!(matches!(refused, Err(StoreError::Copy(..))), "{name}: {refused:?}");
    refused.unwrap_err().to_string()
}

#[tokio::test]
async fn backup_holds_one_moment_and_opens_as_a_store() {
    let home = Home::watching(&["1", "2"]).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("backup.db");
    let mut writer = home.write().await;
    writer.watch(&[named("1", "1"), named("2", "2"), named("3", "3")]).await.unwrap();
    let backup = home.store.back_up(&path).await.unwrap();
    writer.commit().await.unwrap();
    assert_eq!(backup, Backup { bytes: fs::metadata(&path).unwrap().len(), accounts: 2 });
    assert_eq!((mode(&path), beside(folder.path()).len()), (0o600, 1), "and nothing was left beside it");
    let opened = Store::open(&path).await.unwrap();
    assert_eq!(opened.watched().await.unwrap().len(), 2);
    opened.check_integrity().await.unwrap();
}

#[tokio::test]
async fn backup_replaces_no_file_and_creates_no_folder() {
    let home = Home::new().await;
    let within = |name: &str| home.folder.path().join(name);
    fs::write(within("taken"), "an older backup").unwrap();
    fs::create_dir(within("folder")).unwrap();
    std::os::unix::fs::symlink("nowhere", within("link")).unwrap();
    std::os::unix::fs::symlink("watch.db", within("alias")).unwrap();
    home.store.close().await;
    let home = Home { store: Store::open(&home.path()).await.unwrap(), folder: home.folder };
    fs::hard_link(home.path(), home.folder.path().join("twin")).unwrap();
    let names = || {
        let entries = fs::read_dir(home.folder.path()).unwrap();
        entries.map(|entry| entry.unwrap().file_name()).collect::<std::collections::BTreeSet<_>>()
    };
    let before = names();
    for (name, words) in [
        ("taken", "already exists"),
        ("link", "already exists"),
        ("folder", "is a folder"),
        ("absent/backup.db", "does not exist; create it first"),
        ("watch.db", "the store itself"),
        ("folder/../watch.db", "the store itself"),
        ("alias", "the store itself"),
        ("twin", "the store itself"),
        ("watch.db-journal", "belongs to the store"),
        ("watch.db.lock", "belongs to the store"),
    ] {
        let message = refusal(&home, name).await;
        assert!(message.contains(words), "{name}: {message}");
    }
    assert_eq!(names(), before);
    assert_eq!(fs::read_to_string(home.folder.path().join("taken")).unwrap(), "an older backup");
}

#[tokio::test]
async fn cancelled_backup_leaves_no_file() {
    let home = Home::watching(&["1"]).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("backup.db");
    let finished = tokio::select! {
        biased;
        backup = home.store.back_up(&path) => backup.is_ok(),
        () = ready(()) => false,
    };
    // SQLite hears of it only when it is done.
    home.store.close().await;
    assert!(!finished && !path.exists());
}
