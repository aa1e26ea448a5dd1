//! The events of one message, as they are stored.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What `render` writes and `send` reads.
#[derive(Serialize, Deserialize)]
pub(super) struct Events {
    pub(super) events: Vec<Event>,
}

/// One event, without the key of the integration.
#[derive(Serialize, Deserialize)]
pub(super) struct Event {
    /// Names the event among those of its message.
    pub(super) key: String,
    /// Whether it is a change event.
    pub(super) is_change: bool,
    /// The members of the request.
    pub(super) members: Value,
}
