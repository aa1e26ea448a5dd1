//! Acknowledged alerts. An acknowledgement is of an alert at its present level: the step that escalates or resolves the alert
//! removes it, in the same transaction.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;
use sqlx::sqlite::SqliteExecutor;

use super::columns::{Columns, millis};
use super::{Store, StoreError, Writer};
use crate::domain::alerts::AlertId;
use crate::domain::time::{Timestamp, seconds};

/// The acknowledgement of an alert.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Ack {
    /// When the alert was acknowledged.
    #[serde(serialize_with = "seconds::serialize")]
    pub at: Timestamp,
    /// The operator's reason; may be empty.
    pub reason: String,
}

async fn acks(executor: impl SqliteExecutor<'_>) -> Result<BTreeMap<AlertId, Ack>, StoreError> {
    let rows = sqlx::query("SELECT alert, acked_at, reason FROM acks").fetch_all(executor).await?;
    let ack = |row| {
        let columns = Columns::new("acks", row);
        let ack = Ack { at: columns.timestamp("acked_at")?, reason: columns.get("reason")? };
        Ok((columns.get("alert")?, ack))
    };
    rows.iter().map(ack).collect()
}

impl Writer {
    /// Acknowledges a firing alert. One that is acknowledged already stays as it is.
    pub async fn ack(&mut self, alert: &AlertId, ack: &Ack) -> Result<(), StoreError> {
        let statement =
            sqlx::query("INSERT INTO acks (alert, acked_at, reason) VALUES (?, ?, ?) ON CONFLICT DO NOTHING");
        self.execute(statement.bind(alert.as_str()).bind(millis(ack.at)).bind(&ack.reason)).await
    }

    /// Removes an acknowledgement; returns whether there was one.
    pub async fn remove_ack(&mut self, alert: &AlertId) -> Result<bool, StoreError> {
        let statement = sqlx::query("DELETE FROM acks WHERE alert = ?");
        Ok(self.rows_affected(statement.bind(alert.as_str())).await? > 0)
    }

    /// All acknowledgements.
    pub async fn acks(&mut self) -> Result<BTreeMap<AlertId, Ack>, StoreError> {
        acks(self.connection()).await
    }
}

impl Store {
    /// All acknowledgements.
    pub async fn acks(&self) -> Result<BTreeMap<AlertId, Ack>, StoreError> {
        acks(&self.read).await
    }
}
