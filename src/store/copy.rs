//! Copies of the store, made while others write to it.
//!
//! Promises: a copy is the store as it stood at one moment; what could not be finished is not there; a file that is there
//! already is never touched. Leaves where copies are kept, and for how long, to the operator.

use std::fs::{File, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use sqlx::Connection;

use super::content::{Depth, examine, reach};
use super::error::reason;
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
    /// When `path` is there already, and is left as it was, or cannot be written.
    pub async fn copy_to(&self, path: &Path) -> Result<(), StoreError> {
        let failed = |reason: String| StoreError::Copy { path: path.to_owned(), reason };
        create_folder(path).and_then(|()| create_private(path)).map_err(|error| failed(error.to_string()))?;
        self.fill(path).await.map_err(|reason| {
            // A copy cut short is none; that the file may be gone already is no second fault.
            let _ = std::fs::remove_file(path);
            failed(reason)
        })
    }

    /// Writes a copy to `path` that is there only when it is whole, was read back and lies on the disk. Until then it is in a
    /// folder beside it, which goes when this is dropped.
    ///
    /// # Errors
    /// When `path` is there already, its folder is not, or the copy cannot be written or is damaged.
    pub async fn back_up(&self, path: &Path) -> Result<Backup, StoreError> {
        let failed = |reason: String| StoreError::Copy { path: path.to_owned(), reason };
        let said = |error: io::Error| failed(error.to_string());
        let folder = self.room_for(path).map_err(failed)?;
        // A folder of its own, since SQLite lays a journal beside what it writes.
        let aside = tempfile::Builder::new()
            .prefix(".minimax-watch-")
            .suffix(".unfinished")
            .permissions(Permissions::from_mode(0o700))
            .tempdir_in(&folder)
            .map_err(said)?;
        // Readable by its owner alone, as `tempfile` makes it.
        let unfinished = tempfile::NamedTempFile::new_in(&aside).map_err(said)?;
        self.fill(unfinished.path()).await.map_err(failed)?;
        let accounts = read_back(unfinished.path()).await.map_err(failed)?;
        let bytes = unfinished.as_file().metadata().map_err(said)?.len();
        unfinished.persist_noclobber(path).map_err(|error| said(error.error))?;
        File::open(&folder).and_then(|folder| folder.sync_all()).map_err(said)?;
        Ok(Backup { bytes, accounts })
    }

    /// The folder where a file `path` can be made; or why it cannot.
    fn room_for(&self, path: &Path) -> Result<PathBuf, String> {
        let path = std::path::absolute(path).map_err(|error| error.to_string())?;
        let Some(folder) = path.parent().filter(|_| path.file_name().is_some()) else {
            return Err("it is a folder; name a file in it".to_owned());
        };
        if self.place.is_at(&path) {
            return Err("that is the store itself; name another file".to_owned());
        }
        if path.is_dir() {
            return Err("it is a folder; name a file in it".to_owned());
        }
        // A link that leads nowhere is there, too.
        if path.symlink_metadata().is_ok() {
            return Err(
                "it is there already and was left as it is; choose another name or move it away".to_owned()
            );
        }
        if !folder.is_dir() {
            return Err(format!("there is no folder {}; make it first", folder.display()));
        }
        let is_my = |sibling: &str| {
            let mut name = self.place.path().as_os_str().to_owned();
            name.push(sibling);
            std::path::absolute(name).is_ok_and(|name| name == path)
        };
        if SIBLINGS.iter().any(|sibling| is_my(sibling)) {
            return Err("that name belongs to the store; choose another".to_owned());
        }
        Ok(folder.to_owned())
    }

    /// Puts everything into the empty file at `path`, down to the disk; or says why not.
    async fn fill(&self, path: &Path) -> Result<(), String> {
        let name = path.to_str().ok_or_else(|| "its name is not UTF-8".to_owned())?;
        let copied = sqlx::query("VACUUM INTO ?").bind(name).execute(&self.read).await;
        copied.map_err(|error| reason(&error))?;
        // SQLite leaves the copy to the system's cache; a backup is there when it is on the disk.
        File::open(path).and_then(|copy| copy.sync_all()).map_err(|error| error.to_string())
    }
}

/// How many watched accounts the copy at `path` holds; or what is wrong with it.
async fn read_back(path: &Path) -> Result<u64, String> {
    let failed = |error: sqlx::Error| format!("the copy cannot be read back: {}", reason(&error));
    let mut connection = reach(path, true).await.map_err(failed)?;
    if let Some(finding) = examine(&mut connection, Depth::Whole).await.map_err(failed)? {
        return Err(format!("the copy is damaged, and so may be the store: {finding}"));
    }
    // The row with the empty id is the look at a list.
    let accounts: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM accounts WHERE watched = 1 AND id <> ''")
        .fetch_one(&mut connection)
        .await
        .map_err(failed)?;
    connection.close().await.map_err(failed)?;
    Ok(u64::try_from(accounts).unwrap_or_default())
}
