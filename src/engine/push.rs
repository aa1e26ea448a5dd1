//! Pushing: the series of one receiver at each of its Alertmanagers.
//!
//! Guarantees: what is pushed is stored first, so that it can be ended after a restart; each server has its own record, and none waits for
//! another. A server that does not answer is tried again with the next push. Leaves what is pushed to `domain::series`, and the moment of
//! the next call to the shell.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join_all;
use url::Url;

use super::alerting::store_changes;
use super::{Delivery, Engine};
use crate::config::{Alertmanager, Receiver};
use crate::domain::account::{AccountId, AccountKey, SubscriptionName};
use crate::domain::account_names::AccountNames;
use crate::domain::alerts::{Alert, Subject};
use crate::domain::notification::alert_entry;
use crate::domain::series::{
    ACCOUNT, Blindness, FiringSeries, Labels, PlanInput, Push, PushTimes, SUBSCRIPTION, SeriesKey,
    ServerState, StoredSeries, retry_at,
};
use crate::notify;
use crate::store::StoreError;

/// Series in one request: some hundred kilobytes, which proxies in front of a server accept.
const SERIES_PER_REQUEST: usize = 256;

/// What one server was pushed, and how that went.
type Stored = (BTreeMap<SeriesKey, StoredSeries>, ServerState);

/// How a push to one server ended.
struct PushResult {
    /// The series that the server accepted.
    accepted: Vec<StoredSeries>,
    /// Why it did not accept the others; none if it accepted all, or was not sent the others.
    error: Option<String>,
}

impl Engine {
    /// Whether any receiver is kept informed by series.
    pub(super) fn keeps_series(&self) -> bool {
        self.config.receivers.iter().any(|receiver| receiver.channel.alertmanager().is_some())
    }

    /// Brings every server of `receiver` in line with what fires, as far as that is due. After [`Engine::deliver_until`] each server is
    /// sent at most one more part of a push, and only if `is_first`. A dry run pushes nothing.
    pub(super) async fn push_series(
        &self,
        receiver: &Receiver,
        alertmanager: &Alertmanager,
        is_first: bool,
    ) -> Result<Delivery, StoreError> {
        if self.sender.is_dry_run() {
            return Ok(Delivery::default());
        }
        if !is_first && self.is_delivery_time_over() {
            return Ok(Delivery { next: Some(self.clock.now()), ..Delivery::default() });
        }
        self.convert_messages(receiver, alertmanager).await?;
        let firing = self.firing_series(receiver, alertmanager).await?;
        let pushes = alertmanager.urls.iter().map(|url| self.push_to(receiver, alertmanager, url, &firing));
        let mut total = Delivery::default();
        for delivery in join_all(pushes).await {
            let delivery = delivery?;
            total.attempts += delivery.attempts;
            total.delivered += delivery.delivered;
            total.next = [total.next, delivery.next].into_iter().flatten().min();
        }
        Ok(total)
    }

    /// The firing alerts that the route of `receiver` accepts.
    async fn firing_series(
        &self,
        receiver: &Receiver,
        alertmanager: &Alertmanager,
    ) -> Result<Vec<FiringSeries>, StoreError> {
        let now = self.clock.now();
        let alerts = self.store.firing_alerts().await?;
        let silences = self.store.silences_in_force(now).await?;
        let names = self.names_of(&alerts).await?;
        let accepted = alerts
            .iter()
            .filter(|alert| names.route_mismatch(&receiver.name, &receiver.route, alert).is_none());
        let firing = accepted.map(|alert| {
            let entry = alert_entry(alert, None, |account| names.name(account));
            FiringSeries {
                series: notify::alert_series(&entry, &alertmanager.labels),
                is_silenced: names.silenced_until(&silences, alert, now).is_some(),
            }
        });
        Ok(firing.collect())
    }

    /// The names that `alerts` need. Only read, so that a push waits for no run that writes.
    async fn names_of(&self, alerts: &[Alert]) -> Result<AccountNames, StoreError> {
        let mut names = AccountNames::new([], self.config.fallbacks());
        let accounts =
            names.without_name(alerts.iter().filter_map(|alert| alert.condition.subject.account()));
        for (account, name) in self.store.names_of(&accounts).await? {
            names.add_name(account, name);
        }
        for alert in alerts {
            if let Subject::Subscription(name) = &alert.condition.subject {
                names.set_accounts(name.clone(), self.store.accounts_of(name).await?);
            }
        }
        Ok(names)
    }

    async fn push_to(
        &self,
        receiver: &Receiver,
        alertmanager: &Alertmanager,
        url: &Url,
        firing: &[FiringSeries],
    ) -> Result<Delivery, StoreError> {
        let server = url.as_str();
        let stored = self.stored(receiver, server).await?;
        let schedule = &self.config.schedule;
        let times = PushTimes { schedule: &schedule.schedule, jitter: schedule.jitter };
        let blindness = self.blindness(firing, &stored.0, times).await?;
        let input = PlanInput { firing, stored: &stored.0, server: &stored.1, blindness: &blindness, times };
        let pending = input.pending(self.clock.now());
        if !pending.is_due {
            return Ok(Delivery { next: pending.next, ..Delivery::default() });
        }
        let (active, error) = if pending.needs_active {
            match self.sender.active_series(alertmanager, url).await {
                Ok(active) => (Some(active), None),
                Err(error) => (None, Some(error)),
            }
        } else {
            (None, None)
        };
        // The answer may have taken long.
        let plan = input.plan(active.as_ref(), self.clock.now());
        let mut writer = self.store.write().await?;
        writer.forget_series(&receiver.name, server, &plan.forgotten).await?;
        writer.save_series(&receiver.name, server, plan.pushes.iter().map(|push| &push.stored)).await?;
        writer.commit().await?;
        let result = match error {
            // What needs no answer is pushed all the same.
            Some(error) if plan.pushes.is_empty() => PushResult { accepted: Vec::new(), error: Some(error) },
            error => {
                let result = self.send_series(alertmanager, url, &plan.pushes).await;
                PushResult { error: result.error.or(error), ..result }
            }
        };
        let is_accepted = result.error.is_none();
        self.record_push(receiver, server, &stored.1, result, times).await?;
        let (now, stored) = (self.clock.now(), self.stored(receiver, server).await?);
        let pending = PlanInput { stored: &stored.0, server: &stored.1, ..input }.pending(now);
        let next = if pending.is_due { Some(now) } else { pending.next };
        Ok(Delivery { attempts: 1, delivered: u32::from(is_accepted), failed: 0, next })
    }

    async fn stored(&self, receiver: &Receiver, server: &str) -> Result<Stored, StoreError> {
        let series = self.store.series(&receiver.name, server).await?;
        Ok((series, self.store.server_state(&receiver.name, server).await?))
    }

    /// Sends `pushes` in parts, until one is not accepted or the time for deliveries is over. Without any it finds out whether the server
    /// answers again.
    async fn send_series(&self, alertmanager: &Alertmanager, url: &Url, pushes: &[Push]) -> PushResult {
        let mut accepted = Vec::with_capacity(pushes.len());
        let nothing: &[Push] = &[];
        let parts = pushes.chunks(SERIES_PER_REQUEST).chain(pushes.is_empty().then_some(nothing));
        for part in parts {
            if !accepted.is_empty() && self.is_delivery_time_over() {
                break;
            }
            if let Err(error) = self.sender.push(alertmanager, url, part).await {
                return PushResult { accepted, error: Some(error) };
            }
            let now = self.clock.now();
            let stored =
                part.iter().map(|push| StoredSeries { accepted_at: Some(now), ..push.stored.clone() });
            accepted.extend(stored);
        }
        PushResult { accepted, error: None }
    }

    async fn record_push(
        &self,
        receiver: &Receiver,
        server: &str,
        before: &ServerState,
        result: PushResult,
        times: PushTimes<'_>,
    ) -> Result<(), StoreError> {
        let (name, now) = (&receiver.name, self.clock.now());
        let state = match result.error {
            None => {
                if before.failures > 0 {
                    tracing::info!(receiver = %name, server, "{server} accepts the series of {name} again");
                }
                ServerState { accepted_at: Some(now), ..ServerState::default() }
            }
            Some(error) => {
                let failures = before.failures.saturating_add(1);
                let next = retry_at(failures, times.interval(now), now);
                tracing::warn!(receiver = %name, server, error, next_attempt_at = %next,
                    "series of {name} not accepted, next attempt at {}: {error}", next.format("%Y-%m-%d %H:%M:%S UTC"));
                ServerState {
                    accepted_at: before.accepted_at,
                    // A moment in the future is from before the clock was set back.
                    failing_since: Some(before.failing_since.map_or(now, |since| since.min(now))),
                    failures,
                    next_attempt_at: Some(next),
                    last_error: Some(error),
                }
            }
        };
        let mut writer = self.store.write().await?;
        writer.save_series(name, server, &result.accepted).await?;
        writer.save_server_state(name, server, &state).await?;
        writer.commit().await
    }

    /// What this watcher is blind to, of all that is pushed.
    async fn blindness(
        &self,
        firing: &[FiringSeries],
        stored: &BTreeMap<SeriesKey, StoredSeries>,
        times: PushTimes<'_>,
    ) -> Result<Blindness, StoreError> {
        let labels = || {
            firing.iter().map(|firing| &firing.series.labels).chain(stored.keys().map(|(labels, _)| labels))
        };
        let account = |labels: &Labels| {
            let subscription = SubscriptionName::new(labels.get(SUBSCRIPTION)?);
            Some(AccountKey::new(&subscription, &AccountId::new(labels.get(ACCOUNT)?)))
        };
        let accounts: BTreeSet<AccountKey> = labels().filter_map(account).collect();
        let subscriptions = labels().filter(|labels| !labels.contains_key(ACCOUNT));
        let subscriptions: BTreeSet<&str> =
            subscriptions.filter_map(|labels| labels.get(SUBSCRIPTION)).map(String::as_str).collect();
        let subscriptions: Vec<&str> = subscriptions.into_iter().collect();
        let accounts = self.store.last_conclusive(&accounts).await?;
        let newest = self.store.newest_conclusive(&subscriptions).await?;
        let after = self.config.alerts.unreachable_after;
        Ok(Blindness::new(accounts, &newest, (after, times), self.clock.now()))
    }

    /// Messages that waited for a receiver of another type under this name: their changes are pushed, and what fires is pushed anyway.
    async fn convert_messages(
        &self,
        receiver: &Receiver,
        alertmanager: &Alertmanager,
    ) -> Result<(), StoreError> {
        while let Some(message) = self.store.next_message(&receiver.name).await? {
            let content = self.store.content(&message.id).await?;
            let changes = content.map(|content| content.message.data.changes).unwrap_or_default();
            let mut writer = self.store.write().await?;
            // Such a change has no number: its time tells it from others with equal labels.
            let changes = changes.into_iter().map(|change| (-change.at.timestamp_millis(), change));
            store_changes(&mut writer, receiver, alertmanager, changes, self.clock.now()).await?;
            writer.mark_delivered(&message.id, self.clock.now()).await?;
            writer.commit().await?;
            tracing::info!(receiver = %receiver.name, msg.id = %message.id,
                "{} changed its type: what fires of its waiting message is pushed as series ({})", receiver.name, message.id);
        }
        Ok(())
    }
}
