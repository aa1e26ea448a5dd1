//! A store and its receivers in memory, for tests of the rules together: look, learn, assess, decide, remember.
//!
//! Promises: does what the store and the engine are to do and nothing cleverer: an `expiry` that opens with the end
//! of a resolved one fires on; a receiver that is silenced misses fires and reminders, never an end. Panics where the
//! rules break a promise that always holds: two alerts of one subject and kind, two beginnings told of one alert.

use std::collections::BTreeMap;

use chrono::{TimeDelta, TimeZone, Utc};

use crate::domain::account::{AccountId, AccountKey, SubscriptionName};
use crate::domain::alert::{Alert, AlertId, AlertKind, Condition, Severity, Subject};
use crate::domain::announce::{self, Decision, Telling, Told};
use crate::domain::assess::{self, Open, Others, Transition};
use crate::domain::change::Change;
use crate::domain::configuration::{Configuration, EndSource};
use crate::domain::expiry::{self, Ladder};
use crate::domain::message::{Reason, Status};
use crate::domain::observation::{Observation, Outcome};
use crate::domain::policy::Policy;
use crate::domain::span;
use crate::domain::standing::{Known, Look, RunId, Standing};
use crate::domain::time::Timestamp;

/// A receiver's index.
pub(in crate::domain) type Receiver = usize;

/// One alert as one receiver heard it.
#[derive(Clone, Debug)]
pub(in crate::domain) struct Heard {
    pub(in crate::domain) receiver: Receiver,
    pub(in crate::domain) alert: Alert,
    pub(in crate::domain) reason: Reason,
    pub(in crate::domain) at: Timestamp,
}

impl Heard {
    fn telling(&self) -> Telling {
        let status = if self.alert.is_firing() { Status::Firing } else { Status::Resolved };
        let Condition { stage, severity, expires_at, .. } = self.alert.condition;
        Telling { status, at: self.at, stage, severity, expires_at }
    }

    /// `opened expiry 7d`: enough to compare with.
    pub(in crate::domain) fn words(&self) -> String {
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

/// One subscription, `main`, with what is stored of it.
pub(in crate::domain) struct World {
    pub(in crate::domain) policy: Policy,
    pub(in crate::domain) members: Vec<Known>,
    pub(in crate::domain) alerts: Vec<Alert>,
    pub(in crate::domain) heard: Vec<Heard>,
    pub(in crate::domain) changes: Vec<Change>,
    pub(in crate::domain) silenced: BTreeMap<Receiver, bool>,
    run: RunId,
}

/// The moment from which tests count, in seconds.
pub(in crate::domain) fn at(seconds: i64) -> Timestamp {
    Utc.with_ymd_and_hms(2026, 11, 23, 7, 15, 0).unwrap() + TimeDelta::seconds(seconds)
}

/// A length as an operator types it, in seconds.
pub(in crate::domain) fn span(text: &str) -> i64 {
    span::parse(text).unwrap().num_seconds()
}

/// The contract's defaults, without reminders and believed at once.
pub(in crate::domain) fn policy() -> Policy {
    Policy {
        source: EndSource::ExpExpire,
        ladder: Ladder::new(["7d", "3d", "1d", "1h"].map(|lead| span::parse(lead).unwrap()).to_vec()),
        ladders: BTreeMap::new(),
        confirm_after: TimeDelta::zero(),
        unreachable_after: TimeDelta::hours(1),
        repeat_every: None,
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

/// A healthy look at a token that ends at this second.
pub(in crate::domain) fn ends(seconds: i64) -> Observation {
    Observation::ok(Configuration { exp_expire: Some(at(seconds)), ..Configuration::default() })
}

/// A healthy look at a token that ends in a year.
pub(in crate::domain) fn well() -> Observation {
    ends(span("365d"))
}

/// A look that found something else.
pub(in crate::domain) fn bad(outcome: Outcome) -> Observation {
    Observation::failed(outcome, outcome.as_str())
}

impl World {
    /// Accounts of these ids; an empty id is the list of accounts. One receiver.
    pub(in crate::domain) fn of(ids: &[&str]) -> Self {
        let known = |id: &&str| Known {
            account: account(id),
            name: (*id).to_owned(),
            standing: Standing::default(),
            configuration: None,
        };
        Self {
            policy: policy(),
            members: ids.iter().map(known).collect(),
            alerts: Vec::new(),
            heard: Vec::new(),
            changes: Vec::new(),
            silenced: BTreeMap::from([(0, false)]),
            run: 0,
        }
    }

    /// The same under another policy.
    pub(in crate::domain) fn with(mut self, edit: impl FnOnce(&mut Policy)) -> Self {
        edit(&mut self.policy);
        self
    }

    /// One run that looks at these accounts, by index; returns what was told.
    pub(in crate::domain) fn run(&mut self, seconds: i64, looks: &[(usize, Observation)]) -> Vec<String> {
        self.run += 1;
        self.look(seconds, looks);
        self.tick(seconds)
    }

    /// One run that sees the same at every account.
    pub(in crate::domain) fn run_all(&mut self, seconds: i64, observation: &Observation) -> Vec<String> {
        let looks: Vec<_> = (0..self.members.len()).map(|index| (index, observation.clone())).collect();
        self.run(seconds, &looks)
    }

    /// Looks of the present run, and nothing told yet.
    pub(in crate::domain) fn look(&mut self, seconds: i64, looks: &[(usize, Observation)]) {
        for (index, observation) in looks {
            let known = &mut self.members[*index];
            let lesson = known.learn(Look { observation, at: at(seconds), run: self.run }, &self.policy);
            known.standing = lesson.standing;
            known.configuration = observation.configuration.clone().or(known.configuration.take());
            self.changes.extend(lesson.changes);
        }
    }

    /// Assesses and tells; returns what was told.
    pub(in crate::domain) fn tick(&mut self, seconds: i64) -> Vec<String> {
        self.assess(seconds);
        self.announce(seconds)
    }

    /// What should happen to the alerts now.
    pub(in crate::domain) fn transitions(&self, seconds: i64) -> Vec<Transition> {
        let (open, now) = (Open::new(&self.alerts), at(seconds));
        let decide = |members: &[Known], others| {
            let steps = assess::subscription(&main_subscription(), members, others, &open, &self.policy, now);
            (steps, assess::outlived(&main_subscription(), members, others, &open))
        };
        let decided = decide(&self.members, Others::default());
        // Who is calm, ends late and has no alert need not be looked at.
        let astir: Vec<Known> =
            self.members.iter().filter(|member| self.is_astir(member, now)).cloned().collect();
        let others = Others {
            accounts: self.members.iter().filter(|member| !member.account.is_listing()).count(),
            ok_run: self.members.iter().filter_map(|member| member.standing.ok_run).max(),
        };
        assert_eq!(decide(&astir, others), decided, "{astir:?}");
        decided.0
    }

    fn is_astir(&self, member: &Known, now: Timestamp) -> bool {
        let subject = Subject::Account(member.account.clone());
        let standing = member.standing_under(&self.policy);
        !standing.is_calm()
            || standing.end_missing
            || standing.end.is_some_and(|end| end <= now + self.policy.longest_lead())
            || self.alerts.iter().any(|alert| alert.condition.subject == subject)
            || member.account.is_listing()
    }

    /// Lets it happen.
    pub(in crate::domain) fn assess(&mut self, seconds: i64) -> Vec<Transition> {
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
                alert.update(condition.clone(), now);
            }
            Transition::Resolve { id, detail, renewed_until, resolution } => {
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
        let heard = &self.heard;
        let was_told = |id: &AlertId| {
            heard.iter().any(|heard| {
                heard.alert.id == *id
                    && expiry::is_same(heard.alert.condition.expires_at, condition.expires_at)
            })
        };
        let returns = |alert: &&mut Alert| {
            alert.returns_with(condition)
                || (condition.kind == AlertKind::Expiry
                    && alert.condition.subject == condition.subject
                    && alert.renewed_until.is_some()
                    && was_told(&alert.id))
        };
        if let Some(alert) = self.alerts.iter_mut().rev().find(returns) {
            alert.update(condition.clone(), now);
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
            .expect("only what fires moves")
    }

    /// What every receiver is to hear now, told and remembered.
    pub(in crate::domain) fn announce(&mut self, seconds: i64) -> Vec<String> {
        let now = at(seconds);
        let mut news = Vec::new();
        for (receiver, silenced) in &self.silenced {
            for alert in &self.alerts {
                let told = self.told(*receiver, alert, now);
                let Decision::Tell(reason) = announce::decide(alert, told, self.policy.repeat_every, now)
                else {
                    continue;
                };
                if *silenced && reason != Reason::Resolved {
                    continue;
                }
                news.push(Heard { receiver: *receiver, alert: alert.clone(), reason, at: now });
            }
        }
        for heard in &news {
            let again = |before: &&Heard| {
                before.receiver == heard.receiver
                    && before.alert.id == heard.alert.id
                    && before.reason == Reason::Opened
            };
            assert!(heard.reason != Reason::Opened || !self.heard.iter().any(|before| again(&before)));
        }
        self.heard.extend(news.iter().cloned());
        news.iter().map(Heard::words).collect()
    }

    /// What `receiver` knows of `alert`.
    pub(in crate::domain) fn told(&self, receiver: Receiver, alert: &Alert, now: Timestamp) -> Option<Told> {
        let heard =
            self.heard.iter().filter(|heard| heard.receiver == receiver && heard.alert.id == alert.id);
        Told::of(heard.map(Heard::telling), (alert.condition.expires_at, alert.reached_at), now)
    }

    /// The firing alert of that subject and kind.
    pub(in crate::domain) fn find(&self, subject: &Subject, kind: AlertKind) -> Option<&Alert> {
        let mine = |alert: &&Alert| alert.condition.subject == *subject && alert.condition.kind == kind;
        self.alerts.iter().filter(|alert| alert.is_firing()).find(mine)
    }

    /// The firing alert of that kind about the account of that index.
    pub(in crate::domain) fn of_account(&self, index: usize, kind: AlertKind) -> Option<&Alert> {
        self.find(&Subject::Account(self.members[index].account.clone()), kind)
    }

    /// The firing alert of that kind about the subscription.
    pub(in crate::domain) fn of_all(&self, kind: AlertKind) -> Option<&Alert> {
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
