//! What became of messages, as `deliveries --json` gives it.

use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::account::ReceiverName;
use crate::domain::message::MessageId;
use crate::domain::time::{Timestamp, seconds};
use crate::store::{DeliveryState, Store, StoreError, StoredMessage};

/// Messages, oldest first.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Deliveries {
    /// When it was drawn.
    #[serde(with = "seconds")]
    #[schemars(with = "Timestamp")]
    pub generated_at: Timestamp,
    /// From when on messages were asked for; those that wait are all here, however old.
    #[serde(with = "seconds")]
    #[schemars(with = "Timestamp")]
    pub since: Timestamp,
    /// The messages.
    pub deliveries: Vec<DeliveryReport>,
}

/// One message to one receiver.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct DeliveryReport {
    /// Its id, the same on every attempt (`webhook-id`, `Message-ID`).
    pub id: MessageId,
    /// Whom it is for.
    pub receiver: ReceiverName,
    /// `email` or `webhook`.
    pub channel: String,
    /// What became of it.
    pub state: DeliveryState,
    /// One line of what it says.
    pub summary: String,
    /// How often it was tried.
    pub attempts: u32,
    /// When it was decided.
    #[serde(with = "seconds")]
    #[schemars(with = "Timestamp")]
    pub created_at: Timestamp,
    /// When it was delivered, refused or given up.
    #[serde(with = "seconds::option")]
    #[schemars(with = "Option<Timestamp>")]
    pub finished_at: Option<Timestamp>,
    /// When it is tried next; `null` while it waits behind another to the same receiver, and when it is finished.
    #[serde(with = "seconds::option")]
    #[schemars(with = "Option<Timestamp>")]
    pub next_attempt_at: Option<Timestamp>,
    /// What the last failed attempt met.
    pub last_error: Option<String>,
}

impl Deliveries {
    /// The messages since `since`, and all that wait; of one receiver, or of all.
    pub async fn of(
        store: &Store,
        receivers: &[ReceiverName],
        since: Timestamp,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let mut deliveries: Vec<DeliveryReport> = Vec::new();
        for message in store.messages_since(since).await? {
            if receivers.is_empty() || receivers.contains(&message.receiver) {
                let waits = |earlier: &DeliveryReport| {
                    earlier.state == DeliveryState::Pending && earlier.receiver == message.receiver
                };
                let is_first = message.state == DeliveryState::Pending && !deliveries.iter().any(waits);
                deliveries.push(DeliveryReport::of(message, is_first));
            }
        }
        Ok(Self { generated_at: now, since, deliveries })
    }
}

impl DeliveryReport {
    fn of(message: StoredMessage, is_first: bool) -> Self {
        Self {
            id: message.id,
            receiver: message.receiver,
            channel: message.channel,
            state: message.state,
            summary: message.summary,
            attempts: message.attempts,
            created_at: message.created_at,
            finished_at: message.finished_at,
            next_attempt_at: message.next_attempt_at.filter(|_| is_first),
            last_error: message.last_error,
        }
    }
}
