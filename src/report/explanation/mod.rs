//! Why an account did or did not alert, as `explain --json` gives it: what is known, each rung, each rule, each receiver, and
//! what comes next.
//!
//! Promises: whether something fires, is told or is kept back is asked of the service's own rules, at this moment and at
//! those to come; only the words are made here.

mod gather;
mod gathered;
mod ladder;
mod receivers;
mod rules;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::silences::SilenceReport;
use super::{AckReport, Expiries};
use crate::domain::account::{AccountId, ReceiverName, SubscriptionName};
use crate::domain::alert::{AlertId, AlertKind, Severity};
use crate::domain::configuration::EndSource;
use crate::domain::message::Reason;
use crate::domain::observation::Outcome;
use crate::domain::time::{Timestamp, seconds};
use crate::store::DeliveryState;

/// Everything about one account.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Explanation {
    /// When it was drawn.
    #[serde(with = "seconds")]
    #[schemars(with = "Timestamp")]
    pub generated_at: Timestamp,
    /// Whose token reads it.
    pub subscription: SubscriptionName,
    /// The vendor's id.
    pub id: AccountId,
    /// The operator's name for it.
    pub name: String,
    /// Whether it is watched.
    pub watched: bool,
    /// What is known.
    pub known: KnownReport,
    /// The end of its token, and which of the two counts.
    pub end: EndReport,
    /// The rungs of its expiry ladder, the first to come first.
    pub rungs: Vec<RungReport>,
    /// Every rule.
    pub rules: Vec<RuleReport>,
    /// What becomes of each open alert for each receiver.
    pub receivers: Vec<WordReport>,
    /// The silences that mean it.
    pub silences: Vec<SilenceReport>,
    /// What comes next if nothing but time passes.
    pub next: Vec<NextReport>,
}

/// What is known of an account.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct KnownReport {
    /// What the last look saw; `null` before the first.
    pub outcome: Option<Outcome>,
    /// What there was to say about it.
    pub error: Option<String>,
    /// When the last look was.
    #[serde(with = "seconds::option")]
    #[schemars(with = "Option<Timestamp>")]
    pub checked_at: Option<Timestamp>,
    /// When it was last healthy.
    #[serde(with = "seconds::option")]
    #[schemars(with = "Option<Timestamp>")]
    pub last_ok_at: Option<Timestamp>,
    /// Since when its configuration is as it is.
    #[serde(with = "seconds::option")]
    #[schemars(with = "Option<Timestamp>")]
    pub unchanged_since: Option<Timestamp>,
    /// `maxJobs`.
    pub max_jobs: Option<i64>,
    /// `jwt.host`.
    pub host: Option<String>,
    /// The `support*` flags.
    pub capabilities: BTreeMap<String, bool>,
}

/// The end of a token.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct EndReport {
    /// The one that counts.
    #[serde(with = "seconds::option")]
    #[schemars(with = "Option<Timestamp>")]
    pub expires_at: Option<Timestamp>,
    /// What is known of both members that give it.
    pub expiries: Expiries,
    /// `[expiry].source`.
    pub source: EndSource,
    /// Why this one counts.
    pub why: String,
}

/// One rung of an expiry ladder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RungReport {
    /// A lead time, or `expired`.
    pub stage: String,
    /// Its moment.
    #[serde(with = "seconds")]
    #[schemars(with = "Timestamp")]
    pub at: Timestamp,
    /// Whether it is reached.
    pub reached: bool,
    /// Who was told at this rung.
    pub told: Vec<RungTold>,
    /// When it is reached and somebody was not told: why.
    pub not_told: Vec<NotTold>,
}

/// A receiver that was told at a rung.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RungTold {
    /// Who.
    pub receiver: ReceiverName,
    /// When.
    #[serde(with = "seconds")]
    #[schemars(with = "Timestamp")]
    pub at: Timestamp,
    /// What became of the message; `null` when it is forgotten.
    pub state: Option<DeliveryState>,
}

/// A receiver that was not told at a rung.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct NotTold {
    /// Who.
    pub receiver: ReceiverName,
    /// Why not.
    pub why: String,
}

/// One rule and its result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RuleReport {
    /// What it raises.
    pub kind: AlertKind,
    /// Whether its alert fires.
    pub fires: bool,
    /// Its inputs, in a sentence.
    pub why: String,
    /// The alert that fires.
    pub alert: Option<RuleAlert>,
}

/// The alert of a rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RuleAlert {
    /// Its id; `null` when it begins with the next announcing.
    pub id: Option<AlertId>,
    /// Whether it is about the whole subscription.
    pub shared: bool,
    /// How many accounts are concerned.
    pub affected: u32,
    /// How near the end is; `expiry` only.
    pub stage: Option<String>,
    /// How grave it is.
    pub severity: Severity,
    /// Since when it fires.
    #[serde(with = "seconds")]
    #[schemars(with = "Timestamp")]
    pub opened_at: Timestamp,
    /// Whether somebody said that they know.
    pub acknowledged: Option<AckReport>,
}

/// What becomes of one alert for one receiver.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct WordReport {
    /// Who.
    pub receiver: ReceiverName,
    /// Of what.
    pub kind: AlertKind,
    /// What becomes of it.
    pub result: WordResult,
    /// The same in a sentence.
    pub why: String,
    /// When it was last told, if ever.
    #[serde(with = "seconds::option")]
    #[schemars(with = "Option<Timestamp>")]
    pub told_at: Option<Timestamp>,
    /// When it will hear again, or could: a reminder, or the end of a silence.
    #[serde(with = "seconds::option")]
    #[schemars(with = "Option<Timestamp>")]
    pub until: Option<Timestamp>,
}

/// What becomes of an alert for a receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WordResult {
    /// It knows.
    Told,
    /// It is told with the next announcing: now by the service, else by the next `check`.
    ToBeTold,
    /// A silence keeps it back.
    Silenced,
    /// Its `kinds`, `min_severity`, `accounts` or the lack of a `fallback` keep it out.
    NotWanted,
}

/// Something that comes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct NextReport {
    /// When.
    #[serde(with = "seconds")]
    #[schemars(with = "Timestamp")]
    pub at: Timestamp,
    /// What, in words; the same for each receiver of the same news.
    pub what: String,
    /// Who is told, if it is a message.
    pub receiver: Option<ReceiverName>,
    /// Why it is told.
    pub reason: Option<Reason>,
    /// Of which kind of alert.
    pub kind: Option<AlertKind>,
    /// At which stage; `expiry` only.
    pub stage: Option<String>,
}
