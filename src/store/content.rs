//! What a file holds, learnt before anything is written to it.
//!
//! Promises: a file that is no store, a later one's or a damaged one is left byte for byte as it was; nobody else's is
//! ever written to.

use std::io::Read;
use std::path::{Path, PathBuf};

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, SqliteConnection};

use super::error::{needs_to_write, open_failed, unread};
use super::open::BUSY;
use super::{StoreError, schema};
use crate::config::outside;

/// What tells a store from other programs' databases (`PRAGMA application_id`, set by the first migration).
const APPLICATION: i64 = 0x4d4d_7857;

/// How every SQLite file begins (<https://www.sqlite.org/fileformat.html>).
const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// Up to this size a store is examined wholly each time before it is written to: some 2 ms a megabyte. The service examines
/// a larger one beside its work, `check` once a day.
pub(super) const SMALL: u64 = 4 << 20;

/// What a file holds.
pub(super) enum Content {
    /// No table yet: the file is empty, or its making was cut off.
    Nothing,
    /// Another program's tables.
    Foreign,
    /// A store with these migrations.
    Schema(Vec<Applied>),
}

/// One migration that was applied to a store.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(super) struct Applied {
    pub(super) version: i64,
    pub(super) checksum: Vec<u8>,
}

/// How closely one looks before opening.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Care {
    /// Whoever writes must not build on sand.
    Writer,
    /// Whoever only reads harms nothing.
    Reader,
}

/// What was learnt of a file.
pub(super) struct Found {
    pub(super) content: Content,
    /// Whether every page was looked at.
    pub(super) examined: bool,
}

impl Found {
    /// Looks at the file at `path`.
    ///
    /// # Errors
    /// When it cannot be read, is no database or is damaged.
    pub(super) async fn at(path: &Path, care: Care) -> Result<Self, StoreError> {
        let log = log_of(path);
        let logged = std::fs::metadata(&log).map_or(0, |file| file.len());
        match begins_like_sqlite(path)? {
            Some(false) => return Err(StoreError::NotAStore { path: path.to_owned() }),
            // SQLite would throw the log away, and with it what was kept.
            None if logged > 0 => {
                let finding = format!("it is empty, but {} is not", log.display());
                return Err(StoreError::Damaged { path: path.to_owned(), finding });
            }
            Some(true) | None => {}
        }
        // One that may write carries the log over when it closes, also into what turns out to be damaged. Only where a process
        // was killed as it made the store is it needed: SQLite takes back what was half done.
        let reached = match reach(path, true).await {
            Err(error) if needs_to_write(&error) => reach(path, false).await,
            reached => reached,
        };
        let mut connection = reached.map_err(|error| open_failed(path, &error))?;
        let found = Self::by(&mut connection, path, care, logged > 0).await;
        connection.close().await.map_err(|error| open_failed(path, &error))?;
        found
    }

    async fn by(
        connection: &mut SqliteConnection,
        path: &Path,
        care: Care,
        logged: bool,
    ) -> Result<Self, StoreError> {
        let failed = |error| open_failed(path, &error);
        let content = Content::read(connection).await.map_err(failed)?;
        if let Content::Schema(applied) = &content
            && let Some(finding) = schema::alteration(connection, applied).await.map_err(failed)?
        {
            return Err(StoreError::Altered { path: path.to_owned(), finding });
        }
        let is_ours = care == Care::Writer && matches!(content, Content::Schema(_));
        let size = std::fs::metadata(path).map_err(|error| StoreError::io(path, &error))?.len();
        let depth = match (is_ours, size <= SMALL, logged) {
            (false, ..) | (true, false, false) => None,
            (true, true, _) => Some(Depth::Whole),
            // Its last user was killed, or the machine was: the likeliest time for damage.
            (true, false, true) => Some(Depth::Pages),
        };
        if let Some(depth) = depth {
            examine(connection, depth)
                .await
                .map_err(failed)?
                .map_or(Ok(()), |finding| Err(StoreError::Damaged { path: path.to_owned(), finding }))?;
        }
        Ok(Self { content, examined: depth == Some(Depth::Whole) })
    }
}

/// A connection that has seen the file's tables.
pub(super) async fn reach(path: &Path, read_only: bool) -> Result<SqliteConnection, sqlx::Error> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .busy_timeout(BUSY)
        .read_only(read_only)
        .pragma("trusted_schema", "OFF")
        .pragma("cell_size_check", "ON");
    let mut connection = options.connect().await?;
    sqlx::query("SELECT COUNT(*) FROM sqlite_schema").execute(&mut connection).await?;
    Ok(connection)
}

impl Content {
    async fn read(connection: &mut SqliteConnection) -> Result<Self, sqlx::Error> {
        let (tables, application): (i64, i64) = sqlx::query_as(
            "SELECT (SELECT COUNT(*) FROM sqlite_schema WHERE tbl_name <> '_sqlx_migrations'), application_id
             FROM pragma_application_id",
        )
        .fetch_one(&mut *connection)
        .await?;
        match (tables, application) {
            (0, _) => Ok(Self::Nothing),
            (_, APPLICATION) => sqlx::query_as(
                "SELECT version, checksum FROM _sqlx_migrations WHERE success ORDER BY version",
            )
            .fetch_all(connection)
            .await
            .map(Self::Schema),
            _ => Ok(Self::Foreign),
        }
    }
}

/// How deep an examination goes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Depth {
    /// Pages and rows.
    Pages,
    /// And whether each index says what its table says: an alert missing in one would be opened a second time.
    Whole,
}

/// Reads all of the store; says what is wrong with it, if anything is.
pub(super) async fn examine(
    connection: &mut SqliteConnection,
    depth: Depth,
) -> Result<Option<String>, sqlx::Error> {
    let sql = match depth {
        Depth::Pages => "PRAGMA quick_check(1)",
        Depth::Whole => "PRAGMA integrity_check(1)",
    };
    let findings: Vec<String> = sqlx::query_scalar(sql).fetch_all(connection).await?;
    // SQLite puts several remarks about one page into one row, under a headline.
    let words = findings.join("; ").replace('\n', "; ");
    Ok((words != "ok").then(|| words.trim_start_matches("*** in database main ***; ").to_owned()))
}

/// The file where SQLite keeps what is not carried over into the store yet.
pub(super) fn log_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push("-wal");
    name.into()
}

/// None when it is empty.
fn begins_like_sqlite(path: &Path) -> Result<Option<bool>, StoreError> {
    let mut head = Vec::new();
    let (file, _) = outside::open(path).map_err(|error| unread(path, error))?;
    file.take(MAGIC.len() as u64).read_to_end(&mut head).map_err(|error| StoreError::io(path, &error))?;
    Ok((!head.is_empty()).then(|| head == MAGIC))
}
