//! Digests: from when each receiver's next one counts, and the messages that were not delivered.

use super::columns::{Columns, from_row, millis, to_json};
use super::readers::for_each;
use super::{StoreError, Writer};
use crate::domain::account::ReceiverName;
use crate::domain::digest::DigestRecord;
use crate::domain::message::FailedMessage;
use crate::domain::time::Timestamp;

from_row! {
    DigestRecord: "digests" get(receiver, schedule, last_change) timestamp(waits_since, reported_until)
}

from_row! {
    FailedMessage: "messages"
        get(receiver, message = "id", error = "last_error") timestamp(since = "created_at")
        optional_timestamp(next_attempt_at)
}

impl Writer {
    /// What is stored about digests, a record for each receiver that has some.
    pub async fn digests(&mut self) -> Result<Vec<DigestRecord>, StoreError> {
        let query = sqlx::query_as(
            "SELECT receiver, schedule, waits_since, reported_until, last_change FROM digests ORDER BY receiver",
        );
        Ok(query.fetch_all(self.connection()).await?)
    }

    /// Saves the record of one receiver in place of the one before.
    pub async fn save_digest(&mut self, record: &DigestRecord) -> Result<(), StoreError> {
        let statement = sqlx::query(
            "INSERT INTO digests (receiver, schedule, waits_since, reported_until, last_change)
             VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (receiver) DO UPDATE SET schedule = ?2, waits_since = ?3, reported_until = ?4, last_change = ?5",
        )
        .bind(record.receiver.as_str())
        .bind(&record.schedule)
        .bind(millis(record.waits_since))
        .bind(millis(record.reported_until))
        .bind(record.last_change);
        self.execute(statement).await
    }

    /// Deletes the records of these receivers: when their digests return, their times count from then on.
    pub async fn remove_digests(&mut self, receivers: &[&ReceiverName]) -> Result<(), StoreError> {
        let statement = sqlx::query("DELETE FROM digests WHERE receiver IN (SELECT value FROM json_each(?))");
        self.execute(statement.bind(to_json(&receivers)?)).await
    }

    /// Passes to `take` each message that failed permanently at `since` or later, and each pending one with a failed attempt. The first
    /// attempt of a message may be in progress.
    pub async fn each_undelivered(
        &mut self,
        since: Timestamp,
        take: impl FnMut(FailedMessage),
    ) -> Result<(), StoreError> {
        let rows = sqlx::query_as(
            "SELECT receiver, id, COALESCE(last_error, 'an attempt was cut off') AS last_error, created_at, next_attempt_at
             FROM messages WHERE seq IN (
                 SELECT seq FROM messages INDEXED BY messages_failed WHERE state = 'failed' AND finished_at >= ?
                 UNION SELECT seq FROM messages INDEXED BY messages_pending WHERE state = 'pending' AND (last_error IS NOT NULL OR attempts > 1))
             ORDER BY seq",
        )
        .bind(millis(since))
        .fetch(self.connection());
        for_each(rows, take).await
    }
}
