//! Changes: one field's before and after between two snapshots of one account.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::account::AccountKey;
use super::alert::Severity;
use super::time::Timestamp;

/// What a change is of (docs/contract.md, section 1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// A `support*` flag went from true to false or absent.
    CapabilityLost,
    /// A `support*` flag became true.
    CapabilityGained,
    /// `maxJobs` moved.
    MaxJobsChanged,
    /// `jwt.host` moved.
    HostChanged,
    /// The token's end is earlier than before.
    ExpiryMovedBack,
    /// `jwt.user.id` is another.
    IdentityChanged,
}

impl ChangeKind {
    /// Every kind, in the contract's order.
    pub const ALL: [Self; 6] = [
        Self::CapabilityLost,
        Self::CapabilityGained,
        Self::MaxJobsChanged,
        Self::HostChanged,
        Self::ExpiryMovedBack,
        Self::IdentityChanged,
    ];

    /// The contract's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CapabilityLost => "capability_lost",
            Self::CapabilityGained => "capability_gained",
            Self::MaxJobsChanged => "max_jobs_changed",
            Self::HostChanged => "host_changed",
            Self::ExpiryMovedBack => "expiry_moved_back",
            Self::IdentityChanged => "identity_changed",
        }
    }

    /// The kind of that word, if it is one.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

impl fmt::Display for ChangeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One field's before and after; `null` where the field was absent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Whose field.
    pub account: AccountKey,
    /// What happened.
    pub kind: ChangeKind,
    /// How grave it is.
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
