//! Why the store fails: disk, permissions, a damaged or foreign file.
//!
//! Guarantees: each message says what is wrong with which file, and the next step where there is one; a failed statement
//! and an unreadable row name no file, since there is one store. Leaves the decision to retry to the caller, by
//! [`StoreError::is_full_disk`] and [`StoreError::into_permanent`].

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::sys::resource::{Resource, getrlimit};

use crate::config::regular_file::FileError;

/// Why the store could not do its work. The first path, if any, is that of the store unless the variant says
/// otherwise.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file cannot be created or opened: the system's or SQLite's message.
    #[error("cannot open the store {0}: {1}")]
    Open(PathBuf, String),
    /// The disk is full, which may pass: the system's or SQLite's message.
    #[error("no room for the store {0}: {1}")]
    Full(PathBuf, String),
    /// The file is not an SQLite database; it is left as it is.
    #[error(
        "{0} is not a database; it was left as it is. Restore a backup in its place, move it away to start with an empty store \
         (alerts that still fire are then sent again; history and undelivered messages are lost), or choose another [store].path"
    )]
    NotAStore(PathBuf),
    /// The file holds what SQLite never wrote, or lacks what it wrote: what is wrong.
    #[error(
        "the store {0} is damaged: {1}. It was left as it is. Stop the service and restore a backup in its place, or move \
         it away, together with {name}-wal and {name}-shm, to start with an empty store (alerts that still fire are then sent \
         again; history and undelivered messages are lost)", name = .0.file_name().unwrap_or_default().display()
    )]
    Damaged(PathBuf, String),
    /// The schema holds what this program does not create, and what would run with its statements: the object that differs, by name.
    #[error(
        "the store {0} was changed by another program: {1}. It was left as it is. Stop the service and restore a backup \
         in its place, or undo the change (with sqlite3, for example)"
    )]
    Altered(PathBuf, String),
    /// The path is a symbolic link to a file that does not exist: its target.
    #[error(
        "the store {0} is a link to {1}, which does not exist: restore that file, or remove the link to start with an empty store"
    )]
    DanglingLink(PathBuf, PathBuf),
    /// The file has several names, and SQLite keeps a write-ahead log for each.
    #[error(
        "the store {0} has several names (hard links), and each would have its own log, which damages it: keep one name and \
         remove the others (find them with: find / -xdev -samefile {0}); a symbolic link may stay"
    )]
    HardLinked(PathBuf),
    /// Another process works on the store: that process, as it describes itself.
    #[error(
        "the store {0} is in use by {1}: wait until that ends, or stop it; `minimax-watch status` reads the store meanwhile"
    )]
    InUse(PathBuf, String),
    /// The lock file cannot be created or locked: the system's message and the next step.
    #[error("cannot lock the store {0}: {1}")]
    Lock(PathBuf, String),
    /// A link or a special file has the name of the lock file, which is the second path.
    #[error(
        "cannot lock the store {0}: {1} is not a regular file, but a link or something else; it was left as it is: remove it"
    )]
    OddLockFile(PathBuf, PathBuf),
    /// The path, of the store or its lock file, no longer names the file that was opened: what happened to it.
    #[error(
        "the store {0} was {1} while in use; data written since then is lost. Stop the service before changing its files"
    )]
    Gone(PathBuf, &'static str),
    /// The file is another program's database; it is left as it is.
    #[error("{0} is a database of another program, not of minimax-watch; choose another [store].path")]
    Foreign(PathBuf),
    /// The copy, whose path this is, cannot be written: why not.
    #[error("cannot copy the store to {0}: {1}")]
    Copy(PathBuf, String),
    /// A later version of the program wrote the store: the schema version that this program does not know.
    #[error(
        "the store {0} was written by a later version of minimax-watch (schema {1}); install that version or choose another [store].path"
    )]
    Newer(PathBuf, i64),
    /// A development version wrote the store, before the first release.
    #[error(
        "the store {0} was written by an unreleased development version, which cannot be upgraded; it was left as it is. Move it away, with its -wal and -shm files if they exist, or choose another [store].path"
    )]
    Unreleased(PathBuf),
    /// An earlier version wrote the store, and this command only reads.
    #[error(
        "the store {0} was written by an earlier version; run `minimax-watch check` or restart the service to upgrade it"
    )]
    Older(PathBuf),
    /// The schema cannot be upgraded: SQLite's message.
    #[error("cannot upgrade the store {0}: {1}")]
    Migrate(PathBuf, String),
    /// A row holds what this program never writes.
    #[error("the store holds an unreadable {column}: `{value}`")]
    Unreadable {
        /// The column, with its table.
        column: String,
        /// Its value.
        value: String,
    },
    /// A statement failed. The text says everything, so there is no source: it would be printed again.
    #[error("the store failed: {}", reason(.0))]
    Sql(sqlx::Error),
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::ColumnDecode { index, source } => {
                Self::Unreadable { column: index, value: source.to_string() }
            }
            other => Self::Sql(other),
        }
    }
}

impl StoreError {
    /// Why the system refused the file at `path`.
    pub(super) fn from_io(path: &Path, error: &io::Error) -> Self {
        let failed = match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full,
            _ => Self::Open,
        };
        failed(path.to_owned(), error.to_string())
    }

    /// Why the file at `path` cannot be read.
    pub(super) fn from_file(path: &Path, error: FileError) -> Self {
        match error {
            FileError::Io(error) => Self::from_io(path, &error),
            other => Self::Open(path.to_owned(), format!("it {other}")),
        }
    }

    /// Why SQLite cannot open the store at `path`.
    pub(super) fn from_sql(path: &Path, error: &sqlx::Error) -> Self {
        let path = path.to_owned();
        match Code::from_error(error) {
            Some(code) if code.is_no_room() => Self::Full(path, reason(error)),
            Some(code) if code.is_damage() => Self::Damaged(path, message(error)),
            _ => Self::Open(path, reason(error)),
        }
    }

    /// Whether the failure passes when the disk has room again.
    pub fn is_full_disk(&self) -> bool {
        match self {
            Self::Full(..) => true,
            Self::Sql(error) => Code::from_error(error).is_some_and(Code::is_no_room),
            _ => false,
        }
    }

    /// The same error, with the path of the store, when no retry can succeed; otherwise `Err` with the error as it
    /// is.
    pub fn into_permanent(self, path: &Path) -> Result<Self, Self> {
        match self {
            Self::Damaged(..) | Self::Altered(..) | Self::Gone(..) | Self::NotAStore(_) => Ok(self),
            Self::Sql(error) if Code::from_error(&error).is_some_and(Code::is_damage) => {
                Ok(Self::Damaged(path.to_owned(), message(&error)))
            }
            passing => Err(passing),
        }
    }
}

/// Whether `error` says that the file cannot be read without writing to it (`SQLITE_READONLY`).
pub(super) fn needs_to_write(error: &sqlx::Error) -> bool {
    Code::from_error(error).is_some_and(|code| code.primary() == 8)
}

/// SQLite's extended result code (<https://www.sqlite.org/rescode.html>).
#[derive(Clone, Copy)]
struct Code(i32);

impl Code {
    fn from_error(error: &sqlx::Error) -> Option<Self> {
        error.as_database_error()?.code()?.parse().ok().map(Self)
    }

    /// The primary code is the lowest byte of the extended one.
    const fn primary(self) -> i32 {
        self.0 & 0xff
    }

    /// `SQLITE_FULL`, or `SQLITE_IOERR_SHMSIZE`: no room for the shared memory file.
    const fn is_no_room(self) -> bool {
        self.primary() == 13 || self.0 == 4874
    }

    /// `SQLITE_CORRUPT` or `SQLITE_NOTADB`.
    const fn is_damage(self) -> bool {
        matches!(self.primary(), 11 | 26)
    }

    /// The next step for an operator.
    fn advice(self) -> &'static str {
        match self.primary() {
            // SQLITE_READONLY, SQLITE_IOERR, SQLITE_CANTOPEN
            8 | 10 | 14 if is_short_of_descriptors() => {
                "; too many files are open; lower [api].concurrency, or raise LimitNOFILE= of the unit (ulimit -n)"
            }
            5 => "; does another program, or a copy in progress, hold the file?",
            8 | 14 => "; may its user write to the file and its folder?",
            10 => "; is the disk full?",
            11 | 26 => "; restore a backup or move it away",
            _ => "",
        }
    }
}

/// Whether too many open files may be why a file cannot be opened: SQLite only says that it cannot.
fn is_short_of_descriptors() -> bool {
    /// By the time of the message SQLite has closed some of its descriptors.
    const SPARE: u64 = 16;
    let Ok((limit, _)) = getrlimit(Resource::RLIMIT_NOFILE) else { return false };
    // The lowest free descriptor tells how many are open.
    match File::open("/dev/null") {
        Ok(file) => u64::try_from(file.as_raw_fd()).is_ok_and(|open| open + SPARE >= limit),
        Err(error) => {
            matches!(Errno::from_raw(error.raw_os_error().unwrap_or(0)), Errno::EMFILE | Errno::ENFILE)
        }
    }
}

/// SQLite's own message, without the prefix that sqlx adds.
fn message(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Database(error) => error.message().to_owned(),
        sqlx::Error::Io(error) => error.to_string(),
        other => other.to_string(),
    }
}

/// SQLite's own message and the next step.
pub(super) fn reason(error: &sqlx::Error) -> String {
    message(error) + Code::from_error(error).map_or("", Code::advice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn failed_statement_is_reported_once_in_sqlites_own_words() {
        let pool = sqlx::SqlitePool::connect("sqlite::memory:").await.unwrap();
        let error = sqlx::query("SELECT 1 FROM nowhere").execute(&pool).await.unwrap_err();
        let error = StoreError::from(error);
        assert_eq!(error.to_string(), "the store failed: no such table: nowhere");
        assert!(std::error::Error::source(&error).is_none(), "else it is printed a second time");
    }
}
