//! Messages that are sent again because an operator asks for it.
//!
//! A failed message is put into the queue again, as the row that it is: when it is delivered, its notifications count. A delivered
//! one stays as it is, since its notifications count already, and a new row repeats it. Which messages, and whether they may be
//! sent again, is left to `engine` and `commands`.

use super::columns::{Columns, millis, to_json};
use super::{NewMessage, StoreError, Writer};
use crate::domain::message::{Content, MessageId};
use crate::domain::time::Timestamp;

/// What a stored message is sent again from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResendSource {
    /// The receiver type that the body is rendered for.
    pub channel: String,
    /// The format of the body.
    pub format: String,
    /// What was sent; none when it was never rendered.
    pub body: Option<Vec<u8>>,
    /// The content; none when it cannot be read.
    pub content: Option<Content>,
}

impl Writer {
    /// What the message at `seq` is sent again from; none when there is no such message.
    pub async fn resend_source(&mut self, seq: i64) -> Result<Option<ResendSource>, StoreError> {
        // As a BLOB, so that text that is not UTF-8 fails this message only.
        let row = sqlx::query(
            "SELECT channel, format, body, CAST(content AS BLOB) AS content FROM messages WHERE seq = ?",
        )
        .bind(seq)
        .fetch_optional(self.connection())
        .await?;
        let Some(row) = row else { return Ok(None) };
        let columns = Columns::new("messages", &row);
        let content: Vec<u8> = columns.get("content")?;
        Ok(Some(ResendSource {
            channel: columns.get("channel")?,
            format: columns.get("format")?,
            body: columns.get("body")?,
            content: serde_json::from_slice(&content).ok(),
        }))
    }

    /// Puts the permanently failed message at `seq` at the end of its receiver's queue, due at `now`, with its id and its body, and
    /// with every count at zero. Recipients that accepted a mail are not sent it again.
    ///
    /// Alerts in it that resolved and closed are opened for notifications again, also when a later message
    /// resolved them for the receiver: after this message it is sent their resolution again.
    pub async fn requeue_failed(&mut self, seq: i64, now: Timestamp) -> Result<(), StoreError> {
        let statement = sqlx::query(
            "UPDATE alerts SET closed = 0 WHERE closed = 1 AND resolved_at IS NOT NULL AND id IN (
                 SELECT n.alert FROM messages m CROSS JOIN notifications n ON n.message = m.id
                 WHERE m.seq = ? AND m.state = 'failed' AND n.alert IS NOT NULL AND n.status = 'firing')",
        );
        self.execute(statement.bind(seq)).await?;
        // What it says of its alerts is the latest again, so that a resolution that was sent meanwhile follows it once more.
        let newest: i64 = sqlx::query_scalar("SELECT COALESCE(MAX(id), 0) FROM notifications")
            .fetch_one(self.connection())
            .await?;
        let statement = sqlx::query(
            "INSERT INTO notifications (alert, change, receiver, reason, status, stage, severity, expires_at, notified_at, message)
             SELECT n.alert, n.change, n.receiver, n.reason, n.status, n.stage, n.severity, n.expires_at, ?2, n.message
             FROM messages m CROSS JOIN notifications n ON n.message = m.id
             WHERE m.seq = ?1 AND m.state = 'failed' ORDER BY n.id",
        );
        self.execute(statement.bind(seq).bind(millis(now))).await?;
        let statement = sqlx::query(
            "DELETE FROM notifications WHERE id <= ?2 AND message = (SELECT id FROM messages WHERE seq = ?1 AND state = 'failed')",
        );
        self.execute(statement.bind(seq).bind(newest)).await?;
        let statement = sqlx::query(
            "UPDATE messages SET seq = (SELECT MAX(seq) FROM messages) + 1, state = 'pending', attempts = 0, refusals = 0,
                    earlier_attempts = 0, waited_ms = 0, last_attempt_at = NULL, last_error = NULL, finished_at = NULL,
                    next_attempt_at = ?2, created_at = ?2
             WHERE seq = ?1 AND state = 'failed'",
        );
        self.execute(statement.bind(seq).bind(millis(now))).await
    }

    /// Puts a message that repeats the delivered message `of` at the end of its receiver's queue, due at `now`; `sent_as` is the id
    /// that the receiver sees, if not its own.
    pub async fn enqueue_repeat(
        &mut self,
        message: &NewMessage,
        of: &MessageId,
        sent_as: Option<&MessageId>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let statement = sqlx::query(
            "INSERT INTO messages (id, receiver, channel, format, summary, body, content, state, next_attempt_at, created_at, resend_of, sent_as)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 'pending', ?8, ?8, ?9, ?10)",
        )
        .bind(message.id.as_str())
        .bind(message.receiver.as_str())
        .bind(message.channel)
        .bind(message.format)
        .bind(&message.content.message.data.summary)
        .bind(&message.body)
        .bind(to_json(&message.content)?)
        .bind(millis(now))
        .bind(of.as_str())
        .bind(sent_as.map(MessageId::as_str));
        self.execute(statement).await
    }
}
