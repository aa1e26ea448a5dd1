//! What one receiver is told at one moment, as data: the content of a webhook body and of a mail alike.
//!
//! Promises: the shapes of docs/contract.md, section 4; at most [`LIMIT`] alerts and changes each, the rest counted.
//! Leaves bytes, templates and headers to `notify::render`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::account::{AccountRef, ReceiverName, SubscriptionName, name};
use super::alert::{AlertId, AlertKind, Severity};
use super::change::ChangeKind;
use super::time::Timestamp;

name! {
    /// The stable id of one message: `webhook-id`, and the left side of a mail's `Message-ID`.
    MessageId
}

/// At most this many alerts, and as many changes, are spelled out in one message.
pub const LIMIT: usize = 100;

/// The type of a message (docs/contract.md, section 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum MessageType {
    /// At least one alert fires.
    #[serde(rename = "alert.firing")]
    Firing,
    /// Nothing fires, something resolved.
    #[serde(rename = "alert.resolved")]
    Resolved,
    /// Changes only.
    #[serde(rename = "account.changed")]
    Changed,
    /// From `notify test`.
    #[serde(rename = "watch.test")]
    Test,
}

/// Whether an alert in a message fires or has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It is true now.
    Firing,
    /// It was true.
    Resolved,
}

/// Why a receiver hears of an alert now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Reason {
    /// This receiver hears of it for the first time.
    Opened,
    /// It became graver, or its end came nearer by a stage.
    Escalated,
    /// A reminder of what still fires.
    Repeated,
    /// It ended.
    Resolved,
}

impl Reason {
    /// Every reason.
    pub const ALL: [Self; 4] = [Self::Opened, Self::Escalated, Self::Repeated, Self::Resolved];

    /// The contract's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Escalated => "escalated",
            Self::Repeated => "repeated",
            Self::Resolved => "resolved",
        }
    }
}

/// One alert as a message tells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AlertEntry {
    /// Stable over the alert's life.
    pub id: AlertId,
    /// What it is.
    pub kind: AlertKind,
    /// Firing or resolved.
    pub status: Status,
    /// Why it is told now; `null` in `status` and `alerts`, which tell nobody.
    pub reason: Option<Reason>,
    /// The lead time (`7d`) or `expired`; `expiry` only.
    pub stage: Option<String>,
    /// How grave it is.
    pub severity: Severity,
    /// The subscription concerned; `null` when the alert is about a receiver.
    pub subscription: Option<SubscriptionName>,
    /// The account; `null` when the alert is about a subscription or a receiver.
    pub account: Option<AccountRef>,
    /// The receiver that fails; `delivery_failing` only, absent from the JSON of every other kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receiver: Option<ReceiverName>,
    /// How many accounts are concerned.
    pub affected: u32,
    /// Since when it fires.
    #[serde(with = "super::time::seconds")]
    #[schemars(with = "Timestamp")]
    pub opened_at: Timestamp,
    /// When it ended.
    #[serde(with = "super::time::seconds::option")]
    #[schemars(with = "Option<Timestamp>")]
    pub resolved_at: Option<Timestamp>,
    /// The token's end, where the kind has one.
    #[serde(with = "super::time::seconds::option")]
    #[schemars(with = "Option<Timestamp>")]
    pub expires_at: Option<Timestamp>,
    /// One sentence.
    pub detail: String,
    /// Whether it resolved because its account, subscription or receiver left the configuration; absent unless it did.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub no_longer_watched: bool,
}

/// One change as a message tells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ChangeEntry {
    /// What happened.
    pub kind: ChangeKind,
    /// How grave it is.
    pub severity: Severity,
    /// Whose token reads the account.
    pub subscription: SubscriptionName,
    /// The account.
    pub account: AccountRef,
    /// The vendor's name of the field.
    pub field: String,
    /// Its value before, `null` when absent.
    pub before: Value,
    /// Its value now, `null` when absent.
    pub after: Value,
    /// When it was seen.
    #[serde(with = "super::time::seconds")]
    #[schemars(with = "Timestamp")]
    pub at: Timestamp,
}

/// Everything that one run has to tell one receiver.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Message {
    /// What it amounts to.
    #[serde(rename = "type")]
    pub kind: MessageType,
    /// When it was decided.
    #[serde(with = "super::time::seconds")]
    #[schemars(with = "Timestamp")]
    pub timestamp: Timestamp,
    /// The content.
    pub data: MessageData,
}

/// The content of a [`Message`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MessageData {
    /// Whom it is for.
    pub receiver: ReceiverName,
    /// The worst severity in it.
    pub severity: Severity,
    /// One line that says it all, or the worst of it and a count.
    pub summary: String,
    /// Alerts, gravest first.
    pub alerts: Vec<AlertEntry>,
    /// Changes, gravest first.
    pub changes: Vec<ChangeEntry>,
    /// How many more alerts and changes there were.
    pub truncated: usize,
    /// How many alerts and changes this receiver would have been told of by now, were it not for silences; absent from the
    /// JSON when there are none.
    #[serde(default, skip_serializing_if = "is_none")]
    pub withheld: usize,
}

/// What was decided for one message. All that rendering it needs beside its id and its receiver, so that a message that waits can
/// be rendered again when its receiver changes type or format.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    /// What it says.
    pub message: Message,
    /// The first messages to the same receiver about the same alerts, oldest first; only mails use them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub thread: Vec<MessageId>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
const fn is_none(count: &usize) -> bool {
    *count == 0
}
