//! One `check` or `run` at a time on one store.
//!
//! Promises: the lock goes with its process, however that ends. A file beside the store, not in it, so that reading
//! commands and backups never meet it.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::unistd::geteuid;

use super::StoreError;
use super::error::{HARD_LINKED, is_no_room};
use super::open::{create_folder, is_hard_linked};
use super::place::Place;
use crate::domain::text::one_line;

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

/// Of the lock file: a link could lead to any file, which would be cut to nothing; a pipe would never open.
const PLAIN_FILES_ONLY: OFlag = OFlag::O_NOFOLLOW.union(OFlag::O_NONBLOCK);

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
    #[error("cannot lock the store {path}: {source}{hint}")]
    Io {
        /// Which store.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
        /// What an operator may do about it, as the end of a sentence; may be empty.
        hint: String,
    },
    /// In the lock file's place is a link, or something else that is no plain file.
    #[error(
        "cannot lock the store {path}: {file} is no plain file, but a link or something else; it was left as it is: remove it"
    )]
    NotPlain {
        /// Which store.
        path: PathBuf,
        /// What is in the lock file's place.
        file: PathBuf,
    },
    /// The store's file has several names.
    #[error("{}", HARD_LINKED.replace("{path}", &.path.display().to_string()))]
    HardLinked {
        /// Which store.
        path: PathBuf,
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
        let name = lock_file(path);
        let failed = |source: io::Error| LockError::Io {
            path: path.to_owned(),
            hint: hint(path, &name, &source),
            source,
        };
        create_folder(path).map_err(failed)?;
        if std::fs::metadata(path).is_ok_and(|file| is_hard_linked(&file)) {
            return Err(LockError::HardLinked { path: path.to_owned() });
        }
        let not_plain = || LockError::NotPlain { path: path.to_owned(), file: name.clone() };
        let opened = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .custom_flags(PLAIN_FILES_ONLY.bits())
            .open(&name);
        let mut file = match opened {
            Err(error) if error.raw_os_error() == Some(Errno::ELOOP as i32) => return Err(not_plain()),
            opened => opened.map_err(failed)?,
        };
        let metadata = file.metadata().map_err(failed)?;
        if !metadata.is_file() || is_hard_linked(&metadata) {
            return Err(not_plain());
        }
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
        let place = Place::opened(&name, &metadata);
        Ok(Self { _file: file, place })
    }

    /// Who has the store at `path`: a running service, or a `check`. Creates and writes nothing.
    pub fn holder(path: &Path) -> Holder {
        let opened =
            OpenOptions::new().read(true).custom_flags(PLAIN_FILES_ONLY.bits()).open(lock_file(path));
        let mut file = match opened {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Holder::Nobody,
            Err(_) => return Holder::Unknown,
        };
        if !file.metadata().is_ok_and(|file| file.is_file()) {
            return Holder::Unknown;
        }
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
    let is_named = file.take(LONGEST_HOLDER).read_to_string(&mut holder).is_ok();
    let holder = one_line(holder.trim());
    if is_named && !holder.is_empty() { holder } else { "another process".to_owned() }
}

/// The lock file of the store at `path`. The same store under two names, by a symbolic link, is one store.
fn lock_file(path: &Path) -> PathBuf {
    let mut name = real(path).into_os_string();
    name.push(".lock");
    name.into()
}

/// What an operator may do about `error`; may be empty.
fn hint(store: &Path, file: &Path, error: &io::Error) -> String {
    match (error.kind(), store.read_link()) {
        (io::ErrorKind::NotFound, Ok(target)) => format!(
            "; the store is a link to {}, which does not exist: restore that file, or remove the link to begin with an empty store",
            target.display()
        ),
        _ => rights_hint(file, error),
    }
}

/// Who runs this, whom the file belongs to, and what to do; empty when rights are not what is missing.
fn rights_hint(file: &Path, error: &io::Error) -> String {
    if error.kind() != io::ErrorKind::PermissionDenied {
        return String::new();
    }
    let ours = geteuid().as_raw();
    // A file that cannot be made is refused by its folder, or by one above it that it is in.
    let nearest = file.ancestors().find_map(|at| Some((at, std::fs::metadata(at).ok()?)));
    let Some((at, found)) = nearest else { return String::new() };
    let (owner, mode) = (found.uid(), found.mode() & 0o7777);
    format!(
        "; this runs as uid {ours}, and {at} belongs to uid {owner} (mode {mode:04o}): run it as that user (sudo -u '#{owner}' …), or \
         give the folder to this one (chown -R {ours} {folder})",
        at = at.display(),
        folder = file.parent().unwrap_or(file).display()
    )
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
    fn a_link_in_the_lock_files_place_is_refused_and_its_target_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let (path, precious) = (folder.path().join("watch.db"), folder.path().join("precious"));
        std::fs::write(&precious, "kept").unwrap();
        let lock = folder.path().join("watch.db.lock");
        let links: [fn(&Path, &Path) -> io::Result<()>; 2] =
            [|from, to| std::os::unix::fs::symlink(from, to), |from, to| std::fs::hard_link(from, to)];
        for link in links {
            link(&precious, &lock).unwrap();
            let refused = Lock::take(&path, "`run`, process 42").unwrap_err().to_string();
            assert!(refused.contains("watch.db.lock is no plain file"), "{refused}");
            assert_eq!(std::fs::read(&precious).unwrap(), b"kept");
            std::fs::remove_file(&lock).unwrap();
        }
    }

    #[test]
    fn a_hard_linked_store_is_not_used_under_two_names() {
        let folder = tempfile::tempdir().unwrap();
        let (path, other) = (folder.path().join("watch.db"), folder.path().join("other.db"));
        std::fs::write(&path, "").unwrap();
        let _first = Lock::take(&path, "`run`, process 42").unwrap();
        std::fs::hard_link(&path, &other).unwrap();
        let refused = Lock::take(&other, "`check`, process 43").unwrap_err().to_string();
        assert!(refused.contains("several names (hard links)") && refused.contains("other.db"), "{refused}");
    }

    #[test]
    fn a_lock_that_rights_forbid_names_owner_and_uid_and_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let hint = rights_hint(&folder.path().join("watch.db.lock"), &io::ErrorKind::PermissionDenied.into());
        let uid = geteuid().as_raw();
        assert!(hint.contains(&format!("runs as uid {uid}, and {}", folder.path().display())), "{hint}");
        assert!(hint.contains("sudo -u") && hint.contains("chown"), "{hint}");
        assert_eq!(rights_hint(folder.path(), &io::ErrorKind::NotFound.into()), "");
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

    #[test]
    fn who_has_it_is_not_asked_of_a_pipe_or_a_link() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("watch.db");
        nix::unistd::mkfifo(&lock_file(&path), nix::sys::stat::Mode::S_IRWXU).unwrap();
        assert_eq!(Lock::holder(&path), Holder::Unknown);
        std::fs::remove_file(lock_file(&path)).unwrap();
        std::os::unix::fs::symlink("/etc/hostname", lock_file(&path)).unwrap();
        assert_eq!(Lock::holder(&path), Holder::Unknown);
    }
}
