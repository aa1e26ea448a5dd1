//! The operator's decisions as the rules need them.

use std::collections::BTreeMap;

use chrono::TimeDelta;

use super::account::AccountKey;
use super::configuration::EndSource;
use super::expiry::{CRITICAL_WITHIN, Ladder};

/// Thresholds and sources; the same for all accounts but for their ladders.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Which end counts.
    pub source: EndSource,
    /// Lead times for accounts without their own.
    pub ladder: Ladder,
    /// Lead times of single accounts.
    pub ladders: BTreeMap<AccountKey, Ladder>,
    /// A first bad verdict is believed when it is seen again this much later; zero: at once.
    pub confirm_after: TimeDelta,
    /// No verdict for this long is an alert.
    pub unreachable_after: TimeDelta,
    /// Reminders of what still fires, if any.
    pub repeat_every: Option<TimeDelta>,
}

impl Policy {
    /// How far from its end a token can be, at the most, for there to be something to say about that.
    pub fn longest_lead(&self) -> TimeDelta {
        let ladders = self.ladders.values().chain([&self.ladder]);
        let leads = ladders.filter_map(|ladder| ladder.leads().first().copied());
        leads.fold(CRITICAL_WITHIN, TimeDelta::max)
    }

    /// The lead times of `account`.
    pub fn ladder(&self, account: &AccountKey) -> &Ladder {
        self.ladders.get(account).unwrap_or(&self.ladder)
    }
}
