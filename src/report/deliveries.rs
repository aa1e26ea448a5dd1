//! Messages and their deliveries, as `deliveries --json` prints them.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::account::ReceiverName;
use crate::domain::time::{Timestamp, seconds};
use crate::store::{DeliveryState, Store, StoreError, StoredMessage};

/// Messages, oldest first.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Deliveries {
    /// When this was generated.
    #[serde(serialize_with = "seconds::serialize")]
    pub generated_at: Timestamp,
    /// Messages from this moment on were asked for; pending ones are listed however old they are.
    #[serde(serialize_with = "seconds::serialize")]
    pub since: Timestamp,
    /// The messages.
    pub deliveries: Vec<StoredMessage>,
}

impl Deliveries {
    /// Loads the messages since `since` and all pending ones; of these receivers, or of all when there are none.
    pub async fn load(
        store: &Store,
        receivers: &[ReceiverName],
        since: Timestamp,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let mut deliveries = store.messages_since(since).await?;
        deliveries.retain(|message| receivers.is_empty() || receivers.contains(&message.receiver));
        let mut receivers = BTreeSet::new();
        for message in deliveries.iter_mut().filter(|message| message.state == DeliveryState::Pending) {
            let is_first = receivers.insert(message.receiver.clone());
            message.next_attempt_at = message.next_attempt_at.filter(|_| is_first);
        }
        Ok(Self { generated_at: now, since, deliveries })
    }
}
