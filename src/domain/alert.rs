//! Alerts: conditions with a life. Firing, perhaps escalated, resolved.
//!
//! Promises: an alert's identity is its subject and kind, never a text or a threshold, so an edit of the
//! configuration forgets nothing. Leaves when to fire to `assess`, and who hears it to `announce`.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::account::{AccountKey, ReceiverName, SubscriptionName, name};
use super::expiry::Stage;
pub use super::severity::Severity;
use super::time::Timestamp;

name! {
    /// The stable, sortable id of one alert's life.
    AlertId
}

/// What an alert is of (contract 1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AlertKind {
    /// The token's end is near or past.
    Expiry,
    /// A healthy answer without a usable end.
    ExpiryUnknown,
    /// 401, confirmed.
    Unauthorized,
    /// 402, confirmed.
    SubscriptionLapsed,
    /// 404, confirmed.
    NotFound,
    /// The configuration carries an error, or 596, confirmed.
    AccountError,
    /// No verdict for too long.
    Unreachable,
    /// Answers that cannot be read, confirmed.
    Malformed,
    /// A receiver cannot be reached, or refuses for good.
    DeliveryFailing,
}

impl AlertKind {
    /// Every kind, in the contract's order.
    pub const ALL: [Self; 9] = [
        Self::Expiry,
        Self::ExpiryUnknown,
        Self::Unauthorized,
        Self::SubscriptionLapsed,
        Self::NotFound,
        Self::AccountError,
        Self::Unreachable,
        Self::Malformed,
        Self::DeliveryFailing,
    ];

    /// Every severity that an alert of this kind can have.
    pub const fn severities(self) -> &'static [Severity] {
        match self {
            // Critical from one day before the token expires.
            Self::Expiry => &[Severity::Warning, Severity::Critical],
            Self::ExpiryUnknown | Self::Unreachable | Self::Malformed | Self::DeliveryFailing => {
                &[Severity::Warning]
            }
            Self::Unauthorized | Self::SubscriptionLapsed | Self::NotFound | Self::AccountError => {
                &[Severity::Critical]
            }
        }
    }

    /// Whether an alert of this kind can be about a whole subscription.
    pub const fn concerns_subscriptions(self) -> bool {
        match self {
            Self::Unauthorized | Self::SubscriptionLapsed | Self::Unreachable | Self::Malformed => true,
            Self::Expiry
            | Self::ExpiryUnknown
            | Self::NotFound
            | Self::AccountError
            | Self::DeliveryFailing => false,
        }
    }

    /// The contract's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Expiry => "expiry",
            Self::ExpiryUnknown => "expiry_unknown",
            Self::Unauthorized => "unauthorized",
            Self::SubscriptionLapsed => "subscription_lapsed",
            Self::NotFound => "not_found",
            Self::AccountError => "account_error",
            Self::Unreachable => "unreachable",
            Self::Malformed => "malformed",
            Self::DeliveryFailing => "delivery_failing",
        }
    }

    /// The kind of that word, if it is one.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

impl fmt::Display for AlertKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What an alert is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// One account.
    Account(AccountKey),
    /// A whole subscription: one token, one cause.
    Subscription(SubscriptionName),
    /// A receiver.
    Receiver(ReceiverName),
}

impl Subject {
    /// The subscription concerned, if any.
    pub const fn subscription(&self) -> Option<&SubscriptionName> {
        match self {
            Self::Account(account) => Some(&account.subscription),
            Self::Subscription(name) => Some(name),
            Self::Receiver(_) => None,
        }
    }

    /// The account concerned, if it is one alone.
    pub const fn account(&self) -> Option<&AccountKey> {
        match self {
            Self::Account(account) => Some(account),
            Self::Subscription(_) | Self::Receiver(_) => None,
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Account(account) => write!(f, "{}/{}", account.subscription, account.id),
            Self::Subscription(name) => name.fmt(f),
            Self::Receiver(name) => name.fmt(f),
        }
    }
}

/// What is true of a subject now: the content of an alert, before it has an id or a life.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// What it is about.
    pub subject: Subject,
    /// What it is.
    pub kind: AlertKind,
    /// How near the end is; `expiry` only.
    pub stage: Option<Stage>,
    /// How grave it is.
    pub severity: Severity,
    /// The token's end, where the kind has one.
    pub expires_at: Option<Timestamp>,
    /// One sentence.
    pub detail: String,
    /// How many accounts are concerned.
    pub affected: u32,
}

/// One alert's life so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// Its id, the same in every message about it.
    pub id: AlertId,
    /// What is or was true.
    pub condition: Condition,
    /// Since when.
    pub opened_at: Timestamp,
    /// Until when; none while it fires.
    pub resolved_at: Option<Timestamp>,
    /// The end that replaced the one that was near; a resolved `expiry` only.
    pub renewed_until: Option<Timestamp>,
}

impl Alert {
    /// Whether it still fires.
    pub const fn is_firing(&self) -> bool {
        self.resolved_at.is_none()
    }
}
