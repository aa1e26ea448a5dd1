//! Announcing: from what is known to alerts, and from alerts to one message per receiver, in one transaction.
//!
//! Promises: an alert's step, what is told of it and the message that tells it commit together or not at all; called
//! again at the same moment it says nothing. Needs no network, so the expiry clock runs without one.

mod steps;
mod withheld;

use std::collections::BTreeMap;

use chrono::TimeDelta;

use super::Engine;
use crate::config::Receiver;
use crate::domain::account::{AccountKey, ReceiverName, SubscriptionName};
use crate::domain::alert::{Alert, AlertId, AlertKind, Severity, Subject};
use crate::domain::announce::{Case, Tidings, Told, Word};
use crate::domain::assess::{self, Open, Others, Transition};
use crate::domain::directory::Directory;
use crate::domain::message::{Content, MessageId, Reason, Status};
use crate::domain::policy::Policy;
use crate::domain::standing::Known;
use crate::domain::time::Timestamp;
use crate::notify::render::{self, BodyFormat};
use crate::store::{Ack, Announced as What, Announcement, NewMessage, StoreError, StoredChange, Writer};

use steps::Steps;
use withheld::Withheld;

/// What announcing did, and when there will be something to say again if nothing but time passes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Announced {
    /// Messages put into the outbox.
    pub messages: usize,
    /// Accounts that are watched.
    pub accounts: usize,
    /// Alerts that fire now.
    pub firing: usize,
    /// The next rung of any ladder, the next reminder, or the end of a silence that withholds something.
    pub next: Option<Timestamp>,
}

impl Engine {
    /// Brings the alerts in line with what is known, and tells every receiver what it does not know yet.
    pub async fn announce(&self, now: Timestamp) -> Result<Announced, StoreError> {
        self.announce_by(Grounds::All, now).await
    }

    /// The same while a run goes on: what it has seen by now is half of a picture, which would tell one cause as many and its end as
    /// many more. So alerts move by time alone, and what the run learns is told at its end.
    pub async fn announce_passing(&self, now: Timestamp) -> Result<Announced, StoreError> {
        self.announce_by(Grounds::Time, now).await
    }

    async fn announce_by(&self, grounds: Grounds, now: Timestamp) -> Result<Announced, StoreError> {
        let policy = self.config.policy();
        let mut writer = self.store.write().await?;
        let members = writer.astir(now + policy.longest_lead()).await?;
        let census = writer.census().await?;
        let before = writer.unsettled_alerts().await?;
        let is_acked = !writer.acks().await?.is_empty();
        let open = Open::new(&before);
        let mut steps = Steps::new(&members, &before, now);
        for transition in transitions(grounds, &members, &census, (&before, &open), &policy, now) {
            if is_acked && let Some(id) = assess::gets_graver(&transition, &before) {
                writer.drop_ack(id).await?;
            }
            steps.make(&mut writer, transition).await?;
        }
        if grounds == Grounds::All {
            forget_outlived(&mut writer, &members, &census, &open).await?;
        }
        let next_failure = self.judge_receivers(&mut writer, &before, &mut steps, now).await?;
        steps.end(&mut writer).await?;
        let later = writer.next_end(now + policy.longest_lead()).await?;
        let rung = next_rung(&members, later, &policy, now);
        let directory = Directory::new(members.iter().map(Known::named), self.config.fallbacks());
        // Of ten thousand accounts that fail at once no more is held than the next step needs.
        drop((members, before));
        let alerts = writer.unsettled_alerts().await?;
        let changes = match grounds {
            Grounds::All => writer.new_changes().await?,
            Grounds::Time => Vec::new(),
        };
        let directory = with_strangers(directory, &mut writer, &alerts, &changes).await?;
        let silences = writer.silences_in_force(now).await?;
        let withheld = Withheld::by(&silences, &alerts, &changes, &directory, now);
        let (told, acks) = (writer.told(now).await?, writer.acks().await?);
        let mut announced = Announced {
            next: [rung, next_failure].into_iter().flatten().min(),
            firing: alerts.iter().filter(|alert| alert.is_firing()).count(),
            accounts: census.values().map(|others| others.accounts).sum(),
            messages: 0,
        };
        for receiver in &self.config.receivers {
            let picture = Picture {
                alerts: &alerts,
                changes: &changes,
                told: &told,
                directory: &directory,
                withheld: &withheld,
                acks: &acks,
                repeat_every: policy.repeat_every,
            };
            let plan = Plan::of(receiver, &picture, now);
            announced.next = [announced.next, plan.next].into_iter().flatten().min();
            announced.messages += usize::from(plan.write(&mut writer, receiver, &directory, now).await?);
        }
        // What a silence withholds stays new until the silence ends.
        let considered: Vec<i64> =
            changes.iter().map(|change| change.id).filter(|id| withheld.change(*id).is_none()).collect();
        if !considered.is_empty() {
            writer.changes_announced(&considered).await?;
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
        steps: &mut Steps<'_>,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, StoreError> {
        let open = Open::new(alerts);
        let mut next = None;
        for Receiver { name, .. } in &self.config.receivers {
            let health = writer.health(name).await?;
            let alert = open.find(&Subject::Receiver(name.clone()), AlertKind::DeliveryFailing);
            if let Some(transition) = assess::receiver(name, &health, alert, now) {
                steps.make(writer, transition).await?;
            }
            next = [next, health.next_moment(now)].into_iter().flatten().min();
        }
        let names = |alert: &&Alert| match &alert.condition.subject {
            Subject::Receiver(name) => self.config.receivers.iter().all(|receiver| receiver.name != *name),
            Subject::Account(_) | Subject::Subscription(_) => false,
        };
        for alert in alerts.iter().filter(|alert| alert.is_firing()).filter(names) {
            steps.make(writer, assess::unwatched(alert, now)).await?;
        }
        Ok(next)
    }
}

/// On which grounds alerts move.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Grounds {
    /// By all that is known.
    All,
    /// As time passes.
    Time,
}

/// Each subscription with its members, and what there is to know of all its accounts together.
fn groups<'a>(
    members: &'a [Known],
    census: &'a BTreeMap<SubscriptionName, Others>,
) -> impl Iterator<Item = (&'a SubscriptionName, &'a [Known], Others)> {
    census.iter().map(|(name, others)| {
        let begin = members.partition_point(|member| member.account.subscription < *name);
        let end = members.partition_point(|member| member.account.subscription <= *name);
        (name, members.get(begin..end).unwrap_or_default(), *others)
    })
}

/// Every step that the alerts have to make, subscription by subscription.
fn transitions<'a>(
    grounds: Grounds,
    members: &'a [Known],
    census: &'a BTreeMap<SubscriptionName, Others>,
    (alerts, open): (&'a [Alert], &'a Open<'a>),
    policy: &'a Policy,
    now: Timestamp,
) -> impl Iterator<Item = Transition> {
    let is_watched = |alert: &Alert| match &alert.condition.subject {
        Subject::Account(account) => members.binary_search_by(|member| member.account.cmp(account)).is_ok(),
        Subject::Subscription(name) => census.contains_key(name),
        Subject::Receiver(_) => true,
    };
    let unwatched = alerts.iter().filter(move |alert| alert.is_firing() && !is_watched(alert));
    groups(members, census)
        .flat_map(move |(name, group, others)| match grounds {
            Grounds::All => assess::subscription(name, group, others, open, policy, now),
            Grounds::Time => {
                let accounts = group.iter().filter(|member| !member.account.is_listing());
                let steps = accounts.map(|member| assess::passing(member, open, policy, now));
                // Time ends nothing: what is over was learnt in this run, or by a clock that was set back, and is told at the run's end.
                let is_over = |step: &Transition| matches!(step, Transition::Resolve { .. });
                steps.filter(|steps| !steps.iter().any(is_over)).flatten().collect()
            }
        })
        .chain(unwatched.map(move |alert| assess::unwatched(alert, now)))
}

/// Lets go of refusals that were disproved.
async fn forget_outlived(
    writer: &mut Writer,
    members: &[Known],
    census: &BTreeMap<SubscriptionName, Others>,
    open: &Open<'_>,
) -> Result<(), StoreError> {
    for (name, group, others) in groups(members, census) {
        for (account, fault) in assess::outlived(name, group, others, open) {
            writer.forget_fault(&account, fault).await?;
        }
    }
    Ok(())
}

/// Who is who, also among those who left the configuration, or are well, and have something told of them.
async fn with_strangers(
    mut directory: Directory,
    writer: &mut Writer,
    alerts: &[Alert],
    changes: &[StoredChange],
) -> Result<Directory, StoreError> {
    let alerting = alerts.iter().filter_map(|alert| alert.condition.subject.account());
    let accounts = alerting.chain(changes.iter().map(|stored| &stored.change.account));
    let strangers = directory.strangers(accounts);
    for (account, name) in writer.names_of(&strangers).await? {
        directory.add_name(account, name);
    }
    for alert in alerts {
        if let Subject::Subscription(name) = &alert.condition.subject {
            directory.add_roster(name.clone(), writer.roster(name).await?);
        }
    }
    Ok(directory)
}

/// The next moment at which the clock alone gives something to say about an end; `later` is the first end among those that are
/// farther off than every lead time.
pub(super) fn next_rung(
    members: &[Known],
    later: Option<Timestamp>,
    policy: &Policy,
    now: Timestamp,
) -> Option<Timestamp> {
    let accounts = members.iter().filter(|member| !member.account.is_listing());
    accounts
        .filter_map(|member| {
            policy.ladder(&member.account).next_moment(member.standing_under(policy).end?, now)
        })
        .chain(later.map(|end| end - policy.longest_lead()))
        .min()
}

/// All that there is to tell, the same for every receiver.
struct Picture<'a> {
    alerts: &'a [Alert],
    changes: &'a [StoredChange],
    told: &'a BTreeMap<(AlertId, ReceiverName), Told>,
    directory: &'a Directory,
    withheld: &'a Withheld,
    acks: &'a BTreeMap<AlertId, Ack>,
    repeat_every: Option<TimeDelta>,
}

/// What one receiver is to be told now.
struct Plan<'a> {
    alerts: Vec<(&'a Alert, Reason)>,
    changes: Vec<&'a StoredChange>,
    /// How much more there would be to tell, were it not for silences.
    withheld: usize,
    /// The next reminder, or the end of a silence, if nothing but time passes.
    next: Option<Timestamp>,
}

impl<'a> Plan<'a> {
    fn of(receiver: &Receiver, picture: &Picture<'a>, now: Timestamp) -> Self {
        let mut plan = Self { alerts: Vec::new(), changes: Vec::new(), withheld: 0, next: None };
        for alert in picture.alerts {
            let case = Case {
                alert,
                unwanted: picture.directory.unwanted(&receiver.name, &receiver.route, alert),
                told: picture.told.get(&(alert.id.clone(), receiver.name.clone())).copied(),
                withheld_until: picture.withheld.alert(&alert.id),
                acked: picture.acks.contains_key(&alert.id),
                repeat_every: picture.repeat_every,
            };
            match case.word(now) {
                Word::Tell(reason) => {
                    plan.alerts.push((alert, reason));
                    plan.wake_at(case.reminders().map(|every| now + every));
                }
                Word::Withheld(until, _) => plan.withhold(until),
                Word::Knows(reminder) => plan.wake_at(reminder),
                Word::Unwanted(_) | Word::Over => {}
            }
        }
        for stored in picture.changes {
            let StoredChange { id, change } = stored;
            let account = picture.directory.account(&change.account);
            if receiver.route.takes_change(change.kind, change.severity, &account) {
                match picture.withheld.change(*id) {
                    Some(until) => plan.withhold(until),
                    None => plan.changes.push(stored),
                }
            }
        }
        plan
    }

    fn withhold(&mut self, until: Timestamp) {
        self.withheld += 1;
        self.wake_at(Some(until));
    }

    fn wake_at(&mut self, moment: Option<Timestamp>) {
        self.next = [self.next, moment].into_iter().flatten().min();
    }

    /// Writes the one message and what it tells; says whether there was anything to tell.
    async fn write(
        &self,
        writer: &mut Writer,
        receiver: &Receiver,
        directory: &Directory,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let tidings = Tidings {
            alerts: self.alerts.clone(),
            changes: self.changes.iter().map(|stored| &stored.change).collect(),
            withheld: self.withheld,
        };
        let name = |account: &AccountKey| directory.name(account);
        let Some(message) = tidings.message(&receiver.name, name, now) else { return Ok(false) };
        let shown: Vec<AlertId> = message.data.alerts.iter().map(|entry| entry.id.clone()).collect();
        let thread = writer.first_messages(&receiver.name, &shown).await?;
        let id = MessageId::new(format!("msg_{}", new_id(now)));
        let content = Content { message, thread };
        // What cannot be rendered is kept as well: its delivery renders again, and records why it fails.
        let body = render::body(&content.message, &id, receiver, &content.thread).ok();
        let BodyFormat { channel, format } = render::body_format(&receiver.channel);
        let new =
            NewMessage { id: id.clone(), receiver: receiver.name.clone(), channel, format, body, content };
        writer.enqueue(&new, now).await?;
        writer.record_announcements(self.announcements(receiver, &id, now)).await?;
        Ok(true)
    }

    fn announcements(
        &self,
        receiver: &Receiver,
        message: &MessageId,
        now: Timestamp,
    ) -> impl Iterator<Item = Announcement> {
        let told = move |what: What, severity: Severity| Announcement {
            what,
            severity,
            receiver: receiver.name.clone(),
            told_at: now,
            message: message.clone(),
        };
        let alerts = self.alerts.iter().map(move |(alert, reason)| {
            let what = What::Alert {
                id: alert.id.clone(),
                status: if alert.is_firing() { Status::Firing } else { Status::Resolved },
                reason: *reason,
                stage: alert.condition.stage,
                expires_at: alert.condition.expires_at,
            };
            told(what, alert.condition.severity)
        });
        let changes =
            self.changes.iter().map(move |change| told(What::Change(change.id), change.change.severity));
        alerts.chain(changes)
    }
}

/// A fresh id that sorts by time.
fn new_id(now: Timestamp) -> String {
    ulid::Ulid::from_datetime(now.into()).to_string()
}
