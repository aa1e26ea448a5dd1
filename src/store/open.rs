//! Opening the store: permissions, pragmas, migrations.
//!
//! Guarantees: a new file is readable by its owner alone from its first byte; a file that is refused stays as it was.
//! A store that is gone or damaged is never closed in the usual way, because SQLite would write to it and delete by name. What may be
//! opened is decided by `inspect`.

use std::fs::{DirBuilder, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::time::Duration;

use futures_util::future;
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::sqlite::{
    SqliteAutoVacuum, SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions,
    SqliteSynchronous,
};
use sqlx::{Connection, SqliteConnection};

use super::file_identity::FileIdentity;
use super::inspect::{BUSY_TIMEOUT, OpenMode, SchemaAge, find_damage, inspect};
use super::migrations::MIGRATIONS;
use super::readers::Readers;
use super::{Store, StoreError};

/// Connections for reading: while one runs the integrity check of a large store, the other one answers.
const READERS: u32 = 2;

/// How long a reader waits for one of the independent connections, and how long these stay open unused.
const INDEPENDENT_WAIT: Duration = Duration::from_secs(10);

/// The page cache of each of them, in KiB: they read little, or read it once, and the system caches the file as well.
const READ_CACHE: &str = "-128";

/// The page cache of the writer, whose batches are small: more was not faster with 100,000 accounts.
const WRITE_CACHE: &str = "-256";

/// Holds all of a temporary store.
const TEMPORARY_CACHE: &str = "-16384";

impl Store {
    /// Opens the store for writing; creates and upgrades it as needed.
    ///
    /// # Errors
    /// When the file cannot be opened, is not a store, is damaged, or was written by a later version; it stays as it
    /// was.
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        Self::open_with(path, &MIGRATIONS).await
    }

    pub(super) async fn open_with(path: &Path, migrations: &Migrator) -> Result<Self, StoreError> {
        create_folder(path)
            .and_then(|()| create_if_missing(path))
            .map_err(|error| StoreError::from_io(path, &error))?;
        refuse_links(path)?;
        let inspection = inspect(path, OpenMode::Write, migrations).await?;
        let mut options = options(path);
        if inspection.schema == SchemaAge::Empty {
            // Takes effect only in a file without tables; in any other, each connection would write it again.
            options = options.auto_vacuum(SqliteAutoVacuum::Incremental);
        }
        let write = open_migrated(path, &options.clone().optimize_on_close(true, None), migrations).await?;
        Self::new(path, write, &options, inspection.is_integrity_checked).await
    }

    /// Creates a store that is thrown away after a moment: fast, since it need not survive a crash.
    pub(super) async fn create_temporary(path: &Path) -> Result<Self, StoreError> {
        create_if_missing(path).map_err(|error| StoreError::from_io(path, &error))?;
        let options = options(path).synchronous(SqliteSynchronous::Off).pragma("temp_store", "MEMORY");
        let options = options.pragma("cache_size", TEMPORARY_CACHE);
        let write = open_migrated(path, &options, &MIGRATIONS).await?;
        Self::new(path, write, &options, true).await
    }

    /// Opens an existing store without changing its schema; none when nothing was stored yet. Reading leaves every
    /// byte as it is.
    ///
    /// # Errors
    /// As [`Store::open`], and when an earlier version wrote it.
    pub async fn open_existing(path: &Path) -> Result<Option<Self>, StoreError> {
        match Self::open_any_age(path).await? {
            Some((_, SchemaAge::Older)) => Err(StoreError::Older(path.to_owned())),
            opened => Ok(opened.map(|(store, _)| store)),
        }
    }

    /// As [`Store::open_existing`], but opens an earlier version's store too, which is then good for a copy only.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub async fn open_to_copy(path: &Path) -> Result<Option<Self>, StoreError> {
        Ok(Self::open_any_age(path).await?.map(|(store, _)| store))
    }

    async fn open_any_age(path: &Path) -> Result<Option<(Self, SchemaAge)>, StoreError> {
        refuse_links(path)?;
        if !path.try_exists().map_err(|error| StoreError::from_io(path, &error))? {
            return Ok(None);
        }
        let inspection = inspect(path, OpenMode::Read, &MIGRATIONS).await?;
        if inspection.schema == SchemaAge::Empty {
            return Ok(None);
        }
        let options = options(path);
        let write = open_pool(path, 1, &options).await?;
        let store = Self::new(path, write, &options, inspection.is_integrity_checked).await?;
        Ok(Some((store, inspection.schema)))
    }

    async fn new(
        path: &Path,
        write: SqlitePool,
        options: &SqliteConnectOptions,
        is_integrity_checked: bool,
    ) -> Result<Self, StoreError> {
        let read =
            Readers::Pool(open_pool(path, READERS, &options.clone().pragma("cache_size", READ_CACHE)).await?);
        let file = std::fs::metadata(path).map_err(|error| StoreError::from_io(path, &error))?;
        Ok(Self { write, read, identity: FileIdentity::new(path, &file), is_integrity_checked })
    }

    /// The same store for a thread of its own, on whose runtime this is called: other connections, which write nothing, open when they
    /// are needed, and close after a while.
    #[must_use]
    pub fn independent_readers(&self) -> Self {
        let options =
            options(self.identity.path()).pragma("cache_size", READ_CACHE).pragma("query_only", "ON");
        let pool = SqlitePoolOptions::new()
            .max_connections(READERS)
            .acquire_timeout(INDEPENDENT_WAIT)
            .idle_timeout(INDEPENDENT_WAIT)
            .before_acquire(|connection, _| Box::pin(has_no_transaction(connection)))
            .connect_lazy_with(options);
        Self {
            write: pool.clone(),
            read: Readers::Pool(pool),
            identity: self.identity.clone(),
            is_integrity_checked: true,
        }
    }

    /// Whether opening the store included [`Store::check_integrity`]: for a large one with a clean end it did not.
    pub fn is_integrity_checked(&self) -> bool {
        self.is_integrity_checked
    }

    /// Reads the whole store, beside readers and the writer.
    ///
    /// # Errors
    /// When it is damaged, or cannot be read.
    pub async fn check_integrity(&self) -> Result<(), StoreError> {
        match find_damage(&self.read).await? {
            None => Ok(()),
            Some(finding) => Err(StoreError::Damaged(self.identity.path().to_owned(), finding)),
        }
    }

    /// That the file is still the one that was opened: what is written to a deleted file is lost.
    ///
    /// # Errors
    /// When it was deleted, moved or replaced.
    pub fn verify_not_replaced(&self) -> Result<(), StoreError> {
        self.identity.verify_not_replaced()
    }

    /// Abandons the store; the process must end now. Closing would copy the log into the file, and delete by its name
    /// what may by now be another store's log.
    pub fn abandon(self) {
        std::mem::forget(self);
    }
}

async fn open_migrated(
    path: &Path,
    options: &SqliteConnectOptions,
    migrations: &Migrator,
) -> Result<SqlitePool, StoreError> {
    let write = open_pool(path, 1, options).await?;
    if let Err(error) = migrations.run(&write).await {
        write.close().await;
        return Err(migration_failed(path, error));
    }
    Ok(write)
}

fn migration_failed(path: &Path, error: MigrateError) -> StoreError {
    match error {
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => {
            match StoreError::from_sql(path, &error) {
                StoreError::Open(path, reason) => StoreError::Migrate(path, reason),
                known => known,
            }
        }
        other => StoreError::Migrate(path.to_owned(), other.to_string()),
    }
}

/// Refuses a symbolic link that leads nowhere, and a file with several names.
pub(super) fn refuse_links(path: &Path) -> Result<(), StoreError> {
    match std::fs::metadata(path) {
        Ok(file) if is_hard_linked(&file) => Err(StoreError::HardLinked(path.to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => match path.read_link() {
            Ok(target) => Err(StoreError::DanglingLink(path.to_owned(), target)),
            Err(_) => Ok(()),
        },
        // Any other problem shows when the file is opened.
        _ => Ok(()),
    }
}

/// Whether a regular file has more than one name.
pub(super) fn is_hard_linked(file: &std::fs::Metadata) -> bool {
    file.is_file() && file.nlink() > 1
}

/// Creates the folder of `path`, if it is missing, for its owner alone.
pub(super) fn create_folder(path: &Path) -> io::Result<()> {
    match path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        Some(folder) => DirBuilder::new().recursive(true).mode(0o700).create(folder),
        None => Ok(()),
    }
}

/// Creates a file for its owner alone before SQLite opens it; its siblings (log, shared memory) inherit the
/// permissions.
pub(super) fn create_private(path: &Path) -> io::Result<()> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map(drop)
}

fn create_if_missing(path: &Path) -> io::Result<()> {
    match create_private(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        created => created,
    }
}

/// What all connections have in common; none of it changes an existing store.
fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT)
        .pragma("cache_size", WRITE_CACHE)
        // Nothing in a schema may call functions that reach outside the file.
        .pragma("trusted_schema", "OFF")
}

/// Whether a connection can be used again. SQLite may end a transaction by itself (disk full, read error). sqlx does not notice, and
/// would refuse every later transaction on that connection, or go on in one that shows an old state.
fn has_no_transaction(connection: &mut SqliteConnection) -> future::Ready<sqlx::Result<bool>> {
    future::ready(Ok(!connection.is_in_transaction()))
}

async fn open_pool(
    path: &Path,
    connections: u32,
    options: &SqliteConnectOptions,
) -> Result<SqlitePool, StoreError> {
    SqlitePoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(Duration::from_mins(1))
        .idle_timeout(None)
        .max_lifetime(None)
        .before_acquire(|connection, _| Box::pin(has_no_transaction(connection)))
        .connect_with(options.clone())
        .await
        .map_err(|error| StoreError::from_sql(path, &error))
}
