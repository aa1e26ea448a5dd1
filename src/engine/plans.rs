//! Which plans a run reads, and what their answers change.
//!
//! Guarantees: one request for each subscription and run, and one more to confirm a plan that turned inactive; a failure is stored and
//! changes nothing else. Leaves the requests to `reads_beside`.

use std::collections::BTreeSet;

use super::Engine;
use super::run::Scope;
use crate::domain::account::{AccountKey, SubscriptionName};
use crate::domain::plan::{PlanFailure, PlanReading, PlanState};
use crate::store::{StoreError, Writer};

impl Engine {
    /// While plans are not watched, deletes what is known of them: it must not count when they are watched again.
    pub(super) async fn forget_unwatched_plans(&self) -> Result<(), StoreError> {
        if self.config.plan.watch || self.store.plan_states().await?.is_empty() {
            return Ok(());
        }
        let mut writer = self.store.write().await?;
        writer.remove_plans().await?;
        writer.commit().await
    }

    /// The subscriptions of `accounts`, if plans are watched.
    pub(super) fn plans_to_read(&self, accounts: &[AccountKey]) -> BTreeSet<SubscriptionName> {
        let accounts = accounts.iter().filter(|_| self.config.plan.watch);
        accounts.map(|account| account.subscription.clone()).collect()
    }

    /// The subscriptions in `scope` whose plan turned inactive, and waits for a second reading.
    pub(super) async fn plans_to_confirm(
        &self,
        scope: &Scope,
    ) -> Result<BTreeSet<SubscriptionName>, StoreError> {
        if !self.config.plan.watch {
            return Ok(BTreeSet::new());
        }
        let states = self.store.plan_states().await?;
        let waiting =
            states.into_iter().filter(|(name, state)| state.awaits_confirmation() && scope.has_any_of(name));
        Ok(waiting.map(|(name, _)| name).collect())
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
            let after = before.after(reading, confirm_after, now);
            log(&name, &before, &after);
            writer.save_plan_state(&name, &after).await?;
        }
        Ok(())
    }
}

/// Logs a failed reading; once as a warning when there is an answer that is not understood, or when the failure lasts.
fn log(subscription: &SubscriptionName, before: &PlanState, after: &PlanState) {
    let is_malformed = |failure: &PlanFailure| failure.is_malformed;
    let lasts = |failure: &PlanFailure| failure.period.is_some_and(|period| period.lasts());
    let was = |is: fn(&PlanFailure) -> bool| before.failure.as_ref().is_some_and(is);
    let Some(failure) = &after.failure else {
        if was(is_malformed) || was(lasts) {
            tracing::info!(%subscription, "the plan of subscription {subscription} is read again");
        }
        return;
    };
    let error = &failure.error;
    if is_malformed(failure) && !was(is_malformed) {
        tracing::warn!(
            %subscription, error,
            "the plan of subscription {subscription} cannot be read: {error}; it is not watched until it can"
        );
    } else if !is_malformed(failure) && lasts(failure) && !was(lasts) {
        tracing::warn!(
            %subscription, error,
            "the plan of subscription {subscription} was not read for an hour: {error}; it is not watched until it is"
        );
    } else {
        tracing::debug!(%subscription, error, "the plan of subscription {subscription} was not read");
    }
}
