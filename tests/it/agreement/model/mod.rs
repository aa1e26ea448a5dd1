//! The reference model: which notifications each receiver must get, and when, for any course of events. It shares no code with
//! the program and has no ids, no store and no rendering: only levels, and the notifications that each receiver got.

mod deliveries;
mod expiry;
mod jobs;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};

pub(super) use self::deliveries::Answer;
use self::deliveries::Deliveries;
pub(super) use self::expiry::{Expiries, Shown, Source};
use self::expiry::{Next, level, next};
use self::jobs::JobHistory;
pub(super) use self::jobs::JobRow;

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

/// How severe an alert is. A stage is its lead time in seconds: smaller is more severe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Level {
    stage: Option<i64>,
    severity: Severity,
    expiry: Option<Moment>,
}

impl Level {
    fn flat(severity: Severity) -> Self {
        Self { stage: None, severity, expiry: None }
    }

    /// Whether its stage or severity begins in the future: only a clock that ran fast can have reached it.
    fn implies_clock_skew(self, now: Moment) -> bool {
        let critical = (self.severity == Severity::Critical).then_some(86_400);
        let begins =
            |left: i64| self.expiry.is_some_and(|expiry| is_future(expiry - TimeDelta::seconds(left), now));
        self.stage.into_iter().chain(critical).any(begins)
    }

    fn is_more_severe_than(self, other: Self) -> bool {
        let stage = |level: Self| level.stage.unwrap_or(i64::MAX);
        stage(self) < stage(other) || self.severity > other.severity
    }
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

/// One alert from firing to resolved, and the notifications about it.
#[derive(Clone, Debug)]
struct Life {
    level: Level,
    opened: Moment,
    /// When its level was reached.
    reached: Moment,
    resolved: bool,
    /// The later expiry that resolved it. The alert opens again when its own expiry returns.
    renewed_until: Option<Moment>,
    /// Whether the other value showed that renewal.
    is_renewed_by_other: bool,
    /// Acknowledged at its present level.
    acked: bool,
    notified: [Vec<NotifiedState>; 2],
    /// Every expiry that was in a notification of it.
    notified_expiries: Vec<Moment>,
}

impl Life {
    fn new(level: Level, now: Moment) -> Self {
        Self {
            level,
            opened: now,
            reached: now,
            resolved: false,
            renewed_until: None,
            is_renewed_by_other: false,
            acked: false,
            notified: [Vec::new(), Vec::new()],
            notified_expiries: Vec::new(),
        }
    }

    fn apply(&mut self, level: Level, now: Moment) {
        let escalates = level.is_more_severe_than(self.level);
        self.acked &= !escalates;
        if escalates || is_future(self.reached, now) {
            self.reached = now;
        }
        self.level = level;
    }

    fn resolve(&mut self, renewed_until: Option<Moment>, is_renewed_by_other: bool) {
        (self.resolved, self.acked) = (true, false);
        (self.renewed_until, self.is_renewed_by_other) = (renewed_until, is_renewed_by_other);
    }

    /// The notifications that still count for a receiver. One in a permanently failed message stops counting once the receiver
    /// accepted a later message, so that it is sent again; a resolution is sent only to receivers that got the alert.
    fn counted(&self, receiver: usize, deliveries: &Deliveries) -> Vec<NotifiedState> {
        let notified = &self.notified[receiver];
        let is_lost = |place: usize| {
            let NotifiedState { level, fires, message, .. } = notified[place];
            let was_sent_again = notified[..place].iter().any(|before| {
                (before.level.stage, before.level.severity) == (level.stage, level.severity)
                    && deliveries.has_failed(before.message)
                    && deliveries.has_taken_between(before.message, message)
            });
            let is_due_again = deliveries.has_taken_between(message, deliveries.count()) && !was_sent_again;
            fires && deliveries.has_failed(message) && (self.resolved || is_due_again)
        };
        // A later message corrects what a fast clock sent; when that message is lost, the receiver was not corrected.
        let is_corrected = |told_before: &NotifiedState| {
            let by = notified.iter().position(|notified| Some(notified.message) == told_before.corrected_by);
            by.is_some_and(|place| !is_lost(place))
        };
        (0..notified.len())
            .filter(|place| !is_lost(*place) && !is_corrected(&notified[*place]))
            .map(|place| notified[place])
            .collect()
    }

    /// Whether this alert, which a renewal resolved, opens again with this expiry.
    fn returns_with(&self, expiry: Moment) -> bool {
        let is_same = |other: Moment| (other - expiry).abs() < TimeDelta::hours(1);
        let (Some(own), Some(renewed)) = (self.level.expiry, self.renewed_until) else { return false };
        let came_back = is_same(own) && (own - renewed).abs() >= TimeDelta::hours(1);
        self.resolved && (came_back || self.notified_expiries.iter().copied().any(is_same))
    }
}

/// One notification: its level, and when it was sent.
#[derive(Clone, Copy, Debug)]
struct NotifiedState {
    level: Level,
    at: Moment,
    fires: bool,
    /// The index of its message among those to the receiver.
    message: usize,
    /// The message that corrected it after the clock was set back.
    corrected_by: Option<usize>,
}

/// The notifications that count at `now`, oldest first. Of an expiry alert, those that a fast clock sent are left out: the ones
/// from the future, and the ones that this clock sent before them.
fn counts(notified: &[NotifiedState], now: Moment) -> Vec<NotifiedState> {
    let implies_clock_skew =
        |notified: &NotifiedState| notified.level.expiry.is_some() && is_future(notified.at, now);
    let Some(last) = notified.iter().rposition(implies_clock_skew) else { return notified.to_vec() };
    let (with_it, since) = notified.split_at(last + 1);
    let before = with_it.iter().rposition(|notified| notified.at <= now).map_or(0, |place| place + 1);
    [&with_it[..before], since].concat()
}

#[derive(Debug)]
pub(super) struct Model {
    pub(super) policy: Policy,
    accounts: BTreeMap<&'static str, Account>,
    refusals: BTreeSet<&'static str>,
    plan: Plan,
    jobs: JobHistory,
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

    /// Records what a run read of the jobs, if it could be read.
    pub(super) fn read_jobs(&mut self, rows: Option<&[JobRow]>, at: Moment) {
        if let Some(rows) = rows.filter(|_| self.policy.are_jobs_watched) {
            self.jobs.read(rows, |name| self.accounts.contains_key(name), at);
        }
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

    /// The alerts that should fire now, except expiry, by subject and kind.
    fn levels(&self) -> BTreeMap<(String, &'static str), Level> {
        let mut levels = BTreeMap::new();
        let all = format!("main({})", self.accounts.len());
        for (name, account) in &self.accounts {
            for kind in &account.faults {
                levels.insert(((*name).to_owned(), *kind), Level::flat(Severity::Critical));
            }
        }
        for kind in &self.refusals {
            levels.insert((all.clone(), *kind), Level::flat(Severity::Critical));
        }
        if self.plan.is_lapsed {
            levels.insert((all.clone(), "subscription_lapsed"), Level::flat(Severity::Critical));
        }
        if self.plan.has_service_in_error {
            // It counts accounts of other services.
            levels.insert(("main(1)".to_owned(), "services_in_error"), Level::flat(Severity::Info));
        }
        if self.unreachable {
            levels.insert((all, "unreachable"), Level::flat(Severity::Warning));
        }
        levels
    }

    /// Moves every alert to its present level, and notifies each receiver of the difference to what it was sent.
    pub(super) fn evaluate_alerts(&mut self, now: Moment) {
        let mut explained = self.explained();
        self.follow_levels(self.levels(), |kind| kind != "expiry" && !jobs::KINDS.contains(&kind), now);
        explained.extend(self.explained());
        self.follow_levels(self.job_levels(&explained, now), |kind| jobs::KINDS.contains(&kind), now);
        self.follow_expiries(now);
        self.notify(now);
    }

    /// Moves every alert of `is_followed` to its present level.
    fn follow_levels(
        &mut self,
        mut levels: BTreeMap<(String, &'static str), Level>,
        is_followed: impl Fn(&str) -> bool,
        now: Moment,
    ) {
        let firing = |(key, life): &&mut ((String, &'static str), Life)| is_followed(key.1) && !life.resolved;
        for (key, life) in self.lives.iter_mut().filter(firing) {
            if let Some(level) = levels.remove(key) {
                life.apply(level, now);
                continue;
            }
            life.resolve(None, false);
            if jobs::EXPLAINING_KINDS.contains(&key.1) {
                self.jobs.explanation_ended(&key.0, now);
            }
        }
        self.lives.extend(levels.into_iter().map(|(key, level)| (key, Life::new(level, now))));
    }

    /// The accounts whose jobs an open alert explains.
    fn explained(&self) -> BTreeSet<&'static str> {
        let explains = |((_, kind), life): &&((String, &'static str), Life)| {
            jobs::EXPLAINING_KINDS.contains(kind) && !life.resolved
        };
        let subjects = self.lives.iter().filter(explains).map(|((subject, _), _)| subject);
        let concerns = |subject: &String, name: &str| subject == name || subject.starts_with("main(");
        let names = |subject| self.accounts.keys().filter(move |name| concerns(subject, name)).copied();
        subjects.flat_map(names).collect()
    }

    /// The alerts about jobs that should fire now.
    fn job_levels(
        &self,
        explained: &BTreeSet<&'static str>,
        now: Moment,
    ) -> BTreeMap<(String, &'static str), Level> {
        let mut levels = BTreeMap::new();
        let is_judged = |name: &&&&str| self.policy.are_jobs_watched && !explained.contains(**name);
        for name in self.accounts.keys().filter(|name| is_judged(&name)) {
            for kind in jobs::KINDS {
                let key = ((*name).to_owned(), kind);
                let open = self.firing(&key).map(|life| life.level);
                let level = jobs::next_level(&self.jobs.verdict(kind, name, now), open);
                levels.extend(level.map(|level| (key, level)));
            }
        }
        levels
    }

    fn firing(&self, key: &(String, &'static str)) -> Option<&Life> {
        self.lives.iter().find(|(of, life)| of == key && !life.resolved).map(|(_, life)| life)
    }

    /// Of an account with an open alert about jobs: whether one job may be tried.
    pub(super) fn trial(&self, name: &str, now: Moment) -> Option<bool> {
        let opened = jobs::KINDS.iter().filter_map(|kind| self.firing(&(name.to_owned(), *kind)));
        let newest = opened.map(|life| life.opened).max()?;
        Some(self.jobs.is_trial_due(name, newest, now))
    }

    fn follow_expiries(&mut self, now: Moment) {
        let lead_times = &self.policy.lead_times;
        let mut opening = BTreeMap::new();
        for (name, account) in &self.accounts {
            let counting =
                account.known.as_ref().and_then(|known| known.expiries.counting(self.policy.source));
            opening.extend(counting.map(|counting| (*name, counting)));
        }
        let mut opens = Vec::new();
        let firing = |(key, life): &&mut ((String, &'static str), Life)| key.1 == "expiry" && !life.resolved;
        for ((name, _), life) in self.lives.iter_mut().filter(firing) {
            let Some((name, counting)) = opening.remove_entry(name.as_str()) else {
                life.resolve(None, false);
                continue;
            };
            match next(life, counting.expiry, lead_times, now) {
                Next::Stays(level) => life.apply(level, now),
                Next::Resolved { renewed_until } => life.resolve(renewed_until, counting.is_renewed_by_other),
                Next::Reopens(level) => {
                    life.resolve(Some(counting.expiry), counting.is_renewed_by_other);
                    opens.push((name, level));
                }
            }
        }
        let new = opening
            .into_iter()
            .filter_map(|(name, counting)| Some((name, level(counting.expiry, lead_times, now)?)));
        opens.extend(new);
        for (name, level) in opens {
            let expiry = level.expiry.expect("it is about an expiry");
            let mine = |((subject, _), life): &&mut ((String, &'static str), Life)| {
                subject == name && life.returns_with(expiry)
            };
            // Of equals the latest.
            match self.lives.iter_mut().filter(mine).max_by_key(|(_, life)| life.opened) {
                Some((_, life)) => {
                    (life.resolved, life.renewed_until) = (false, None);
                    life.apply(level, now);
                }
                None => self.lives.push(((name.to_owned(), "expiry"), Life::new(level, now))),
            }
        }
    }

    fn quiet_until(&self, receiver: usize, now: Moment) -> Option<Moment> {
        self.policy.quiet_hours[receiver]?.until(now)
    }

    fn notify(&mut self, now: Moment) {
        let all_accounts: Vec<&str> = self.accounts.keys().copied().collect();
        let silenced: Vec<bool> = self
            .lives
            .iter()
            .map(|((subject, _), life)| {
                let is_critical = life.level.severity == Severity::Critical;
                let own = [subject.as_str()];
                let names = if subject.starts_with("main(") { &all_accounts } else { &own[..] };
                self.is_silenced(names, is_critical, now)
            })
            .collect();
        let (mut later, mut changes): (Vec<_>, Vec<_>) = std::mem::take(&mut self.changes)
            .into_iter()
            .partition(|change| self.is_silenced(&[change.name], false, now));
        for receiver in 0..2 {
            let min_severities = self.policy.min_severities[receiver];
            let is_quiet = self.quiet_until(receiver, now).is_some();
            let deliveries = &mut self.deliveries[receiver];
            let mut entries = Vec::new();
            let wants = |change: &&mut Change| change.severity >= min_severities && !is_quiet;
            for change in changes.iter_mut().filter(wants) {
                if !change.sent_to[receiver] {
                    entries.push(change.line.clone());
                    change.sent_to[receiver] = true;
                }
            }
            for (((subject, kind), life), silenced) in self.lives.iter_mut().zip(&silenced) {
                let notified = life.counted(receiver, deliveries);
                let repeat = self.policy.repeat.filter(|_| *kind != "services_in_error");
                let Some(reason) = due_reason(life, &notified, min_severities, repeat, now) else {
                    continue;
                };
                let is_held_back = *silenced || (is_quiet && life.level.severity != Severity::Critical);
                if is_held_back && !life.resolved {
                    continue;
                }
                let stage_name =
                    life.level.stage.map(|stage| format!("{} ", stage_name(stage))).unwrap_or_default();
                entries.push(format!(
                    "{reason} {kind} {stage_name}{} {subject}",
                    severity_name(life.level.severity)
                ));
                let kept: BTreeSet<usize> =
                    counts(&notified, now).iter().map(|notified| notified.message).collect();
                let implies_clock_skew = |before: &NotifiedState| {
                    notified.iter().any(|notified| notified.message == before.message)
                        && !kept.contains(&before.message)
                };
                for before in life.notified[receiver].iter_mut().filter(|before| implies_clock_skew(before)) {
                    before.corrected_by = Some(deliveries.count());
                }
                life.notified[receiver].push(NotifiedState {
                    level: life.level,
                    at: now,
                    fires: !life.resolved,
                    message: deliveries.count(),
                    corrected_by: None,
                });
                life.notified_expiries.extend(life.level.expiry);
            }
            entries.sort();
            if !entries.is_empty() {
                deliveries.decide();
            }
            let second = now.trunc_subsecs(0);
            self.notified[receiver].extend((!entries.is_empty()).then(|| (second, entries.join(" + "))));
        }
        later.extend(changes.into_iter().filter(|change| {
            (0..2).any(|receiver| {
                let wants = change.severity >= self.policy.min_severities[receiver];
                wants && !change.sent_to[receiver] && self.quiet_until(receiver, now).is_some()
            })
        }));
        self.changes = later;
        self.lives.retain(|(_, life)| !life.resolved || life.renewed_until.is_some());
    }

    /// The number of messages decided for a receiver, and how many of them failed permanently.
    pub(super) fn messages(&self, receiver: usize) -> (usize, usize) {
        (self.deliveries[receiver].count(), self.deliveries[receiver].failed())
    }

    /// Records a receiver's answer to one attempt.
    pub(super) fn answered(&mut self, receiver: usize, message: usize, answer: Answer) {
        self.deliveries[receiver].answer(message, answer);
    }

    /// When the next message is due if nothing but time passes.
    pub(super) fn next(&self, now: Moment) -> Option<Moment> {
        let counting = |account: &Account| account.known.as_ref()?.expiries.counting(self.policy.source);
        let expiries = self.accounts.values().filter_map(counting).flat_map(|counting| {
            let expiry = counting.expiry;
            let stages = self.policy.lead_times.iter().copied().chain([86_400, 0]);
            stages.map(move |left| expiry - TimeDelta::seconds(left))
        });
        let reminders = self
            .lives
            .iter()
            .flat_map(|(_, life)| &life.notified)
            .filter_map(|notified| Some(notified.last()?.at + self.policy.repeat?));
        let silences = self.silences.iter().map(|silence| silence.until);
        let due: Vec<Moment> =
            expiries.chain(reminders).chain(silences).filter(|moment| *moment > now).collect();
        let with_now = due.iter().copied().chain([now]);
        let mornings =
            with_now.flat_map(|due| (0..2).filter_map(move |receiver| self.quiet_until(receiver, due)));
        let mut moments: Vec<Moment> = mornings.chain(due.iter().copied()).collect();
        moments.sort();
        moments.into_iter().find(|moment| self.sends_something(*moment, now))
    }

    fn sends_something(&self, at: Moment, now: Moment) -> bool {
        let mut later = Self {
            policy: self.policy.clone(),
            accounts: self.accounts.clone(),
            refusals: self.refusals.clone(),
            plan: self.plan.clone(),
            jobs: self.jobs.judged_at(now),
            unreachable_since: self.unreachable_since,
            unreachable: self.unreachable,
            lives: self.lives.clone(),
            changes: self.changes.clone(),
            silences: self.silences.clone(),
            deliveries: self.deliveries.clone(),
            notified: [Vec::new(), Vec::new()],
        };
        later.evaluate_alerts(at);
        later.notified.iter().any(|notified| !notified.is_empty())
    }
}

/// The reason for which one receiver is due a notification of one alert, if any.
fn due_reason(
    life: &Life,
    notified: &[NotifiedState],
    min_severity: Severity,
    repeat: Option<TimeDelta>,
    now: Moment,
) -> Option<&'static str> {
    // A notification about a nearer expiry counts only since the level was reached.
    let counts_still = |notified: &&NotifiedState| {
        let is_of_end = notified.level.expiry.map(|expiry| expiry + TimeDelta::hours(1)) > life.level.expiry
            || notified.level.expiry == life.level.expiry;
        notified.fires && (is_of_end || notified.at >= life.reached)
    };
    let known = counts(notified, now);
    let known: Vec<Level> = known.iter().filter(counts_still).map(|notified| notified.level).collect();
    let is_news = known.is_empty() || {
        let stage = known.iter().filter_map(|level| level.stage).min();
        let severity = known.iter().map(|level| level.severity).max().unwrap_or(Severity::Info);
        life.level.is_more_severe_than(Level { stage, severity, expiry: None })
    };
    match notified.last() {
        // A receiver that was notified of an alert gets its resolution, whatever its route says by then.
        Some(last) if life.resolved => last.fires.then_some("resolved"),
        None if life.resolved => None,
        _ if life.level.severity < min_severity => None,
        None => Some("opened"),
        Some(last) if life.level.expiry.is_some() && is_future(last.at, now) => Some("repeated"),
        Some(last) if !last.fires && life.is_renewed_by_other => Some("repeated"),
        Some(_) if is_news => Some("escalated"),
        Some(_) if life.acked => None,
        Some(last) => repeat.filter(|every| (now - last.at).abs() >= *every).map(|_| "repeated"),
    }
}

/// By more than the tolerance for clock skew.
fn is_future(moment: Moment, now: Moment) -> bool {
    moment - now > TimeDelta::hours(2)
}

fn severity_name(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "info",
        Severity::Warning => "warning",
        Severity::Critical => "critical",
    }
}

fn stage_name(left: i64) -> String {
    match left {
        0 => "expired".to_owned(),
        left if left % 86_400 == 0 => format!("{}d", left / 86_400),
        left => format!("{}h", left / 3_600),
    }
}
