//! The result of one check of one account. A failed check is an observation like any other, not an error.
//!
//! An observation holds only allow-listed facts: nothing secret and nothing personal.
//! What it means for alerts is left to `account_state` and `alerts`.

use chrono::TimeDelta;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strum::{Display, EnumIter, EnumString, IntoStaticStr};

use super::account::as_str;
use super::configuration::Configuration;

/// What a check saw (docs/contract.md, section 1), in the contract's order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[derive(Display, EnumIter, EnumString, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Outcome {
    /// 200 with a configuration that carries no error.
    Ok,
    /// 401: the API token is wrong or was reset.
    Unauthorized,
    /// 402: the useapi.net plan lapsed.
    SubscriptionLapsed,
    /// 404: there is no such configuration.
    NotFound,
    /// 200 with an `error` member, or 596: the linked MiniMax account is in error.
    AccountError,
    /// 429: too many requests; inconclusive.
    RateLimited,
    /// 5xx other than 596, DNS, connect, TLS, time-out; inconclusive.
    Unavailable,
    /// 403: the protection in front of the API refuses this client; inconclusive.
    Blocked,
    /// Any other status, not JSON, too large.
    Malformed,
}

as_str!(Outcome);

impl Outcome {
    /// What the operator can do about it, where that depends on nothing else.
    pub const fn advice(self) -> Option<&'static str> {
        let advice = "check from another network or without a proxy, and ask useapi.net's support to allow this address";
        if matches!(self, Self::Blocked) { Some(advice) } else { None }
    }

    /// Whether it says anything about the account. Inconclusive checks neither raise nor clear a fault; `unreachable` counts them.
    pub const fn is_conclusive(self) -> bool {
        !matches!(self, Self::RateLimited | Self::Unavailable | Self::Blocked)
    }
}

/// The result of one check.
#[derive(Clone, Debug, PartialEq)]
pub struct Observation {
    /// What the check saw.
    pub outcome: Outcome,
    /// The normalised configuration; present exactly when the outcome is `ok`.
    pub configuration: Option<Configuration>,
    /// The error text of an outcome other than `ok`: printable, of bounded length, without secrets.
    pub error: Option<String>,
    /// The pause that the vendor asked for (`Retry-After`), if any.
    pub retry_after: Option<TimeDelta>,
}

impl Observation {
    /// The check saw a healthy configuration.
    pub const fn ok(configuration: Configuration) -> Self {
        Self { outcome: Outcome::Ok, configuration: Some(configuration), error: None, retry_after: None }
    }

    /// The check saw something else; `error` describes it.
    pub fn failed(outcome: Outcome, error: impl Into<String>) -> Self {
        Self { outcome, configuration: None, error: Some(error.into()), retry_after: None }
    }
}
