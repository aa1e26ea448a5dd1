//! The part of the configuration that the rules need.

use std::collections::BTreeMap;

use chrono::TimeDelta;

use super::account::AccountKey;
use super::configuration::ExpirySource;
use super::credits::CreditsPolicy;
use super::jobs::JobsPolicy;
use super::lead_times::{CRITICAL_WITHIN, LeadTimes};

/// Thresholds and sources. Only lead times can differ between accounts.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Which expiry counts.
    pub source: ExpirySource,
    /// Lead times for accounts without their own.
    pub lead_times: LeadTimes,
    /// Lead times of single accounts.
    pub lead_times_by_account: BTreeMap<AccountKey, LeadTimes>,
    /// A fault is confirmed when another check sees it this much later; zero: at once.
    pub confirm_after: TimeDelta,
    /// An account without a conclusive check for this long is unreachable.
    pub unreachable_after: TimeDelta,
    /// How often alerts that still fire are repeated, if at all.
    pub repeat_every: Option<TimeDelta>,
    /// When the jobs of an account count as failing; none while jobs are not watched.
    pub jobs: Option<JobsPolicy>,
    /// When the credits of an account are low; none while they are not read.
    pub credits: Option<CreditsPolicy>,
}

impl Policy {
    /// The longest distance before an expiry at which a stage or severity can change.
    pub fn max_lead_time(&self) -> TimeDelta {
        let all = self.lead_times_by_account.values().chain([&self.lead_times]);
        let longest = all.filter_map(|lead_times| lead_times.as_slice().first().copied());
        longest.fold(CRITICAL_WITHIN, TimeDelta::max)
    }

    /// The lead times of `account`.
    pub fn lead_times(&self, account: &AccountKey) -> &LeadTimes {
        self.lead_times_by_account.get(account).unwrap_or(&self.lead_times)
    }
}
