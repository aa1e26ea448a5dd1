//! The silences, as `silence list --json` gives them.

use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::account::SubscriptionName;
use crate::domain::silence::{Silence, SilenceId};
use crate::domain::time::{Timestamp, seconds};

/// What operators do not want to hear of.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Silences {
    /// When it was drawn.
    #[serde(with = "seconds")]
    #[schemars(with = "Timestamp")]
    pub generated_at: Timestamp,
    /// Those in force, or all.
    pub silences: Vec<SilenceReport>,
}

/// One silence; an empty list stands for all.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct SilenceReport {
    /// Its number.
    pub id: SilenceId,
    /// Whether it withholds anything now.
    pub in_force: bool,
    /// Globs over names and ids.
    pub accounts: Vec<String>,
    /// Kinds of alerts and changes.
    pub kinds: Vec<String>,
    /// Names of subscriptions.
    pub subscriptions: Vec<SubscriptionName>,
    /// Whether it silences critical alerts too.
    pub even_critical: bool,
    /// Why.
    pub reason: String,
    /// When it was made.
    #[serde(with = "seconds")]
    #[schemars(with = "Timestamp")]
    pub created_at: Timestamp,
    /// When it ends by itself.
    #[serde(with = "seconds")]
    #[schemars(with = "Timestamp")]
    pub until: Timestamp,
    /// When it was ended by hand.
    #[serde(with = "seconds::option")]
    #[schemars(with = "Option<Timestamp>")]
    pub ended_at: Option<Timestamp>,
}

impl Silences {
    /// The list of these.
    pub fn of(silences: &[Silence], now: Timestamp) -> Self {
        let silences = silences.iter().map(|silence| SilenceReport::of(silence, now)).collect();
        Self { generated_at: now, silences }
    }
}

impl SilenceReport {
    pub(super) fn of(silence: &Silence, now: Timestamp) -> Self {
        Self {
            id: silence.id,
            in_force: silence.is_in_force(now),
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
