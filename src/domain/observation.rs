//! What one look at one account saw. A failed look is an observation like any other, not an error.
//!
//! Promises: an observation holds allow-listed facts only; nothing secret or personal can travel in one.
//! Leaves the meaning for alerts to `standing` and `assess`.

use std::fmt;

use chrono::TimeDelta;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::configuration::Configuration;

/// What a check saw (docs/contract.md, section 1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
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
    /// 429: asked too often; no verdict.
    RateLimited,
    /// 5xx other than 596, DNS, connect, TLS, time-out; no verdict.
    Unavailable,
    /// 403: the protection in front of the API refuses this client; no verdict.
    Blocked,
    /// Any other status, not JSON, too large.
    Malformed,
}

impl Outcome {
    /// Every outcome, in the contract's order.
    pub const ALL: [Self; 9] = [
        Self::Ok,
        Self::Unauthorized,
        Self::SubscriptionLapsed,
        Self::NotFound,
        Self::AccountError,
        Self::RateLimited,
        Self::Unavailable,
        Self::Blocked,
        Self::Malformed,
    ];

    /// The contract's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Unauthorized => "unauthorized",
            Self::SubscriptionLapsed => "subscription_lapsed",
            Self::NotFound => "not_found",
            Self::AccountError => "account_error",
            Self::RateLimited => "rate_limited",
            Self::Unavailable => "unavailable",
            Self::Blocked => "blocked",
            Self::Malformed => "malformed",
        }
    }

    /// What to do about it, where that depends on nothing else.
    pub const fn advice(self) -> Option<&'static str> {
        match self {
            Self::Blocked => Some(
                "check from another network or without a proxy, and ask useapi.net's support to allow this address",
            ),
            Self::Ok
            | Self::Unauthorized
            | Self::SubscriptionLapsed
            | Self::NotFound
            | Self::AccountError
            | Self::RateLimited
            | Self::Unavailable
            | Self::Malformed => None,
        }
    }

    /// The outcome of that word, if it is one.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.as_str() == word)
    }

    /// Whether the vendor told us anything about the account; without a verdict nothing may change.
    pub const fn is_verdict(self) -> bool {
        match self {
            Self::RateLimited | Self::Unavailable | Self::Blocked => false,
            Self::Ok
            | Self::Unauthorized
            | Self::SubscriptionLapsed
            | Self::NotFound
            | Self::AccountError
            | Self::Malformed => true,
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What one look saw: the outcome, and what came with it.
#[derive(Clone, Debug, PartialEq)]
pub struct Observation {
    /// What the answer was.
    pub outcome: Outcome,
    /// The normalised configuration; present exactly when the outcome is `ok`.
    pub configuration: Option<Configuration>,
    /// What an operator would want to read about an outcome other than `ok`: printable, capped, without secrets.
    pub error: Option<String>,
    /// How long the vendor asked us to wait (`Retry-After`), when it did.
    pub retry_after: Option<TimeDelta>,
}

impl Observation {
    /// A look that found a healthy configuration.
    pub const fn ok(configuration: Configuration) -> Self {
        Self { outcome: Outcome::Ok, configuration: Some(configuration), error: None, retry_after: None }
    }

    /// A look that found something else, and what there is to say about it.
    pub fn failed(outcome: Outcome, error: impl Into<String>) -> Self {
        Self { outcome, configuration: None, error: Some(error.into()), retry_after: None }
    }
}
