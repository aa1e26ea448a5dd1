//! Changes: one field of an account before and after, between two snapshots.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use strum::{Display, EnumIter, EnumString, IntoStaticStr};

use super::account::{AccountKey, as_str};
use super::severity::Severity;
use super::time::Timestamp;

/// What changed (docs/contract.md, section 1), in the contract's order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[derive(Display, EnumIter, EnumString, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum ChangeKind {
    /// A `support*` flag went from true to false or absent.
    CapabilityLost,
    /// A `support*` flag became true.
    CapabilityGained,
    /// `maxJobs` is another number.
    MaxJobsChanged,
    /// `jwt.host` is another host.
    HostChanged,
    /// The token expires earlier than before.
    ExpiryMovedBack,
    /// `jwt.user.id` is another user.
    IdentityChanged,
}

as_str!(ChangeKind);

/// One changed field; a value is `null` where the field was absent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The account.
    pub account: AccountKey,
    /// What changed.
    pub kind: ChangeKind,
    /// Its severity.
    pub severity: Severity,
    /// The vendor's name of the field.
    pub field: String,
    /// Its value before.
    pub before: Value,
    /// Its value now.
    pub after: Value,
    /// When it was seen.
    pub at: Timestamp,
}
