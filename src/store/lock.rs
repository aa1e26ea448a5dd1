//! One `check` or `run` at a time on one store.
//!
//! Guarantees: the lock ends with its process, however that ends. It is a file beside the store, so that commands
//! that read, and backups, are not affected. The same store under two names (a symbolic link) has one lock.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::unistd::geteuid;

use super::StoreError;
use super::file_identity::{FileIdentity, sibling};
use super::open::{create_folder, is_hard_linked, refuse_links};
use crate::domain::text::one_line;

/// The right to work on a store; released when dropped.
#[derive(Debug)]
pub struct Lock {
    _file: File,
    identity: FileIdentity,
}

/// Which process works on a store, as far as another process can see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holder {
    /// None.
    Nobody,
    /// This one, as it describes itself.
    Process(String),
    /// The lock file cannot be read: it belongs to another user.
    Unknown,
}

/// [`Lock::holder`] in another process holds the lock for a moment, so a lock is tried this often, with a pause
/// between two tries.
const TRIES: u32 = 3;
const PAUSE: Duration = Duration::from_millis(20);

/// The most bytes of a holder's description that are read.
const MAX_HOLDER: u64 = 1024;

/// A link could lead to any file, which would then be truncated; opening a named pipe would wait.
const REGULAR_FILE_ONLY: OFlag = OFlag::O_NOFOLLOW.union(OFlag::O_NONBLOCK);

impl Lock {
    /// Locks the store at `path` for `holder`, which is the name that other processes print.
    ///
    /// # Errors
    /// When another process holds it, or the lock file cannot be written.
    pub fn take(path: &Path, holder: &str) -> Result<Self, StoreError> {
        let name = lock_file(path);
        let failed = |error: io::Error| lock_failed(path, &name, &error);
        create_folder(path).map_err(failed)?;
        if std::fs::metadata(path).is_ok_and(|file| is_hard_linked(&file)) {
            return Err(StoreError::HardLinked(path.to_owned()));
        }
        let odd = || StoreError::OddLockFile(path.to_owned(), name.clone());
        let opened = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .custom_flags(REGULAR_FILE_ONLY.bits())
            .open(&name);
        let mut file = match opened {
            Err(error) if error.raw_os_error() == Some(Errno::ELOOP as i32) => return Err(odd()),
            opened => opened.map_err(failed)?,
        };
        let metadata = file.metadata().map_err(failed)?;
        if !metadata.is_file() || is_hard_linked(&metadata) {
            return Err(odd());
        }
        match try_lock(&file) {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(StoreError::InUse(path.to_owned(), read_holder(&mut file)));
            }
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        file.set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| writeln!(file, "{holder}"))
            .map_err(failed)?;
        Ok(Self { identity: FileIdentity::new(&name, &metadata), _file: file })
    }

    /// Which process holds the store at `path`. Creates and writes nothing.
    pub fn holder(path: &Path) -> Holder {
        let opened =
            OpenOptions::new().read(true).custom_flags(REGULAR_FILE_ONLY.bits()).open(lock_file(path));
        let mut file = match opened {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Holder::Nobody,
            Err(_) => return Holder::Unknown,
        };
        if !file.metadata().is_ok_and(|file| file.is_file()) {
            return Holder::Unknown;
        }
        // Shared, so that two processes that ask do not see each other.
        match file.try_lock_shared() {
            Ok(()) => Holder::Nobody,
            Err(TryLockError::WouldBlock) => Holder::Process(read_holder(&mut file)),
            Err(TryLockError::Error(_)) => Holder::Unknown,
        }
    }

    /// That the lock file still keeps other processes out.
    ///
    /// # Errors
    /// When it was deleted, moved or replaced.
    pub fn verify_not_replaced(&self) -> Result<(), StoreError> {
        self.identity.verify_not_replaced()
    }
}

fn try_lock(file: &File) -> Result<(), TryLockError> {
    for _ in 1..TRIES {
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => std::thread::sleep(PAUSE),
            result => return result,
        }
    }
    file.try_lock()
}

fn read_holder(file: &mut File) -> String {
    let mut holder = String::new();
    let is_read = file.take(MAX_HOLDER).read_to_string(&mut holder).is_ok();
    let holder = one_line(holder.trim());
    if is_read && !holder.is_empty() { holder } else { "another process".to_owned() }
}

/// The lock file of the store at `path`: beside the file that a symbolic link leads to, even if that does not exist
/// yet.
fn lock_file(path: &Path) -> PathBuf {
    let target = || path.read_link().map(|target| path.parent().unwrap_or(Path::new("")).join(target));
    let store = path.canonicalize().or_else(|_| target()).unwrap_or_else(|_| path.to_owned());
    sibling(&store, ".lock")
}

/// Why the store cannot be locked by `file`, and the next step.
fn lock_failed(store: &Path, file: &Path, error: &io::Error) -> StoreError {
    match (StoreError::from_io(store, error), refuse_links(store)) {
        (full @ StoreError::Full(..), _) => full,
        (_, Err(link)) if error.kind() == io::ErrorKind::NotFound => link,
        _ => StoreError::Lock(store.to_owned(), format!("{error}{}", permission_hint(file, error))),
    }
}

/// Who runs this, who owns the file, and what to do; empty unless a permission is missing.
fn permission_hint(file: &Path, error: &io::Error) -> String {
    // A file that cannot be created is refused by its folder, or by a folder above it.
    let nearest = file.ancestors().find_map(|at| Some((at, std::fs::metadata(at).ok()?)));
    let (io::ErrorKind::PermissionDenied, Some((at, found))) = (error.kind(), nearest) else {
        return String::new();
    };
    let (user, owner, mode) = (geteuid().as_raw(), found.uid(), found.mode() & 0o7777);
    format!(
        "; this runs as uid {user}, and {at} belongs to uid {owner} (mode {mode:04o}): run it as that user (sudo -u '#{owner}' …), or \
         give the folder to this user (chown -R {user} {folder})",
        at = at.display(),
        folder = file.parent().unwrap_or(file).display()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn created_folder_is_private() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state").join("watch.db");
        let _lock = Lock::take(&path, "`run`, process 42").unwrap();
        let mode = std::fs::metadata(path.parent().unwrap()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
    }

    #[test]
    fn symbolic_link_and_its_target_share_one_lock() {
        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("watch.db"), folder.path().join("link.db"));
        // Before the store exists, and after.
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
    fn link_with_the_lock_files_name_is_refused_and_its_target_kept() {
        let folder = tempfile::tempdir().unwrap();
        let (path, precious) = (folder.path().join("watch.db"), folder.path().join("precious"));
        std::fs::write(&precious, "kept").unwrap();
        let lock = folder.path().join("watch.db.lock");
        let links: [fn(&Path, &Path) -> io::Result<()>; 2] =
            [|from, to| std::os::unix::fs::symlink(from, to), |from, to| std::fs::hard_link(from, to)];
        for link in links {
            link(&precious, &lock).unwrap();
            let refused = Lock::take(&path, "`run`, process 42").unwrap_err().to_string();
            assert!(refused.contains("watch.db.lock is not a regular file"), "{refused}");
            assert_eq!(std::fs::read(&precious).unwrap(), b"kept");
            std::fs::remove_file(&lock).unwrap();
        }
    }

    #[test]
    fn store_with_a_hard_link_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let (path, other) = (folder.path().join("watch.db"), folder.path().join("other.db"));
        std::fs::write(&path, "").unwrap();
        let _first = Lock::take(&path, "`run`, process 42").unwrap();
        std::fs::hard_link(&path, &other).unwrap();
        let refused = Lock::take(&other, "`check`, process 43").unwrap_err().to_string();
        assert!(refused.contains("several names (hard links)") && refused.contains("other.db"), "{refused}");
    }

    #[test]
    fn missing_permission_is_reported_with_owner_uid_and_next_step() {
        let folder = tempfile::tempdir().unwrap();
        let hint =
            permission_hint(&folder.path().join("watch.db.lock"), &io::ErrorKind::PermissionDenied.into());
        let uid = geteuid().as_raw();
        assert!(hint.contains(&format!("runs as uid {uid}, and {}", folder.path().display())), "{hint}");
        assert!(hint.contains("sudo -u") && hint.contains("chown"), "{hint}");
        assert_eq!(permission_hint(folder.path(), &io::ErrorKind::NotFound.into()), "");
    }

    #[test]
    fn second_process_is_refused_by_name_until_the_first_ends() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("watch.db");
        let first = Lock::take(&path, "`run`, process 42").unwrap();
        let refused = Lock::take(&path, "`check`, process 43").unwrap_err();
        assert!(
            refused.to_string().contains("in use by `run`, process 42: wait until that ends, or stop it;"),
            "{refused}"
        );
        drop(first);
        Lock::take(&path, "`check`, process 43").unwrap();
    }

    #[test]
    fn holder_is_visible_and_asking_creates_nothing() {
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
    fn pipe_or_link_as_lock_file_has_an_unknown_holder() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("watch.db");
        nix::unistd::mkfifo(&lock_file(&path), nix::sys::stat::Mode::S_IRWXU).unwrap();
        assert_eq!(Lock::holder(&path), Holder::Unknown);
        std::fs::remove_file(lock_file(&path)).unwrap();
        std::os::unix::fs::symlink("/etc/hostname", lock_file(&path)).unwrap();
        assert_eq!(Lock::holder(&path), Holder::Unknown);
    }
}
