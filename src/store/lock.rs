//! One `check` or `run` at a time on one store.
//!
//! Promises: the lock goes with its process, however that ends. A file beside the store, not in it, so that reading
//! commands and backups never meet it.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::StoreError;
use super::error::is_no_room;
use super::open::create_folder;
use super::place::Place;

/// The right to run on a store; given back when dropped.
#[derive(Debug)]
pub struct Lock {
    _file: File,
    place: Place,
}

/// Why the store cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process has it.
    #[error("the store {path} is in use by {holder}")]
    Held {
        /// Which store.
        path: PathBuf,
        /// Who has it, in its own words.
        holder: String,
    },
    /// The lock file cannot be used.
    #[error("cannot lock the store {path}: {source}")]
    Io {
        /// Which store.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl LockError {
    /// Whether it passes by itself when the disk has room again.
    pub fn is_full_disk(&self) -> bool {
        matches!(self, Self::Io { source, .. } if is_no_room(source))
    }
}

impl Lock {
    /// Takes the store at `path` for `holder`, which is what a second process will be told.
    ///
    /// # Errors
    /// When another process has it, or the lock file cannot be written.
    pub fn take(path: &Path, holder: &str) -> Result<Self, LockError> {
        let failed = |source| LockError::Io { path: path.to_owned(), source };
        create_folder(path).map_err(failed)?;
        // The same store under two names, by a link, is one store.
        let mut name = real(path).into_os_string();
        name.push(".lock");
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&name)
            .map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                let named = file.read_to_string(&mut holder).is_ok() && !holder.trim().is_empty();
                let holder = if named { holder.trim().to_owned() } else { "another process".to_owned() };
                return Err(LockError::Held { path: path.to_owned(), holder });
            }
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        file.set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| writeln!(file, "{holder}"))
            .map_err(failed)?;
        let place = Place::opened(Path::new(&name), &file.metadata().map_err(failed)?);
        Ok(Self { _file: file, place })
    }

    /// Whether a second process would still meet it.
    ///
    /// # Errors
    /// When the lock file was deleted, moved or replaced.
    pub fn in_place(&self) -> Result<(), StoreError> {
        match self.place.moved() {
            None => Ok(()),
            Some(fate) => Err(StoreError::Gone { path: self.place.path().to_owned(), fate }),
        }
    }
}

/// Where the store lies, or will lie, that `path` names.
fn real(path: &Path) -> PathBuf {
    let linked = || path.read_link().map(|target| path.parent().unwrap_or(Path::new("")).join(target));
    path.canonicalize().or_else(|_| linked()).unwrap_or_else(|_| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_that_it_makes_is_for_its_owner_alone() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state").join("watch.db");
        let _lock = Lock::take(&path, "`run`, process 42").unwrap();
        let mode = std::fs::metadata(path.parent().unwrap()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
    }

    #[test]
    fn a_store_of_two_names_is_one_store() {
        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("watch.db"), folder.path().join("link.db"));
        // Before there is a store, and then.
        std::os::unix::fs::symlink("watch.db", &link).unwrap();
        let first = Lock::take(&link, "`run`, process 42").unwrap();
        Lock::take(&path, "`check`, process 43").unwrap_err();
        std::fs::write(&path, "").unwrap();
        Lock::take(&path, "`check`, process 43").unwrap_err();
        drop(first);
        let _first = Lock::take(&path, "`run`, process 42").unwrap();
        Lock::take(&link, "`check`, process 43").unwrap_err();
    }

    #[test]
    fn the_second_is_told_who_has_it_and_gets_it_when_the_first_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("watch.db");
        let first = Lock::take(&path, "`run`, process 42").unwrap();
        let refused = Lock::take(&path, "`check`, process 43").unwrap_err();
        assert!(refused.to_string().ends_with("in use by `run`, process 42"), "{refused}");
        drop(first);
        Lock::take(&path, "`check`, process 43").unwrap();
    }
}
