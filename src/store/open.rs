//! Opening the file: rights, pragmas, migrations.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::time::Duration;

use sqlx::migrate::Migrator;
use sqlx::sqlite::{
    SqliteAutoVacuum, SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions,
    SqliteSynchronous,
};
use sqlx::{ConnectOptions, Connection, SqliteConnection};

use super::error::reason;
use super::{Store, StoreError};

static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");

/// How many connections read at once.
const READERS: u32 = 3;

/// What tells a store from other programs' databases (`PRAGMA application_id`, set by the first migration).
const APPLICATION: i64 = 0x4d4d_7857;

/// How long a connection waits for another process.
const BUSY: Duration = Duration::from_secs(10);

impl Store {
    /// Opens the store for writing; creates and upgrades it as needed.
    ///
    /// # Errors
    /// When the file cannot be opened, is no store, or was written by a later version; it is left as it was.
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        create_folder(path)
            .and_then(|()| create_if_missing(path))
            .map_err(|error| cannot_open(path, &error))?;
        let mut options = options(path);
        match Content::of(path).await? {
            // Only a file without tables takes this; to any other it would be written again by every connection.
            Content::Nothing => options = options.auto_vacuum(SqliteAutoVacuum::Incremental),
            Content::Foreign => return Err(StoreError::Foreign { path: path.to_owned() }),
            Content::Schema(applied) => refuse_newer(path, &applied)?,
        }
        // One connection does for all: each that tries waits for whoever locks the file, and holds up the end as long.
        let write = connect(path, 1, &options.clone().optimize_on_close(true, None)).await?;
        if let Err(error) = MIGRATIONS.run(&write).await {
            write.close().await;
            return Err(StoreError::Migrate { path: path.to_owned(), reason: error.to_string() });
        }
        let read = connect(path, READERS, &options).await?;
        Ok(Self { write, read })
    }

    /// Opens a store that is there already, and leaves its schema alone; none when nothing was kept there yet. Who only
    /// reads leaves every byte of it as it was.
    ///
    /// # Errors
    /// As [`Store::open`], and when an earlier version wrote it.
    pub async fn open_existing(path: &Path) -> Result<Option<Self>, StoreError> {
        if !path.try_exists().map_err(|error| cannot_open(path, &error))? {
            return Ok(None);
        }
        match Content::of(path).await? {
            Content::Nothing => return Ok(None),
            Content::Foreign => return Err(StoreError::Foreign { path: path.to_owned() }),
            Content::Schema(applied) => {
                refuse_newer(path, &applied)?;
                if applied.len() < MIGRATIONS.iter().count() {
                    return Err(StoreError::Older { path: path.to_owned() });
                }
            }
        }
        let options = options(path);
        let (write, read) = (connect(path, 1, &options).await?, connect(path, READERS, &options).await?);
        Ok(Some(Self { write, read }))
    }

    /// Writes a consistent copy to `path`; others may write meanwhile.
    ///
    /// # Errors
    /// When `path` is there already, and is left as it was, or cannot be written.
    pub async fn copy_to(&self, path: &Path) -> Result<(), StoreError> {
        let failed = |reason: String| StoreError::Copy { path: path.to_owned(), reason };
        let name = path.to_str().ok_or_else(|| failed("its name is not UTF-8".to_owned()))?;
        create_folder(path).and_then(|()| create_private(path)).map_err(|error| failed(error.to_string()))?;
        let copied = sqlx::query("VACUUM INTO ?").bind(name).execute(&self.read).await;
        // SQLite leaves the copy to the system's cache; a backup is there when it is on the disk.
        let kept = match copied {
            Ok(_) => File::open(path).and_then(|copy| copy.sync_all()).map_err(|error| error.to_string()),
            Err(error) => Err(reason(&error)),
        };
        kept.map_err(|reason| {
            // A copy cut short is none; that the file may be gone already is no second fault.
            let _ = std::fs::remove_file(path);
            failed(reason)
        })
    }
}

/// What a file holds, learnt without changing it.
enum Content {
    /// No table yet: the file is empty, or its making was cut off.
    Nothing,
    /// Another program's tables.
    Foreign,
    /// A store with these migrations.
    Schema(Vec<i64>),
}

impl Content {
    async fn of(path: &Path) -> Result<Self, StoreError> {
        let options = SqliteConnectOptions::new().filename(path).busy_timeout(BUSY);
        let mut connection = options.connect().await.map_err(|error| open_failed(path, &error))?;
        let content = Self::read(&mut connection).await.map_err(|error| open_failed(path, &error));
        connection.close().await?;
        content
    }

    async fn read(connection: &mut SqliteConnection) -> Result<Self, sqlx::Error> {
        let (tables, application): (i64, i64) = sqlx::query_as(
            "SELECT (SELECT COUNT(*) FROM sqlite_schema WHERE tbl_name <> '_sqlx_migrations'), application_id
             FROM pragma_application_id",
        )
        .fetch_one(&mut *connection)
        .await?;
        match (tables, application) {
            (0, _) => Ok(Self::Nothing),
            (_, APPLICATION) => sqlx::query_scalar("SELECT version FROM _sqlx_migrations WHERE success")
                .fetch_all(connection)
                .await
                .map(Self::Schema),
            _ => Ok(Self::Foreign),
        }
    }
}

fn refuse_newer(path: &Path, applied: &[i64]) -> Result<(), StoreError> {
    match applied.iter().find(|version| !MIGRATIONS.version_exists(**version)) {
        Some(version) => Err(StoreError::Newer { path: path.to_owned(), version: *version }),
        None => Ok(()),
    }
}

/// Makes the folder of `path`, where it is missing, for its owner alone.
pub(super) fn create_folder(path: &Path) -> io::Result<()> {
    match path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        Some(folder) => DirBuilder::new().recursive(true).mode(0o700).create(folder),
        None => Ok(()),
    }
}

/// Makes a new file with rights for its owner alone before SQLite sees it: its siblings (WAL, shared memory) inherit them.
fn create_private(path: &Path) -> io::Result<()> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map(drop)
}

fn create_if_missing(path: &Path) -> io::Result<()> {
    match create_private(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        made => made,
    }
}

/// What every connection has in common; none of it changes a file that is a store already.
fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(BUSY)
}

async fn connect(
    path: &Path,
    connections: u32,
    options: &SqliteConnectOptions,
) -> Result<SqlitePool, StoreError> {
    SqlitePoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(Duration::from_mins(1))
        .idle_timeout(None)
        .max_lifetime(None)
        // Where SQLite ends a transaction by itself (disk full, read error), the layer between never hears of it and would
        // refuse every later one on this connection.
        .before_acquire(|connection, _| Box::pin(async move { Ok(!connection.is_in_transaction()) }))
        .connect_with(options.clone())
        .await
        .map_err(|error| open_failed(path, &error))
}

fn cannot_open(path: &Path, error: &io::Error) -> StoreError {
    StoreError::Open { path: path.to_owned(), reason: error.to_string() }
}

fn open_failed(path: &Path, error: &sqlx::Error) -> StoreError {
    StoreError::Open { path: path.to_owned(), reason: reason(error) }
}
