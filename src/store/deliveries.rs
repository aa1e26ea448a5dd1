//! Messages for whoever asks what became of them; their bytes stay where they are.

use super::rows::{count, millis, moment, moment_of, word};
use super::{Store, StoreError};
use crate::domain::account::ReceiverName;
use crate::domain::message::MessageId;
use crate::domain::time::Timestamp;

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum DeliveryState {
    /// Not yet taken; it is tried again.
    Pending,
    /// Its receiver has it.
    Delivered,
    /// Refused for good, or given up.
    Failed,
}

impl DeliveryState {
    const ALL: [Self; 3] = [Self::Pending, Self::Delivered, Self::Failed];

    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
        }
    }

    pub(super) fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

/// One message, without its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredMessage {
    /// Its place in the order of all messages.
    pub seq: i64,
    /// Its id.
    pub id: MessageId,
    /// Whom it is for.
    pub receiver: ReceiverName,
    /// What its bytes are for.
    pub channel: String,
    /// One line of what it says.
    pub summary: String,
    /// What became of it.
    pub state: DeliveryState,
    /// How often it was tried.
    pub attempts: u32,
    /// When it was decided.
    pub created_at: Timestamp,
    /// When it was delivered or given up.
    pub finished_at: Option<Timestamp>,
    /// When it is tried next, if it is the first of its receiver's.
    pub next_attempt_at: Option<Timestamp>,
    /// What the last failed attempt met.
    pub last_error: Option<String>,
}

#[derive(sqlx::FromRow)]
struct MessageRow {
    seq: i64,
    id: String,
    receiver: String,
    channel: String,
    summary: String,
    state: String,
    attempts: i64,
    created_at: i64,
    finished_at: Option<i64>,
    next_attempt_at: Option<i64>,
    last_error: Option<String>,
}

impl MessageRow {
    fn read(self) -> Result<StoredMessage, StoreError> {
        Ok(StoredMessage {
            seq: self.seq,
            id: MessageId::new(self.id),
            receiver: ReceiverName::new(self.receiver),
            channel: self.channel,
            summary: self.summary,
            state: word("messages.state", &self.state, DeliveryState::from_word)?,
            attempts: count("messages.attempts", self.attempts)?,
            created_at: moment("messages.created_at", self.created_at)?,
            finished_at: moment_of("messages.finished_at", self.finished_at)?,
            next_attempt_at: moment_of("messages.next_attempt_at", self.next_attempt_at)?,
            last_error: self.last_error,
        })
    }
}

/// The columns of [`MessageRow`], as a literal so that each query stays one.
macro_rules! messages {
    ($tail:literal) => {
        concat!(
            "SELECT seq, id, receiver, channel, summary, state, attempts, created_at, finished_at, next_attempt_at, last_error
             FROM messages ",
            $tail
        )
    };
}

impl Store {
    /// The messages written at `since` or later, and all that wait, oldest first.
    pub async fn messages_since(&self, since: Timestamp) -> Result<Vec<StoredMessage>, StoreError> {
        let rows: Vec<MessageRow> =
            sqlx::query_as(messages!(
                "WHERE seq IN (SELECT seq FROM messages INDEXED BY messages_written WHERE created_at >= ?
                               UNION SELECT seq FROM messages INDEXED BY messages_pending WHERE state = 'pending')
                 ORDER BY seq"
            ))
                .bind(millis(since))
                .fetch_all(&self.read)
                .await?;
        rows.into_iter().map(MessageRow::read).collect()
    }

    /// The messages behind the one at `seq`, oldest first.
    pub async fn messages_behind(&self, seq: i64) -> Result<Vec<StoredMessage>, StoreError> {
        let rows: Vec<MessageRow> =
            sqlx::query_as(messages!("WHERE seq > ? ORDER BY seq")).bind(seq).fetch_all(&self.read).await?;
        rows.into_iter().map(MessageRow::read).collect()
    }

    /// The place of the message written last; zero when there is none.
    pub async fn last_message(&self) -> Result<i64, StoreError> {
        Ok(sqlx::query_scalar("SELECT COALESCE(MAX(seq), 0) FROM messages").fetch_one(&self.read).await?)
    }
}
