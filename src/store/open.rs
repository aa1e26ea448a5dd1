//! Opening the file: rights, pragmas, migrations.

use std::fs::{DirBuilder, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::time::Duration;

use sqlx::Connection;
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::sqlite::{
    SqliteAutoVacuum, SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions,
    SqliteSynchronous,
};

use super::content::{Applied, Care, Content, Depth, Found, examine};
use super::error::open_failed;
use super::place::Place;
use super::{Store, StoreError};

pub(super) static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");

/// How many connections read at once: one may be busy examining a large store.
const READERS: u32 = 2;

/// How much each of them keeps of the file, in KiB: what they ask for is small or is read once, and the system keeps the file.
const READERS_CACHE: &str = "-128";

/// And the writer, whose batches are small: more was no faster with 100,000 accounts.
const WRITERS_CACHE: &str = "-256";

/// How long a connection waits for another process.
pub(super) const BUSY: Duration = Duration::from_secs(10);

impl Store {
    /// Opens the store for writing; creates and upgrades it as needed.
    ///
    /// # Errors
    /// When the file cannot be opened, is no store, is damaged, or was written by a later version; it is left as it was.
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        Self::open_with(path, &MIGRATIONS).await
    }

    /// Opens the store and brings its schema up to date by `migrations`.
    pub(super) async fn open_with(path: &Path, migrations: &Migrator) -> Result<Self, StoreError> {
        create_folder(path)
            .and_then(|()| create_if_missing(path))
            .map_err(|error| StoreError::io(path, &error))?;
        refuse_links(path)?;
        let mut options = options(path);
        let found = Found::at(path, Care::Writer).await?;
        match found.content {
            // Only a file without tables takes this; to any other it would be written again by every connection.
            Content::Nothing => options = options.auto_vacuum(SqliteAutoVacuum::Incremental),
            Content::Foreign => return Err(StoreError::Foreign { path: path.to_owned() }),
            Content::Schema(applied) => refuse_unknown(path, &applied, migrations)?,
        }
        // One connection does for all: each that tries waits for whoever locks the file, and holds up the end as long.
        let write = connect(path, 1, &options.clone().optimize_on_close(true, None)).await?;
        if let Err(error) = migrations.run(&write).await {
            write.close().await;
            return Err(migration_failed(path, error));
        }
        let read = connect(path, READERS, &reading(&options)).await?;
        Self::on(path, write, read, found.examined)
    }

    /// Opens a store that is there already, and leaves its schema alone; none when nothing was kept there yet. Who only
    /// reads leaves every byte of it as it was.
    ///
    /// # Errors
    /// As [`Store::open`], and when an earlier version wrote it.
    pub async fn open_existing(path: &Path) -> Result<Option<Self>, StoreError> {
        match Self::open_of_any_age(path).await? {
            Some((_, Age::Earlier)) => Err(StoreError::Older { path: path.to_owned() }),
            opened => Ok(opened.map(|(store, _)| store)),
        }
    }

    /// As [`Store::open_existing`], but takes an earlier version's store too: good for a copy and for nothing else.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub async fn open_to_copy(path: &Path) -> Result<Option<Self>, StoreError> {
        Ok(Self::open_of_any_age(path).await?.map(|(store, _)| store))
    }

    async fn open_of_any_age(path: &Path) -> Result<Option<(Self, Age)>, StoreError> {
        refuse_links(path)?;
        if !path.try_exists().map_err(|error| StoreError::io(path, &error))? {
            return Ok(None);
        }
        let applied = match Found::at(path, Care::Reader).await?.content {
            Content::Nothing => return Ok(None),
            Content::Foreign => return Err(StoreError::Foreign { path: path.to_owned() }),
            Content::Schema(applied) => applied,
        };
        refuse_unknown(path, &applied, &MIGRATIONS)?;
        let age = if applied.len() < MIGRATIONS.iter().count() { Age::Earlier } else { Age::Ours };
        let options = options(path);
        let (write, read) =
            (connect(path, 1, &options).await?, connect(path, READERS, &reading(&options)).await?);
        Ok(Some((Self::on(path, write, read, false)?, age)))
    }

    fn on(path: &Path, write: SqlitePool, read: SqlitePool, examined: bool) -> Result<Self, StoreError> {
        let place = Place::of(path).map_err(|error| StoreError::io(path, &error))?;
        Ok(Self { write, read, place, examined })
    }

    /// Whether opening it included reading all of it; a large one that was closed in order is not held up by that.
    pub fn is_examined(&self) -> bool {
        self.examined
    }

    /// Reads all of it, while others work.
    ///
    /// # Errors
    /// When it is damaged, or cannot be read.
    pub async fn examine(&self) -> Result<(), StoreError> {
        let mut reader = self.read.acquire().await?;
        match examine(&mut reader, Depth::Whole).await? {
            None => Ok(()),
            Some(finding) => Err(StoreError::Damaged { path: self.place.path().to_owned(), finding }),
        }
    }

    /// Whether the file is still the one that was opened: what is written to another's name is lost.
    ///
    /// # Errors
    /// When it was deleted, moved or replaced.
    pub fn in_place(&self) -> Result<(), StoreError> {
        match self.place.moved() {
            None => Ok(()),
            Some(fate) => Err(StoreError::Gone { path: self.place.path().to_owned(), fate }),
        }
    }

    /// Lets go of it without closing. SQLite would carry its log over into the file and delete by name what may be another
    /// store's log by now; the end of the process, which must follow, does neither.
    pub fn abandon(self) {
        std::mem::forget(self);
    }
}

/// Which version of the program wrote a store.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Age {
    Ours,
    Earlier,
}

fn migration_failed(path: &Path, error: MigrateError) -> StoreError {
    match error {
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => {
            match open_failed(path, &error) {
                StoreError::Open { path, reason } => StoreError::Migrate { path, reason },
                known => known,
            }
        }
        other => StoreError::Migrate { path: path.to_owned(), reason: other.to_string() },
    }
}

/// Refuses a store whose schema this version cannot bring up to date.
fn refuse_unknown(path: &Path, applied: &[Applied], migrations: &Migrator) -> Result<(), StoreError> {
    for Applied { version, checksum } in applied {
        match migrations.iter().find(|known| known.version == *version) {
            Some(known) if *known.checksum == **checksum => {}
            // Before the first release the first migration still changed.
            Some(_) => return Err(StoreError::Unreleased { path: path.to_owned() }),
            None => return Err(StoreError::Newer { path: path.to_owned(), version: *version }),
        }
    }
    Ok(())
}

/// Refuses a symbolic link that leads nowhere, and a file of several names.
fn refuse_links(path: &Path) -> Result<(), StoreError> {
    match std::fs::metadata(path) {
        Ok(file) if is_hard_linked(&file) => Err(StoreError::HardLinked { path: path.to_owned() }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => match path.read_link() {
            Ok(target) => Err(StoreError::DanglingLink { path: path.to_owned(), target }),
            Err(_) => Ok(()),
        },
        // What else is wrong with it is found when it is opened.
        _ => Ok(()),
    }
}

/// Whether a regular file has more than one name.
pub(super) fn is_hard_linked(file: &std::fs::Metadata) -> bool {
    file.is_file() && file.nlink() > 1
}

/// Makes the folder of `path`, where it is missing, for its owner alone.
pub(super) fn create_folder(path: &Path) -> io::Result<()> {
    match path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        Some(folder) => DirBuilder::new().recursive(true).mode(0o700).create(folder),
        None => Ok(()),
    }
}

/// Makes a new file with rights for its owner alone before SQLite sees it: its siblings (WAL, shared memory) inherit them.
pub(super) fn create_private(path: &Path) -> io::Result<()> {
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
        .pragma("cache_size", WRITERS_CACHE)
        // Nothing that a schema says may call functions that reach outside the file.
        .pragma("trusted_schema", "OFF")
}

fn reading(options: &SqliteConnectOptions) -> SqliteConnectOptions {
    options.clone().pragma("cache_size", READERS_CACHE)
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
