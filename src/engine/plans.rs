//! Reading the plan of each subscription, beside the checks of a run.
//!
//! Guarantees: one request for each subscription and run, and one more to confirm a plan that turned inactive; a failure is stored and
//! changes nothing else. A subscription that is rate-limited is left out, and a slow answer keeps the run from its end for seconds only.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::future::FusedFuture;
use futures_util::{FutureExt, StreamExt};

use super::Engine;
use super::run::Scope;
use crate::domain::account::{AccountKey, SubscriptionName};
use crate::domain::plan::{PlanFailure, PlanReading, PlanState};
use crate::store::{StoreError, Writer};

/// Plans that are read at once, beside the checks.
const MAX_CONCURRENT: usize = 4;

/// How long a step waits for plans when its checks are done.
const PATIENCE: Duration = Duration::from_secs(2);

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

    /// Makes `checks`, and reads the plans of `subscriptions` beside them. A plan that is not read soon after the checks counts as failed:
    /// the alerts of the checks do not wait for it.
    pub(super) async fn read_plans_beside<T>(
        &self,
        subscriptions: BTreeSet<SubscriptionName>,
        checks: impl Future<Output = T>,
    ) -> (T, Vec<(SubscriptionName, PlanReading)>) {
        let mut unanswered = subscriptions.clone();
        let mut readings = Vec::with_capacity(subscriptions.len());
        let checked = {
            let requests = subscriptions.into_iter().map(|name| self.read_plan(name));
            let mut answers =
                std::pin::pin!(futures_util::stream::iter(requests).buffer_unordered(MAX_CONCURRENT));
            let collecting = async {
                while let Some((name, reading)) = answers.next().await {
                    unanswered.remove(&name);
                    readings.extend(reading.map(|reading| (name, reading)));
                }
            };
            let mut collecting = std::pin::pin!(collecting.fuse());
            let mut checks = std::pin::pin!(checks);
            let checked = tokio::select! {
                checked = &mut checks => checked,
                () = &mut collecting => checks.await,
            };
            if !collecting.is_terminated() && !self.is_stopping() {
                // Plans that are not read by then are those in `unanswered`.
                let _ = tokio::time::timeout(PATIENCE, collecting).await;
            }
            checked
        };
        let failure = PlanFailure {
            error: format!("no answer within {} s after the checks", PATIENCE.as_secs()),
            is_malformed: false,
        };
        readings.extend(unanswered.into_iter().map(|name| (name, PlanReading::Failed(failure.clone()))));
        (checked, readings)
    }

    /// Reads one plan, unless its subscription is rate-limited or the program stops.
    async fn read_plan(&self, name: SubscriptionName) -> (SubscriptionName, Option<PlanReading>) {
        let is_blocked = self.limit(&name).blocked_until(self.clock.now()).is_some();
        let subscription = self.subscription(&name).filter(|_| !is_blocked && !self.is_stopping());
        let Some(subscription) = subscription else { return (name, None) };
        let token = self.tokens.current(subscription);
        let reading = self.client.account_info(&token, &self.clock).await;
        (name, Some(reading))
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
