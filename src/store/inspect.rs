//! What a file holds, found out before anything is written to it, by a connection that only reads.
//!
//! Guarantees: a file that is not a store of ours, or that a later version wrote, or that is damaged or altered, is refused by name
//! and stays byte for byte as it is. A store of up to 4 MiB is verified in full, a larger one after an unclean end (a log is left).
//! Leaves the other checks of a large one to the service, beside its work, and to the first `check` of a day, after its notifications.

use std::io::Read;
use std::path::Path;
use std::time::Duration;

use sqlx::migrate::Migrator;
use sqlx::sqlite::{SqliteConnectOptions, SqliteExecutor};
use sqlx::{ConnectOptions, Connection, SqliteConnection};

use super::StoreError;
use super::error::needs_to_write;
use super::file_identity::sibling;
use super::schema::{self, Applied};
use crate::config::regular_file;

/// How long a connection waits for another process.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// `PRAGMA application_id`, set by the first migration: other programs' databases have another one.
const APPLICATION_ID: i64 = 0x4d4d_7857;

/// The first bytes of every SQLite file (<https://www.sqlite.org/fileformat.html>).
const SQLITE_HEADER: &[u8; 16] = b"SQLite format 3\0";

/// The integrity of a store up to this size is checked each time before it is written to: about 2 ms per megabyte.
/// That of a larger one only after an unclean end, the likeliest time for damage; otherwise the service checks it
/// beside its work, `check` once a day.
const SMALL: u64 = 4 << 20;

/// What the store is opened for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum OpenMode {
    /// The integrity must be known: a write could make damage worse.
    Write,
    Read,
}

/// How a store's schema compares with the migrations of this program.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum SchemaAge {
    /// No table yet: the file is empty, or a process was killed while it created the store.
    Empty,
    Older,
    Current,
}

pub(super) struct Inspection {
    pub(super) schema: SchemaAge,
    /// Whether the whole store was read.
    pub(super) is_integrity_checked: bool,
}

/// Inspects the file at `path`.
///
/// # Errors
/// When it cannot be read, or is not a sound store that `migrations` can upgrade.
pub(super) async fn inspect(
    path: &Path,
    mode: OpenMode,
    migrations: &Migrator,
) -> Result<Inspection, StoreError> {
    let wal = sibling(path, "-wal");
    let is_unclean = std::fs::metadata(&wal).is_ok_and(|wal| wal.len() > 0);
    match has_sqlite_header(path)? {
        Some(false) => return Err(StoreError::NotAStore(path.to_owned())),
        // SQLite would throw the log away, and the data in it.
        None if is_unclean => {
            let finding = format!("it is empty, but {} is not", wal.display());
            return Err(StoreError::Damaged(path.to_owned(), finding));
        }
        Some(true) | None => {}
    }
    // A connection that may write moves the write-ahead log into the store when it closes, although the store may turn out
    // to be damaged. So it is used only where SQLite must roll back: after a process was killed while it created the store.
    let connected = match connect(path, true).await {
        Err(error) if needs_to_write(&error) => connect(path, false).await,
        connected => connected,
    };
    let inspection = match connected {
        Ok(mut connection) => {
            let inspection = inspect_open(&mut connection, path, mode, migrations, is_unclean).await;
            connection.close().await.map_err(StoreError::from).and(inspection)
        }
        Err(error) => Err(error.into()),
    };
    inspection.map_err(|error| match error {
        StoreError::Sql(error) => StoreError::from_sql(path, &error),
        other => other,
    })
}

async fn inspect_open(
    connection: &mut SqliteConnection,
    path: &Path,
    mode: OpenMode,
    migrations: &Migrator,
    is_unclean: bool,
) -> Result<Inspection, StoreError> {
    let schema = schema_age(connection, path, migrations).await?;
    let size = std::fs::metadata(path).map_err(|error| StoreError::from_io(path, &error))?.len();
    let is_integrity_checked =
        mode == OpenMode::Write && schema != SchemaAge::Empty && (size <= SMALL || is_unclean);
    if is_integrity_checked && let Some(finding) = find_damage(connection).await? {
        return Err(StoreError::Damaged(path.to_owned(), finding));
    }
    Ok(Inspection { schema, is_integrity_checked })
}

/// Refuses what is not a store, what a later or an unreleased version wrote, and what another program altered.
async fn schema_age(
    connection: &mut SqliteConnection,
    path: &Path,
    migrations: &Migrator,
) -> Result<SchemaAge, StoreError> {
    let (tables, application_id): (i64, i64) = sqlx::query_as(
        "SELECT (SELECT COUNT(*) FROM sqlite_schema WHERE tbl_name <> '_sqlx_migrations'), application_id
         FROM pragma_application_id",
    )
    .fetch_one(&mut *connection)
    .await?;
    if tables == 0 {
        return Ok(SchemaAge::Empty);
    }
    if application_id != APPLICATION_ID {
        return Err(StoreError::Foreign(path.to_owned()));
    }
    let applied: Vec<Applied> =
        sqlx::query_as("SELECT version, checksum FROM _sqlx_migrations WHERE success ORDER BY version")
            .fetch_all(&mut *connection)
            .await?;
    for Applied { version, checksum } in &applied {
        match migrations.iter().find(|known| known.version == *version) {
            Some(known) if *known.checksum == **checksum => {}
            // Before the first release the first migration still changed.
            Some(_) => return Err(StoreError::Unreleased(path.to_owned())),
            None => return Err(StoreError::Newer(path.to_owned(), *version)),
        }
    }
    if let Some(finding) = schema::find_alteration(connection, &applied, migrations).await? {
        return Err(StoreError::Altered(path.to_owned(), finding));
    }
    Ok(if applied.len() < migrations.iter().count() { SchemaAge::Older } else { SchemaAge::Current })
}

/// A connection that has read the file's schema.
pub(super) async fn connect(path: &Path, read_only: bool) -> Result<SqliteConnection, sqlx::Error> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .busy_timeout(BUSY_TIMEOUT)
        .read_only(read_only)
        .pragma("trusted_schema", "OFF")
        .pragma("cell_size_check", "ON");
    let mut connection = options.connect().await?;
    sqlx::query("SELECT COUNT(*) FROM sqlite_schema").execute(&mut connection).await?;
    Ok(connection)
}

/// Reads the whole store, tables and indexes: an alert that is missing in an index would be opened a second time.
pub(super) async fn find_damage(executor: impl SqliteExecutor<'_>) -> Result<Option<String>, sqlx::Error> {
    let findings: Vec<String> = sqlx::query_scalar("PRAGMA integrity_check(1)").fetch_all(executor).await?;
    // SQLite puts several remarks about one page into one row, below a heading.
    let text = findings.join("; ").replace('\n', "; ");
    Ok((text != "ok").then(|| text.trim_start_matches("*** in database main ***; ").to_owned()))
}

/// None when the file is empty.
fn has_sqlite_header(path: &Path) -> Result<Option<bool>, StoreError> {
    let mut head = Vec::new();
    let (file, _) = regular_file::open(path).map_err(|error| StoreError::from_file(path, error))?;
    file.take(SQLITE_HEADER.len() as u64)
        .read_to_end(&mut head)
        .map_err(|error| StoreError::from_io(path, &error))?;
    Ok((!head.is_empty()).then(|| head == SQLITE_HEADER))
}
