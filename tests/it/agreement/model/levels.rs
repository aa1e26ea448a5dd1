//! Which alerts should fire, and how the firing ones follow.

use std::collections::{BTreeMap, BTreeSet};

use super::credits::{LOW_KIND, Proof};
use super::expiry::{Next, level, next};
use super::life::{Level, Life};
use super::{Model, Moment, Severity, jobs};

/// What a rule says.
pub(super) enum AlertVerdict {
    Fires(Severity),
    Ends,
    SaysNothing,
}

impl AlertVerdict {
    /// The level of an alert that was open with this one.
    fn next_level(&self, open: Option<Level>) -> Option<Level> {
        match self {
            Self::Fires(severity) => Some(Level::flat(*severity)),
            Self::Ends => None,
            Self::SaysNothing => open,
        }
    }
}

/// What raised an `out_of_credits`, or last said so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CreditsSource {
    Jobs,
    Reading,
}

/// What two sources say about `out_of_credits`.
enum OutVerdict {
    Fires(CreditsSource),
    Ends,
    SaysNothing,
}

/// The kinds that other alerts can explain, and that follow them.
const FOLLOWING_KINDS: [&str; 3] = [jobs::FAILING_KIND, jobs::OUT_KIND, LOW_KIND];

impl Model {
    /// The alerts that should fire now, except expiry, by subject and kind.
    fn levels(&self) -> BTreeMap<(String, &'static str), Level> {
        let mut levels = BTreeMap::new();
        let all = format!("main({})", self.accounts.len());
        for (name, account) in &self.accounts {
            for kind in &account.faults {
                levels.insert(((*name).to_owned(), *kind), Level::flat(Severity::Critical));
            }
            if self.policy.credits.is_some() && self.credits.is_dead(name) {
                levels.insert(((*name).to_owned(), "account_error"), Level::flat(Severity::Critical));
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
    pub(in crate::agreement) fn evaluate_alerts(&mut self, now: Moment) {
        let before = self.explained();
        self.follow_levels(self.levels(), |kind| kind != "expiry" && !FOLLOWING_KINDS.contains(&kind), now);
        let explained = self.explained();
        let mut levels = self.failing_levels(&(&before | &explained), now);
        levels.extend(self.credits_levels(&explained, now));
        self.follow_levels(levels, |kind| FOLLOWING_KINDS.contains(&kind), now);
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

    /// The alerts about failing jobs that should fire now; `explained` accounts have none.
    fn failing_levels(
        &self,
        explained: &BTreeSet<&'static str>,
        now: Moment,
    ) -> BTreeMap<(String, &'static str), Level> {
        let mut levels = BTreeMap::new();
        let is_judged = |name: &&&str| self.policy.are_jobs_watched && !explained.contains(*name);
        for name in self.accounts.keys().filter(is_judged) {
            let key = ((*name).to_owned(), jobs::FAILING_KIND);
            let open = self.firing(&key).map(|life| life.level);
            let level = self.jobs.failing_verdict(name, now).next_level(open);
            levels.extend(level.map(|level| (key, level)));
        }
        levels
    }

    /// The alerts about credits that should fire now; `explained` accounts are not out of them.
    fn credits_levels(
        &mut self,
        explained: &BTreeSet<&'static str>,
        now: Moment,
    ) -> BTreeMap<(String, &'static str), Level> {
        let mut levels = BTreeMap::new();
        for name in self.accounts.keys().copied() {
            let key = (name.to_owned(), jobs::OUT_KIND);
            let verdict =
                if explained.contains(name) { OutVerdict::Ends } else { self.out_verdict(name, now) };
            let fires = match verdict {
                OutVerdict::Fires(source) => {
                    self.out_by.insert(name, source);
                    true
                }
                OutVerdict::Ends => false,
                // What raised it may be switched off.
                OutVerdict::SaysNothing => {
                    let is_watched = match self.out_by.get(name) {
                        Some(CreditsSource::Jobs) => self.policy.are_jobs_watched,
                        Some(CreditsSource::Reading) => self.policy.credits.is_some(),
                        None => false,
                    };
                    is_watched && self.firing(&key).is_some()
                }
            };
            if fires {
                levels.insert(key, Level::flat(Severity::Critical));
            } else if let Some(policy) = self.policy.credits {
                let key = (name.to_owned(), LOW_KIND);
                let open = self.firing(&key).map(|life| life.level);
                let level = self.credits.low_verdict(name, policy, now).next_level(open);
                levels.extend(level.map(|level| (key, level)));
            }
        }
        levels
    }

    /// The newest evidence of jobs and readings decides.
    fn out_verdict(&self, name: &str, now: Moment) -> OutVerdict {
        let jobs = self.policy.are_jobs_watched.then(|| self.jobs.proof(name, now)).flatten();
        let reading = self.policy.credits.and_then(|policy| self.credits.proof(name, policy.low, now));
        let read = reading.map(|(proof, _)| proof);
        match jobs.max(read) {
            Some(Proof { has_credits: true, at }) if read < jobs && self.jobs.may_have_failed_since(at) => {
                OutVerdict::SaysNothing
            }
            Some(Proof { has_credits: true, .. }) => OutVerdict::Ends,
            Some(_) if read < jobs => OutVerdict::Fires(CreditsSource::Jobs),
            Some(_) if reading.is_some_and(|(_, is_recent)| is_recent) => {
                OutVerdict::Fires(CreditsSource::Reading)
            }
            Some(_) | None => OutVerdict::SaysNothing,
        }
    }

    fn firing(&self, key: &(String, &'static str)) -> Option<&Life> {
        self.lives.iter().find(|(of, life)| of == key && !life.resolved).map(|(_, life)| life)
    }

    /// Of an account with an open alert about jobs: whether one job may be tried.
    pub(in crate::agreement) fn trial(&self, name: &str, now: Moment) -> Option<bool> {
        let opened = [jobs::FAILING_KIND, jobs::OUT_KIND]
            .into_iter()
            .filter_map(|kind| self.firing(&(name.to_owned(), kind)));
        let newest = opened.map(|life| life.opened).max()?;
        let is_out = self.firing(&(name.to_owned(), jobs::OUT_KIND)).is_some();
        if is_out && self.out_by.get(name) == Some(&CreditsSource::Reading) {
            // MiniMax itself says so: no job has to prove it.
            return Some(false);
        }
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
}
