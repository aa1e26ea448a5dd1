//! The allow-listed part of the vendor's account configuration: all that is ever kept.
//!
//! Promises: no token, fingerprint or personal field has a place here; two equal configurations serialise to the
//! same bytes. Leaves reading the vendor's JSON to `api::normalise`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::expiry_tracking::{Reading, Readings};
use super::time::Timestamp;

/// Which of the two members that give an expiry counts (`[expiry].source`). What happens while it cannot be read says
/// `expiry_tracking`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum EndSource {
    /// `jwt.exp_Expire`.
    #[default]
    #[serde(rename = "exp_Expire")]
    ExpExpire,
    /// `jwt.exp`.
    #[serde(rename = "exp")]
    Exp,
    /// The earlier of the two.
    #[serde(rename = "earliest")]
    Earliest,
}

impl EndSource {
    /// The contract's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ExpExpire => "exp_Expire",
            Self::Exp => "exp",
            Self::Earliest => "earliest",
        }
    }
}

/// One account's configuration as kept: normalised and redacted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Configuration {
    /// `jwt.host`; an empty one counts as absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// `jwt.user.id`: whose MiniMax account this is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    /// `maxJobs`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_jobs: Option<i64>,
    /// Every `support*` boolean, known today or not. Missing is not false.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub capabilities: BTreeMap<String, bool>,
    /// `jwt.exp_Expire`, to the second.
    #[serde(default, with = "super::time::seconds::option", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Timestamp>")]
    pub exp_expire: Option<Timestamp>,
    /// `jwt.exp`, to the second.
    #[serde(default, with = "super::time::seconds::option", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Timestamp>")]
    pub exp: Option<Timestamp>,
    /// Quotes `jwt.exp_Expire` where it cannot be read: shortened, without secrets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exp_expire_unreadable: Option<String>,
    /// The same for `jwt.exp`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exp_unreadable: Option<String>,
}

impl Configuration {
    /// What it says of both expiries.
    pub fn readings(&self) -> Readings {
        let reading = |at: Option<Timestamp>, unreadable: &Option<String>| match (at, unreadable) {
            (Some(at), _) => Reading::Read(at),
            (None, Some(text)) => Reading::Unreadable(text.clone()),
            (None, None) => Reading::Missing,
        };
        Readings {
            exp_expire: reading(self.exp_expire, &self.exp_expire_unreadable),
            exp: reading(self.exp, &self.exp_unreadable),
        }
    }
}
