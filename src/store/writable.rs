//! Whether the store can be written to: asked by those that only read it.
//!
//! Guarantees: the answer delays no writer, however busy the thread is that asks.

use std::time::Duration;

use nix::sys::statvfs::statvfs;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, Executor as _};

use super::Store;

/// How long another writer is waited for: longer than any of ours takes.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// With less room, writing is about to fail.
const MIN_FREE_BYTES: u64 = 1024 * 1024;

impl Store {
    /// Why nothing can be written to the store now, if so. Writes nothing itself; the reason names no file.
    pub async fn find_write_obstacle(&self) -> Option<String> {
        if let Some(reason) = self.find_lack_of_room() {
            return Some(reason);
        }
        let options = SqliteConnectOptions::new().filename(self.identity.path()).busy_timeout(BUSY_TIMEOUT);
        let mut connection = match options.connect().await {
            Ok(connection) => connection,
            Err(error) => return Some(error.to_string()),
        };
        // In one step, so that the lock is not held while a busy thread does not go on.
        let begun = connection.execute(sqlx::raw_sql("BEGIN IMMEDIATE; ROLLBACK")).await;
        // A connection that cannot be closed is dropped.
        let _ = connection.close().await;
        begun
            .err()
            .map(|error| error.as_database_error().map_or_else(|| error.to_string(), ToString::to_string))
    }

    fn find_lack_of_room(&self) -> Option<String> {
        let disk = statvfs(self.identity.path()).ok()?;
        let free = disk.blocks_available().saturating_mul(disk.fragment_size());
        (free < MIN_FREE_BYTES).then(|| "its disk is full".to_owned())
    }
}
