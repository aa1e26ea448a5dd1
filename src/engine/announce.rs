//! Announcing: from what is known to alerts, and from alerts to one message per receiver, in one transaction.
//!
//! Promises: an alert's step, what is told of it and the message that tells it commit together or not at all; called
//! again at the same moment it says nothing. Needs no network, so the expiry clock runs without one.

use std::collections::BTreeMap;

use super::Engine;
use crate::config::{Channel, Receiver};
use crate::domain::account::{AccountKey, AccountRef, ReceiverName, SubscriptionName};
use crate::domain::alert::{Alert, AlertId, AlertKind, Severity, Subject};
use crate::domain::announce::{self, Decision, Told};
use crate::domain::assess::{self, Open, Transition};
use crate::domain::message::{AlertEntry, MessageId, Reason, Status};
use crate::domain::policy::Policy;
use crate::domain::standing::Known;
use crate::domain::time::Timestamp;
use crate::notify::render;
use crate::store::{Announced as What, Announcement, NewMessage, StoreError, StoredChange, Writer};

/// What announcing did, and when there will be something to say again if nothing but time passes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Announced {
    /// Messages put into the outbox.
    pub messages: usize,
    /// Alerts that fire now.
    pub firing: usize,
    /// The next rung of any ladder, or the next reminder.
    pub next: Option<Timestamp>,
}

impl Engine {
    /// Brings the alerts in line with what is known, and tells every receiver what it does not know yet.
    pub async fn announce(&self, now: Timestamp) -> Result<Announced, StoreError> {
        let policy = self.config.policy();
        let mut writer = self.store.write().await?;
        let members = writer.watched().await?;
        let before = writer.unsettled_alerts().await?;
        for transition in transitions(&members, &before, &policy, now) {
            apply(&mut writer, transition, now).await?;
        }
        let next_failure = self.judge_receivers(&mut writer, &before, now).await?;
        let alerts = writer.unsettled_alerts().await?;
        let directory = Directory::of(&mut writer, &members, &alerts, &self.config.receivers).await?;
        let changes = writer.new_changes().await?;
        let told = writer.told(now).await?;
        let mut announced = Announced {
            next: [next_rung(&members, &policy, now), next_failure].into_iter().flatten().min(),
            firing: alerts.iter().filter(|alert| alert.is_firing()).count(),
            messages: 0,
        };
        for receiver in &self.config.receivers {
            let known = |alert: &Alert| told.get(&(alert.id.clone(), receiver.name.clone())).copied();
            let plan = Plan::of(receiver, &alerts, &changes, &directory, known, &policy, now);
            announced.next = [announced.next, plan.next].into_iter().flatten().min();
            announced.messages += usize::from(plan.write(&mut writer, receiver, &directory, now).await?);
        }
        if let Some(last) = changes.last() {
            writer.changes_announced(last.id).await?;
        }
        writer.settle_alerts().await?;
        writer.commit().await?;
        Ok(announced)
    }

    /// Brings the alerts about receivers in line with what became of their messages; gives the next moment at which one
    /// fails if nothing but time passes.
    async fn judge_receivers(
        &self,
        writer: &mut Writer,
        alerts: &[Alert],
        now: Timestamp,
    ) -> Result<Option<Timestamp>, StoreError> {
        let open = Open::new(alerts);
        let mut next = None;
        for Receiver { name, .. } in &self.config.receivers {
            let health = writer.health(name).await?;
            let alert = open.find(&Subject::Receiver(name.clone()), AlertKind::DeliveryFailing);
            if let Some(transition) = assess::receiver(name, &health, alert, now) {
                apply(writer, transition, now).await?;
            }
            next = [next, health.next_moment(now)].into_iter().flatten().min();
        }
        let names = |alert: &&Alert| match &alert.condition.subject {
            Subject::Receiver(name) => self.config.receivers.iter().all(|receiver| receiver.name != *name),
            Subject::Account(_) | Subject::Subscription(_) => false,
        };
        for alert in alerts.iter().filter(|alert| alert.is_firing()).filter(names) {
            apply(writer, assess::unwatched(alert), now).await?;
        }
        Ok(next)
    }
}

/// Every step that the alerts have to make.
fn transitions(members: &[Known], alerts: &[Alert], policy: &Policy, now: Timestamp) -> Vec<Transition> {
    let open = Open::new(alerts);
    let mut transitions = Vec::new();
    for group in members.chunk_by(|a, b| a.account.subscription == b.account.subscription) {
        let Some(first) = group.first() else { continue };
        transitions.extend(assess::subscription(&first.account.subscription, group, &open, policy, now));
    }
    let is_watched = |alert: &Alert| match &alert.condition.subject {
        Subject::Account(account) => members.binary_search_by(|member| member.account.cmp(account)).is_ok(),
        Subject::Subscription(name) => members.iter().any(|member| member.account.subscription == *name),
        Subject::Receiver(_) => true,
    };
    transitions
        .extend(alerts.iter().filter(|alert| alert.is_firing() && !is_watched(alert)).map(assess::unwatched));
    transitions
}

async fn apply(writer: &mut Writer, transition: Transition, now: Timestamp) -> Result<(), StoreError> {
    match transition {
        Transition::Open(condition) => {
            let again = match condition.kind {
                AlertKind::Expiry => writer.reopen_alert(&condition).await?,
                _ => None,
            };
            let id = if let Some(id) = again {
                writer.update_alert(&id, &condition).await?;
                id
            } else {
                let id = AlertId::new(new_id(now));
                writer.open_alert(&id, &condition, now).await?;
                id
            };
            tracing::info!(
                alert.id = %id, alert.kind = %condition.kind, severity = %condition.severity, subject = %condition.subject,
                stage = condition.stage.map(tracing::field::display), "alert fires: {}", condition.detail
            );
        }
        Transition::Update(id, condition) => {
            writer.update_alert(&id, &condition).await?;
            tracing::info!(
                alert.id = %id, alert.kind = %condition.kind, severity = %condition.severity, subject = %condition.subject,
                stage = condition.stage.map(tracing::field::display), "alert moved: {}", condition.detail
            );
        }
        Transition::Resolve { id, detail, renewed_until } => {
            writer.resolve_alert(&id, &detail, renewed_until, now).await?;
            tracing::info!(alert.id = %id, "alert resolved: {detail}");
        }
    }
    Ok(())
}

/// The next moment at which the clock alone gives something to say about an end.
pub(super) fn next_rung(members: &[Known], policy: &Policy, now: Timestamp) -> Option<Timestamp> {
    let accounts = members.iter().filter(|member| !member.account.is_listing());
    accounts
        .filter_map(|member| {
            policy.ladder(&member.account).next_moment(member.standing_under(policy).end?, now)
        })
        .min()
}

/// The names of accounts, and which belong to a subscription.
struct Directory {
    names: BTreeMap<AccountKey, String>,
    subscriptions: BTreeMap<SubscriptionName, Vec<AccountRef>>,
    /// Who is told when a receiver fails.
    fallbacks: BTreeMap<ReceiverName, ReceiverName>,
}

impl Directory {
    async fn of(
        writer: &mut Writer,
        members: &[Known],
        alerts: &[Alert],
        receivers: &[Receiver],
    ) -> Result<Self, StoreError> {
        let fallback = |receiver: &Receiver| Some((receiver.name.clone(), receiver.fallback.clone()?));
        let fallbacks = receivers.iter().filter_map(fallback).collect();
        let mut directory = Self { names: BTreeMap::new(), subscriptions: BTreeMap::new(), fallbacks };
        for member in members.iter().filter(|member| !member.account.is_listing()) {
            let account = AccountRef { id: member.account.id.clone(), name: member.name.clone() };
            directory.subscriptions.entry(member.account.subscription.clone()).or_default().push(account);
            directory.names.insert(member.account.clone(), member.name.clone());
        }
        for alert in alerts {
            if let Subject::Account(account) = &alert.condition.subject
                && !directory.names.contains_key(account)
                && let Some(known) = writer.known(account).await?
            {
                directory.names.insert(account.clone(), known.name);
            }
        }
        Ok(directory)
    }

    fn name(&self, account: &AccountKey) -> String {
        self.names.get(account).cloned().unwrap_or_else(|| account.id.to_string())
    }

    fn account(&self, account: &AccountKey) -> AccountRef {
        AccountRef { id: account.id.clone(), name: self.name(account) }
    }

    /// Whether `receiver` wants to hear of `alert`.
    fn routes(&self, receiver: &Receiver, alert: &Alert) -> bool {
        let condition = &alert.condition;
        let takes = |accounts: &[&AccountRef]| {
            receiver.route.takes_alert(condition.kind, condition.severity, accounts)
        };
        match &condition.subject {
            Subject::Account(account) => takes(&[&self.account(account)]),
            Subject::Subscription(name) => takes(
                &self
                    .subscriptions
                    .get(name)
                    .map(|accounts| accounts.iter().collect::<Vec<_>>())
                    .unwrap_or_default(),
            ),
            // The fallback is told whatever else it wants to hear, and nobody but it.
            Subject::Receiver(name) => self.fallbacks.get(name) == Some(&receiver.name),
        }
    }
}

/// What one receiver is to be told now.
struct Plan<'a> {
    alerts: Vec<(&'a Alert, Reason)>,
    changes: Vec<&'a StoredChange>,
    /// The next reminder, if nothing but time passes.
    next: Option<Timestamp>,
}

impl<'a> Plan<'a> {
    fn of(
        receiver: &Receiver,
        alerts: &'a [Alert],
        changes: &'a [StoredChange],
        directory: &Directory,
        told: impl Fn(&Alert) -> Option<Told>,
        policy: &Policy,
        now: Timestamp,
    ) -> Self {
        let mut plan = Self { alerts: Vec::new(), changes: Vec::new(), next: None };
        for alert in alerts {
            // Whoever was told of a fire is told of its end, whatever the route says by then.
            if alert.is_firing() && !directory.routes(receiver, alert) {
                continue;
            }
            match announce::decide(alert, told(alert), policy.repeat_every, now) {
                Decision::Tell(reason) => {
                    plan.alerts.push((alert, reason));
                    let reminder = policy.repeat_every.filter(|_| alert.is_firing()).map(|every| now + every);
                    plan.next = [plan.next, reminder].into_iter().flatten().min();
                }
                Decision::Knows(reminder) => plan.next = [plan.next, reminder].into_iter().flatten().min(),
                Decision::Over => {}
            }
        }
        let wanted = |change: &&StoredChange| {
            let account = directory.account(&change.change.account);
            receiver.route.takes_change(change.change.kind, change.change.severity, &account)
        };
        plan.changes = changes.iter().filter(wanted).collect();
        plan
    }

    /// Writes the one message and what it tells; says whether there was anything to tell.
    async fn write(
        &self,
        writer: &mut Writer,
        receiver: &Receiver,
        directory: &Directory,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let name = |account: &AccountKey| directory.name(account);
        let alerts: Vec<AlertEntry> = self
            .alerts
            .iter()
            .map(|(alert, reason)| announce::alert_entry(alert, Some(*reason), name))
            .collect();
        let changes =
            self.changes.iter().map(|change| announce::change_entry(&change.change, name)).collect();
        let Some(message) = announce::compose(&receiver.name, alerts, changes, now) else { return Ok(false) };
        let shown: Vec<AlertId> = message.data.alerts.iter().map(|entry| entry.id.clone()).collect();
        let thread = writer.first_messages(&receiver.name, &shown).await?;
        let id = MessageId::new(format!("msg_{}", new_id(now)));
        let body = match render::body(&message, &id, receiver, &thread) {
            Ok(body) => body,
            Err(error) => {
                // Not told, so its alerts are tried again at the next occasion; the other receivers are told meanwhile.
                tracing::error!(receiver = %receiver.name, %error, "cannot write a message");
                return Ok(false);
            }
        };
        let new = NewMessage {
            id: id.clone(),
            receiver: receiver.name.clone(),
            channel: channel_word(&receiver.channel),
            summary: message.data.summary,
            body,
        };
        writer.enqueue(&new, now).await?;
        for announcement in self.announcements(receiver, &id, now) {
            writer.record_announcement(&announcement).await?;
        }
        Ok(true)
    }

    fn announcements(&self, receiver: &Receiver, message: &MessageId, now: Timestamp) -> Vec<Announcement> {
        let told = |what: What, severity: Severity| Announcement {
            what,
            severity,
            receiver: receiver.name.clone(),
            told_at: now,
            message: message.clone(),
        };
        let alerts = self.alerts.iter().map(|(alert, reason)| {
            let what = What::Alert {
                id: alert.id.clone(),
                status: if alert.is_firing() { Status::Firing } else { Status::Resolved },
                reason: *reason,
                stage: alert.condition.stage,
                expires_at: alert.condition.expires_at,
            };
            told(what, alert.condition.severity)
        });
        let changes = self.changes.iter().map(|change| told(What::Change(change.id), change.change.severity));
        alerts.chain(changes).collect()
    }
}

/// The word under which the outbox remembers what a body is for.
pub(super) const fn channel_word(channel: &Channel) -> &'static str {
    match channel {
        Channel::Email(_) => "email",
        Channel::Webhook(_) => "webhook",
    }
}

/// A fresh id that sorts by time.
fn new_id(now: Timestamp) -> String {
    ulid::Ulid::from_datetime(now.into()).to_string()
}
