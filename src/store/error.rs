//! Our own faults with the store: disk, rights, a file that is not ours.

use std::path::PathBuf;

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
    /// A statement failed: disk full, file gone, locked for too long.
    #[error("the store failed: {0}")]
    Sql(#[from] sqlx::Error),
}
