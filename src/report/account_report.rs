//! What `status` says of one account, and of a list of accounts that cannot be read.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::TimeDelta;
use schemars::JsonSchema;
use serde::Serialize;

use super::usable::usability;
use crate::domain::account::{AccountId, AccountKey, SubscriptionName};
use crate::domain::account_state::AccountRecord;
use crate::domain::alerts::{AlertKind, FiringAlerts};
use crate::domain::expiry_tracking::{ReadState, TrackedExpiries, TrackedExpiry};
use crate::domain::lead_times::CRITICAL_WITHIN;
use crate::domain::observation::Outcome;
use crate::domain::policy::Policy;
use crate::domain::time::{Timestamp, seconds};
use crate::domain::usable::Requirements;
use crate::domain::verdict::Verdict;

/// An account list that could not be read.
#[derive(Clone, Debug)]
pub struct ListReport {
    /// The subscription.
    pub subscription: SubscriptionName,
    /// The outcome of the last request for it.
    pub outcome: Outcome,
    /// The error.
    pub error: String,
}

/// One account.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct AccountReport {
    /// The subscription whose token reads the account.
    pub subscription: SubscriptionName,
    /// The vendor's id.
    pub id: AccountId,
    /// The operator's name for it.
    pub name: String,
    /// What the last check saw; `null` before the first.
    pub outcome: Option<Outcome>,
    /// The account's verdict.
    pub verdict: Verdict,
    /// Whether it can take jobs now, as `usable` judges without options; `null` before the first conclusive check.
    pub usable: Option<bool>,
    /// When the last check was.
    #[serde(serialize_with = "seconds::option::serialize")]
    pub checked_at: Option<Timestamp>,
    /// When a check was last ok.
    #[serde(serialize_with = "seconds::option::serialize")]
    pub last_ok_at: Option<Timestamp>,
    /// When the token expires, by the configured source.
    #[serde(serialize_with = "seconds::option::serialize")]
    pub expires_at: Option<Timestamp>,
    /// Both members that give the expiry: they can contradict each other.
    pub expiries: Expiries,
    /// `maxJobs`.
    pub max_jobs: Option<i64>,
    /// `jwt.host`.
    pub host: Option<String>,
    /// The `support*` flags.
    // Shared, since most accounts can do the same.
    pub capabilities: Arc<BTreeMap<String, bool>>,
    /// The error of the last check, if it was not `ok`.
    pub error: Option<String>,
    /// The kinds of the open alerts about it.
    pub alerts: BTreeSet<AlertKind>,
    /// A warning when the token expires within this time; a threshold of the performance data.
    #[serde(skip)]
    pub warning_within: TimeDelta,
    /// Critical when the token expires within this time.
    #[serde(skip)]
    pub critical_within: TimeDelta,
}

/// The two members that give the expiry, by the vendor's names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Expiries {
    /// `jwt.exp_Expire`.
    #[serde(rename = "exp_Expire")]
    pub exp_expire: ExpiryReport,
    /// `jwt.exp`.
    pub exp: ExpiryReport,
}

/// One member that gives the expiry.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ExpiryReport {
    /// Its last readable value; `null` when it never had one.
    #[serde(serialize_with = "seconds::option::serialize")]
    pub at: Option<Timestamp>,
    /// When that was last seen.
    #[serde(serialize_with = "seconds::option::serialize")]
    pub seen_at: Option<Timestamp>,
    /// Whether the last healthy answer held it.
    pub state: ReadState,
    /// Its text, shortened, when it is unreadable.
    pub text: Option<String>,
}

impl Expiries {
    /// The report of `tracked`.
    pub fn new(tracked: &TrackedExpiries) -> Self {
        let report = |tracked: &TrackedExpiry| ExpiryReport {
            at: tracked.last,
            seen_at: tracked.seen_at,
            state: tracked.state,
            text: tracked.text.clone(),
        };
        Self { exp_expire: report(&tracked.exp_expire), exp: report(&tracked.exp) }
    }
}

impl ListReport {
    pub(super) fn from_failed(list: &AccountRecord) -> Option<Self> {
        let outcome = list.account_state.outcome.filter(|outcome| *outcome != Outcome::Ok)?;
        let error = list.account_state.error.clone().unwrap_or_else(|| outcome.to_string());
        Some(Self { subscription: list.account.subscription.clone(), outcome, error })
    }
}

impl AccountReport {
    /// Which account it is.
    pub fn key(&self) -> AccountKey {
        AccountKey::new(&self.subscription, &self.id)
    }

    pub(super) fn new(
        record: AccountRecord,
        (open, trials): (&FiringAlerts<'_>, &BTreeSet<AccountKey>),
        policy: &Policy,
        requirements: &Requirements,
    ) -> Self {
        let expires_at = record.expires_at(policy);
        let alerts = open.concerning(&record.account);
        let severities = alerts.iter().map(|alert| alert.condition.severity);
        let verdict = record.verdict(severities, policy, requirements.now);
        let usable = usability(&record, (&alerts, trials), policy, requirements).is_usable();
        let AccountRecord { account, name, account_state, configuration } = record;
        let seen = configuration.unwrap_or_default();
        let longest = policy.lead_times(&account).as_slice().first().copied().unwrap_or_default();
        Self {
            subscription: account.subscription.clone(),
            id: account.id.clone(),
            name,
            outcome: account_state.outcome,
            verdict,
            usable,
            checked_at: account_state.checked_at,
            last_ok_at: account_state.last_ok_at,
            expires_at,
            expiries: Expiries::new(&account_state.expiries),
            max_jobs: seen.max_jobs,
            host: seen.host,
            capabilities: Arc::new(seen.capabilities),
            error: account_state.error,
            alerts: alerts.iter().map(|alert| alert.condition.kind).collect(),
            warning_within: longest,
            critical_within: longest.min(CRITICAL_WITHIN),
        }
    }
}
