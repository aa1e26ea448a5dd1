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
    /// A statement failed: disk full, file gone, locked for too long. Its words say all; the cause would say them again.
    #[error("the store failed: {}", reason(.0))]
    Sql(sqlx::Error),
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        Self::Sql(error)
    }
}

/// SQLite's result code for a file that is none of its own (`SQLITE_NOTADB`).
const NOT_A_DATABASE: i32 = 26;

/// SQLite's result code for a disk that fails; also for a full one, where shared memory has no room (`SQLITE_IOERR`).
const IO: i32 = 10;

/// SQLite's own words, without those of the layer between.
pub(super) fn reason(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Database(error) => {
            let words = error.message();
            // An extended code has the plain one in its lowest byte.
            match error.code().and_then(|code| code.parse::<i32>().ok()).map(|code| code & 0xff) {
                Some(NOT_A_DATABASE) => format!("{words}; move it away or choose another [store].path"),
                Some(IO) => format!("{words}; is the disk full?"),
                _ => words.to_owned(),
            }
        }
        sqlx::Error::Io(error) => error.to_string(),
        other => other.to_string(),
    }
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
