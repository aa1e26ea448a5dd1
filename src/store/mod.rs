//! What is remembered: one SQLite file, and the only place that speaks SQL.
//!
//! Promises: one writer, transactions that begin as writers (`BEGIN IMMEDIATE`), times bound as UTC milliseconds,
//! files readable by their owner alone from their first byte. Leaves every decision to `domain`: nothing here reads a clock.

mod accounts;
mod acks;
mod alerts;
mod announcements;
mod changes;
mod content;
mod copy;
mod deliveries;
mod error;
mod exposure;
mod lock;
mod looks;
mod open;
mod outbox;
mod place;
mod purge;
mod rows;
mod runs;
mod schema;
mod silences;
mod snapshots;
mod standings;
mod subscriptions;
mod tellings;

use sqlx::{Sqlite, SqliteConnection, SqlitePool, Transaction};

pub use accounts::Watched;
pub use acks::Ack;
pub use alerts::{Opened, Resolved};
pub use announcements::{Announced, Announcement};
pub use changes::StoredChange;
pub use copy::Backup;
pub use deliveries::{DeliveryState, StoredMessage};
pub use error::StoreError;
pub use exposure::exposure;
pub use lock::{Holder, Lock, LockError};
pub use outbox::{NewMessage, OutboxCounts, PendingMessage};
pub use purge::{Purged, Purging};
pub use runs::{Run, RunCounts, Tally};
pub use silences::NewSilence;
pub use snapshots::Snapshot;
pub use standings::Taught;
pub use tellings::{LastTold, StoredTelling};

/// How many rows one statement writes at the most, where there may be very many.
const AT_ONCE: usize = 256;

/// The open store. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    /// One connection: SQLite has one writer, so waiting happens here, in order, and not in SQLite.
    write: SqlitePool,
    /// Readers never wait for the writer (WAL).
    read: SqlitePool,
    /// The file that both are on.
    place: place::Place,
    /// Whether all of it was read when it was opened.
    examined: bool,
}

/// A transaction that may write. Nothing is kept unless [`Writer::commit`] is called.
#[derive(Debug)]
pub struct Writer {
    transaction: Transaction<'static, Sqlite>,
}

impl Store {
    /// Begins a transaction that may write; waits for the one before.
    pub async fn write(&self) -> Result<Writer, StoreError> {
        Ok(Writer { transaction: self.write.begin_with("BEGIN IMMEDIATE").await? })
    }

    /// Whether it still works: waits for the transactions before, and says no when one of them never ended. A store that
    /// others hold, or that has no room, answers.
    pub async fn answers(&self) -> bool {
        match self.write.begin_with("BEGIN IMMEDIATE").await {
            Ok(nothing) => nothing.rollback().await.is_ok(),
            Err(error) => !matches!(error, sqlx::Error::PoolTimedOut),
        }
    }

    /// Waits until what runs has ended, then closes the file.
    pub async fn close(&self) {
        self.read.close().await;
        self.write.close().await;
    }
}

impl Writer {
    /// Keeps everything that was written.
    pub async fn commit(self) -> Result<(), StoreError> {
        Ok(self.transaction.commit().await?)
    }

    fn connection(&mut self) -> &mut SqliteConnection {
        &mut self.transaction
    }
}

#[cfg(test)]
mod tests;
