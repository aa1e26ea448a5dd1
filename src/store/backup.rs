//! Copies of the store, made while others write to it.
//!
//! Guarantees: a copy is the store at one moment; an existing file is never touched; a backup is complete or absent: it is written
//! in a folder of its own beside its target, read back, synced, and only then given its name. Leaves where copies are kept, and for how long, to the operator.

use std::fs::{File, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use sqlx::Connection;

use super::error::reason;
use super::file_identity::sibling;
use super::inspect::{connect, find_damage};
use super::open::{create_folder, create_private};
use super::{Store, StoreError};

/// What SQLite and the lock keep beside a store, by what follows its name.
const SIBLINGS: [&str; 4] = ["-wal", "-shm", "-journal", ".lock"];

/// A backup that is on the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backup {
    /// Its size in bytes.
    pub bytes: u64,
    /// How many watched accounts it holds.
    pub accounts: u64,
}

impl Store {
    /// Writes a consistent copy to `path`; others may write meanwhile.
    ///
    /// # Errors
    /// When `path` exists, which stays as it was, or cannot be written.
    pub async fn copy_to(&self, path: &Path) -> Result<(), StoreError> {
        let failed = |reason: String| StoreError::Copy(path.to_owned(), reason);
        create_folder(path).and_then(|()| create_private(path)).map_err(|error| failed(error.to_string()))?;
        self.vacuum_into(path).await.map_err(|reason| {
            // The file may be gone already.
            let _ = std::fs::remove_file(path);
            failed(reason)
        })
    }

    /// Writes a copy to `path` that appears only when it is complete, was read back and is on the disk. Until then it
    /// is in a folder beside it, which is deleted when this future is dropped.
    ///
    /// # Errors
    /// When `path` exists, its folder does not, or the copy cannot be written or is damaged.
    pub async fn back_up(&self, path: &Path) -> Result<Backup, StoreError> {
        let failed = |reason: String| StoreError::Copy(path.to_owned(), reason);
        let io_failed = |error: io::Error| failed(error.to_string());
        let folder = self.validate_target(path).map_err(failed)?;
        // A folder of its own, since SQLite writes a journal beside the copy.
        let aside = tempfile::Builder::new()
            .prefix(".minimax-watch-")
            .suffix(".unfinished")
            .permissions(Permissions::from_mode(0o700))
            .tempdir_in(&folder)
            .map_err(io_failed)?;
        // `tempfile` creates it for its owner alone.
        let unfinished = tempfile::NamedTempFile::new_in(&aside).map_err(io_failed)?;
        self.vacuum_into(unfinished.path()).await.map_err(failed)?;
        let accounts = verify_copy(unfinished.path()).await.map_err(failed)?;
        let bytes = unfinished.as_file().metadata().map_err(io_failed)?.len();
        unfinished.persist_noclobber(path).map_err(|error| io_failed(error.error))?;
        File::open(&folder).and_then(|folder| folder.sync_all()).map_err(io_failed)?;
        Ok(Backup { bytes, accounts })
    }

    /// The folder in which the file `path` can be created, or why it cannot.
    fn validate_target(&self, path: &Path) -> Result<PathBuf, String> {
        let path = std::path::absolute(path).map_err(|error| error.to_string())?;
        let folder = path.parent().filter(|_| path.file_name().is_some() && !path.is_dir());
        let Some(folder) = folder else { return Err("it is a folder; name a file in it".to_owned()) };
        if self.identity.is_named_by(&path) {
            return Err("it is the store itself; name another file".to_owned());
        }
        // Also a link that leads nowhere.
        if path.symlink_metadata().is_ok() {
            return Err(
                "it already exists and was left as it is; choose another name or move it away".to_owned()
            );
        }
        if !folder.is_dir() {
            return Err(format!("the folder {} does not exist; create it first", folder.display()));
        }
        let is_sibling = |suffix: &&str| {
            std::path::absolute(sibling(self.identity.path(), suffix)).is_ok_and(|name| name == path)
        };
        if SIBLINGS.iter().any(is_sibling) {
            return Err("that name belongs to the store; choose another".to_owned());
        }
        Ok(folder.to_owned())
    }

    /// Copies everything into the empty file at `path`, down to the disk.
    async fn vacuum_into(&self, path: &Path) -> Result<(), String> {
        let name = path.to_str().ok_or_else(|| "its name is not UTF-8".to_owned())?;
        let copied = sqlx::query("VACUUM INTO ?").bind(name).execute(&self.read).await;
        copied.map_err(|error| reason(&error))?;
        // SQLite leaves the copy in the system's cache.
        File::open(path).and_then(|copy| copy.sync_all()).map_err(|error| error.to_string())
    }
}

/// How many watched accounts the copy at `path` holds, or what is wrong with it.
async fn verify_copy(path: &Path) -> Result<u64, String> {
    let failed = |error: sqlx::Error| format!("the copy cannot be read back: {}", reason(&error));
    let mut connection = connect(path, true).await.map_err(failed)?;
    if let Some(finding) = find_damage(&mut connection).await.map_err(failed)? {
        return Err(format!("the copy is damaged, and so may be the store: {finding}"));
    }
    // The row with the empty id is the list of accounts.
    let accounts: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM accounts WHERE watched = 1 AND id <> ''")
        .fetch_one(&mut connection)
        .await
        .map_err(failed)?;
    connection.close().await.map_err(failed)?;
    Ok(u64::try_from(accounts).unwrap_or_default())
}
