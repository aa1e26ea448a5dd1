//! Opening the file: rights, pragmas, migrations.

use std::fs::{DirBuilder, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::time::Duration;

use sqlx::migrate::{MigrateError, Migrator};
use sqlx::sqlite::{
    SqliteAutoVacuum, SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions,
    SqliteSynchronous,
};

use super::{Store, StoreError};

static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");

/// How many connections read at once.
const READERS: u32 = 3;

impl Store {
    /// Opens the store for writing; creates and upgrades it as needed.
    ///
    /// # Errors
    /// When the file cannot be opened, is no store, or was written by a later version; it is left as it was.
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        create_private(path)
            .map_err(|error| StoreError::Open { path: path.to_owned(), reason: error.to_string() })?;
        let write = connect(path, 1).await?;
        if let Err(error) = MIGRATIONS.run(&write).await {
            write.close().await;
            return Err(migration_failed(path, error));
        }
        let read = connect(path, READERS).await?;
        Ok(Self { write, read })
    }

    /// Opens a store that is there already, and leaves its schema alone; none when there is no file yet.
    ///
    /// # Errors
    /// As [`Store::open`], and when an earlier version wrote it.
    pub async fn open_existing(path: &Path) -> Result<Option<Self>, StoreError> {
        if !path.try_exists().map_err(|error| open_failed(path, &sqlx::Error::Io(error)))? {
            return Ok(None);
        }
        let write = connect(path, 1).await?;
        let applied: Vec<i64> = sqlx::query_scalar("SELECT version FROM _sqlx_migrations WHERE success")
            .fetch_all(&write)
            .await
            .map_err(|error| open_failed(path, &error))?;
        if let Some(version) = applied.iter().find(|version| !MIGRATIONS.version_exists(**version)) {
            return Err(StoreError::Newer { path: path.to_owned(), version: *version });
        }
        if applied.len() < MIGRATIONS.iter().count() {
            return Err(StoreError::Older { path: path.to_owned() });
        }
        let read = connect(path, READERS).await?;
        Ok(Some(Self { write, read }))
    }

    /// Writes a consistent copy to `path`, which must not be there yet; others may write meanwhile.
    pub async fn copy_to(&self, path: &Path) -> Result<(), StoreError> {
        create_private(path).map_err(|error| open_failed(path, &sqlx::Error::Io(error)))?;
        let name = path.to_str().ok_or_else(|| StoreError::Open {
            path: path.to_owned(),
            reason: "its name is not UTF-8".to_owned(),
        })?;
        sqlx::query("VACUUM INTO ?").bind(name).execute(&self.read).await?;
        Ok(())
    }
}

/// Makes the file with rights for its owner alone before SQLite sees it: its siblings (WAL, shared memory) inherit them.
fn create_private(path: &Path) -> io::Result<()> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

async fn connect(path: &Path, connections: u32) -> Result<SqlitePool, StoreError> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .auto_vacuum(SqliteAutoVacuum::Incremental)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(Duration::from_secs(10))
        .optimize_on_close(true, None);
    SqlitePoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(Duration::from_mins(1))
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_with(options)
        .await
        .map_err(|error| open_failed(path, &error))
}

fn open_failed(path: &Path, error: &sqlx::Error) -> StoreError {
    let reason = match error {
        sqlx::Error::Database(error) => error.message().to_owned(),
        other => other.to_string(),
    };
    StoreError::Open { path: path.to_owned(), reason }
}

fn migration_failed(path: &Path, error: MigrateError) -> StoreError {
    match error {
        MigrateError::VersionMissing(version) | MigrateError::VersionTooNew(version, _) => {
            StoreError::Newer { path: path.to_owned(), version }
        }
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => {
            StoreError::Migrate { path: path.to_owned(), reason: open_failed(path, &error).to_string() }
        }
        other => StoreError::Migrate { path: path.to_owned(), reason: other.to_string() },
    }
}
