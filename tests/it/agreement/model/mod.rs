//! The promise in its shortest form: what each receiver must be told, and when, for any course of events. Shares no code with
//! the program: no ids, no store, no messages; only levels, and what each receiver knows.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};

pub(super) type Moment = DateTime<Utc>;

/// What one look at one account sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    /// A healthy configuration.
    Well { end: Moment, jobs: i64 },
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

#[derive(Clone, Debug, Default)]
struct Account {
    known: Option<(Moment, i64)>,
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
    over: bool,
    /// Somebody knows of it as it stands.
    acked: bool,
    told: [Vec<Told>; 2],
}

/// At which level something was told, and when.
type Told = (Level, Moment);

/// What counts at `now` of all that was told, oldest first. Of an end, that is all but what a clock told that ran ahead: what shows a
/// time in the future, and what that clock told on its way there.
fn counts(told: &[Told], now: Moment) -> Vec<Told> {
    let is_ahead = |(level, at): &Told| level.end.is_some() && is_future(*at, now);
    let Some(last) = told.iter().rposition(is_ahead) else { return told.to_vec() };
    let (with_it, since) = told.split_at(last + 1);
    let before = with_it.iter().rposition(|(_, at)| *at <= now).map_or(0, |place| place + 1);
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
                Seen::Well { end, jobs } => {
                    account.faults.clear();
                    account.doubt = None;
                    self.refusals.clear();
                    let before = account.known.replace((end, jobs)).map_or(jobs, |(_, jobs)| jobs);
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
    pub(super) fn watch(&mut self, name: &'static str, watched: bool, parked: &mut Option<(Moment, i64)>) {
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
        self.lives.iter_mut().for_each(|(_, life)| life.acked = true);
    }

    /// Whether all of these accounts are silenced.
    fn is_silenced(&self, names: &[&str], is_critical: bool, now: Moment) -> bool {
        let holds = |silence: &&Silence| now < silence.until && (silence.even_critical || !is_critical);
        self.silences.iter().filter(holds).any(|silence| names.iter().all(|name| silence.means(name)))
    }

    /// What is true now, by subject and kind.
    fn levels(&self, now: Moment) -> BTreeMap<(String, &'static str), Level> {
        let mut levels = BTreeMap::new();
        let all = format!("main({})", self.accounts.len());
        for (name, account) in &self.accounts {
            for kind in &account.faults {
                levels.insert(((*name).to_owned(), *kind), Level::flat(Severity::Critical));
            }
            let Some((end, _)) = account.known else { continue };
            let within = |seconds| end - now <= TimeDelta::seconds(seconds);
            let rung = self.policy.leads.iter().copied().chain([0]).filter(|lead| within(*lead)).min();
            let severity = if within(86_400) { Severity::Critical } else { Severity::Warning };
            if let Some(rung) = rung {
                let level = Level { rung: Some(rung), severity, end: Some(end) };
                levels.insert(((*name).to_owned(), "expiry"), level);
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
        let mut levels = self.levels(now);
        let accounts = &self.accounts;
        for ((subject, kind), life) in &mut self.lives {
            let key = (subject.clone(), *kind);
            let end = accounts.get(subject.as_str()).and_then(|account| account.known).map(|(end, _)| end);
            match levels.get(&key).copied() {
                // A clock that was set back shows that it never was so near.
                level if *kind == "expiry" && end == life.level.end && life.level.is_ahead(now) => {
                    levels.remove(&key);
                    (life.level, life.over) = (level.unwrap_or(life.level), level.is_none());
                }
                Some(level) if level.end == life.level.end => {
                    levels.remove(&key);
                    life.acked &= !level.is_graver_than(life.level);
                    life.level.rung = life.level.rung.min(level.rung);
                    life.level.severity = life.level.severity.max(level.severity);
                }
                // A rung that an edit took away was told and stays; only a later end ends it.
                None if *kind == "expiry" && end == life.level.end => {}
                // An expiry that has not left the stage slides: the same alert.
                Some(level) if *kind == "expiry" && !has_left(life.level.rung, level.end, now) => {
                    levels.remove(&key);
                    life.acked &= !level.is_graver_than(life.level);
                    life.level.rung = life.level.rung.min(level.rung);
                    life.level.severity = life.level.severity.max(level.severity);
                    life.level.end = level.end;
                }
                _ => life.over = true,
            }
        }
        self.lives.extend(levels.into_iter().map(|(key, level)| {
            (key, Life { level, over: false, acked: false, told: [Vec::new(), Vec::new()] })
        }));
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
            let wanted = changes.iter().filter(|(_, severity, _)| *severity >= least);
            let mut entries: Vec<String> = wanted.map(|(.., line)| line.clone()).collect();
            for (((subject, kind), life), silenced) in self.lives.iter_mut().zip(&silenced) {
                let Some(reason) = news(life, receiver, least, self.policy.repeat, now) else { continue };
                if *silenced && !life.over {
                    continue;
                }
                let stage = life.level.rung.map(|rung| format!("{} ", stage(rung))).unwrap_or_default();
                entries.push(format!("{reason} {kind} {stage}{} {subject}", word(life.level.severity)));
                life.told[receiver] = counts(&life.told[receiver], now);
                life.told[receiver].push((life.level, now));
            }
            entries.sort();
            let second = now.trunc_subsecs(0);
            self.told[receiver].extend((!entries.is_empty()).then(|| (second, entries.join(" + "))));
        }
        self.lives.retain(|(_, life)| !life.over);
    }

    /// The next moment at which something is to be said if nothing but time passes.
    pub(super) fn next(&self, now: Moment) -> Option<Moment> {
        let ends = self.accounts.values().filter_map(|account| account.known).flat_map(|(end, _)| {
            let rungs = self.policy.leads.iter().copied().chain([86_400, 0]);
            rungs.map(move |left| end - TimeDelta::seconds(left))
        });
        let reminders = self
            .lives
            .iter()
            .flat_map(|(_, life)| &life.told)
            .filter_map(|told| Some(told.last()?.1 + self.policy.repeat?));
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
            told: [Vec::new(), Vec::new()],
        };
        later.announce(at);
        later.told.iter().any(|told| !told.is_empty())
    }
}

/// What one receiver is to hear of one alert, if anything.
fn news(
    life: &Life,
    receiver: usize,
    least: Severity,
    repeat: Option<TimeDelta>,
    now: Moment,
) -> Option<&'static str> {
    let gravest = |told: &[Told]| {
        let rung = told.iter().filter_map(|(level, _)| level.rung).min();
        let severity = told.iter().map(|(level, _)| level.severity).max();
        severity.map(|severity| Level { rung, severity, end: None })
    };
    let told = &life.told[receiver];
    match told.last() {
        // Whoever was told of the fire is told of its end, whatever it wants to hear by then.
        Some(_) if life.over => Some("resolved"),
        None if life.over => None,
        _ if life.level.severity < least => None,
        None => Some("opened"),
        Some((_, at)) if life.level.end.is_some() && is_future(*at, now) => Some("repeated"),
        Some(_) if gravest(&counts(told, now)).is_none_or(|known| life.level.is_graver_than(known)) => {
            Some("escalated")
        }
        Some(_) if life.acked => None,
        Some((_, at)) => repeat.filter(|every| (now - *at).abs() >= *every).map(|_| "repeated"),
    }
}

/// Whether an end lies beyond a rung by a tenth of it, and by an hour.
fn has_left(rung: Option<i64>, end: Option<Moment>, now: Moment) -> bool {
    let rung = rung.unwrap_or(0);
    end.is_some_and(|end| (end - now).num_seconds() - rung >= (rung / 10).max(3_600))
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
