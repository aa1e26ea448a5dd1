//! Acknowledgements: by commands, read by whoever announces. One is gone when its alert gets graver or ends.

use std::collections::BTreeMap;

use sqlx::SqliteConnection;

use super::rows::{millis, moment};
use super::{Store, StoreError, Writer};
use crate::domain::alert::AlertId;
use crate::domain::time::Timestamp;

/// Somebody knows of an alert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ack {
    /// Since when.
    pub at: Timestamp,
    /// What was said to it; may be empty.
    pub reason: String,
}

async fn acks(connection: &mut SqliteConnection) -> Result<BTreeMap<AlertId, Ack>, StoreError> {
    let rows: Vec<(String, i64, String)> =
        sqlx::query_as("SELECT alert, acked_at, reason FROM acks").fetch_all(connection).await?;
    rows.into_iter()
        .map(|(alert, at, reason)| {
            Ok((AlertId::new(alert), Ack { at: moment("acks.acked_at", at)?, reason }))
        })
        .collect()
}

impl Writer {
    /// Keeps that somebody knows of a firing alert; says nothing new of one that is acknowledged already.
    pub async fn ack(&mut self, alert: &AlertId, ack: &Ack) -> Result<(), StoreError> {
        sqlx::query("INSERT INTO acks (alert, acked_at, reason) VALUES (?, ?, ?) ON CONFLICT DO NOTHING")
            .bind(alert.as_str())
            .bind(millis(ack.at))
            .bind(&ack.reason)
            .execute(self.connection())
            .await?;
        Ok(())
    }

    /// Takes an acknowledgement back; says whether there was one.
    pub async fn drop_ack(&mut self, alert: &AlertId) -> Result<bool, StoreError> {
        let dropped = sqlx::query("DELETE FROM acks WHERE alert = ?")
            .bind(alert.as_str())
            .execute(self.connection())
            .await?;
        Ok(dropped.rows_affected() > 0)
    }

    /// All that are in force.
    pub async fn acks(&mut self) -> Result<BTreeMap<AlertId, Ack>, StoreError> {
        acks(self.connection()).await
    }
}

impl Store {
    /// All that are in force.
    pub async fn acks(&self) -> Result<BTreeMap<AlertId, Ack>, StoreError> {
        acks(&mut *self.read.acquire().await?).await
    }
}
