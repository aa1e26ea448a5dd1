//! The promise in its shortest form: what each receiver must be told, and when, for any course of events. Shares no code with
//! the program: no ids, no store, no messages; only levels, and what each receiver knows.

mod deliveries;
mod expiry;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};

pub(super) use self::deliveries::Answer;
use self::deliveries::Deliveries;
pub(super) use self::expiry::{Expiries, Shown, Source};
use self::expiry::{Next, level, next};

pub(super) type Moment = DateTime<Utc>;

/// What one look at one account sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    /// A healthy configuration.
    Well { shown: Shown, jobs: i64 },
    /// A verdict about this account alone, by its alert kind.
    Fault(&'static str),
    /// A verdict about the API token, by its alert kind: all accounts see it.
    Refusal(&'static str),
    /// No verdict: all accounts see it.
    Nothing,
}

/// What the operator decided; the parts that a reload moves.
#[derive(Clone, Debug)]
pub(super) struct Policy {
    /// In seconds.
    pub(super) leads: Vec<i64>,
    /// Which of the two expiries counts.
    pub(super) source: Source,
    pub(super) repeat: Option<TimeDelta>,
    /// Of each receiver, by its place.
    pub(super) least: [Severity; 2],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Severity {
    Info,
    Warning,
    Critical,
}

/// What healthy answers have shown of an account.
#[derive(Clone, Debug)]
pub(super) struct Known {
    expiries: Expiries,
    jobs: i64,
}

#[derive(Clone, Debug, Default)]
struct Account {
    known: Option<Known>,
    faults: BTreeSet<&'static str>,
    /// What a look saw that no second look has confirmed, and since when.
    doubt: Option<(&'static str, Moment)>,
}

impl Account {
    /// Whether a bad verdict counts: it was confirmed in its run, or an earlier look saw the same.
    fn believes(&mut self, kind: &'static str, at: Moment, confirmed: bool) -> bool {
        let since = self.doubt.filter(|(doubted, _)| *doubted == kind).map_or(at, |(_, since)| since.min(at));
        let believed = confirmed || at - since >= TimeDelta::seconds(10);
        self.doubt = (!believed).then_some((kind, since));
        believed
    }
}

/// How grave an alert is. A rung is the seconds that it leaves: the smaller, the graver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Level {
    rung: Option<i64>,
    severity: Severity,
    end: Option<Moment>,
}

impl Level {
    fn flat(severity: Severity) -> Self {
        Self { rung: None, severity, end: None }
    }

    /// Whether a part of it begins in the future: only a clock that ran ahead can have shown it.
    fn is_ahead(self, now: Moment) -> bool {
        let critical = (self.severity == Severity::Critical).then_some(86_400);
        let begins = |left: i64| self.end.is_some_and(|end| is_future(end - TimeDelta::seconds(left), now));
        self.rung.into_iter().chain(critical).any(begins)
    }

    fn is_graver_than(self, other: Self) -> bool {
        let rung = |level: Self| level.rung.unwrap_or(i64::MAX);
        rung(self) < rung(other) || self.severity > other.severity
    }
}

/// What an operator does not want to hear of until a moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Silence {
    pub(super) glob: &'static str,
    pub(super) until: Moment,
    pub(super) even_critical: bool,
}

impl Silence {
    fn means(self, name: &str) -> bool {
        self.glob.strip_suffix('*').map_or(self.glob == name, |start| name.starts_with(start))
    }
}

/// One life of one alert, and what each receiver knows of it.
#[derive(Clone, Debug)]
struct Life {
    level: Level,
    opened: Moment,
    /// When its level was reached.
    reached: Moment,
    over: bool,
    /// The expiry that ended it, which its own may follow again.
    renewed_until: Option<Moment>,
    /// Whether the other value showed that renewal.
    is_renewed_by_other: bool,
    /// Somebody knows of it as it stands.
    acked: bool,
    told: [Vec<Told>; 2],
    /// Every expiry that was told of it.
    told_ends: Vec<Moment>,
}

impl Life {
    fn new(level: Level, now: Moment) -> Self {
        Self {
            level,
            opened: now,
            reached: now,
            over: false,
            renewed_until: None,
            is_renewed_by_other: false,
            acked: false,
            told: [Vec::new(), Vec::new()],
            told_ends: Vec::new(),
        }
    }

    fn take(&mut self, level: Level, now: Moment) {
        let is_graver = level.is_graver_than(self.level);
        self.acked &= !is_graver;
        if is_graver || is_future(self.reached, now) {
            self.reached = now;
        }
        self.level = level;
    }

    fn end(&mut self, renewed_until: Option<Moment>, is_renewed_by_other: bool) {
        (self.over, self.acked) = (true, false);
        (self.renewed_until, self.is_renewed_by_other) = (renewed_until, is_renewed_by_other);
    }

    /// What was told to a receiver but for what is to be sent once more: a fire in a message that failed permanently is not told
    /// once the receiver took a later message, and its end is told to nobody who did not get it.
    fn counted(&self, receiver: usize, deliveries: &Deliveries) -> Vec<Told> {
        let told = &self.told[receiver];
        let is_lost = |place: usize| {
            let Told { level, fires, message, .. } = told[place];
            let was_sent_again = told[..place].iter().any(|before| {
                (before.level.rung, before.level.severity) == (level.rung, level.severity)
                    && deliveries.has_failed(before.message)
                    && deliveries.has_taken_between(before.message, message)
            });
            let is_due_again = deliveries.has_taken_between(message, deliveries.count()) && !was_sent_again;
            fires && deliveries.has_failed(message) && (self.over || is_due_again)
        };
        // That a clock ran ahead shows in a later message; when that is lost, the receiver was not corrected.
        let is_corrected = |told_before: &Told| {
            let by = told.iter().position(|told| Some(told.message) == told_before.corrected_by);
            by.is_some_and(|place| !is_lost(place))
        };
        (0..told.len())
            .filter(|place| !is_lost(*place) && !is_corrected(&told[*place]))
            .map(|place| told[place])
            .collect()
    }

    /// Whether this life, which a renewal ended, goes on with an expiry that opens.
    fn returns_with(&self, end: Moment) -> bool {
        let is_same = |other: Moment| (other - end).abs() < TimeDelta::hours(1);
        let (Some(own), Some(renewed)) = (self.level.end, self.renewed_until) else { return false };
        let came_back = is_same(own) && (own - renewed).abs() >= TimeDelta::hours(1);
        self.over && (came_back || self.told_ends.iter().copied().any(is_same))
    }
}

/// At which level something was told, and when.
#[derive(Clone, Copy, Debug)]
struct Told {
    level: Level,
    at: Moment,
    fires: bool,
    /// Its place among the messages to the receiver.
    message: usize,
    /// The message in which a clock that was set back showed that this was told too early.
    corrected_by: Option<usize>,
}

/// What counts at `now` of all that was told, oldest first. Of an end, that is all but what a clock told that ran ahead: what shows a
/// time in the future, and what that clock told on its way there.
fn counts(told: &[Told], now: Moment) -> Vec<Told> {
    let is_ahead = |told: &Told| told.level.end.is_some() && is_future(told.at, now);
    let Some(last) = told.iter().rposition(is_ahead) else { return told.to_vec() };
    let (with_it, since) = told.split_at(last + 1);
    let before = with_it.iter().rposition(|told| told.at <= now).map_or(0, |place| place + 1);
    [&with_it[..before], since].concat()
}

#[derive(Debug)]
pub(super) struct Model {
    pub(super) policy: Policy,
    accounts: BTreeMap<&'static str, Account>,
    refusals: BTreeSet<&'static str>,
    silent: Option<Moment>,
    unreachable: bool,
    lives: Vec<((String, &'static str), Life)>,
    changes: Vec<(&'static str, Severity, String)>,
    silences: Vec<Silence>,
    deliveries: [Deliveries; 2],
    /// What each receiver must have been told by now, a line for each message.
    pub(super) told: [Vec<(Moment, String)>; 2],
}

impl Model {
    pub(super) fn new(policy: Policy, accounts: &[&'static str]) -> Self {
        let accounts = accounts.iter().map(|name| (*name, Account::default())).collect();
        let (refusals, lives, changes, silences) = (BTreeSet::new(), Vec::new(), Vec::new(), Vec::new());
        Self {
            policy,
            accounts,
            refusals,
            silent: None,
            unreachable: false,
            lives,
            changes,
            silences,
            deliveries: [Deliveries::default(), Deliveries::default()],
            told: [Vec::new(), Vec::new()],
        }
    }

    /// A run that was `confirmed`, or cut off after its first look: then a bad verdict waits for another look.
    pub(super) fn look(&mut self, seen: &[(&'static str, Seen)], at: Moment, confirmed: bool) {
        if seen.iter().all(|(_, seen)| *seen == Seen::Nothing) {
            let since = self.silent.map_or(at, |since| since.min(at));
            self.silent = Some(since);
            self.unreachable |= at - since >= TimeDelta::hours(1);
            return;
        }
        (self.silent, self.unreachable) = (None, false);
        for (name, seen) in seen {
            let account = self.accounts.get_mut(name).expect("it is watched");
            match *seen {
                Seen::Well { shown, jobs } => {
                    account.faults.clear();
                    account.doubt = None;
                    self.refusals.clear();
                    let known =
                        account.known.get_or_insert_with(|| Known { expiries: Expiries::default(), jobs });
                    known.expiries.see(shown, &self.policy.leads, at);
                    let before = std::mem::replace(&mut known.jobs, jobs);
                    let severity = if jobs < before { Severity::Warning } else { Severity::Info };
                    let line = format!("max_jobs_changed {} {name} maxJobs {before}>{jobs}", word(severity));
                    self.changes.extend((jobs != before).then_some((*name, severity, line)));
                }
                Seen::Fault(kind) if account.faults.contains(kind) => account.doubt = None,
                Seen::Fault(kind) if account.believes(kind, at, confirmed) => {
                    account.faults.insert(kind);
                }
                Seen::Refusal(kind) if self.refusals.contains(kind) => account.doubt = None,
                Seen::Refusal(kind) if account.believes(kind, at, confirmed) => {
                    self.refusals.insert(kind);
                }
                Seen::Fault(_) | Seen::Refusal(_) | Seen::Nothing => {}
            }
        }
    }

    /// The operator takes an account out, or in again: then it is looked at before anything bad counts.
    pub(super) fn watch(&mut self, name: &'static str, watched: bool, parked: &mut Option<Known>) {
        if watched {
            self.accounts.insert(name, Account { known: parked.take(), ..Account::default() });
        } else {
            *parked = self.accounts.remove(name).and_then(|account| account.known);
        }
    }

    /// Whether something holds that is about the subscription, or comes to hold when one more run sees it again.
    pub(super) fn is_shared_trouble(&self) -> bool {
        let refused =
            |account: &Account| matches!(account.doubt, Some(("unauthorized" | "subscription_lapsed", _)));
        !self.refusals.is_empty() || self.silent.is_some() || self.accounts.values().any(refused)
    }

    pub(super) fn silence(&mut self, silence: Silence) {
        self.silences.push(silence);
    }

    /// Somebody knows of all that fires.
    pub(super) fn ack(&mut self) {
        self.lives.iter_mut().for_each(|(_, life)| life.acked = !life.over);
    }

    /// Whether all of these accounts are silenced.
    fn is_silenced(&self, names: &[&str], is_critical: bool, now: Moment) -> bool {
        let holds = |silence: &&Silence| now < silence.until && (silence.even_critical || !is_critical);
        self.silences.iter().filter(holds).any(|silence| names.iter().all(|name| silence.means(name)))
    }

    /// What is true now but for expiries, by subject and kind.
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
        if self.unreachable {
            levels.insert((all, "unreachable"), Level::flat(Severity::Warning));
        }
        levels
    }

    /// Every alert moves to what is true now, and each receiver is told the difference to what it knows.
    pub(super) fn announce(&mut self, now: Moment) {
        let mut levels = self.levels();
        let others = |(key, life): &&mut ((String, &'static str), Life)| key.1 != "expiry" && !life.over;
        for (key, life) in self.lives.iter_mut().filter(others) {
            match levels.remove(key) {
                Some(level) => life.take(level, now),
                None => life.end(None, false),
            }
        }
        self.lives.extend(levels.into_iter().map(|(key, level)| (key, Life::new(level, now))));
        self.follow_expiries(now);
        self.tell(now);
    }

    fn follow_expiries(&mut self, now: Moment) {
        let leads = &self.policy.leads;
        let mut opening = BTreeMap::new();
        for (name, account) in &self.accounts {
            let counting =
                account.known.as_ref().and_then(|known| known.expiries.counting(self.policy.source));
            opening.extend(counting.map(|counting| (*name, counting)));
        }
        let mut opens = Vec::new();
        let firing = |(key, life): &&mut ((String, &'static str), Life)| key.1 == "expiry" && !life.over;
        for ((name, _), life) in self.lives.iter_mut().filter(firing) {
            let Some((name, counting)) = opening.remove_entry(name.as_str()) else {
                life.end(None, false);
                continue;
            };
            match next(life, counting.end, leads, now) {
                Next::Stays(level) => life.take(level, now),
                Next::Over { renewed_until } => life.end(renewed_until, counting.is_renewed_by_other),
                Next::Opens(level) => {
                    life.end(Some(counting.end), counting.is_renewed_by_other);
                    opens.push((name, level));
                }
            }
        }
        let new =
            opening.into_iter().filter_map(|(name, counting)| Some((name, level(counting.end, leads, now)?)));
        opens.extend(new);
        for (name, level) in opens {
            let end = level.end.expect("it is about an expiry");
            let mine = |((subject, _), life): &&mut ((String, &'static str), Life)| {
                subject == name && life.returns_with(end)
            };
            // Of equal ones the last.
            match self.lives.iter_mut().filter(mine).max_by_key(|(_, life)| life.opened) {
                Some((_, life)) => {
                    (life.over, life.renewed_until) = (false, None);
                    life.take(level, now);
                }
                None => self.lives.push(((name.to_owned(), "expiry"), Life::new(level, now))),
            }
        }
    }

    fn tell(&mut self, now: Moment) {
        let everybody: Vec<&str> = self.accounts.keys().copied().collect();
        let silenced: Vec<bool> = self
            .lives
            .iter()
            .map(|((subject, _), life)| {
                let is_critical = life.level.severity == Severity::Critical;
                let own = [subject.as_str()];
                let names = if subject.starts_with("main(") { &everybody } else { &own[..] };
                self.is_silenced(names, is_critical, now)
            })
            .collect();
        let (later, changes): (Vec<_>, Vec<_>) = std::mem::take(&mut self.changes)
            .into_iter()
            .partition(|(name, ..)| self.is_silenced(&[name], false, now));
        self.changes = later;
        for receiver in 0..2 {
            let least = self.policy.least[receiver];
            let deliveries = &mut self.deliveries[receiver];
            let wanted = changes.iter().filter(|(_, severity, _)| *severity >= least);
            let mut entries: Vec<String> = wanted.map(|(.., line)| line.clone()).collect();
            for (((subject, kind), life), silenced) in self.lives.iter_mut().zip(&silenced) {
                let told = life.counted(receiver, deliveries);
                let Some(reason) = news(life, &told, least, self.policy.repeat, now) else { continue };
                if *silenced && !life.over {
                    continue;
                }
                let stage = life.level.rung.map(|rung| format!("{} ", stage(rung))).unwrap_or_default();
                entries.push(format!("{reason} {kind} {stage}{} {subject}", word(life.level.severity)));
                let kept: BTreeSet<usize> = counts(&told, now).iter().map(|told| told.message).collect();
                let is_ahead = |before: &Told| {
                    told.iter().any(|told| told.message == before.message) && !kept.contains(&before.message)
                };
                for before in life.told[receiver].iter_mut().filter(|before| is_ahead(before)) {
                    before.corrected_by = Some(deliveries.count());
                }
                life.told[receiver].push(Told {
                    level: life.level,
                    at: now,
                    fires: !life.over,
                    message: deliveries.count(),
                    corrected_by: None,
                });
                life.told_ends.extend(life.level.end);
            }
            entries.sort();
            if !entries.is_empty() {
                deliveries.decide();
            }
            let second = now.trunc_subsecs(0);
            self.told[receiver].extend((!entries.is_empty()).then(|| (second, entries.join(" + "))));
        }
        self.lives.retain(|(_, life)| !life.over || life.renewed_until.is_some());
    }

    /// How many messages to a receiver were decided, and how many of them failed permanently.
    pub(super) fn messages(&self, receiver: usize) -> (usize, usize) {
        (self.deliveries[receiver].count(), self.deliveries[receiver].failed())
    }

    /// What a receiver answered to an attempt at one of its messages.
    pub(super) fn answered(&mut self, receiver: usize, message: usize, answer: Answer) {
        self.deliveries[receiver].answer(message, answer);
    }

    /// The next moment at which something is to be said if nothing but time passes.
    pub(super) fn next(&self, now: Moment) -> Option<Moment> {
        let counting = |account: &Account| account.known.as_ref()?.expiries.counting(self.policy.source);
        let ends = self.accounts.values().filter_map(counting).flat_map(|counting| {
            let end = counting.end;
            let rungs = self.policy.leads.iter().copied().chain([86_400, 0]);
            rungs.map(move |left| end - TimeDelta::seconds(left))
        });
        let reminders = self
            .lives
            .iter()
            .flat_map(|(_, life)| &life.told)
            .filter_map(|told| Some(told.last()?.at + self.policy.repeat?));
        let silences = self.silences.iter().map(|silence| silence.until);
        let mut moments: Vec<Moment> =
            ends.chain(reminders).chain(silences).filter(|moment| *moment > now).collect();
        moments.sort();
        moments.into_iter().find(|moment| self.says_something(*moment))
    }

    fn says_something(&self, at: Moment) -> bool {
        let mut later = Self {
            policy: self.policy.clone(),
            accounts: self.accounts.clone(),
            refusals: self.refusals.clone(),
            silent: self.silent,
            unreachable: self.unreachable,
            lives: self.lives.clone(),
            changes: self.changes.clone(),
            silences: self.silences.clone(),
            deliveries: self.deliveries.clone(),
            told: [Vec::new(), Vec::new()],
        };
        later.announce(at);
        later.told.iter().any(|told| !told.is_empty())
    }
}

/// What one receiver is to hear of one alert, if anything.
fn news(
    life: &Life,
    told: &[Told],
    min_severity: Severity,
    repeat: Option<TimeDelta>,
    now: Moment,
) -> Option<&'static str> {
    // What was told of a nearer expiry counts only since the level was reached.
    let counts_still = |told: &&Told| {
        let is_of_end = told.level.end.map(|end| end + TimeDelta::hours(1)) > life.level.end
            || told.level.end == life.level.end;
        told.fires && (is_of_end || told.at >= life.reached)
    };
    let known = counts(told, now);
    let known: Vec<Level> = known.iter().filter(counts_still).map(|told| told.level).collect();
    let is_news = known.is_empty() || {
        let rung = known.iter().filter_map(|level| level.rung).min();
        let severity = known.iter().map(|level| level.severity).max().unwrap_or(Severity::Info);
        life.level.is_graver_than(Level { rung, severity, end: None })
    };
    match told.last() {
        // Whoever was told of the fire is told of its end, whatever it wants to hear by then.
        Some(last) if life.over => last.fires.then_some("resolved"),
        None if life.over => None,
        _ if life.level.severity < min_severity => None,
        None => Some("opened"),
        Some(last) if life.level.end.is_some() && is_future(last.at, now) => Some("repeated"),
        Some(last) if !last.fires && life.is_renewed_by_other => Some("repeated"),
        Some(_) if is_news => Some("escalated"),
        Some(_) if life.acked => None,
        Some(last) => repeat.filter(|every| (now - last.at).abs() >= *every).map(|_| "repeated"),
    }
}

/// By more than what heals by waiting.
fn is_future(moment: Moment, now: Moment) -> bool {
    moment - now > TimeDelta::hours(2)
}

fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "info",
        Severity::Warning => "warning",
        Severity::Critical => "critical",
    }
}

fn stage(left: i64) -> String {
    match left {
        0 => "expired".to_owned(),
        left if left % 86_400 == 0 => format!("{}d", left / 86_400),
        left => format!("{}h", left / 3_600),
    }
}
