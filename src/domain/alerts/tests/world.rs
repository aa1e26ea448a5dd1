//! A store and its receivers in memory, for tests of the rules together: check, update state, evaluate alerts, send notifications.
//!
//! It does what the store and the engine must do: an `expiry` that opens with the expiry of a resolved one opens that one again; a
//! silenced receiver is sent only resolved notifications. It panics when the rules break an invariant: two firing alerts of one
//! subject and kind, or one alert sent as opened twice to a receiver.

use std::collections::BTreeMap;

use chrono::{TimeDelta, TimeZone, Utc};

use crate::domain::account::{AccountId, AccountKey, SubscriptionName};
use crate::domain::account_state::{AccountRecord, AccountState, Check, RunId};
use crate::domain::alerts::{
    self, AccountJobs, OpenAlerts, Resolved, SubscriptionInput, SubscriptionTotals, Transition,
};
use crate::domain::alerts::{Alert, AlertId, AlertKind, Condition, Severity, Subject};
use crate::domain::change::Change;
use crate::domain::configuration::{Configuration, ExpirySource};
use crate::domain::credits::CreditsState;
use crate::domain::duration;
use crate::domain::lead_times::{LeadTimes, SAME_WITHIN};
use crate::domain::message::{Reason, Status};
use crate::domain::notification::{self, Notification, NotificationDecision, NotifiedState};
use crate::domain::observation::{Observation, Outcome};
use crate::domain::plan::PlanState;
use crate::domain::policy::Policy;
use crate::domain::time::Timestamp;

/// The index of a receiver.
pub(in crate::domain) type Receiver = usize;

/// One notification as it was sent to one receiver.
#[derive(Clone, Debug)]
pub(in crate::domain) struct SentNotification {
    pub(in crate::domain) receiver: Receiver,
    pub(in crate::domain) alert: Alert,
    pub(in crate::domain) reason: Reason,
    pub(in crate::domain) at: Timestamp,
}

impl SentNotification {
    fn notification(&self) -> Notification {
        let status = if self.alert.is_firing() { Status::Firing } else { Status::Resolved };
        let Condition { stage, severity, expires_at, .. } = self.alert.condition;
        Notification { status, at: self.at, stage, severity, expires_at }
    }

    /// `opened expiry 7d`: enough for comparisons.
    pub(in crate::domain) fn summary(&self) -> String {
        let Condition { kind, stage, subject, .. } = &self.alert.condition;
        let subject = match subject {
            Subject::Account(account) => account.id.to_string(),
            Subject::Subscription(_) => "all".to_owned(),
            Subject::Receiver(name) => name.to_string(),
        };
        let reason = format!("{:?}", self.reason).to_lowercase();
        match stage {
            Some(stage) if self.reason != Reason::Resolved => format!("{reason} {subject} {kind} {stage}"),
            _ => format!("{reason} {subject} {kind}"),
        }
    }
}

/// One subscription, `main`, and what is stored about it.
pub(in crate::domain) struct World {
    pub(in crate::domain) policy: Policy,
    pub(in crate::domain) records: Vec<AccountRecord>,
    pub(in crate::domain) plan: Option<PlanState>,
    pub(in crate::domain) jobs: BTreeMap<AccountKey, AccountJobs>,
    pub(in crate::domain) credits: BTreeMap<AccountKey, CreditsState>,
    pub(in crate::domain) alerts: Vec<Alert>,
    pub(in crate::domain) sent: Vec<SentNotification>,
    pub(in crate::domain) changes: Vec<Change>,
    pub(in crate::domain) silenced: BTreeMap<Receiver, bool>,
    run: RunId,
}

/// The moment this many seconds after the start of the test.
pub(in crate::domain) fn at(seconds: i64) -> Timestamp {
    Utc.with_ymd_and_hms(2026, 11, 23, 7, 15, 0).unwrap() + TimeDelta::seconds(seconds)
}

/// A duration as an operator types it, in seconds.
pub(in crate::domain) fn seconds_in(text: &str) -> i64 {
    duration::parse(text).unwrap().num_seconds()
}

/// The default policy, without reminders and confirmation.
pub(in crate::domain) fn policy() -> Policy {
    Policy {
        source: ExpirySource::ExpExpire,
        lead_times: LeadTimes::new(
            ["7d", "3d", "1d", "1h"].map(|lead| duration::parse(lead).unwrap()).to_vec(),
        ),
        lead_times_by_account: BTreeMap::new(),
        confirm_after: TimeDelta::zero(),
        unreachable_after: TimeDelta::hours(1),
        repeat_every: None,
        jobs: None,
        credits: None,
    }
}

/// The subscription of every test.
pub(in crate::domain) fn main_subscription() -> SubscriptionName {
    SubscriptionName::new("main")
}

/// The account of that id.
pub(in crate::domain) fn account(id: &str) -> AccountKey {
    AccountKey::new(&main_subscription(), &AccountId::new(id))
}

/// A healthy answer; the token expires at this second.
pub(in crate::domain) fn expiring_at(seconds: i64) -> Observation {
    Observation::ok(Configuration { exp_expire: Some(at(seconds)), ..Configuration::default() })
}

/// A healthy answer; the token expires in a year.
pub(in crate::domain) fn healthy() -> Observation {
    expiring_at(seconds_in("365d"))
}

/// A check with another outcome than `ok`.
pub(in crate::domain) fn failed(outcome: Outcome) -> Observation {
    Observation::failed(outcome, outcome.as_str())
}

impl World {
    /// A world with accounts of these ids and one receiver. An empty id is the list of accounts.
    pub(in crate::domain) fn new(ids: &[&str]) -> Self {
        let record = |id: &&str| AccountRecord {
            account: account(id),
            name: (*id).to_owned(),
            account_state: AccountState::default(),
            configuration: None,
        };
        Self {
            policy: policy(),
            records: ids.iter().map(record).collect(),
            plan: None,
            jobs: BTreeMap::new(),
            credits: BTreeMap::new(),
            alerts: Vec::new(),
            sent: Vec::new(),
            changes: Vec::new(),
            silenced: BTreeMap::from([(0, false)]),
            run: 0,
        }
    }

    /// The same with an edited policy.
    pub(in crate::domain) fn with_policy(mut self, edit: impl FnOnce(&mut Policy)) -> Self {
        edit(&mut self.policy);
        self
    }

    /// One run with these checks, by account index; returns what was sent.
    pub(in crate::domain) fn run(&mut self, seconds: i64, checks: &[(usize, Observation)]) -> Vec<String> {
        self.run += 1;
        self.check(seconds, checks);
        self.tick(seconds)
    }

    /// One run in which every account gives the same result.
    pub(in crate::domain) fn run_all(&mut self, seconds: i64, observation: &Observation) -> Vec<String> {
        let checks: Vec<_> = (0..self.records.len()).map(|index| (index, observation.clone())).collect();
        self.run(seconds, &checks)
    }

    /// Checks of the present run, without an evaluation.
    pub(in crate::domain) fn check(&mut self, seconds: i64, checks: &[(usize, Observation)]) {
        for (index, observation) in checks {
            let record = &mut self.records[*index];
            let update =
                record.apply_check(Check { observation, at: at(seconds), run: self.run }, &self.policy);
            record.account_state = update.account_state;
            record.configuration = observation.configuration.clone().or(record.configuration.take());
            self.changes.extend(update.changes);
        }
    }

    /// Evaluates alerts and sends notifications; returns what was sent.
    pub(in crate::domain) fn tick(&mut self, seconds: i64) -> Vec<String> {
        self.update_alerts(seconds);
        self.send_notifications(seconds)
    }

    /// The transitions that are due. Stable accounts must not change them.
    pub(in crate::domain) fn transitions(&self, seconds: i64) -> Vec<Transition> {
        let (open, now) = (OpenAlerts::new(&self.alerts), at(seconds));
        let decide = |records: &[AccountRecord], totals| {
            let name = &main_subscription();
            let (plan, jobs, credits) = (self.plan.as_ref(), &self.jobs, &self.credits);
            let input = SubscriptionInput { name, records, totals, plan, jobs, credits };
            let steps = alerts::evaluate_subscription(&input, &open, &self.policy, now);
            (steps, alerts::outdated_faults(&input, &open, &self.policy))
        };
        let decided = decide(&self.records, SubscriptionTotals::default());
        let needing_evaluation: Vec<AccountRecord> =
            self.records.iter().filter(|record| self.needs_evaluation(record, now)).cloned().collect();
        let totals = SubscriptionTotals {
            accounts: self.records.iter().filter(|record| !record.account.is_listing()).count(),
            last_ok_run: self.records.iter().filter_map(|record| record.account_state.last_ok_run).max(),
        };
        assert_eq!(decide(&needing_evaluation, totals), decided, "{needing_evaluation:?}");
        decided.0
    }

    fn needs_evaluation(&self, record: &AccountRecord, now: Timestamp) -> bool {
        let subject = Subject::Account(record.account.clone());
        let account_state = record.state_for(&self.policy);
        !account_state.is_stable()
            || account_state.expiry_missing
            || account_state.expires_at.is_some_and(|end| end <= now + self.policy.max_lead_time())
            || self.alerts.iter().any(|alert| alert.condition.subject == subject)
            || record.account.is_listing()
            || self.jobs.contains_key(&record.account)
            || self.credits.get(&record.account).is_some_and(|state| {
                self.policy.credits.is_some_and(|policy| state.is_alarming(&policy, now))
            })
    }

    /// Applies the transitions that are due.
    pub(in crate::domain) fn update_alerts(&mut self, seconds: i64) -> Vec<Transition> {
        let transitions = self.transitions(seconds);
        for transition in &transitions {
            self.apply(transition, at(seconds));
        }
        transitions
    }

    fn apply(&mut self, transition: &Transition, now: Timestamp) {
        match transition {
            Transition::Open(condition) => self.open(condition, now),
            Transition::Update(id, condition) => {
                let alert = self.firing_mut(id);
                assert_eq!(
                    (&alert.condition.subject, alert.condition.kind),
                    (&condition.subject, condition.kind)
                );
                update(alert, condition, now);
            }
            Transition::Resolve(Resolved { id, detail, renewed_until, resolution }) => {
                let alert = self.firing_mut(id);
                alert.condition.detail.clone_from(detail);
                alert.resolved_at = Some(now);
                alert.renewed_until = *renewed_until;
                alert.resolution = Some(*resolution);
            }
        }
    }

    fn open(&mut self, condition: &Condition, now: Timestamp) {
        let clash = self.find(&condition.subject, condition.kind);
        assert!(clash.is_none(), "two alerts of one subject and kind: {clash:?}");
        let sent = &self.sent;
        let was_notified = |id: &AlertId| {
            sent.iter().any(|sent| {
                sent.alert.id == *id && is_same(sent.alert.condition.expires_at, condition.expires_at)
            })
        };
        let returns = |alert: &&mut Alert| {
            returns_with(alert, condition)
                || (condition.kind == AlertKind::Expiry
                    && alert.condition.subject == condition.subject
                    && alert.renewed_until.is_some()
                    && was_notified(&alert.id))
        };
        if let Some(alert) = self.alerts.iter_mut().rev().find(returns) {
            update(alert, condition, now);
            (alert.resolved_at, alert.renewed_until) = (None, None);
            return;
        }
        let id = AlertId::new(format!("{:04}", self.alerts.len()));
        let condition = condition.clone();
        self.alerts.push(Alert {
            id,
            condition,
            opened_at: now,
            resolved_at: None,
            renewed_until: None,
            reached_at: now,
            resolution: None,
        });
    }

    fn firing_mut(&mut self, id: &AlertId) -> &mut Alert {
        self.alerts
            .iter_mut()
            .find(|alert| alert.id == *id && alert.is_firing())
            .expect("only firing alerts change")
    }

    /// Sends and records the notifications that are due.
    pub(in crate::domain) fn send_notifications(&mut self, seconds: i64) -> Vec<String> {
        let now = at(seconds);
        let mut news = Vec::new();
        for (receiver, silenced) in &self.silenced {
            for alert in &self.alerts {
                let notified = self.notified(*receiver, alert, now);
                let has_reminders = alert.condition.kind.has_reminders();
                let repeat_every = self.policy.repeat_every.filter(|_| has_reminders);
                let NotificationDecision::Send(reason) =
                    notification::decide(alert, notified, repeat_every, now)
                else {
                    continue;
                };
                if *silenced && reason != Reason::Resolved {
                    continue;
                }
                news.push(SentNotification { receiver: *receiver, alert: alert.clone(), reason, at: now });
            }
        }
        for sent in &news {
            let again = |before: &&SentNotification| {
                before.receiver == sent.receiver
                    && before.alert.id == sent.alert.id
                    && before.reason == Reason::Opened
            };
            assert!(sent.reason != Reason::Opened || !self.sent.iter().any(|before| again(&before)));
        }
        self.sent.extend(news.iter().cloned());
        news.iter().map(SentNotification::summary).collect()
    }

    /// What `receiver` was notified of about `alert`.
    pub(in crate::domain) fn notified(
        &self,
        receiver: Receiver,
        alert: &Alert,
        now: Timestamp,
    ) -> Option<NotifiedState> {
        let sent = self.sent.iter().filter(|sent| sent.receiver == receiver && sent.alert.id == alert.id);
        NotifiedState::fold(
            sent.map(SentNotification::notification),
            (alert.condition.expires_at, alert.reached_at),
            now,
        )
    }

    /// The firing alert of that subject and kind.
    pub(in crate::domain) fn find(&self, subject: &Subject, kind: AlertKind) -> Option<&Alert> {
        let mine = |alert: &&Alert| alert.condition.subject == *subject && alert.condition.kind == kind;
        self.alerts.iter().filter(|alert| alert.is_firing()).find(mine)
    }

    /// The firing alert of that kind about the account of that index.
    pub(in crate::domain) fn account_alert(&self, index: usize, kind: AlertKind) -> Option<&Alert> {
        self.find(&Subject::Account(self.records[index].account.clone()), kind)
    }

    /// The firing alert of that kind about the subscription.
    pub(in crate::domain) fn subscription_alert(&self, kind: AlertKind) -> Option<&Alert> {
        self.find(&Subject::Subscription(main_subscription()), kind)
    }

    /// What fires: subject (`all` for the subscription), kind, severity; sorted.
    pub(in crate::domain) fn firing(&self) -> Vec<(String, AlertKind, Severity)> {
        let mut firing: Vec<_> = self
            .alerts
            .iter()
            .filter(|alert| alert.is_firing())
            .map(|Alert { condition, .. }| {
                let subject = match &condition.subject {
                    Subject::Account(account) => account.id.to_string(),
                    Subject::Subscription(_) | Subject::Receiver(_) => "all".to_owned(),
                };
                (subject, condition.kind, condition.severity)
            })
            .collect();
        firing.sort();
        firing
    }
}

/// Replaces the content of an alert, as the engine does.
fn update(alert: &mut Alert, condition: &Condition, now: Timestamp) {
    alert.reached_at = alert.reached_at_with(condition, now);
    alert.condition = condition.clone();
}

/// Whether an `expiry` that opens with `condition` is this resolved alert again: the expiry that a renewal replaced came back.
/// An expiry that moved back in steps of less than an hour did not come back.
fn returns_with(alert: &Alert, condition: &Condition) -> bool {
    let own = alert.condition.expires_at;
    condition.kind == AlertKind::Expiry
        && alert.condition.kind == AlertKind::Expiry
        && alert.condition.subject == condition.subject
        && alert.renewed_until.is_some()
        && is_same(own, condition.expires_at)
        && !is_same(own, alert.renewed_until)
}

/// Whether two expiries are the same, within an hour.
fn is_same(one: Option<Timestamp>, other: Option<Timestamp>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => (one - other).abs() < SAME_WITHIN,
        (None, None) => true,
        (Some(_), None) | (None, Some(_)) => false,
    }
}
