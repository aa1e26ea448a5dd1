//! Alerts: conditions with a life. Firing, perhaps escalated, resolved.
//!
//! Promises: an alert's identity is its subject and kind, never a text or a threshold, so an edit of the
//! configuration forgets nothing. Leaves when to fire to `assess`, and who hears it to `announce`.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::account::{AccountKey, ReceiverName, SubscriptionName, name};
use super::expiry::{Stage, is_same};
pub use super::severity::Severity;
use super::time::{Timestamp, was_set_back};

name! {
    /// The stable, sortable id of one alert's life.
    AlertId
}

/// What an alert is of (docs/contract.md, section 1).
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

/// Why an alert resolved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Resolution {
    /// Its condition is no longer true.
    Ended,
    /// The token was renewed; `expiry` only.
    Renewed,
    /// The other member showed a renewal while the configured one could not be read; `expiry` only.
    RenewedByOther,
    /// The account, subscription or receiver left the configuration: nobody knows whether the condition is still true.
    NoLongerWatched,
}

impl Resolution {
    /// Every resolution.
    pub const ALL: [Self; 4] = [Self::Ended, Self::Renewed, Self::RenewedByOther, Self::NoLongerWatched];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ended => "ended",
            Self::Renewed => "renewed",
            Self::RenewedByOther => "renewed_by_other",
            Self::NoLongerWatched => "no_longer_watched",
        }
    }

    /// The resolution of that name, if there is one.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|resolution| resolution.as_str() == name)
    }
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
    /// When it escalated last, else when it opened.
    pub reached_at: Timestamp,
    /// Why it resolved; of an alert that was opened again, why it had resolved before.
    pub resolution: Option<Resolution>,
}

impl Alert {
    /// Whether it still fires.
    pub const fn is_firing(&self) -> bool {
        self.resolved_at.is_none()
    }

    /// Whether `condition` is more severe than what this alert says now.
    pub fn is_escalated_by(&self, condition: &Condition) -> bool {
        condition.stage > self.condition.stage || condition.severity > self.condition.severity
    }

    /// When this alert escalated last, once it says `condition` at `now`. A moment that only a clock that ran ahead can have
    /// shown is corrected.
    pub fn reached_at_with(&self, condition: &Condition, now: Timestamp) -> Timestamp {
        let is_new = self.is_escalated_by(condition) || was_set_back(self.reached_at, now);
        if is_new { now } else { self.reached_at }
    }

    /// Gives this alert another content.
    pub fn update(&mut self, condition: Condition, now: Timestamp) {
        self.reached_at = self.reached_at_with(&condition, now);
        self.condition = condition;
    }

    /// Whether an `expiry` that opens with `condition` is this resolved one again: the value that a renewal replaced came back.
    /// One that slid away in steps of less than an hour did not come back.
    pub fn returns_with(&self, condition: &Condition) -> bool {
        let own = self.condition.expires_at;
        condition.kind == AlertKind::Expiry
            && self.condition.kind == AlertKind::Expiry
            && self.condition.subject == condition.subject
            && self.renewed_until.is_some()
            && is_same(own, condition.expires_at)
            && !is_same(own, self.renewed_until)
    }
}
