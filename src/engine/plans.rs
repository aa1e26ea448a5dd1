//! Which plans a run reads, and what their answers change.
//!
//! Guarantees: one request for each subscription and run, and one more to confirm a plan that turned inactive; a failure is stored and
//! changes nothing else. Leaves the requests to `reads_beside`.

use std::collections::BTreeSet;

use super::Engine;
use super::reading_log::ReadingSubject;
use super::run::Scope;
use crate::domain::account::{AccountKey, SubscriptionName};
use crate::domain::failing_period::FailedReading;
use crate::domain::plan::{PlanReading, PlanState};
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
            ReadingSubject::Plan(&name).log(failed(&before), failed(&after), error(&after));
            writer.save_plan_state(&name, &after).await?;
        }
        Ok(())
    }
}

fn failed(state: &PlanState) -> Option<FailedReading> {
    let failure = state.failure.as_ref()?;
    Some(FailedReading { is_not_understood: failure.is_malformed, period: failure.period })
}

fn error(state: &PlanState) -> &str {
    state.failure.as_ref().map_or("", |failure| &failure.error)
}
