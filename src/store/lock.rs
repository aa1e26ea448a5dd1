//! One `check` or `run` at a time on one store.
//!
//! Promises: the lock goes with its process, however that ends. A file beside the store, not in it, so that reading
//! commands and backups never meet it.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

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

/// Who has a store, as far as another process can see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holder {
    /// No process.
    Nobody,
    /// This one, in its own words.
    Process(String),
    /// The lock cannot be read from here: it belongs to another user.
    Unknown,
}

/// How often a lock is tried for that somebody has: a reading command that asks who has it holds it for a moment.
const TRIES: u32 = 3;

/// Bytes that a holder's name may have.
const LONGEST_HOLDER: u64 = 1024;

/// How long it is waited between two tries.
const BETWEEN_TRIES: Duration = Duration::from_millis(20);

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
        let name = lock_file(path);
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&name)
            .map_err(failed)?;
        match try_lock(&file) {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(LockError::Held { path: path.to_owned(), holder: named_in(&mut file) });
            }
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        file.set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| writeln!(file, "{holder}"))
            .map_err(failed)?;
        let place = Place::opened(&name, &file.metadata().map_err(failed)?);
        Ok(Self { _file: file, place })
    }

    /// Who has the store at `path`: a running service, or a `check`. Creates and writes nothing.
    pub fn holder(path: &Path) -> Holder {
        let mut file = match File::open(lock_file(path)) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Holder::Nobody,
            Err(_) => return Holder::Unknown,
        };
        // Shared and for a moment only: others who ask do not meet it.
        match file.try_lock_shared() {
            Ok(()) => Holder::Nobody,
            Err(TryLockError::WouldBlock) => Holder::Process(named_in(&mut file)),
            Err(TryLockError::Error(_)) => Holder::Unknown,
        }
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

fn try_lock(file: &File) -> Result<(), TryLockError> {
    for _ in 1..TRIES {
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => std::thread::sleep(BETWEEN_TRIES),
            result => return result,
        }
    }
    file.try_lock()
}

/// Who wrote their name into the lock `file`.
fn named_in(file: &mut File) -> String {
    let mut holder = String::new();
    let is_named = file.take(LONGEST_HOLDER).read_to_string(&mut holder).is_ok() && !holder.trim().is_empty();
    if is_named { holder.trim().to_owned() } else { "another process".to_owned() }
}

/// The lock file of the store that `path` names.
fn lock_file(path: &Path) -> PathBuf {
    let mut name = real(path).into_os_string();
    name.push(".lock");
    name.into()
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

    #[test]
    fn who_has_it_is_seen_from_outside_and_asking_takes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("watch.db");
        assert_eq!(Lock::holder(&path), Holder::Nobody);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "asking makes no file");
        let first = Lock::take(&path, "`run`, process 42").unwrap();
        assert_eq!(Lock::holder(&path), Holder::Process("`run`, process 42".to_owned()));
        drop(first);
        assert_eq!(Lock::holder(&path), Holder::Nobody);
        Lock::take(&path, "`run`, process 43").unwrap();
    }
}
