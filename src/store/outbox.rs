//! The outbox: finished messages, each to one receiver, in order.

use super::rows::{count, json, length, millis, moment, moment_of, to_json};
use super::{Store, StoreError, Writer};
use crate::domain::account::ReceiverName;
use crate::domain::assess::Health;
use crate::domain::backoff::{LONGEST_PAUSE, PATIENCE, Patience};
use crate::domain::message::{Content, MessageId};
use crate::domain::time::Timestamp;

/// A message to be kept until its receiver has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewMessage {
    /// Its id, the same on every attempt.
    pub id: MessageId,
    /// Whom it is for.
    pub receiver: ReceiverName,
    /// The type of receiver that its bytes are for: a mail is no webhook body.
    pub channel: &'static str,
    /// What its bytes are written as.
    pub format: &'static str,
    /// What is sent, the same on every attempt; none when it has to be rendered from the content first.
    pub body: Option<Vec<u8>>,
    /// What its bytes were rendered from.
    pub content: Content,
}

/// The next message of a receiver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingMessage {
    /// Its id.
    pub id: MessageId,
    /// The type of receiver that its bytes are for.
    pub channel: String,
    /// What its bytes are written as.
    pub format: String,
    /// What is sent; none when it has to be rendered from the content first.
    pub body: Option<Vec<u8>>,
    /// How often it was tried.
    pub attempts: u32,
    /// How often of these before its channel or format changed.
    pub earlier_attempts: u32,
    /// How often it was refused since then.
    pub refusals: u32,
    /// How patiently it has waited so far.
    pub patience: Patience,
    /// Not before this moment.
    pub next_attempt_at: Timestamp,
    /// The recipients of a mail that have taken it already.
    pub accepted_by: Vec<String>,
}

#[derive(sqlx::FromRow)]
struct PendingRow {
    id: String,
    channel: String,
    format: String,
    body: Option<Vec<u8>>,
    attempts: i64,
    earlier_attempts: i64,
    refusals: i64,
    since: i64,
    waited: i64,
    next_attempt_at: i64,
    accepted_by: Option<String>,
}

impl PendingRow {
    fn read(self) -> Result<PendingMessage, StoreError> {
        let patience = Patience {
            since: moment("messages.tried_at", self.since)?,
            waited: length("messages.waited", self.waited)?,
        };
        Ok(PendingMessage {
            id: MessageId::new(self.id),
            channel: self.channel,
            format: self.format,
            body: self.body,
            earlier_attempts: count("messages.earlier_attempts", self.earlier_attempts)?,
            attempts: count("messages.attempts", self.attempts)?,
            refusals: count("messages.refusals", self.refusals)?,
            patience,
            next_attempt_at: moment("messages.next_attempt_at", self.next_attempt_at)?,
            accepted_by: match &self.accepted_by {
                Some(text) => json("messages.accepted_by", text)?,
                None => Vec::new(),
            },
        })
    }
}

impl PendingMessage {
    /// Whether it may be sent at `now`. What was never tried was put off by nobody, whatever the clock said when it was
    /// written.
    pub fn is_due(&self, now: Timestamp) -> bool {
        self.attempts == 0 || self.patience.is_due(self.next_attempt_at, now)
    }
}

/// The outbox in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OutboxCounts {
    /// Still to be delivered.
    pub pending: i64,
    /// Given up or refused.
    pub failed: i64,
}

impl Writer {
    /// What became of `receiver`'s messages.
    pub async fn health(&mut self, receiver: &ReceiverName) -> Result<Health, StoreError> {
        let ended: Option<(String, i64, Option<String>)> = sqlx::query_as(
            "SELECT state, finished_at, last_error FROM messages
             WHERE receiver = ? AND state <> 'pending' ORDER BY seq DESC LIMIT 1",
        )
        .bind(receiver.as_str())
        .fetch_optional(self.connection())
        .await?;
        let first: Option<(i64, i64, i64, Option<String>)> = sqlx::query_as(
            "SELECT created_at, attempts, refusals, last_error FROM messages
             WHERE receiver = ? AND state = 'pending' ORDER BY seq LIMIT 1",
        )
        .bind(receiver.as_str())
        .fetch_optional(self.connection())
        .await?;
        let mut health = Health::default();
        if let Some((state, finished_at, error)) = ended {
            if state == "delivered" {
                health.delivered_at = Some(moment("messages.finished_at", finished_at)?);
            } else {
                health.refused = Some(error.unwrap_or_default());
            }
        }
        if let Some((created_at, _, refusals, error)) = first.filter(|(_, attempts, ..)| *attempts > 0) {
            health.refusals = count("messages.refusals", refusals)?;
            let error = error.unwrap_or_else(|| "an attempt was cut off".to_owned());
            health.waiting = Some((moment("messages.created_at", created_at)?, error));
        }
        Ok(health)
    }

    /// Puts a message behind the others of its receiver, to be sent at once.
    pub async fn enqueue(&mut self, message: &NewMessage, now: Timestamp) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO messages (id, receiver, channel, format, summary, body, content, state, next_attempt_at, created_at)
             VALUES (?, ?, ?, ?, ?, ?, ?, 'pending', ?, ?)",
        )
        .bind(message.id.as_str())
        .bind(message.receiver.as_str())
        .bind(message.channel)
        .bind(message.format)
        .bind(&message.content.message.data.summary)
        .bind(&message.body)
        .bind(to_json("messages.content", &message.content)?)
        .bind(millis(now))
        .bind(millis(now))
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// Counts an attempt before it is made: what cannot be written down must not be sent, or a full disk would send it
    /// again and again.
    pub async fn begin_attempt(&mut self, id: &MessageId) -> Result<(), StoreError> {
        sqlx::query("UPDATE messages SET attempts = attempts + 1 WHERE id = ?")
            .bind(id.as_str())
            .execute(self.connection())
            .await?;
        Ok(())
    }

    /// All that waits for `receiver` and is written for another channel or format than these is to be rendered again, under its
    /// id, and is due at `now`. What the former address refused, accepted or made wait says nothing about the present one, so the
    /// counts begin again; `attempts` alone goes on. Gives how many messages that were.
    pub async fn change_format(
        &mut self,
        receiver: &ReceiverName,
        channel: &str,
        format: &str,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let changed = sqlx::query(
            "UPDATE messages SET channel = ?2, format = ?3, body = NULL, earlier_attempts = attempts, refusals = 0,
                    accepted_by = NULL, waited = 0, tried_at = ?4, next_attempt_at = ?4
             WHERE receiver = ?1 AND state = 'pending' AND (channel <> ?2 OR format <> ?3)",
        )
        .bind(receiver.as_str())
        .bind(channel)
        .bind(format)
        .bind(millis(now))
        .execute(self.connection())
        .await?;
        Ok(changed.rows_affected())
    }

    /// Keeps the bytes that were rendered from the content of a message.
    pub async fn keep_body(&mut self, id: &MessageId, body: &[u8]) -> Result<(), StoreError> {
        sqlx::query("UPDATE messages SET body = ? WHERE id = ?")
            .bind(body)
            .bind(id.as_str())
            .execute(self.connection())
            .await?;
        Ok(())
    }

    /// Some of a mail's recipients have taken it, all of them so far in `addresses`: the next attempt names only the others.
    pub async fn accepted_by(&mut self, id: &MessageId, addresses: &[String]) -> Result<(), StoreError> {
        sqlx::query("UPDATE messages SET accepted_by = ? WHERE id = ?")
            .bind(to_json("accepted_by", &addresses)?)
            .bind(id.as_str())
            .execute(self.connection())
            .await?;
        Ok(())
    }

    /// The receiver has it; what went wrong before is still told.
    pub async fn delivered(&mut self, id: &MessageId, now: Timestamp) -> Result<(), StoreError> {
        self.end(id, "delivered", None, now).await
    }

    /// The receiver did not take it; it is tried again.
    pub async fn deferred(&mut self, id: &MessageId, error: &str, next: Timestamp) -> Result<(), StoreError> {
        sqlx::query("UPDATE messages SET last_error = ?, next_attempt_at = ? WHERE id = ?")
            .bind(error)
            .bind(millis(next))
            .bind(id.as_str())
            .execute(self.connection())
            .await?;
        Ok(())
    }

    /// The last attempt of the message was refused.
    pub async fn count_refusal(&mut self, id: &MessageId) -> Result<(), StoreError> {
        sqlx::query("UPDATE messages SET refusals = refusals + 1 WHERE id = ?")
            .bind(id.as_str())
            .execute(self.connection())
            .await?;
        Ok(())
    }

    /// An attempt failed at `now`: all that waits for `receiver` has waited since the one before, by the rule of
    /// [`Patience::after`]. What stands behind must not get a week of its own, or the queue of a dead receiver never ends.
    pub async fn has_waited(&mut self, receiver: &ReceiverName, now: Timestamp) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE messages SET waited = waited + MAX(0, MIN(?1 - COALESCE(tried_at, created_at), ?2)), tried_at = ?1
             WHERE receiver = ?3 AND state = 'pending'",
        )
        .bind(millis(now))
        .bind(LONGEST_PAUSE.num_milliseconds())
        .bind(receiver.as_str())
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// The receiver will never take it, or it is too old.
    pub async fn given_up(&mut self, id: &MessageId, error: &str, now: Timestamp) -> Result<(), StoreError> {
        self.end(id, "failed", Some(error), now).await
    }

    /// Gives up what has waited for longer than the patience for receivers other than `receivers`: nobody is there to send it to.
    /// A purge counts as an attempt that failed, so that no clock that jumps gives it up either.
    pub async fn give_up_orphans(&mut self, receivers: &[&str], now: Timestamp) -> Result<u64, StoreError> {
        let receivers = to_json("receivers", &receivers)?;
        sqlx::query(
            "UPDATE messages SET waited = waited + MAX(0, MIN(?1 - COALESCE(tried_at, created_at), ?2)), tried_at = ?1
             WHERE state = 'pending' AND receiver NOT IN (SELECT value FROM json_each(?3))",
        )
        .bind(millis(now))
        .bind(LONGEST_PAUSE.num_milliseconds())
        .bind(&receivers)
        .execute(self.connection())
        .await?;
        let given_up = sqlx::query(
            "UPDATE messages SET state = 'failed', last_error = 'its receiver left the configuration',
             next_attempt_at = NULL, finished_at = ?1
             WHERE state = 'pending' AND waited > ?2 AND receiver NOT IN (SELECT value FROM json_each(?3))",
        )
        .bind(millis(now))
        .bind(PATIENCE.num_milliseconds())
        .bind(&receivers)
        .execute(self.connection())
        .await?;
        Ok(given_up.rows_affected())
    }

    async fn end(
        &mut self,
        id: &MessageId,
        state: &str,
        error: Option<&str>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE messages SET state = ?, last_error = COALESCE(?, last_error), next_attempt_at = NULL, finished_at = ?
             WHERE id = ?",
        )
        .bind(state)
        .bind(error)
        .bind(millis(now))
        .bind(id.as_str())
        .execute(self.connection())
        .await?;
        Ok(())
    }
}

impl Store {
    /// The first message that `receiver` has not taken yet; the others wait behind it.
    pub async fn next_message(&self, receiver: &ReceiverName) -> Result<Option<PendingMessage>, StoreError> {
        let row: Option<PendingRow> = sqlx::query_as(
            "SELECT id, channel, format, body, attempts, earlier_attempts, refusals, COALESCE(tried_at, created_at) AS since, waited, next_attempt_at, accepted_by
             FROM messages WHERE receiver = ? AND state = 'pending' ORDER BY seq LIMIT 1",
        )
        .bind(receiver.as_str())
        .fetch_optional(&self.read)
        .await?;
        row.map(PendingRow::read).transpose()
    }

    /// Whether anything that waits for `receiver` is written for another channel or format than these.
    pub async fn is_any_in_other_format(
        &self,
        receiver: &ReceiverName,
        channel: &str,
        format: &str,
    ) -> Result<bool, StoreError> {
        let is_any = sqlx::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM messages WHERE receiver = ? AND state = 'pending' AND (channel <> ? OR format <> ?))",
        )
        .bind(receiver.as_str())
        .bind(channel)
        .bind(format)
        .fetch_one(&self.read)
        .await?;
        Ok(is_any)
    }

    /// What was decided for a message; none when it cannot be read.
    pub async fn content(&self, id: &MessageId) -> Result<Option<Content>, StoreError> {
        // As a BLOB, so that text that is not UTF-8 costs this message alone.
        let json: Option<Vec<u8>> =
            sqlx::query_scalar("SELECT CAST(content AS BLOB) FROM messages WHERE id = ?")
                .bind(id.as_str())
                .fetch_optional(&self.read)
                .await?;
        Ok(json.and_then(|json| serde_json::from_slice(&json).ok()))
    }

    /// When `receiver`'s first waiting message is due; none when nothing waits.
    pub async fn next_attempt(&self, receiver: &ReceiverName) -> Result<Option<Timestamp>, StoreError> {
        let due: Option<i64> = sqlx::query_scalar(
            "SELECT next_attempt_at FROM messages WHERE receiver = ? AND state = 'pending' ORDER BY seq LIMIT 1",
        )
        .bind(receiver.as_str())
        .fetch_optional(&self.read)
        .await?
        .flatten();
        moment_of("messages.next_attempt_at", due)
    }

    /// The receiver and the summary of every message that waits, oldest first.
    pub async fn pending_messages(&self) -> Result<Vec<(ReceiverName, String)>, StoreError> {
        let rows: Vec<(String, String)> =
            sqlx::query_as("SELECT receiver, summary FROM messages WHERE state = 'pending' ORDER BY +seq")
                .fetch_all(&self.read)
                .await?;
        Ok(rows.into_iter().map(|(receiver, summary)| (ReceiverName::new(receiver), summary)).collect())
    }

    /// How much waits, and how much was given up since `since`.
    pub async fn outbox(&self, since: Timestamp) -> Result<OutboxCounts, StoreError> {
        let (pending, failed): (i64, i64) = sqlx::query_as(
            "SELECT (SELECT COUNT(*) FROM messages WHERE state = 'pending'),
                    (SELECT COUNT(*) FROM messages WHERE state = 'failed' AND created_at >= ?)",
        )
        .bind(millis(since))
        .fetch_one(&self.read)
        .await?;
        Ok(OutboxCounts { pending, failed })
    }
}
