//! The alerts that fire, and the accounts for which a trial is due because of them: what every judgement about accounts needs, read once
//! for all of them.

use std::collections::BTreeSet;

use super::trials::trials_due;
use crate::config::Config;
use crate::domain::account::AccountKey;
use crate::domain::alerts::{Alert, FiringAlerts, Subject};
use crate::domain::time::Timestamp;
use crate::store::{Store, StoreError};

/// The firing alerts about some accounts and their subscriptions, or all of them.
#[derive(Clone, Debug)]
pub struct CurrentAlerts {
    /// The alerts, oldest first.
    pub alerts: Vec<Alert>,
    /// The accounts among theirs that are due for a trial.
    pub(super) trials: BTreeSet<AccountKey>,
}

impl CurrentAlerts {
    /// Loads the alerts about the accounts in `wanted`, or all.
    pub async fn load(
        store: &Store,
        config: &Config,
        wanted: Option<&BTreeSet<AccountKey>>,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let mut alerts = store.firing_alerts().await?;
        alerts.retain(|alert| concerns(alert, wanted));
        let trials = trials_due(store, config, &alerts, now).await?;
        Ok(Self { alerts, trials })
    }

    /// The same by what they are about.
    pub(super) fn by_subject(&self) -> FiringAlerts<'_> {
        FiringAlerts::new(&self.alerts)
    }
}

/// Whether `alert` is about one of the accounts in `wanted`; every alert is when `wanted` is absent.
pub(super) fn concerns(alert: &Alert, wanted: Option<&BTreeSet<AccountKey>>) -> bool {
    wanted.is_none_or(|wanted| match &alert.condition.subject {
        Subject::Account(account) => wanted.contains(account),
        Subject::Subscription(name) => wanted.iter().any(|account| account.subscription == *name),
        Subject::Receiver(_) => false,
    })
}
