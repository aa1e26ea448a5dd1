//! Reading the plan of each subscription, beside the checks of a run.
//!
//! Guarantees: one request for each subscription and run, and one more to confirm a plan that turned inactive; a failure is stored and
//! changes nothing else. A subscription that is rate-limited is left out, and an answer never slows the checks down.

use std::collections::BTreeSet;

use futures_util::StreamExt;

use super::Engine;
use crate::domain::account::{AccountKey, SubscriptionName};
use crate::domain::plan::{PlanReading, PlanState};
use crate::store::{StoreError, Writer};

/// Plans that are read at once, beside the checks.
const MAX_CONCURRENT: usize = 4;

impl Engine {
    /// The subscriptions of `accounts`, if plans are watched.
    pub(super) fn plans_to_read(&self, accounts: &[AccountKey]) -> BTreeSet<SubscriptionName> {
        let accounts = accounts.iter().filter(|_| self.config.plan.watch);
        accounts.map(|account| account.subscription.clone()).collect()
    }

    /// The subscriptions whose plan turned inactive, and waits for a second reading.
    pub(super) async fn plans_to_confirm(&self) -> Result<BTreeSet<SubscriptionName>, StoreError> {
        if !self.config.plan.watch {
            return Ok(BTreeSet::new());
        }
        let states = self.store.plan_states().await?;
        let waiting = states.into_iter().filter(|(_, state)| state.awaits_confirmation());
        Ok(waiting.map(|(name, _)| name).collect())
    }

    /// Reads the plans of `subscriptions`.
    pub(super) async fn read_plans(
        &self,
        subscriptions: BTreeSet<SubscriptionName>,
    ) -> Vec<(SubscriptionName, PlanReading)> {
        let readings = subscriptions.into_iter().map(|name| async move {
            let subscription = self.subscription(&name)?;
            let is_blocked = self.limit(&name).blocked_until(self.clock.now()).is_some();
            if is_blocked || self.is_stopping() {
                return None;
            }
            let token = self.tokens.current(subscription);
            let reading = self.client.account_info(&token, &self.clock).await;
            Some((name, reading))
        });
        let readings = futures_util::stream::iter(readings).buffer_unordered(MAX_CONCURRENT);
        readings.filter_map(std::future::ready).collect().await
    }

    /// Stores what `readings` showed.
    pub(super) async fn record_plans(
        &self,
        writer: &mut Writer,
        readings: Vec<(SubscriptionName, PlanReading)>,
    ) -> Result<(), StoreError> {
        if readings.is_empty() {
            return Ok(());
        }
        let (now, confirm_after) = (self.clock.now(), self.config.alerts.confirm_after);
        let mut states = writer.plan_states().await?;
        for (name, reading) in readings {
            let before = states.remove(&name).unwrap_or_default();
            log(&name, &before, &reading);
            writer.save_plan_state(&name, &before.after(reading, confirm_after, now)).await?;
        }
        Ok(())
    }
}

/// Logs a failed reading; once as a warning when there is an answer that is not understood.
fn log(subscription: &SubscriptionName, before: &PlanState, reading: &PlanReading) {
    let PlanReading::Failed(failure) = reading else { return };
    let was_malformed = before.failure.as_ref().is_some_and(|failure| failure.is_malformed);
    if failure.is_malformed && !was_malformed {
        tracing::warn!(
            %subscription, error = failure.error,
            "the plan of subscription {subscription} cannot be read: {}; it is not watched until it can", failure.error
        );
    } else {
        tracing::debug!(%subscription, error = failure.error, "the plan of subscription {subscription} was not read");
    }
}
