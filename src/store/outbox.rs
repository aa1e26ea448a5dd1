//! The outbox: decided messages on their way to one receiver each, in order.
//!
//! A message without a body is rendered from its content when its turn comes, and the body is stored in the transaction that counts
//! the attempt. So it is after the receiver changed its type or format, and after a rendering that failed. Content that cannot be
//! read fails its own message permanently. When to try again is left to `domain::backoff`.

use schemars::JsonSchema;
use serde::Serialize;

use super::columns::{Columns, from_row, millis, to_json};
use super::deliveries::DeliveryState;
use super::{Store, StoreError, Writer};
use crate::domain::account::ReceiverName;
use crate::domain::alerts::ReceiverHealth;
use crate::domain::backoff::{MAX_BACKOFF, RETRY_WINDOW, RetryWindow};
use crate::domain::message::{Content, MessageId};
use crate::domain::time::Timestamp;

/// A message to put into the outbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewMessage {
    /// Its id, the same on every attempt.
    pub id: MessageId,
    /// Its receiver.
    pub receiver: ReceiverName,
    /// The receiver type that the body is rendered for: a mail is not a webhook body.
    pub channel: &'static str,
    /// The format of the body.
    pub format: &'static str,
    /// What is sent, the same on every attempt; none when it must be rendered from the content first.
    pub body: Option<Vec<u8>>,
    /// What the body is rendered from.
    pub content: Content,
}

/// The next message of a receiver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingMessage {
    /// Its id in the store.
    pub id: MessageId,
    /// The id that the receiver sees: the same, or that of the earlier message that it repeats.
    pub sent_id: MessageId,
    /// The receiver type that the body is rendered for.
    pub channel: String,
    /// The format of the body.
    pub format: String,
    /// What is sent; none when it must be rendered from the content first.
    pub body: Option<Vec<u8>>,
    /// The number of attempts.
    pub attempts: u32,
    /// How many of these were before the channel or format changed.
    pub earlier_attempts: u32,
    /// How many of those since then were refused.
    pub refusals: u32,
    /// How long it has been tried.
    pub retry_window: RetryWindow,
    /// The earliest time of the next attempt.
    pub next_attempt_at: Timestamp,
    /// The recipients of a mail that accepted it already.
    pub accepted_by: Vec<String>,
}

from_row! {
    PendingMessage: "messages"
        get(id, sent_id, channel, format, body) count(attempts, earlier_attempts, refusals) nested(retry_window)
        timestamp(next_attempt_at) json(accepted_by)
}

from_row! { RetryWindow: "messages" timestamp(since = "last_attempt_at") duration(waited = "waited_ms") }

impl PendingMessage {
    /// Whether it may be sent at `now`. A message that was never tried is due, whatever the clock said when it was
    /// written.
    pub fn is_due(&self, now: Timestamp) -> bool {
        self.attempts == 0 || self.retry_window.is_due(self.next_attempt_at, now)
    }
}

/// Messages that are not delivered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct OutboxCounts {
    /// Messages that are still to be delivered.
    pub pending: i64,
    /// Messages that failed permanently within the last seven days.
    pub failed: i64,
}

impl Writer {
    /// Whether `receiver` accepts its messages.
    pub async fn health(&mut self, receiver: &ReceiverName) -> Result<ReceiverHealth, StoreError> {
        let rows = sqlx::query(
            "SELECT state, attempts, refusals, last_error, created_at, finished_at FROM messages WHERE seq IN (
                 (SELECT MAX(seq) FROM messages WHERE receiver = ?1 AND state <> 'pending'),
                 (SELECT MIN(seq) FROM messages WHERE receiver = ?1 AND state = 'pending'))",
        )
        .bind(receiver.as_str())
        .fetch_all(self.connection())
        .await?;
        let mut health = ReceiverHealth::default();
        for row in &rows {
            let columns = Columns::new("messages", row);
            let error: Option<String> = columns.get("last_error")?;
            match columns.parse("state")? {
                DeliveryState::Delivered => health.delivered_at = Some(columns.timestamp("finished_at")?),
                DeliveryState::Failed => health.refused = Some(error.unwrap_or_default()),
                DeliveryState::Pending if columns.count("attempts")? > 0 => {
                    health.refusals = columns.count("refusals")?;
                    let error = error.unwrap_or_else(|| "an attempt was cut off".to_owned());
                    health.waiting = Some((columns.timestamp("created_at")?, error));
                }
                DeliveryState::Pending => {}
            }
        }
        Ok(health)
    }

    /// Puts a message at the end of its receiver's queue, due at `now`.
    pub async fn enqueue(&mut self, message: &NewMessage, now: Timestamp) -> Result<(), StoreError> {
        let statement = sqlx::query(
            "INSERT INTO messages (id, receiver, channel, format, summary, body, content, state, next_attempt_at, created_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 'pending', ?8, ?8)",
        )
        .bind(message.id.as_str())
        .bind(message.receiver.as_str())
        .bind(message.channel)
        .bind(message.format)
        .bind(&message.content.message.data.summary)
        .bind(&message.body)
        .bind(to_json(&message.content)?)
        .bind(millis(now));
        self.execute(statement).await
    }

    /// Counts an attempt before it is made: a message that cannot be recorded must not be sent, or a full disk would
    /// send it again and again.
    pub async fn begin_attempt(&mut self, id: &MessageId) -> Result<(), StoreError> {
        let statement = sqlx::query("UPDATE messages SET attempts = attempts + 1 WHERE id = ?");
        self.execute(statement.bind(id.as_str())).await
    }

    /// Makes `receiver`'s pending messages in another channel or format due at `now`, to be rendered again under
    /// their ids. What the former address refused, accepted or asked to wait for says nothing about the present one,
    /// so all counts but `attempts` start again. Returns how many messages these are.
    pub async fn change_format(
        &mut self,
        receiver: &ReceiverName,
        channel: &str,
        format: &str,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let statement = sqlx::query(
            "UPDATE messages SET channel = ?2, format = ?3, body = NULL, earlier_attempts = attempts, refusals = 0,
                    accepted_by = NULL, waited_ms = 0, last_attempt_at = ?4, next_attempt_at = ?4
             WHERE receiver = ?1 AND state = 'pending' AND (channel <> ?2 OR format <> ?3)",
        )
        .bind(receiver.as_str())
        .bind(channel)
        .bind(format)
        .bind(millis(now));
        self.rows_affected(statement).await
    }

    /// Saves the rendered body of a message.
    pub async fn save_body(&mut self, id: &MessageId, body: &[u8]) -> Result<(), StoreError> {
        let statement = sqlx::query("UPDATE messages SET body = ? WHERE id = ?");
        self.execute(statement.bind(body).bind(id.as_str())).await
    }

    /// Saves all recipients of a mail that have accepted it so far: the next attempt names only the others.
    pub async fn save_accepted_by(&mut self, id: &MessageId, addresses: &[String]) -> Result<(), StoreError> {
        let statement = sqlx::query("UPDATE messages SET accepted_by = ? WHERE id = ?");
        self.execute(statement.bind(to_json(&addresses)?).bind(id.as_str())).await
    }

    /// The receiver accepted the message. The error of an earlier attempt stays.
    pub async fn mark_delivered(&mut self, id: &MessageId, now: Timestamp) -> Result<(), StoreError> {
        let statement = sqlx::query(
            "UPDATE messages SET state = 'delivered', next_attempt_at = NULL, finished_at = ? WHERE id = ?",
        );
        self.execute(statement.bind(millis(now)).bind(id.as_str())).await
    }

    /// The message failed permanently.
    pub async fn mark_failed(
        &mut self,
        id: &MessageId,
        error: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let statement = sqlx::query(
            "UPDATE messages SET state = 'failed', last_error = ?, next_attempt_at = NULL, finished_at = ? WHERE id = ?",
        );
        self.execute(statement.bind(error).bind(millis(now)).bind(id.as_str())).await
    }

    /// The attempt failed; the next one is at `next`.
    pub async fn schedule_retry(
        &mut self,
        id: &MessageId,
        error: &str,
        next: Timestamp,
    ) -> Result<(), StoreError> {
        let statement = sqlx::query("UPDATE messages SET last_error = ?, next_attempt_at = ? WHERE id = ?");
        self.execute(statement.bind(error).bind(millis(next)).bind(id.as_str())).await
    }

    /// Counts a refused attempt.
    pub async fn count_refusal(&mut self, id: &MessageId) -> Result<(), StoreError> {
        let statement = sqlx::query("UPDATE messages SET refusals = refusals + 1 WHERE id = ?");
        self.execute(statement.bind(id.as_str())).await
    }

    /// After an attempt that failed at `now`, adds the time since the attempt before to what each pending message of
    /// `receiver` has waited, as [`RetryWindow::add_wait`] does. The messages behind the first must not get a week each,
    /// or the queue of a dead receiver would never end.
    pub async fn add_wait(&mut self, receiver: &ReceiverName, now: Timestamp) -> Result<(), StoreError> {
        let statement = sqlx::query(
            "UPDATE messages SET waited_ms = waited_ms + MAX(0, MIN(?1 - COALESCE(last_attempt_at, created_at), ?2)), last_attempt_at = ?1
             WHERE receiver = ?3 AND state = 'pending'",
        )
        .bind(millis(now))
        .bind(MAX_BACKOFF.num_milliseconds())
        .bind(receiver.as_str());
        self.execute(statement).await
    }

    /// Marks the messages to receivers other than `receivers` as failed that have waited for a whole retry window:
    /// those receivers left the configuration. Each call counts as a failed attempt, so that a clock that jumps does
    /// not shorten the window.
    pub async fn fail_orphaned_messages(
        &mut self,
        receivers: &[&str],
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let receivers = to_json(&receivers)?;
        let statement = sqlx::query(
            "UPDATE messages SET waited_ms = waited_ms + MAX(0, MIN(?1 - COALESCE(last_attempt_at, created_at), ?2)), last_attempt_at = ?1
             WHERE state = 'pending' AND receiver NOT IN (SELECT value FROM json_each(?3))",
        );
        let statement = statement.bind(millis(now)).bind(MAX_BACKOFF.num_milliseconds()).bind(&receivers);
        self.execute(statement).await?;
        let statement = sqlx::query(
            "UPDATE messages SET state = 'failed', last_error = 'its receiver left the configuration',
             next_attempt_at = NULL, finished_at = ?1
             WHERE state = 'pending' AND waited_ms > ?2 AND receiver NOT IN (SELECT value FROM json_each(?3))",
        )
        .bind(millis(now))
        .bind(RETRY_WINDOW.num_milliseconds())
        .bind(&receivers);
        self.rows_affected(statement).await
    }
}

impl Store {
    /// The first pending message of `receiver`; the others wait for it.
    pub async fn next_message(&self, receiver: &ReceiverName) -> Result<Option<PendingMessage>, StoreError> {
        let query = sqlx::query_as(
            "SELECT id, COALESCE(sent_as, id) AS sent_id, channel, format, body, attempts, earlier_attempts, refusals, waited_ms,
                    next_attempt_at, COALESCE(accepted_by, '[]') AS accepted_by, COALESCE(last_attempt_at, created_at) AS last_attempt_at
             FROM messages WHERE receiver = ? AND state = 'pending' ORDER BY seq LIMIT 1",
        );
        Ok(query.bind(receiver.as_str()).fetch_optional(&self.read).await?)
    }

    /// The receivers with a pending message.
    pub async fn receivers_with_pending(&self) -> Result<Vec<ReceiverName>, StoreError> {
        let query = sqlx::query_scalar("SELECT DISTINCT receiver FROM messages WHERE state = 'pending'");
        Ok(query.fetch_all(&self.read).await?)
    }

    /// Whether any pending message of `receiver` is in another channel or format.
    pub async fn is_any_in_other_format(
        &self,
        receiver: &ReceiverName,
        channel: &str,
        format: &str,
    ) -> Result<bool, StoreError> {
        let query = sqlx::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM messages WHERE receiver = ? AND state = 'pending' AND (channel <> ? OR format <> ?))",
        );
        Ok(query.bind(receiver.as_str()).bind(channel).bind(format).fetch_one(&self.read).await?)
    }

    /// The content of a message; none when it cannot be read.
    pub async fn content(&self, id: &MessageId) -> Result<Option<Content>, StoreError> {
        // As a BLOB, so that text that is not UTF-8 fails this message only.
        let json: Option<Vec<u8>> =
            sqlx::query_scalar("SELECT CAST(content AS BLOB) FROM messages WHERE id = ?")
                .bind(id.as_str())
                .fetch_optional(&self.read)
                .await?;
        Ok(json.and_then(|json| serde_json::from_slice(&json).ok()))
    }

    /// The receiver and the summary of every pending message, oldest first.
    pub async fn pending_messages(&self) -> Result<Vec<(ReceiverName, String)>, StoreError> {
        Ok(sqlx::query_as("SELECT receiver, summary FROM messages WHERE state = 'pending' ORDER BY +seq")
            .fetch_all(&self.read)
            .await?)
    }

    /// How many messages are pending, and how many failed permanently at `since` or later.
    pub async fn outbox(&self, since: Timestamp) -> Result<OutboxCounts, StoreError> {
        let (pending, failed) = sqlx::query_as(
            "SELECT (SELECT COUNT(*) FROM messages WHERE state = 'pending'),
                    (SELECT COUNT(*) FROM messages WHERE state = 'failed' AND finished_at >= ?)",
        )
        .bind(millis(since))
        .fetch_one(&self.read)
        .await?;
        Ok(OutboxCounts { pending, failed })
    }
}
