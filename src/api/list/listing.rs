//! The result of a request for all accounts.

use std::collections::BTreeMap;

use chrono::TimeDelta;

use crate::domain::account::AccountId;
use crate::domain::observation::{Observation, Outcome};

/// The result of one request for all accounts of a token.
#[derive(Clone, Debug, PartialEq)]
pub struct Listing<T> {
    /// The outcome of the request; `ok` does not imply that each account is `ok`.
    pub outcome: Outcome,
    /// What an operator should read about an outcome other than `ok`.
    pub error: Option<String>,
    /// How long the vendor asked us to wait.
    pub retry_after: Option<TimeDelta>,
    /// What the caller kept of each account in the list; empty unless the outcome is `ok`.
    pub accounts: BTreeMap<AccountId, T>,
}

impl<T> Listing<T> {
    pub(super) const fn ok(accounts: BTreeMap<AccountId, T>) -> Self {
        Self { outcome: Outcome::Ok, error: None, retry_after: None, accounts }
    }
}

impl<T> From<Observation> for Listing<T> {
    /// A list that could not be read, for the reason in `observation`.
    fn from(observation: Observation) -> Self {
        let Observation { outcome, error, retry_after, configuration: _ } = observation;
        Self { outcome, error, retry_after, accounts: BTreeMap::new() }
    }
}
