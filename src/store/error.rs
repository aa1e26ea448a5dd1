//! Our own faults with the store: disk, rights, a file that is not ours.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::sys::resource::{Resource, getrlimit};

use crate::config::outside::FileError;

/// Why the store could not do its work.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file cannot be created or opened.
    #[error("cannot open the store {path}: {reason}")]
    Open {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// No room for it now; there may be later.
    #[error("no room for the store {path}: {reason}")]
    Full {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// Not even a database; it is left as it is.
    #[error(
        "{path} is not a database; it was left as it is. Restore a backup in its place, move it away to begin with an empty store \
         (then what still fires is told anew, history and undelivered messages are lost), or choose another [store].path"
    )]
    NotAStore {
        /// Which file.
        path: PathBuf,
    },
    /// It holds what SQLite never wrote, or lacks what it wrote.
    #[error(
        "the store {path} is damaged: {finding}. It was left as it is. Stop the service and restore a backup in its place, or move \
         it away, together with {name}-wal and {name}-shm, to begin with an empty store (then what still fires is told anew, \
         history and undelivered messages are lost)", name = .path.file_name().unwrap_or_default().display()
    )]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What was found.
        finding: String,
    },
    /// It holds what this program never makes: it would run with every statement.
    #[error(
        "the store {path} was changed by another program: {finding}. It was left as it is. Stop the service and restore a backup \
         in its place, or take back what was changed (with sqlite3, for example)"
    )]
    Altered {
        /// Which file.
        path: PathBuf,
        /// What was found, by name.
        finding: String,
    },
    /// It is a link to a file that is not there.
    #[error(
        "the store {path} is a link to {target}, which does not exist: restore that file, or remove the link to begin with an empty store"
    )]
    DanglingLink {
        /// Which link.
        path: PathBuf,
        /// Where it leads.
        target: PathBuf,
    },
    /// Its file has several names, and SQLite keeps a log for each.
    #[error("{}", HARD_LINKED.replace("{path}", &.path.display().to_string()))]
    HardLinked {
        /// Which file.
        path: PathBuf,
    },
    /// Its path names another file than the one that was opened, or none.
    #[error(
        "the store {path} was {fate} while in use; what was stored since then is lost. Stop the service before touching its store"
    )]
    Gone {
        /// Which file.
        path: PathBuf,
        /// What became of it.
        fate: &'static str,
    },
    /// Another program's database; it is left as it is.
    #[error("{path} is a database, but no store of minimax-watch; choose another [store].path")]
    Foreign {
        /// Which file.
        path: PathBuf,
    },
    /// The copy cannot be written.
    #[error("cannot copy the store to {path}: {reason}")]
    Copy {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// A later version of the program wrote it.
    #[error(
        "the store {path} was written by a later version of minimax-watch (schema {version}); install that version or choose another [store].path"
    )]
    Newer {
        /// Which file.
        path: PathBuf,
        /// The schema that is not known here.
        version: i64,
    },
    /// A development version wrote it, before the first release.
    #[error(
        "the store {path} was written by an unreleased development version, which cannot be upgraded; it was left as it is. Move it away, with its -wal and -shm if they are there, or choose another [store].path"
    )]
    Unreleased {
        /// Which file.
        path: PathBuf,
    },
    /// An earlier version wrote it, and this command only reads.
    #[error(
        "the store {path} was written by an earlier version; run `minimax-watch check` or restart the service, which upgrade it"
    )]
    Older {
        /// Which file.
        path: PathBuf,
    },
    /// The schema could not be brought up to date.
    #[error("cannot upgrade the store {path}: {reason}")]
    Migrate {
        /// Which file.
        path: PathBuf,
        /// What SQLite said.
        reason: String,
    },
    /// A row holds what this program never writes.
    #[error("the store holds an unreadable {column}: `{value}`")]
    Unreadable {
        /// Which column.
        column: &'static str,
        /// Its content.
        value: String,
    },
    /// A statement failed: disk full, file gone, locked for too long. Its words say all; the cause would say them again.
    #[error("the store failed: {}", reason(.0))]
    Sql(sqlx::Error),
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        Self::Sql(error)
    }
}

impl StoreError {
    /// A fault of the system with the file at `path`.
    pub(super) fn io(path: &Path, error: &io::Error) -> Self {
        let (path, reason) = (path.to_owned(), error.to_string());
        if is_no_room(error) { Self::Full { path, reason } } else { Self::Open { path, reason } }
    }

    /// Whether it passes by itself when the disk has room again.
    pub fn is_full_disk(&self) -> bool {
        match self {
            Self::Full { .. } => true,
            Self::Sql(error) => Code::of(error).is_some_and(Code::is_no_room),
            _ => false,
        }
    }

    /// What is wrong with the store at `path`, if it is such that no later try can go better.
    pub fn lasting(self, path: &Path) -> Result<Self, Self> {
        match self {
            Self::Damaged { .. } | Self::Altered { .. } | Self::Gone { .. } | Self::NotAStore { .. } => {
                Ok(self)
            }
            Self::Sql(error) if Code::of(&error).is_some_and(Code::is_damage) => {
                Ok(Self::Damaged { path: path.to_owned(), finding: words(&error) })
            }
            passing => Err(passing),
        }
    }
}

/// What is wrong with a store of several names, and what to do.
pub(super) const HARD_LINKED: &str = "the store {path} has several names (hard links), and each would have a log of its own, which \
    damages it: keep one name and remove the others (find them with: find / -xdev -samefile {path}); a symbolic link may stay";

/// Why the file at `path` was not read.
pub(super) fn unread(path: &Path, error: FileError) -> StoreError {
    match error {
        FileError::Io(error) => StoreError::io(path, &error),
        other => StoreError::Open { path: path.to_owned(), reason: format!("it {other}") },
    }
}

/// With fewer free descriptors than this, opening the store may have lacked one: by the time of the message SQLite has closed some.
const SPARE_DESCRIPTORS: u64 = 16;

/// What to say of a file that cannot be opened where the process has too many open: SQLite only says that it cannot.
fn descriptors_advice() -> Option<&'static str> {
    const ADVICE: &str =
        "; too many files are open; lower [api].concurrency, or raise LimitNOFILE= of the unit (ulimit -n)";
    let (limit, _) = getrlimit(Resource::RLIMIT_NOFILE).ok()?;
    // The lowest free descriptor tells how many are open.
    let is_scarce = match File::open("/dev/null") {
        Ok(file) => u64::try_from(file.as_raw_fd()).is_ok_and(|open| open + SPARE_DESCRIPTORS >= limit),
        Err(error) => {
            [Errno::EMFILE, Errno::ENFILE].iter().any(|code| error.raw_os_error() == Some(*code as i32))
        }
    };
    is_scarce.then_some(ADVICE)
}

/// Whether the system says that there is no room.
pub(super) fn is_no_room(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

/// Why the store at `path` cannot be opened.
pub(super) fn open_failed(path: &Path, error: &sqlx::Error) -> StoreError {
    let path = path.to_owned();
    match Code::of(error) {
        Some(code) if code.is_no_room() => StoreError::Full { path, reason: reason(error) },
        Some(code) if code.is_damage() => StoreError::Damaged { path, finding: words(error) },
        _ => StoreError::Open { path, reason: reason(error) },
    }
}

/// Whether `error` says that the file cannot be read without writing to it (`SQLITE_READONLY`).
pub(super) fn needs_to_write(error: &sqlx::Error) -> bool {
    Code::of(error).is_some_and(|code| code.plain() == 8)
}

/// SQLite's extended result code (<https://www.sqlite.org/rescode.html>).
#[derive(Clone, Copy)]
struct Code(i32);

impl Code {
    fn of(error: &sqlx::Error) -> Option<Self> {
        error.as_database_error()?.code()?.parse().ok().map(Self)
    }

    /// An extended code has the plain one in its lowest byte.
    const fn plain(self) -> i32 {
        self.0 & 0xff
    }

    /// `SQLITE_FULL`, and `SQLITE_IOERR_SHMSIZE`: shared memory that has no room.
    const fn is_no_room(self) -> bool {
        self.plain() == 13 || self.0 == 4874
    }

    /// `SQLITE_CORRUPT` and `SQLITE_NOTADB`.
    const fn is_damage(self) -> bool {
        matches!(self.plain(), 11 | 26)
    }

    /// What an operator may do about it.
    const fn advice(self) -> &'static str {
        match self.plain() {
            5 => "; does another program, or a copy that is being made, hold the file?",
            8 | 14 => "; may its user write to the file and its folder?",
            10 => "; is the disk full?",
            11 | 26 => "; restore a backup or move it away",
            _ => "",
        }
    }
}

/// SQLite's own words, without those of the layer between.
fn words(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Database(error) => error.message().to_owned(),
        sqlx::Error::Io(error) => error.to_string(),
        other => other.to_string(),
    }
}

/// The same, with what an operator may do about it.
pub(super) fn reason(error: &sqlx::Error) -> String {
    let code = Code::of(error);
    // SQLITE_READONLY, SQLITE_IOERR, SQLITE_CANTOPEN
    let may_lack_descriptors = code.is_some_and(|code| matches!(code.plain(), 8 | 10 | 14));
    let advice = may_lack_descriptors.then(descriptors_advice).flatten();
    words(error) + advice.unwrap_or_else(|| code.map_or("", Code::advice))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_failed_statement_is_told_in_sqlites_words_and_once() {
        let pool = sqlx::SqlitePool::connect("sqlite::memory:").await.unwrap();
        let error = sqlx::query("SELECT 1 FROM nowhere").execute(&pool).await.unwrap_err();
        let error = StoreError::from(error);
        assert_eq!(error.to_string(), "the store failed: no such table: nowhere");
        assert!(std::error::Error::source(&error).is_none(), "else it is printed again behind");
    }
}
