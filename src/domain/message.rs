//! The message that one receiver is sent at one moment, as data: the same content for every type of receiver.
//!
//! It has the shape that docs/contract.md, section 4 describes, with at most [`LIMIT`] entries in each list; the rest is
//! counted. Bytes, templates and headers are left to `notify::render`.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use strum::{Display, EnumIter, EnumString, IntoStaticStr};

use super::account::{AccountId, AccountRef, ReceiverName, SubscriptionName, as_str, name};
use super::alerts::{AlertId, AlertKind, Severity};
use super::change::ChangeKind;
use super::observation::Outcome;
use super::time::Timestamp;
use super::verdict::Verdict;

name! {
    /// The stable id of one message: the `webhook-id`, and the left side of a mail's `Message-ID`.
    MessageId
}

/// The most entries in each list of one message: alerts, changes, and the lists of a digest.
pub const LIMIT: usize = 100;

/// The type of a message (docs/contract.md, section 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum MessageType {
    /// At least one alert fires.
    #[serde(rename = "alert.firing")]
    Firing,
    /// No alert fires, at least one resolved.
    #[serde(rename = "alert.resolved")]
    Resolved,
    /// It holds only changes.
    #[serde(rename = "account.changed")]
    Changed,
    /// From `notify test`.
    #[serde(rename = "watch.test")]
    Test,
    /// A digest, at the times that its receiver configured.
    #[serde(rename = "watch.digest")]
    Digest,
}

/// Whether an alert fires or has resolved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[derive(Display, EnumString, IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub enum Status {
    /// The alert fires.
    Firing,
    /// The alert has resolved.
    Resolved,
}

/// Why a receiver is notified of an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[derive(Display, EnumIter, EnumString, IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub enum Reason {
    /// The receiver has not been notified of it before.
    Opened,
    /// Its severity or stage increased.
    Escalated,
    /// A reminder: it still fires.
    Repeated,
    /// It resolved.
    Resolved,
}

as_str!(Reason);

/// One alert in a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AlertEntry {
    /// Its id, the same in every message about it.
    pub id: AlertId,
    /// Its kind.
    pub kind: AlertKind,
    /// Firing or resolved.
    pub status: Status,
    /// Why it is sent; `null` in `status` and `alerts`, which send nothing.
    pub reason: Option<Reason>,
    /// The lead time (`7d`) or `expired`; `expiry` only.
    pub stage: Option<String>,
    /// Its severity.
    pub severity: Severity,
    /// The subscription; `null` when the alert is about a receiver.
    pub subscription: Option<SubscriptionName>,
    /// The account; `null` when the alert is about a subscription or a receiver.
    pub account: Option<AccountRef>,
    /// The receiver that fails; `delivery_failing` only, absent from the JSON of every other kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receiver: Option<ReceiverName>,
    /// How many accounts it affects.
    pub affected: u32,
    /// When it opened.
    #[serde(with = "super::time::seconds")]
    #[schemars(with = "Timestamp")]
    pub opened_at: Timestamp,
    /// When it resolved.
    #[serde(with = "super::time::seconds::option")]
    #[schemars(with = "Option<Timestamp>")]
    pub resolved_at: Option<Timestamp>,
    /// When the token expires; `expiry` only. Of a renewed one, the new expiry.
    #[serde(with = "super::time::seconds::option")]
    #[schemars(with = "Option<Timestamp>")]
    pub expires_at: Option<Timestamp>,
    /// One sentence.
    pub detail: String,
    /// Whether it resolved because its account, subscription or receiver left the configuration; absent unless it did.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub no_longer_watched: bool,
}

/// One change in a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ChangeEntry {
    /// Its kind.
    pub kind: ChangeKind,
    /// Its severity.
    pub severity: Severity,
    /// The subscription of the account.
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

/// Everything that one run sends to one receiver.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Message {
    /// Its type.
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
    /// The receiver.
    pub receiver: ReceiverName,
    /// The worst severity in it.
    pub severity: Severity,
    /// One line: all of the content, or the most severe part and a count.
    pub summary: String,
    /// Alerts, most severe first.
    pub alerts: Vec<AlertEntry>,
    /// Changes, most severe first.
    pub changes: Vec<ChangeEntry>,
    /// How many more entries there were than are listed: alerts and changes, or those of the digest.
    pub truncated: usize,
    /// How many alerts and changes silences suppress for this receiver.
    #[serde(default)]
    pub silenced: usize,
    /// The digest; `watch.digest` only, absent from the JSON of every other type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
}

/// The state of a receiver's accounts, and what happened since the digest before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Digest {
    /// When the digest before was sent; of the first one, since when digests are configured.
    #[serde(with = "super::time::seconds")]
    #[schemars(with = "Timestamp")]
    pub since: Timestamp,
    /// The accounts, worst verdict first.
    pub accounts: Vec<DigestAccount>,
    /// The tokens that expire within 14 days, the next one first.
    pub expiring: Vec<DigestExpiry>,
    /// What changed since then, most severe first.
    pub changes: Vec<ChangeEntry>,
    /// The messages of every receiver that failed permanently since then, and those whose delivery fails and is tried again.
    pub failed: Vec<FailedMessage>,
    /// How many there are of each, listed or not.
    pub totals: DigestTotals,
}

/// One account in a digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DigestAccount {
    /// The subscription whose token reads the account.
    pub subscription: SubscriptionName,
    /// The vendor's id.
    pub id: AccountId,
    /// The operator's name for it.
    pub name: String,
    /// What the last check saw; `null` before the first.
    pub outcome: Option<Outcome>,
    /// Its verdict. An account with any other than `ok` needs attention.
    pub verdict: Verdict,
    /// When its token expires.
    #[serde(with = "super::time::seconds::option")]
    #[schemars(with = "Option<Timestamp>")]
    pub expires_at: Option<Timestamp>,
    /// The kinds of the open alerts about it or its subscription.
    pub alerts: BTreeSet<AlertKind>,
}

/// One token that expires soon, in a digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DigestExpiry {
    /// The subscription of the account.
    pub subscription: SubscriptionName,
    /// The account.
    pub account: AccountRef,
    /// When its token expires.
    #[serde(with = "super::time::seconds")]
    #[schemars(with = "Timestamp")]
    pub expires_at: Timestamp,
}

/// One message that was not delivered, in a digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FailedMessage {
    /// Its receiver.
    pub receiver: ReceiverName,
    /// Its id.
    pub message: MessageId,
    /// When it was put into the outbox.
    #[serde(with = "super::time::seconds")]
    #[schemars(with = "Timestamp")]
    pub since: Timestamp,
    /// The error of the last attempt.
    pub error: String,
    /// When it is tried again; `null` when it failed permanently.
    #[serde(with = "super::time::seconds::option")]
    #[schemars(with = "Option<Timestamp>")]
    pub next_attempt_at: Option<Timestamp>,
}

/// How much a digest is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DigestTotals {
    /// Accounts.
    pub accounts: usize,
    /// Those of them that need attention.
    pub attention: usize,
    /// Tokens that expire within 14 days.
    pub expiring: usize,
    /// Changes.
    pub changes: usize,
    /// Messages that were not delivered.
    pub failed: usize,
}

/// The decided content of one message: with its id and receiver all that rendering needs, so that a waiting message is rendered
/// again when its receiver changes type or format.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    /// The message.
    pub message: Message,
    /// The first messages to the same receiver about the same alerts, oldest first; only mails use them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub thread: Vec<MessageId>,
}
