//! Which accounts can take jobs now, from the store alone, as `usable --json` prints them (docs/contract.md, section 7).
//!
//! Guarantees: `status` judges with the same rule and the same facts. Leaves the rule to `domain::usable`.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use schemars::JsonSchema;
use serde::Serialize;

use super::current_alerts::CurrentAlerts;
use crate::config::Config;
use crate::domain::account::{AccountId, AccountKey, SubscriptionName};
use crate::domain::account_state::AccountRecord;
use crate::domain::alerts::Alert;
use crate::domain::policy::Policy;
use crate::domain::time::{Timestamp, seconds};
use crate::domain::usable::{AccountFacts, NeededFlag, Requirements, Usability, UsableRank, judge_usability};
use crate::store::{Store, StoreError};

/// The accounts that can take jobs, and those that cannot.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub struct UsableAccounts {
    /// The accounts that can take jobs, best first.
    pub usable: Vec<AccountOffer>,
    /// All others, by subscription and id.
    pub unusable: Vec<UnusableAccount>,
    /// When this was judged. Only people see it.
    #[serde(skip)]
    pub generated_at: Timestamp,
    /// Whether any account had a conclusive check. It decides the exit status when none is usable.
    #[serde(skip)]
    pub is_any_known: bool,
    /// The needed flags that no account has, which may be typing errors. Only people see it.
    #[serde(skip)]
    pub unknown_flags: Vec<String>,
    /// The flags that any account has. Only people see it.
    #[serde(skip)]
    pub known_flags: BTreeSet<String>,
}

/// One account, as far as it matters for jobs.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct AccountOffer {
    /// The subscription whose token uses the account.
    pub subscription: SubscriptionName,
    /// The vendor's id.
    pub id: AccountId,
    /// The operator's name for it.
    pub name: String,
    /// When the token expires, if that is known.
    #[serde(serialize_with = "seconds::option::serialize")]
    pub expires_at: Option<Timestamp>,
    /// `maxJobs`.
    pub max_jobs: Option<i64>,
    /// Whether it is usable only on trial: one job should show that its jobs no longer fail.
    pub trial: bool,
    /// Whether a warning about it is open, so that it is not the first choice. Only people see it.
    #[serde(skip)]
    pub has_warning: bool,
}

/// An account that cannot take jobs.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct UnusableAccount {
    /// The account.
    #[serde(flatten)]
    pub account: AccountOffer,
    /// Every reason, as a sentence for people.
    pub reasons: Vec<String>,
}

/// What is asked of accounts.
#[derive(Clone, Debug, Default)]
pub struct UsableQuery {
    /// Flags that must be true (`--needs`).
    pub needs: Vec<NeededFlag>,
    /// The token must not expire within this time (`--for`).
    pub valid_for: TimeDelta,
}

impl UsableAccounts {
    /// Judges every watched account.
    pub async fn load(
        store: &Store,
        config: &Config,
        query: UsableQuery,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let current = CurrentAlerts::load(store, config, None, now).await?;
        let (open, policy) = (current.by_subject(), config.policy());
        let requirements = requirements(config, query, now);
        let mut report = Self { generated_at: now, ..Self::default() };
        let mut usable: Vec<(UsableRank, AccountOffer)> = Vec::new();
        store
            .each_watched(|record| {
                if !record.account.is_listing() {
                    let alerts = open.concerning(&record.account);
                    let usability = usability(&record, (&alerts, &current.trials), &policy, &requirements);
                    report.note(&record, &usability);
                    usable.extend(report.sort_in(record, usability, &policy));
                }
            })
            .await?;
        usable.sort_by(|(one, _), (other, _)| one.cmp(other));
        report.usable = usable.into_iter().map(|(_, offer)| offer).collect();
        let is_unknown = |need: &&NeededFlag| !report.known_flags.iter().any(|flag| need.matches(flag));
        let unknown = requirements.needs.iter().filter(is_unknown);
        report.unknown_flags = unknown.map(|need| need.flag().to_owned()).collect();
        Ok(report)
    }

    /// Adds the account to the unusable ones, or returns it with its rank.
    fn sort_in(
        &mut self,
        record: AccountRecord,
        usability: Usability,
        policy: &Policy,
    ) -> Option<(UsableRank, AccountOffer)> {
        let account = AccountOffer::new(&record, &usability, policy);
        let reasons = match usability {
            Usability::Usable { trial, has_warning } => {
                let (expires_at, max_jobs) = (account.expires_at, account.max_jobs);
                return Some((
                    UsableRank::new(record.account, trial, has_warning, expires_at, max_jobs),
                    account,
                ));
            }
            Usability::Unusable { reasons } => reasons.iter().map(ToString::to_string).collect(),
            Usability::Unknown => vec![unknown_reason(&record)],
        };
        self.unusable.push(UnusableAccount { account, reasons });
        None
    }

    /// Notes what decides the exit status and helps with typing errors.
    fn note(&mut self, record: &AccountRecord, usability: &Usability) {
        self.is_any_known |= usability.is_usable().is_some();
        for flag in record.configuration.iter().flat_map(|seen| seen.capabilities.keys()) {
            if !self.known_flags.contains(flag) {
                self.known_flags.insert(flag.clone());
            }
        }
    }
}

impl AccountOffer {
    fn new(record: &AccountRecord, usability: &Usability, policy: &Policy) -> Self {
        let (trial, has_warning) = match usability {
            Usability::Usable { trial, has_warning } => (*trial, *has_warning),
            Usability::Unusable { .. } | Usability::Unknown => (false, false),
        };
        Self {
            subscription: record.account.subscription.clone(),
            id: record.account.id.clone(),
            name: record.name.clone(),
            expires_at: record.expires_at(policy),
            max_jobs: record.configuration.as_ref().and_then(|seen| seen.max_jobs),
            trial,
            has_warning,
        }
    }
}

/// What `query` asks of an account of this configuration at `now`.
pub(super) fn requirements(config: &Config, query: UsableQuery, now: Timestamp) -> Requirements {
    let interval = config.schedule.schedule.interval_at(now) + config.schedule.jitter;
    let UsableQuery { mut needs, valid_for } = query;
    needs.sort();
    needs.dedup();
    Requirements { now, max_age: config.alerts.unreachable_after + interval, valid_for, needs }
}

/// Judges one account, with the open `alerts` about it and its subscription, and the accounts for which a trial is due.
pub(super) fn usability(
    record: &AccountRecord,
    (alerts, trials): (&[&Alert], &BTreeSet<AccountKey>),
    policy: &Policy,
    requirements: &Requirements,
) -> Usability {
    let none = BTreeMap::new();
    let facts = AccountFacts {
        last_conclusive: record.account_state.last_conclusive(),
        expires_at: record.expires_at(policy),
        capabilities: record.configuration.as_ref().map_or(&none, |seen| &seen.capabilities),
        alerts: alerts.iter().map(|alert| (alert.condition.kind, alert.condition.severity)).collect(),
        is_trial_due: trials.contains(&record.account),
    };
    judge_usability(&facts, requirements)
}

/// Why it is not known whether an account is usable.
pub(super) fn unknown_reason(record: &AccountRecord) -> String {
    match record.account_state.outcome {
        None => "it was not checked yet".to_owned(),
        Some(outcome) => format!("no check was conclusive yet; the last one was {outcome}"),
    }
}
