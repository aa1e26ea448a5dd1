//! Silences, as `silence list --json` prints them.

use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::account::SubscriptionName;
use crate::domain::silence::{Silence, SilenceId};
use crate::domain::time::{Timestamp, seconds};

/// The silences that operators made.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Silences {
    /// When this was generated.
    #[serde(serialize_with = "seconds::serialize")]
    pub generated_at: Timestamp,
    /// The silences in force, or all.
    pub silences: Vec<SilenceReport>,
}

/// One silence; an empty list matches everything.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct SilenceReport {
    /// Its number.
    pub id: SilenceId,
    /// Whether it is in force now.
    pub in_force: bool,
    /// What it covers, in words. Only people see it.
    #[serde(skip)]
    pub matcher: String,
    /// Globs for account names and ids.
    pub accounts: Vec<String>,
    /// Kinds of alerts and changes.
    pub kinds: Vec<String>,
    /// Names of subscriptions.
    pub subscriptions: Vec<SubscriptionName>,
    /// Whether it silences critical alerts too.
    pub even_critical: bool,
    /// The operator's reason.
    pub reason: String,
    /// When it was added.
    #[serde(serialize_with = "seconds::serialize")]
    pub created_at: Timestamp,
    /// When it ends by itself.
    #[serde(serialize_with = "seconds::serialize")]
    pub until: Timestamp,
    /// When an operator ended it early.
    #[serde(serialize_with = "seconds::option::serialize")]
    pub ended_at: Option<Timestamp>,
}

impl Silences {
    /// The report of `silences` at `now`.
    pub fn new(silences: &[Silence], now: Timestamp) -> Self {
        let silences = silences.iter().map(|silence| SilenceReport::new(silence, now)).collect();
        Self { generated_at: now, silences }
    }
}

impl SilenceReport {
    pub(super) fn new(silence: &Silence, now: Timestamp) -> Self {
        Self {
            id: silence.id,
            in_force: silence.is_in_force(now),
            matcher: silence.matcher.to_string(),
            accounts: silence.matcher.globs().to_vec(),
            kinds: silence.matcher.kinds().into_iter().map(str::to_owned).collect(),
            subscriptions: silence.matcher.subscriptions().iter().cloned().collect(),
            even_critical: silence.even_critical,
            reason: silence.reason.clone(),
            created_at: silence.created_at,
            until: silence.until,
            ended_at: silence.ended_at,
        }
    }
}
