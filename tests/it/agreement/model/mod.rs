//! The reference model: which notifications each receiver must get, and when, for any course of events. It shares no code with
//! the program and has no ids, no store and no rendering: only levels, and the notifications that each receiver got.

mod credits;
mod deliveries;
mod expiry;
mod jobs;
mod levels;
mod life;
mod notify;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};

use self::credits::CreditsHistory;
pub(super) use self::credits::{CreditsPolicy, CreditsSeen};
pub(super) use self::deliveries::Answer;
use self::deliveries::Deliveries;
pub(super) use self::expiry::{Expiries, Shown, Source};
use self::jobs::JobHistory;
pub(super) use self::jobs::JobRow;
use self::levels::{AlertVerdict, CreditsSource};
use self::life::{Level, Life, is_future, severity_name};

pub(super) type Moment = DateTime<Utc>;

/// What one check of one account shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    /// A healthy configuration.
    Healthy { shown: Shown, jobs: i64 },
    /// A fault of this account alone, by its alert kind.
    Fault(&'static str),
    /// A refusal of the API token, by its alert kind: all accounts see it.
    Refusal(&'static str),
    /// Inconclusive: all accounts see it.
    Nothing,
}

/// What one answer says of the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PlanSeen {
    pub(super) is_active: bool,
    pub(super) has_service_in_error: bool,
}

/// What the answers so far say of the plan.
#[derive(Clone, Debug, Default)]
struct Plan {
    inactive_since: Option<Moment>,
    is_lapsed: bool,
    has_service_in_error: bool,
}

/// The parts of the configuration that a reload may change.
#[derive(Clone, Debug)]
pub(super) struct Policy {
    /// In seconds.
    pub(super) lead_times: Vec<i64>,
    /// Which of the two expiries counts.
    pub(super) source: Source,
    pub(super) repeat: Option<TimeDelta>,
    /// Of each receiver, by its index.
    pub(super) min_severities: [Severity; 2],
    pub(super) quiet_hours: [Option<QuietHours>; 2],
    pub(super) are_jobs_watched: bool,
    pub(super) credits: Option<CreditsPolicy>,
}

/// From one minute of the day to another one, by clocks that are never moved.
#[derive(Clone, Copy, Debug)]
pub(super) struct QuietHours {
    pub(super) begin: i64,
    pub(super) end: i64,
    /// How many minutes the clocks are ahead of UTC.
    pub(super) ahead: i64,
}

impl QuietHours {
    fn until(self, now: Moment) -> Option<Moment> {
        const DAY: i64 = 86_400_000;
        let time = (now + TimeDelta::minutes(self.ahead)).timestamp_millis().rem_euclid(DAY);
        let since_begin = (time - self.begin * 60_000).rem_euclid(DAY);
        let length = ((self.end - self.begin) * 60_000).rem_euclid(DAY);
        (since_begin < length).then(|| now + TimeDelta::milliseconds(length - since_begin))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Severity {
    Info,
    Warning,
    Critical,
}

/// What healthy answers showed of an account.
#[derive(Clone, Debug)]
pub(super) struct AccountRecord {
    expiries: Expiries,
    jobs: i64,
}

#[derive(Clone, Debug, Default)]
struct Account {
    known: Option<AccountRecord>,
    faults: BTreeSet<&'static str>,
    /// A fault that no second check has confirmed, and since when.
    unconfirmed: Option<(&'static str, Moment)>,
}

impl Account {
    /// Whether a fault counts: it was confirmed in its run, or an earlier check saw the same.
    fn counts_as_confirmed(&mut self, kind: &'static str, at: Moment, confirmed: bool) -> bool {
        let since = self
            .unconfirmed
            .filter(|(due_for_recheck, _)| *due_for_recheck == kind)
            .map_or(at, |(_, since)| since.min(at));
        let is_confirmed = confirmed || at - since >= TimeDelta::seconds(10);
        self.unconfirmed = (!is_confirmed).then_some((kind, since));
        is_confirmed
    }
}

/// A change that at least one receiver is still to be sent.
#[derive(Clone, Debug)]
struct Change {
    name: &'static str,
    severity: Severity,
    line: String,
    sent_to: [bool; 2],
}

/// An operator's silence.
#[derive(Clone, Copy, Debug)]
pub(super) struct Silence {
    pub(super) glob: &'static str,
    pub(super) until: Moment,
    pub(super) even_critical: bool,
}

impl Silence {
    fn matches(self, name: &str) -> bool {
        self.glob.strip_suffix('*').map_or(self.glob == name, |start| name.starts_with(start))
    }
}

#[derive(Debug)]
pub(super) struct Model {
    policy: Policy,
    accounts: BTreeMap<&'static str, Account>,
    refusals: BTreeSet<&'static str>,
    plan: Plan,
    jobs: JobHistory,
    credits: CreditsHistory,
    /// What last said that an account is out of credits.
    out_by: BTreeMap<&'static str, CreditsSource>,
    unreachable_since: Option<Moment>,
    unreachable: bool,
    lives: Vec<((String, &'static str), Life)>,
    changes: Vec<Change>,
    silences: Vec<Silence>,
    deliveries: [Deliveries; 2],
    /// What each receiver must have been sent by now, a line for each message.
    pub(super) notified: [Vec<(Moment, String)>; 2],
}

impl Model {
    pub(super) fn new(policy: Policy, accounts: &[&'static str]) -> Self {
        let accounts = accounts.iter().map(|name| (*name, Account::default())).collect();
        let (refusals, lives, changes, silences) = (BTreeSet::new(), Vec::new(), Vec::new(), Vec::new());
        Self {
            policy,
            accounts,
            refusals,
            plan: Plan::default(),
            jobs: JobHistory::default(),
            credits: CreditsHistory::default(),
            out_by: BTreeMap::new(),
            unreachable_since: None,
            unreachable: false,
            lives,
            changes,
            silences,
            deliveries: [Deliveries::default(), Deliveries::default()],
            notified: [Vec::new(), Vec::new()],
        }
    }

    /// Records a run. It was `confirmed`, or killed before its confirmation checks: then a fault waits for another check.
    pub(super) fn check(&mut self, seen: &[(&'static str, Seen)], at: Moment, confirmed: bool) {
        if seen.iter().all(|(_, seen)| *seen == Seen::Nothing) {
            let since = self.unreachable_since.map_or(at, |since| since.min(at));
            self.unreachable_since = Some(since);
            self.unreachable |= at - since >= TimeDelta::hours(1);
            return;
        }
        (self.unreachable_since, self.unreachable) = (None, false);
        for (name, seen) in seen {
            let account = self.accounts.get_mut(name).expect("it is watched");
            match *seen {
                Seen::Healthy { shown, jobs } => {
                    account.faults.clear();
                    account.unconfirmed = None;
                    self.refusals.clear();
                    let known = account
                        .known
                        .get_or_insert_with(|| AccountRecord { expiries: Expiries::default(), jobs });
                    known.expiries.see(shown, &self.policy.lead_times, at);
                    let before = std::mem::replace(&mut known.jobs, jobs);
                    let severity = if jobs < before { Severity::Warning } else { Severity::Info };
                    let line = format!(
                        "max_jobs_changed {} {name} maxJobs {before}>{jobs}",
                        severity_name(severity)
                    );
                    let change = Change { name, severity, line, sent_to: [false, false] };
                    self.changes.extend((jobs != before).then_some(change));
                }
                Seen::Fault(kind) if account.faults.contains(kind) => account.unconfirmed = None,
                Seen::Fault(kind) if account.counts_as_confirmed(kind, at, confirmed) => {
                    account.faults.insert(kind);
                }
                Seen::Refusal(kind) if self.refusals.contains(kind) => account.unconfirmed = None,
                Seen::Refusal(kind) if account.counts_as_confirmed(kind, at, confirmed) => {
                    self.refusals.insert(kind);
                }
                Seen::Fault(_) | Seen::Refusal(_) | Seen::Nothing => {}
            }
        }
    }

    /// Records what a run read of the plan, if it could be read; `confirmed` by a second answer ten seconds later.
    pub(super) fn read_plan(&mut self, seen: Option<PlanSeen>, at: Moment, confirmed: bool) {
        let Some(PlanSeen { is_active, has_service_in_error }) = seen else { return };
        self.plan.has_service_in_error = has_service_in_error;
        if is_active {
            (self.plan.inactive_since, self.plan.is_lapsed) = (None, false);
            return;
        }
        let since = self.plan.inactive_since.map_or(at, |since| since.min(at));
        self.plan.inactive_since = Some(since);
        self.plan.is_lapsed |= confirmed || at - since >= TimeDelta::seconds(10);
    }

    /// Records what a run read of the jobs, and how many rows besides could not be read, if any could.
    pub(super) fn read_jobs(&mut self, answer: Option<(&[JobRow], usize)>, at: Moment) {
        if let Some(answer) = answer.filter(|_| self.policy.are_jobs_watched) {
            self.jobs.read(answer, |name| self.accounts.contains_key(name), at);
        }
    }

    /// Records the answer to a question for the credits of an account, asked at `at`.
    pub(super) fn read_credits(&mut self, name: &'static str, seen: CreditsSeen, at: Moment) {
        let low = self.policy.credits.expect("no question is asked while they are not watched").low;
        self.credits.read(name, seen, low, at);
    }

    /// Whether a run that begins at `now` must ask about the credits of an account, or must not; `None` if it may.
    pub(super) fn is_credits_question_due(&self, name: &str, now: Moment) -> Option<bool> {
        self.policy.credits.map_or(Some(false), |policy| self.credits.is_due(name, policy.every, now))
    }

    /// Whether the session of an account was seen dead, and no later answer confirmed or disproved it.
    pub(super) fn is_session_in_doubt(&self, name: &str) -> bool {
        self.credits.is_in_doubt(name)
    }

    /// The operator changes the configuration. What is known of credits that are no longer watched must not count later.
    pub(super) fn configure(&mut self, policy: Policy) {
        self.policy = policy;
        let are_watched = self.policy.credits.is_some();
        self.credits.forget(|name| are_watched && self.accounts.contains_key(name));
    }

    /// The operator removes an account or adds it again; an added account is checked before any fault counts.
    pub(super) fn watch(
        &mut self,
        name: &'static str,
        watched: bool,
        removed_account: &mut Option<AccountRecord>,
    ) {
        if watched {
            self.accounts.insert(name, Account { known: removed_account.take(), ..Account::default() });
        } else {
            *removed_account = self.accounts.remove(name).and_then(|account| account.known);
        }
    }

    /// Whether a fault of the subscription is active, or becomes active when one more run sees it.
    pub(super) fn has_subscription_fault(&self) -> bool {
        let refused = |account: &Account| {
            matches!(account.unconfirmed, Some(("unauthorized" | "subscription_lapsed", _)))
        };
        !self.refusals.is_empty()
            || self.plan.inactive_since.is_some()
            || self.unreachable_since.is_some()
            || self.accounts.values().any(refused)
    }

    pub(super) fn silence(&mut self, silence: Silence) {
        self.silences.push(silence);
    }

    /// Acknowledges every firing alert.
    pub(super) fn ack(&mut self) {
        self.lives.iter_mut().for_each(|(_, life)| life.acked = !life.resolved);
    }

    /// Whether all of these accounts are silenced.
    fn is_silenced(&self, names: &[&str], is_critical: bool, now: Moment) -> bool {
        let holds = |silence: &&Silence| now < silence.until && (silence.even_critical || !is_critical);
        self.silences.iter().filter(holds).any(|silence| names.iter().all(|name| silence.matches(name)))
    }

    /// The number of messages decided for a receiver, and how many of them failed permanently.
    pub(super) fn messages(&self, receiver: usize) -> (usize, usize) {
        (self.deliveries[receiver].count(), self.deliveries[receiver].failed())
    }

    /// Records a receiver's answer to one attempt.
    pub(super) fn answered(&mut self, receiver: usize, message: usize, answer: Answer) {
        self.deliveries[receiver].answer(message, answer);
    }
}
