//! Running totals of what happened, for counters that never fall: triggers of the schema count it where it happens, and no purge reduces it.

use sqlx::sqlite::SqliteRow;

use super::columns::{Columns, from_row};
use super::{DeliveryState, Store, StoreError};
use crate::domain::account::ReceiverName;
use crate::domain::time::Timestamp;

/// How many messages to one receiver ended in one state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageTotal {
    /// The receiver.
    pub receiver: ReceiverName,
    /// Delivered or failed.
    pub state: DeliveryState,
    /// How many.
    pub messages: u32,
}

/// How many runs finished with one result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunTotal {
    /// `complete`, `partial` or `failed`.
    pub result: String,
    /// How many.
    pub runs: u32,
}

from_row! { MessageTotal: "message_totals" get(receiver) parse(state) count(messages) }
from_row! { RunTotal: "run_totals" get(result) count(runs) }

impl Store {
    /// How many messages were delivered or failed permanently, for each receiver that ever had one.
    pub async fn message_totals(&self) -> Result<Vec<MessageTotal>, StoreError> {
        let query =
            sqlx::query_as("SELECT receiver, state, messages FROM message_totals ORDER BY receiver, state");
        Ok(query.fetch_all(&self.read).await?)
    }

    /// How many runs finished with each result.
    pub async fn run_totals(&self) -> Result<Vec<RunTotal>, StoreError> {
        Ok(sqlx::query_as("SELECT result, runs FROM run_totals ORDER BY result")
            .fetch_all(&self.read)
            .await?)
    }

    /// When the oldest message that waits was written.
    pub async fn oldest_pending(&self) -> Result<Option<Timestamp>, StoreError> {
        // The sign keeps SQLite from walking through all messages by the index of this column.
        let row = sqlx::query("SELECT MIN(+created_at) AS created_at FROM messages WHERE state = 'pending'");
        let row: SqliteRow = row.fetch_one(&self.read).await?;
        Ok(Columns::new("messages", &row).optional_timestamp("created_at")?)
    }
}
