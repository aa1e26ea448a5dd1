//! What will be told of one account if nothing but time passes: the same rules, asked about moments to come.
//!
//! Promises: no rule of its own. What it foretells is what announcing then does (held by a property test). Leaves what is
//! not about this account or its subscription aside.

use std::collections::{BTreeMap, BTreeSet};

use super::account::{AccountKey, ReceiverName};
use super::alert::{Alert, AlertId, AlertKind, Subject};
use super::announce::{Case, Telling, Told, Word};
use super::assess::{self, Open, Others, Transition};
use super::directory::Directory;
use super::expiry::is_same;
use super::message::{Reason, Status};
use super::policy::Policy;
use super::route::Route;
use super::silence::Silence;
use super::standing::Known;
use super::time::Timestamp;

/// One receiver as the rules need it.
#[derive(Clone, Debug)]
pub struct Listener {
    /// Its name.
    pub name: ReceiverName,
    /// What it wants to hear.
    pub route: Route,
}

/// All that is known of one account and its subscription, and what was told of them.
#[derive(Clone, Debug)]
pub struct Scene<'a> {
    /// The account.
    pub account: &'a AccountKey,
    /// The watched accounts of its subscription, and the look at its list.
    pub members: &'a [Known],
    /// Who is who.
    pub directory: &'a Directory,
    /// The operator's decisions.
    pub policy: &'a Policy,
    /// The silences in force.
    pub silences: &'a [Silence],
    /// Everybody who may be told.
    pub listeners: &'a [Listener],
    /// The alerts of the subscription and its accounts, ended ones of the account itself included.
    pub alerts: Vec<Alert>,
    /// What was told of them, oldest first.
    pub tellings: BTreeMap<(AlertId, ReceiverName), Vec<Telling>>,
    /// The alerts that somebody acknowledged.
    pub acks: BTreeSet<AlertId>,
}

/// What becomes of one alert for one receiver.
#[derive(Clone, Debug)]
pub struct Outlook {
    /// The alert as it stands then.
    pub alert: Alert,
    /// For whom.
    pub receiver: ReceiverName,
    /// What becomes of it.
    pub word: Word,
}

/// Something that will be told.
#[derive(Clone, Debug)]
pub struct Foretold {
    /// When.
    pub at: Timestamp,
    /// To whom.
    pub receiver: ReceiverName,
    /// Why.
    pub reason: Reason,
    /// Of what.
    pub alert: Alert,
}

impl Scene<'_> {
    /// Lets the alerts move to what is true at `now`.
    pub fn assess(&mut self, now: Timestamp) {
        let firing: Vec<&Alert> = self.alerts.iter().filter(|alert| alert.is_firing()).collect();
        let open = Open::new(firing);
        let steps = if self.members.iter().any(|member| member.account == *self.account) {
            let others = Others::default();
            assess::subscription(&self.account.subscription, self.members, others, &open, self.policy, now)
        } else {
            self.own(Alert::is_firing).map(|alert| assess::unwatched(alert, now)).collect()
        };
        self.make(steps, now);
    }

    /// Lets the account's alerts move as time passes; the rest stands as it was assessed.
    fn pass(&mut self, now: Timestamp) {
        let Some(member) = self.members.iter().find(|member| member.account == *self.account) else { return };
        let open = Open::new(self.own(Alert::is_firing));
        let steps = assess::passing(member, &open, self.policy, now);
        self.make(steps, now);
    }

    fn make(&mut self, steps: Vec<Transition>, now: Timestamp) {
        for step in steps {
            if let Some(id) = assess::gets_graver(&step, &self.alerts) {
                let id = id.clone();
                self.acks.remove(&id);
            }
            match self.returning(&step) {
                Some(place) => self.reopen(place, step, now),
                None => assess::take(step, &mut self.alerts, now),
            }
        }
    }

    /// What becomes of each alert about the account or its subscription at `now`, for each receiver.
    pub fn outlook(&self, now: Timestamp) -> Vec<Outlook> {
        let concerning = self.alerts.iter().filter(|alert| self.concerns(alert));
        let pairs = concerning.flat_map(|alert| self.listeners.iter().map(move |listener| (alert, listener)));
        pairs
            .map(|(alert, listener)| Outlook {
                alert: alert.clone(),
                receiver: listener.name.clone(),
                word: self.case(alert, listener, now).word(now),
            })
            .collect()
    }

    /// Everything that will be told from `now` until `until`, in order.
    pub fn foretell(mut self, now: Timestamp, until: Timestamp) -> Vec<Foretold> {
        let mut foretold = Vec::new();
        let mut at = now;
        self.assess(now);
        loop {
            self.pass(at);
            let mut next = self.next_rung(at);
            for Outlook { alert, receiver, word } in self.outlook(at) {
                let moment = match word {
                    Word::Tell(reason) => {
                        self.tell(&alert, &receiver, at);
                        let reminders = self
                            .policy
                            .repeat_every
                            .filter(|_| alert.is_firing() && !self.acks.contains(&alert.id));
                        foretold.push(Foretold { at, receiver, reason, alert });
                        reminders.map(|every| at + every)
                    }
                    Word::Knows(reminder) => reminder,
                    Word::Withheld(end, _) => Some(end),
                    Word::Unwanted(_) | Word::Over => None,
                };
                next = [next, moment].into_iter().flatten().min();
            }
            match next {
                Some(moment) if moment > at && moment <= until => at = moment,
                _ => return foretold,
            }
        }
    }

    fn case<'a>(&self, alert: &'a Alert, listener: &Listener, now: Timestamp) -> Case<'a> {
        let told = self.tellings.get(&(alert.id.clone(), listener.name.clone()));
        Case {
            alert,
            unwanted: self.directory.unwanted(&listener.name, &listener.route, alert),
            told: told.and_then(|told| {
                Told::of(told.iter().copied(), (alert.condition.expires_at, alert.reached_at), now)
            }),
            withheld_until: self.directory.withheld(self.silences, alert, now),
            acked: self.acks.contains(&alert.id),
            repeat_every: self.policy.repeat_every,
        }
    }

    fn tell(&mut self, alert: &Alert, receiver: &ReceiverName, at: Timestamp) {
        let telling = Telling {
            status: if alert.is_firing() { Status::Firing } else { Status::Resolved },
            at,
            stage: alert.condition.stage,
            severity: alert.condition.severity,
            expires_at: alert.condition.expires_at,
        };
        self.tellings.entry((alert.id.clone(), receiver.clone())).or_default().push(telling);
    }

    fn next_rung(&self, now: Timestamp) -> Option<Timestamp> {
        let member = self.members.iter().find(|member| member.account == *self.account)?;
        self.policy.ladder(self.account).next_moment(member.standing_under(self.policy).end?, now)
    }

    fn concerns(&self, alert: &Alert) -> bool {
        match &alert.condition.subject {
            Subject::Account(account) => account == self.account,
            Subject::Subscription(name) => *name == self.account.subscription,
            Subject::Receiver(_) => false,
        }
    }

    fn own(&self, which: impl Fn(&Alert) -> bool) -> impl Iterator<Item = &Alert> {
        let subject = Subject::Account(self.account.clone());
        self.alerts.iter().filter(move |alert| alert.condition.subject == subject && which(alert))
    }

    /// The ended alert that goes on with this step: an end that comes back is not news.
    fn returning(&self, step: &Transition) -> Option<usize> {
        let Transition::Open(condition) = step else { return None };
        let was_told = |alert: &Alert| {
            let tellings = self.tellings.iter().filter(|((id, _), _)| *id == alert.id);
            tellings.flat_map(|(_, told)| told).any(|told| is_same(told.expires_at, condition.expires_at))
        };
        let returns = |alert: &Alert| {
            condition.kind == AlertKind::Expiry
                && alert.condition.kind == AlertKind::Expiry
                && alert.condition.subject == condition.subject
                && alert.renewed_until.is_some()
                && (alert.returns_with(condition) || was_told(alert))
        };
        let ended = self.alerts.iter().enumerate().filter(|(_, alert)| returns(alert));
        ended.max_by_key(|(_, alert)| (alert.opened_at, alert.id.clone())).map(|(place, _)| place)
    }

    fn reopen(&mut self, place: usize, step: Transition, now: Timestamp) {
        if let (Transition::Open(condition), Some(alert)) = (step, self.alerts.get_mut(place)) {
            alert.update(condition, now);
            alert.resolved_at = None;
            alert.renewed_until = None;
        }
    }
}
