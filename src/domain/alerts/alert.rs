//! Alerts: conditions with a life. An alert fires, perhaps escalates, and resolves.
//!
//! An alert is identified by its subject and kind, never by a text or a lead time, so an edited configuration forgets no alert.
//! When an alert fires is decided by the rule of its kind; who is notified of it, by `notification`.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strum::{Display, EnumIter, EnumString, IntoStaticStr};

use crate::domain::account::{AccountKey, ReceiverName, SubscriptionName, as_str, name};
use crate::domain::clock_skew;
use crate::domain::lead_times::Stage;
use crate::domain::severity::Severity;
use crate::domain::time::Timestamp;

name! {
    /// The stable, sortable id of one alert.
    AlertId
}

/// The condition that an alert reports (docs/contract.md, section 1), in the contract's order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[derive(Display, EnumIter, EnumString, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum AlertKind {
    /// The token expires soon or has expired.
    Expiry,
    /// A healthy answer without a usable expiry.
    ExpiryUnknown,
    /// 401, confirmed.
    Unauthorized,
    /// 402, or an inactive plan, confirmed.
    SubscriptionLapsed,
    /// 404, confirmed.
    NotFound,
    /// The configuration carries an error, or 596, or the session is dead by the read of the credits, confirmed.
    AccountError,
    /// No conclusive check for too long.
    Unreachable,
    /// Answers that cannot be read, confirmed.
    Malformed,
    /// A receiver cannot be reached, or refuses its messages permanently.
    DeliveryFailing,
    /// The jobs that were sent to the account fail.
    JobsFailing,
    /// Jobs are refused for lack of credits, or MiniMax reports none.
    OutOfCredits,
    /// The credits are low, or will soon be gone.
    CreditsLow,
    /// The plan counts accounts in error for services other than MiniMax.
    ServicesInError,
}

as_str!(AlertKind);

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
    /// The subscription that it is, or that its account belongs to.
    pub const fn subscription(&self) -> Option<&SubscriptionName> {
        match self {
            Self::Account(account) => Some(&account.subscription),
            Self::Subscription(name) => Some(name),
            Self::Receiver(_) => None,
        }
    }

    /// The account, if it is a single one.
    pub const fn account(&self) -> Option<&AccountKey> {
        match self {
            Self::Account(account) => Some(account),
            Self::Subscription(_) | Self::Receiver(_) => None,
        }
    }

    /// The receiver, if it is one.
    pub const fn receiver(&self) -> Option<&ReceiverName> {
        match self {
            Self::Receiver(name) => Some(name),
            Self::Account(_) | Self::Subscription(_) => None,
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

/// What is true of a subject now: the content of an alert, before it has an id and a beginning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// What it is about.
    pub subject: Subject,
    /// Its kind.
    pub kind: AlertKind,
    /// The stage that the expiry has reached; `expiry` only.
    pub stage: Option<Stage>,
    /// Its severity.
    pub severity: Severity,
    /// When the token expires; `expiry` only.
    pub expires_at: Option<Timestamp>,
    /// One sentence.
    pub detail: String,
    /// How many accounts it affects.
    pub affected: u32,
}

impl Condition {
    /// A condition of a kind that has no stage and no expiry.
    pub(super) const fn new(
        subject: Subject,
        kind: AlertKind,
        severity: Severity,
        affected: u32,
        detail: String,
    ) -> Self {
        Self { subject, kind, stage: None, severity, expires_at: None, detail, affected }
    }
}

/// Why an alert resolved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[derive(EnumString, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Resolution {
    /// Its condition is no longer true.
    Ended,
    /// The token was renewed; `expiry` only.
    Renewed,
    /// The other member showed a renewal while the configured one could not be read; `expiry` only.
    RenewedByOther,
    /// The account, subscription or receiver left the configuration, so the condition is unknown.
    NoLongerWatched,
}

as_str!(Resolution);

/// One alert from opening to resolution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// Its id, the same in every message about it.
    pub id: AlertId,
    /// Its content: what is true, or was until it resolved.
    pub condition: Condition,
    /// When it opened.
    pub opened_at: Timestamp,
    /// When it resolved; none while it fires.
    pub resolved_at: Option<Timestamp>,
    /// The later expiry that resolved it; a resolved `expiry` only.
    pub renewed_until: Option<Timestamp>,
    /// When it last escalated, else when it opened.
    pub reached_at: Timestamp,
    /// Why it resolved; of an alert that opened again, why it had resolved before.
    pub resolution: Option<Resolution>,
}

impl Alert {
    /// Whether it still fires.
    pub const fn is_firing(&self) -> bool {
        self.resolved_at.is_none()
    }

    /// Whether `condition` is more severe than its present one.
    pub fn is_escalated_by(&self, condition: &Condition) -> bool {
        condition.stage > self.condition.stage || condition.severity > self.condition.severity
    }

    /// Its `reached_at` once it has `condition` at `now`. A value that lies in the future because of clock skew is corrected.
    pub fn reached_at_with(&self, condition: &Condition, now: Timestamp) -> Timestamp {
        let is_new = self.is_escalated_by(condition) || clock_skew::was_recorded_ahead(self.reached_at, now);
        if is_new { now } else { self.reached_at }
    }
}
