//! Evaluates alerts from stored state and writes one message per receiver, in one transaction.
//!
//! A transition, its notifications and their message are committed together or not at all. A second evaluation at the same moment
//! sends nothing. It needs no network, so expiries are evaluated without one.

mod alert_writer;
mod digests;
mod evaluation;
mod plan;
mod stored_changes;

use url::Url;

use std::collections::{BTreeMap, BTreeSet};

use super::Engine;
use crate::config::Receiver;
use crate::domain::account_names::AccountNames;
use crate::domain::account_state::AccountRecord;
use crate::domain::alerts::{self, Alert, AlertKind, OpenAlerts, Subject};
use crate::domain::time::Timestamp;
use crate::store::{StoreError, StoredChange, Writer};

use alert_writer::AlertWriter;
use digests::DigestTiming;
pub(super) use evaluation::next_stage_at;
use evaluation::{Basis, Evaluation};
use plan::{NotificationPlan, PlanInputs, Silenced};
pub(super) use stored_changes::store_changes;

/// The result of an evaluation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EvaluationSummary {
    /// How many messages were put into the outbox.
    pub messages: usize,
    /// How many accounts are watched.
    pub accounts: usize,
    /// How many alerts fire now.
    pub firing: usize,
    /// When the next evaluation is due if only time passes: the next stage of an account, the next reminder, the end of a silence or
    /// of quiet hours, or the next digest.
    pub next: Option<Timestamp>,
}

impl EvaluationSummary {
    fn wake_at(&mut self, at: Option<Timestamp>) {
        self.next = [self.next, at].into_iter().flatten().min();
    }
}

impl Engine {
    /// Brings the alerts in line with the stored state, and writes the notifications that are due; not while a run is unfinished.
    pub async fn evaluate_alerts(&self, now: Timestamp) -> Result<EvaluationSummary, StoreError> {
        self.evaluate(Basis::Everything, DigestTiming::Now, now).await
    }

    /// The same when a run is about to begin: a digest waits for its results, unless a run began since the digest became due.
    pub async fn evaluate_before_run(&self, now: Timestamp) -> Result<EvaluationSummary, StoreError> {
        self.evaluate(Basis::Everything, DigestTiming::BeforeRun, now).await
    }

    /// The same while a run is unfinished, without the results of its checks and the changes that they saw: half of a run shows one
    /// cause as many. Expiries, receivers, what left the configuration and reminders do not wait for its end.
    pub async fn evaluate_without_results(&self, now: Timestamp) -> Result<EvaluationSummary, StoreError> {
        self.evaluate(Basis::WithoutResults, DigestTiming::DuringRun, now).await
    }

    async fn evaluate(
        &self,
        basis: Basis,
        timing: DigestTiming,
        now: Timestamp,
    ) -> Result<EvaluationSummary, StoreError> {
        let mut writer = self.store.write().await?;
        let mut summary = EvaluationSummary::default();
        let account_names = self.update_alerts(&mut writer, basis, &mut summary, now).await?;
        let changes = match basis {
            Basis::Everything => writer.unprocessed_changes().await?,
            Basis::WithoutResults => Vec::new(),
        };
        self.write_notifications(&mut writer, account_names, &changes, &mut summary, now).await?;
        let digests = self.write_digests(&mut writer, timing, now).await?;
        summary.messages += digests.messages;
        summary.wake_at(digests.next);
        writer.close_notified_alerts().await?;
        writer.commit().await?;
        Ok(summary)
    }

    /// Writes the transitions of all alerts. Of ten thousand accounts that fail at once, only the names are held afterwards.
    async fn update_alerts(
        &self,
        writer: &mut Writer,
        basis: Basis,
        summary: &mut EvaluationSummary,
        now: Timestamp,
    ) -> Result<AccountNames, StoreError> {
        let policy = &self.config.policy();
        let horizon = now + policy.max_lead_time();
        let mut records = writer.needing_evaluation(horizon).await?;
        let subscriptions = &writer.subscription_totals().await?;
        let stored = writer.unclosed_alerts().await?;
        let has_acks = !writer.acks().await?.is_empty();
        let open = &OpenAlerts::new(&stored);
        let credits = &self.credits_by_account(writer, &mut records, now).await?;
        let jobs = &self.jobs_by_account(writer, &mut records, (open, credits), now).await?;
        let records = &records;
        let mut alert_writer = AlertWriter::new(records, &stored, now);
        let plans = &if self.config.plan.watch { writer.plan_states().await? } else { BTreeMap::new() };
        let evaluation =
            Evaluation { basis, records, subscriptions, plans, jobs, credits, open, policy, now };
        for transition in evaluation.transitions(&stored) {
            if has_acks && let Some(id) = transition.escalated_alert(&stored) {
                writer.remove_ack(id).await?;
            }
            alert_writer.write(writer, transition).await?;
        }
        if basis == Basis::Everything {
            evaluation.clear_outdated_faults(writer).await?;
        }
        summary.wake_at(self.evaluate_receivers(writer, &stored, open, &mut alert_writer, now).await?);
        alert_writer.flush(writer).await?;
        let later = writer.next_expiry(horizon).await?;
        summary.wake_at(next_stage_at(records, later, policy, now));
        summary.accounts = subscriptions.values().map(|totals| totals.accounts).sum();
        Ok(AccountNames::new(records.iter().map(AccountRecord::named), self.config.fallbacks()))
    }

    /// Writes the transitions of alerts about receivers; returns when the next one is due if only time passes.
    async fn evaluate_receivers(
        &self,
        writer: &mut Writer,
        stored: &[Alert],
        open: &OpenAlerts<'_>,
        alert_writer: &mut AlertWriter<'_>,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, StoreError> {
        let mut next = None;
        for Receiver { name, channel, .. } in &self.config.receivers {
            let health = match channel.alertmanager() {
                Some(alertmanager) => {
                    let servers: Vec<&str> = alertmanager.urls.iter().map(Url::as_str).collect();
                    writer.push_health(name, &servers).await?
                }
                None => writer.health(name).await?,
            };
            let alert = open.find(&Subject::Receiver(name.clone()), AlertKind::DeliveryFailing);
            if let Some(transition) = alerts::evaluate_receiver(name, &health, alert, now) {
                alert_writer.write(writer, transition).await?;
            }
            next = [next, health.next_change_at(now)].into_iter().flatten().min();
        }
        for alert in stored.iter().filter(|alert| alert.is_firing()) {
            let Subject::Receiver(name) = &alert.condition.subject else { continue };
            if self.config.receivers.iter().all(|receiver| receiver.name != *name) {
                alert_writer.write(writer, alerts::resolve_unwatched(alert, now)).await?;
            }
        }
        Ok(next)
    }

    /// Writes the message of each receiver and marks the changes as processed, except those that a silence suppresses or the quiet hours
    /// of a receiver hold back: they stay new until these end.
    async fn write_notifications(
        &self,
        writer: &mut Writer,
        account_names: AccountNames,
        changes: &[StoredChange],
        summary: &mut EvaluationSummary,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let alerts = &writer.unclosed_alerts().await?;
        let account_names = &with_missing_names(account_names, writer, alerts, changes).await?;
        let in_force = writer.silences_in_force(now).await?;
        let silenced = &Silenced::new(&in_force, alerts, changes, account_names, now);
        let (notified, acks) = (&writer.notified(now).await?, &writer.acks().await?);
        let notified_changes = &if changes.is_empty() {
            BTreeSet::new()
        } else {
            writer.receivers_of_unprocessed_changes().await?
        };
        let repeat_every = self.config.policy().repeat_every;
        let inputs = PlanInputs {
            alerts,
            changes,
            notified,
            notified_changes,
            account_names,
            silenced,
            acks,
            repeat_every,
        };
        let mut held_back = BTreeSet::new();
        summary.firing = alerts.iter().filter(|alert| alert.is_firing()).count();
        for receiver in &self.config.receivers {
            // A series is repeated by being kept alive.
            let repeat_every = inputs.repeat_every.filter(|_| receiver.channel.alertmanager().is_none());
            let plan = NotificationPlan::new(receiver, &PlanInputs { repeat_every, ..inputs }, now);
            summary.wake_at(plan.next);
            held_back.extend(plan.held_back.iter().copied());
            match receiver.channel.alertmanager() {
                Some(alertmanager) => {
                    plan.write_changes(writer, receiver, alertmanager, account_names, now).await?;
                }
                None => {
                    summary.messages += usize::from(plan.write(writer, receiver, account_names, now).await?);
                }
            }
        }
        let ids = changes.iter().map(|change| change.id);
        let is_processed = |id: &i64| !silenced.changes.contains_key(id) && !held_back.contains(id);
        let processed: Vec<i64> = ids.filter(is_processed).collect();
        if !processed.is_empty() {
            writer.mark_changes_processed(&processed).await?;
        }
        Ok(())
    }
}

/// Adds the names of accounts that were not loaded, because they are stable or left the configuration, but appear in a notification.
async fn with_missing_names(
    mut account_names: AccountNames,
    writer: &mut Writer,
    alerts: &[Alert],
    changes: &[StoredChange],
) -> Result<AccountNames, StoreError> {
    let alerting = alerts.iter().filter_map(|alert| alert.condition.subject.account());
    let accounts = alerting.chain(changes.iter().map(|stored| &stored.change.account));
    let without_name = account_names.without_name(accounts);
    for (account, name) in writer.names_of(&without_name).await? {
        account_names.add_name(account, name);
    }
    for alert in alerts {
        if let Subject::Subscription(name) = &alert.condition.subject {
            account_names.set_accounts(name.clone(), writer.accounts_of(name).await?);
        }
    }
    Ok(account_names)
}
