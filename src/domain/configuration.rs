//! The allow-listed part of the vendor's account configuration: the only part that is stored.
//!
//! It has no field for a token, a fingerprint or personal data. Equal configurations serialise to the same bytes.
//! Reading the vendor's JSON is left to `api::normalise`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;

use super::account::as_str;
use super::time::Timestamp;

/// Which of the two members that give an expiry counts (`[expiry].source`). For what counts while that one cannot be read, see
/// `expiry_tracking`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, IntoStaticStr)]
pub enum ExpirySource {
    /// `jwt.exp_Expire`.
    #[default]
    #[serde(rename = "exp_Expire")]
    #[strum(serialize = "exp_Expire")]
    ExpExpire,
    /// `jwt.exp`.
    #[serde(rename = "exp")]
    #[strum(serialize = "exp")]
    Exp,
    /// The earlier of the two.
    #[serde(rename = "earliest")]
    #[strum(serialize = "earliest")]
    Earliest,
}

as_str!(ExpirySource);

/// What one healthy answer holds in one of the two members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reading {
    /// An expiry.
    Read(Timestamp),
    /// The member is absent, `null` or empty.
    Missing,
    /// Anything else, quoted: shortened and without secrets.
    Unreadable(String),
}

impl Reading {
    /// The expiry, if it could be read.
    pub const fn value(&self) -> Option<Timestamp> {
        match self {
            Self::Read(at) => Some(*at),
            Self::Missing | Self::Unreadable(_) => None,
        }
    }
}

/// The stored configuration of one account: normalised and redacted.
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
    /// What it holds in `jwt.exp_Expire` and in `jwt.exp`.
    pub fn readings(&self) -> [Reading; 2] {
        let reading = |at: Option<Timestamp>, unreadable: &Option<String>| match (at, unreadable) {
            (Some(at), _) => Reading::Read(at),
            (None, Some(text)) => Reading::Unreadable(text.clone()),
            (None, None) => Reading::Missing,
        };
        [reading(self.exp_expire, &self.exp_expire_unreadable), reading(self.exp, &self.exp_unreadable)]
    }
}
