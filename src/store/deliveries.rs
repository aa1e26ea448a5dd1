//! Messages as commands show them: without their bytes.

use schemars::JsonSchema;
use serde::Serialize;
use strum::{EnumString, IntoStaticStr};

use super::columns::{Columns, from_row, millis};
use super::{Store, StoreError};
use crate::domain::account::{ReceiverName, as_str};
use crate::domain::message::MessageId;
use crate::domain::time::{Timestamp, seconds};

/// The state of a message.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema, EnumString, IntoStaticStr,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum DeliveryState {
    /// Not delivered yet; it is tried again.
    Pending,
    /// Its receiver accepted it.
    Delivered,
    /// It failed permanently.
    Failed,
}

as_str!(DeliveryState);

/// One message to one receiver, without its bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct StoredMessage {
    /// Its place in the order of all messages.
    #[serde(skip)]
    pub seq: i64,
    /// Its id, the same on every attempt (`webhook-id`, `Message-ID`).
    pub id: MessageId,
    /// The delivered message that it repeats, by `resend`, under an id of its own or under the same; `null` for any other message.
    pub resend_of: Option<MessageId>,
    /// The receiver.
    pub receiver: ReceiverName,
    /// The type of receiver, as in the configuration.
    pub channel: String,
    /// The state of its delivery.
    pub state: DeliveryState,
    /// Its summary in one line.
    pub summary: String,
    /// How many attempts were made.
    pub attempts: u32,
    /// When it was put into the outbox.
    #[serde(serialize_with = "seconds::serialize")]
    pub created_at: Timestamp,
    /// When it was delivered or failed permanently.
    #[serde(serialize_with = "seconds::option::serialize")]
    pub finished_at: Option<Timestamp>,
    /// When the next attempt is due; `null` when it is finished, or waits behind another message to the same receiver.
    #[serde(serialize_with = "seconds::option::serialize")]
    pub next_attempt_at: Option<Timestamp>,
    /// The error of the last failed attempt.
    pub last_error: Option<String>,
}

from_row! {
    StoredMessage: "messages"
        get(seq, id, resend_of, receiver, channel, summary, last_error) parse(state) count(attempts)
        timestamp(created_at) optional_timestamp(finished_at, next_attempt_at)
}

/// Selects [`StoredMessage`]s; a literal, so that each query is one.
macro_rules! messages {
    ($tail:literal) => {
        concat!(
            "SELECT seq, COALESCE(sent_as, id) AS id, resend_of, receiver, channel, summary, state, attempts, created_at, finished_at,
                    next_attempt_at, last_error FROM messages ",
            $tail
        )
    };
}

impl Store {
    /// The messages written at `since` or later, and all pending ones, oldest first.
    pub async fn messages_since(&self, since: Timestamp) -> Result<Vec<StoredMessage>, StoreError> {
        let query = sqlx::query_as(messages!(
            "WHERE seq IN (SELECT seq FROM messages INDEXED BY messages_created_at WHERE created_at >= ?
                           UNION SELECT seq FROM messages INDEXED BY messages_pending WHERE state = 'pending')
             ORDER BY seq"
        ));
        Ok(query.bind(millis(since)).fetch_all(&self.read).await?)
    }

    /// The messages after the one at `seq`, oldest first.
    pub async fn messages_after(&self, seq: i64) -> Result<Vec<StoredMessage>, StoreError> {
        let query = sqlx::query_as(messages!("WHERE seq > ? ORDER BY seq"));
        Ok(query.bind(seq).fetch_all(&self.read).await?)
    }

    /// The newest `most` messages, newest first.
    pub async fn newest_messages(&self, most: u32) -> Result<Vec<StoredMessage>, StoreError> {
        let query = sqlx::query_as(messages!("ORDER BY seq DESC LIMIT ?"));
        Ok(query.bind(most).fetch_all(&self.read).await?)
    }

    /// The `seq` of the newest message; zero when there is none.
    pub async fn last_message_seq(&self) -> Result<i64, StoreError> {
        Ok(sqlx::query_scalar("SELECT COALESCE(MAX(seq), 0) FROM messages").fetch_one(&self.read).await?)
    }
}
