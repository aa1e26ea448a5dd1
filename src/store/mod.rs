//! The store: one SQLite file, and the only place that contains SQL. One file here is about one table, or about the
//! file itself.
//!
//! Guarantees: one writer, transactions that begin as writers (`BEGIN IMMEDIATE`), times as UTC milliseconds, files
//! readable by their owner alone. Many rows are one statement (`json_each`), since a statement is a round trip to SQLite's
//! thread, which costs more than a row. Leaves every decision to `domain`; nothing here reads a clock.

mod account_copy;
mod account_state;
mod accounts;
mod acks;
mod alerts;
mod answer_times;
mod backup;
mod changes;
mod clock_skew;
mod columns;
mod credits;
mod deliveries;
mod digests;
mod error;
mod file_identity;
mod inspect;
mod job_history;
mod jobs;
mod lock;
mod migrations;
mod notification_queries;
mod notifications;
mod open;
mod outbox;
mod permissions;
mod plans;
mod purge;
mod readers;
mod resend;
mod runs;
mod schema;
mod series;
mod silences;
mod snapshots;
mod subscriptions;
mod totals;
mod unchanged;
mod writable;

use sqlx::query::Query;
use sqlx::sqlite::SqliteArguments;
use sqlx::{Sqlite, SqliteConnection, SqlitePool, Transaction};

pub use account_copy::AccountCopy;
pub use account_state::StateRow;
pub use accounts::Watched;
pub use acks::Ack;
pub use backup::Backup;
pub use changes::StoredChange;
pub use credits::{CreditPeriod, FailedCreditsReading};
pub use deliveries::{DeliveryState, StoredMessage};
pub use error::StoreError;
pub use job_history::JobTotal;
pub use lock::{Holder, Lock};
pub use notification_queries::{LatestNotification, NotificationRecord};
pub use notifications::{NotificationRow, NotificationSubject};
pub use outbox::{NewMessage, OutboxCounts, PendingMessage};
pub use permissions::permission_warnings;
pub use purge::{PurgeState, Purged};
pub use resend::ResendSource;
pub use runs::{RunCounts, RunRecord, Tally};
pub use series::FailingServer;
pub use silences::NewSilence;
pub use snapshots::Snapshot;
pub use totals::{MessageTotal, RunTotal};

use file_identity::FileIdentity;
use readers::Readers;

/// The most rows that one statement writes, where there may be very many.
const ROWS_PER_STATEMENT: usize = 256;

/// The open store. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    /// One connection: SQLite has one writer, so writers wait here, in order, and not in SQLite.
    write: SqlitePool,
    /// Readers do not wait for the writer (WAL).
    read: Readers,
    identity: FileIdentity,
    is_integrity_checked: bool,
}

/// A transaction that may write. It is rolled back unless [`Writer::commit`] is called.
#[derive(Debug)]
pub struct Writer {
    transaction: Transaction<'static, Sqlite>,
}

impl Store {
    /// Begins a transaction that may write; waits for the one before.
    pub async fn write(&self) -> Result<Writer, StoreError> {
        Ok(Writer { transaction: self.write.begin_with("BEGIN IMMEDIATE").await? })
    }

    /// The same store as it is at the first read: every read of what this returns shows that state, whatever is written meanwhile.
    ///
    /// It takes one of the few connections for reading until it is dropped, and keeps the log from being restarted: read at once, and
    /// drop it before anything that may take long.
    pub async fn begin_reading(&self) -> Result<Self, StoreError> {
        Ok(Self { read: self.read.begin_reading().await?, ..self.clone() })
    }

    /// Waits for the transaction before; returns false if that does not end. A store that another process holds, or
    /// on a full disk, is responsive.
    pub async fn is_responsive(&self) -> bool {
        match self.write.begin_with("BEGIN IMMEDIATE").await {
            Ok(transaction) => transaction.rollback().await.is_ok(),
            Err(error) => !matches!(error, sqlx::Error::PoolTimedOut),
        }
    }

    /// Waits for running queries, then closes the file.
    pub async fn close(&self) {
        self.read.close().await;
        self.write.close().await;
    }
}

impl Writer {
    /// Commits everything that was written.
    pub async fn commit(self) -> Result<(), StoreError> {
        Ok(self.transaction.commit().await?)
    }

    async fn execute(&mut self, statement: Query<'_, Sqlite, SqliteArguments>) -> Result<(), StoreError> {
        self.rows_affected(statement).await.map(drop)
    }

    /// Executes `statement`; returns how many rows it inserted, updated or deleted.
    async fn rows_affected(
        &mut self,
        statement: Query<'_, Sqlite, SqliteArguments>,
    ) -> Result<u64, StoreError> {
        Ok(statement.execute(self.connection()).await?.rows_affected())
    }

    fn connection(&mut self) -> &mut SqliteConnection {
        &mut self.transaction
    }
}

#[cfg(test)]
mod tests;
