//! What one server is pushed now: the difference between what fires and what it was pushed before.
//!
//! A series that fires is pushed when it is new or changed, and again while it fires. One whose alert no longer fires is ended until the
//! server accepted that, or until it ended by itself. A change is pushed until it is accepted once. What a watcher is blind to ends only
//! with the label `stale`, or when time alone moves its severity; whether it fires at the server must be read before it is pushed. A
//! silenced alert is not pushed, but a series that fires already is kept alive: its end would say that the alert resolved.

use std::collections::{BTreeMap, BTreeSet};

use super::blindness::Blindness;
use super::labels::{Labels, SEVERITY, Series, SeriesKey, alert_key, is_stale};
use super::timing::PushTimes;
use crate::domain::backoff::MAX_BACKOFF;
use crate::domain::time::Timestamp;

/// A firing alert that the receiver's route accepts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FiringSeries {
    /// The series that says so.
    pub series: Series,
    /// Whether a silence suppresses it.
    pub is_silenced: bool,
}

/// What one server was pushed of one series.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredSeries {
    /// The series.
    pub series: Series,
    /// The number of the change that it is; zero for an alert.
    pub change_id: i64,
    /// Until when it fires without another push; of a change, when it is no longer tried.
    pub ends_at: Timestamp,
    /// When its alert resolved.
    pub ended_at: Option<Timestamp>,
    /// When the server last accepted it in its present form.
    pub accepted_at: Option<Timestamp>,
}

impl StoredSeries {
    /// What it is found by.
    pub fn key(&self) -> SeriesKey {
        (self.series.labels.clone(), self.change_id)
    }

    /// Whether it is a change rather than an alert.
    pub fn is_change(&self) -> bool {
        self.change_id != 0
    }
}

/// How pushes to one server went.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServerState {
    /// The last push that it accepted.
    pub accepted_at: Option<Timestamp>,
    /// The first failed push since.
    pub failing_since: Option<Timestamp>,
    /// How many pushes failed since.
    pub failures: u32,
    /// When a failed push is tried again.
    pub next_attempt_at: Option<Timestamp>,
    /// Why the last push failed.
    pub last_error: Option<String>,
}

impl ServerState {
    /// Whether it is not tried again yet. After a clock step back it is.
    fn is_blocked(&self, now: Timestamp) -> bool {
        self.next_attempt_at.is_some_and(|at| now < at && at - now <= MAX_BACKOFF)
    }
}

/// What the plan for one server is made from.
#[derive(Clone, Copy, Debug)]
pub struct PlanInput<'a> {
    /// What fires.
    pub firing: &'a [FiringSeries],
    /// What the server was pushed.
    pub stored: &'a BTreeMap<SeriesKey, StoredSeries>,
    /// How pushes to it went.
    pub server: &'a ServerState,
    /// What this watcher is blind to.
    pub blindness: &'a Blindness,
    /// When series are pushed again.
    pub times: PushTimes<'a>,
}

/// Whether there is something to push.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pending {
    /// Whether a push is due now.
    pub is_due: bool,
    /// Whether the series that fire at the server must be read before it.
    pub needs_active: bool,
    /// When the next push is due if nothing changes.
    pub next: Option<Timestamp>,
}

/// One series in a push.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Push {
    /// What is stored before it is sent, because a server may accept it although the answer is lost.
    pub stored: StoredSeries,
    /// Its `endsAt`.
    pub ends_at: Timestamp,
}

/// What one server is pushed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// By labels, so that the end of a series stands beside the one that takes its place; changes with equal labels in their order.
    pub pushes: Vec<Push>,
    /// What need not be stored any longer.
    pub forgotten: Vec<SeriesKey>,
}

/// When something is to be pushed.
enum Due {
    /// At once, also to a server that failed before.
    New,
    /// At once, unless the server is not tried again yet.
    Again,
    /// Not before this moment.
    At(Timestamp),
    /// Never again.
    Done,
}

/// What fires at the server, as far as this watcher has to know.
enum Wanted<'a> {
    /// This series.
    Series(Series),
    /// One of these or none, which depends on what fires at the server.
    Unknown(Vec<Series>),
    /// Nothing: this one no longer fires at the server, to which it is not pushed again.
    Gone(&'a StoredSeries),
}

impl PlanInput<'_> {
    /// Whether there is something to push.
    pub fn pending(&self, now: Timestamp) -> Pending {
        let (mut is_new, mut is_again, mut needs_active) = (false, self.server.failures > 0, false);
        let mut next: Option<Timestamp> = None;
        let mut note = |due: Due| match due {
            Due::New => is_new = true,
            Due::Again => is_again = true,
            Due::At(at) => next = Some(next.map_or(at, |next| next.min(at))),
            Due::Done => {}
        };
        let wanted = self.wanted(None);
        for wanted in &wanted {
            match wanted {
                Wanted::Series(series) => note(self.firing_due(series, now)),
                Wanted::Unknown(series) => {
                    let fresh = series.iter().filter_map(|series| self.fresh_until(series, now)).max();
                    needs_active |= fresh.is_none();
                    note(fresh.map_or(Due::Again, Due::At));
                }
                Wanted::Gone(_) => {}
            }
        }
        for stored in self.others(&wanted) {
            note(self.end_due(stored, false, now));
        }
        let is_blocked = self.server.is_blocked(now);
        if is_again && is_blocked {
            next = [next, self.server.next_attempt_at].into_iter().flatten().min();
        }
        Pending { is_due: is_new || (is_again && !is_blocked), needs_active, next }
    }

    /// What the server is pushed. `active` are the labels of the series that fire there; without it, what depends on that stays as it is.
    pub fn plan(&self, active: Option<&BTreeSet<Labels>>, now: Timestamp) -> Plan {
        let mut pushes: BTreeMap<SeriesKey, Push> = BTreeMap::new();
        let mut forgotten = Vec::new();
        // The alerts that are pushed as firing without the label `stale`.
        let mut plain = BTreeSet::new();
        let wanted = self.wanted(active);
        for wanted in &wanted {
            match wanted {
                Wanted::Series(series) => {
                    if !is_stale(&series.labels) {
                        plain.insert(alert_key(&series.labels));
                    }
                    if matches!(self.firing_due(series, now), Due::New | Due::Again) {
                        pushes.insert(alert(&series.labels), self.firing_push(series, now));
                    }
                }
                Wanted::Gone(stored) => forgotten.push(stored.key()),
                Wanted::Unknown(_) => {}
            }
        }
        for stored in self.others(&wanted) {
            let is_replaced = !plain.is_empty() && plain.contains(&alert_key(&stored.series.labels));
            match self.end_due(stored, is_replaced, now) {
                Due::Done => forgotten.push(stored.key()),
                Due::At(_) => {}
                Due::New | Due::Again => {
                    pushes.insert(stored.key(), end_push(stored, now));
                }
            }
        }
        Plan { pushes: pushes.into_values().collect(), forgotten }
    }

    fn wanted(&self, active: Option<&BTreeSet<Labels>>) -> Vec<Wanted<'_>> {
        let by_alert = self.stored_by_alert();
        let mut wanted = Vec::with_capacity(self.firing.len());
        for FiringSeries { series, is_silenced } in self.firing {
            let stored = by_alert.get(&alert_key(&series.labels)).map(Vec::as_slice).unwrap_or_default();
            let is_blind = self.blindness.covers(&series.labels);
            match (*is_silenced, is_blind, active) {
                (true, false, _) => {
                    let plain = live(stored).filter(|stored| !is_stale(&stored.series.labels));
                    wanted.extend(plain.map(|stored| Wanted::Series(stored.series.clone())));
                }
                (true, true, None) => {
                    wanted.extend(live(stored).map(|stored| Wanted::Unknown(vec![stored.series.clone()])));
                }
                (true, true, Some(active)) => wanted.extend(live(stored).map(|stored| {
                    let is_active = active.contains(&stored.series.labels);
                    if is_active { Wanted::Series(stored.series.clone()) } else { Wanted::Gone(stored) }
                })),
                (false, false, _) => wanted.push(Wanted::Series(series.clone())),
                (false, true, None) => wanted.push(Wanted::Unknown(vec![series.clone(), series.as_stale()])),
                (false, true, Some(active)) => {
                    let is_plain = active.contains(&series.labels) || has_moved(series, stored, active);
                    wanted.push(Wanted::Series(if is_plain { series.clone() } else { series.as_stale() }));
                    let gone = live(stored).filter(|stored| {
                        let labels = &stored.series.labels;
                        let is_wanted = is_plain && *labels == series.labels;
                        !is_wanted && !is_stale(labels) && !active.contains(labels)
                    });
                    wanted.extend(gone.map(Wanted::Gone));
                }
            }
        }
        wanted
    }

    /// What the server was pushed of each alert.
    fn stored_by_alert(&self) -> BTreeMap<Labels, Vec<&StoredSeries>> {
        let mut by_alert: BTreeMap<Labels, Vec<&StoredSeries>> = BTreeMap::new();
        for stored in self.stored.values().filter(|stored| !stored.is_change()) {
            by_alert.entry(alert_key(&stored.series.labels)).or_default().push(stored);
        }
        by_alert
    }

    /// The stored series that are not wanted, nor may be.
    fn others<'s>(&'s self, wanted: &[Wanted<'_>]) -> impl Iterator<Item = &'s StoredSeries> + use<'s> {
        let mut kept: BTreeSet<Labels> = BTreeSet::new();
        for wanted in wanted {
            match wanted {
                Wanted::Series(series) => _ = kept.insert(series.labels.clone()),
                Wanted::Unknown(series) => kept.extend(series.iter().map(|series| series.labels.clone())),
                Wanted::Gone(stored) => _ = kept.insert(stored.series.labels.clone()),
            }
        }
        self.stored.values().filter(move |stored| stored.is_change() || !kept.contains(&stored.series.labels))
    }

    fn firing_due(&self, series: &Series, now: Timestamp) -> Due {
        match self.stored.get(&alert(&series.labels)) {
            Some(stored) if stored.ended_at.is_none() && stored.series == *series => match stored.accepted_at
            {
                None => Due::Again,
                Some(at) if self.times.refresh_from(at, now) <= now => Due::Again,
                Some(at) => Due::At(self.times.refresh_by(at, now)),
            },
            Some(_) | None => Due::New,
        }
    }

    /// When a series that depends on what fires at the server is pushed again, if that is later. Not with the end of a run: other
    /// watchers end what their runs saw at the same moment, and a push between reading and that would revive it.
    fn fresh_until(&self, series: &Series, now: Timestamp) -> Option<Timestamp> {
        let stored = self.stored.get(&alert(&series.labels))?;
        let is_same = stored.ended_at.is_none() && stored.series == *series;
        let at = self.times.refresh_by(stored.accepted_at.filter(|_| is_same)?, now);
        (at > now).then_some(at)
    }

    /// When the end of a series is pushed, or a change. `is_replaced`: its alert is pushed with another severity.
    fn end_due(&self, stored: &StoredSeries, is_replaced: bool, now: Timestamp) -> Due {
        if stored.ends_at <= now {
            return Due::Done;
        }
        match (stored.is_change(), stored.ended_at, stored.accepted_at) {
            (true, _, None) | (false, Some(_), None) => Due::Again,
            (true, _, Some(_)) => Due::Done,
            (false, None, _) => {
                let labels = &stored.series.labels;
                // It ends by itself, unless another watcher keeps it alive.
                let is_left = !is_replaced && self.blindness.covers(labels) && !is_stale(labels);
                if is_left { Due::At(stored.ends_at) } else { Due::New }
            }
            (false, Some(ended_at), Some(accepted_at)) => {
                match PushTimes::repeat_end_at(ended_at, accepted_at) {
                    None => Due::Done,
                    Some(at) if at <= now => Due::Again,
                    Some(at) => Due::At(at),
                }
            }
        }
    }

    fn firing_push(&self, series: &Series, now: Timestamp) -> Push {
        let before = self.stored.get(&alert(&series.labels));
        let before = before.filter(|stored| stored.ended_at.is_none() && stored.series == *series);
        let ends_at = self.times.ends_at(now);
        let stored = StoredSeries {
            series: series.clone(),
            change_id: 0,
            ends_at,
            ended_at: None,
            accepted_at: before.and_then(|stored| stored.accepted_at),
        };
        Push { stored, ends_at }
    }
}

/// Those of an alert that this watcher has not ended.
fn live<'s>(stored: &[&'s StoredSeries]) -> impl Iterator<Item = &'s StoredSeries> {
    stored.iter().copied().filter(|stored| stored.ended_at.is_none())
}

/// Whether an alert that fires at the server moved to the severity of `series` by time alone: this watcher pushed the severity that is
/// active, and never that of `series`. If the server took it before, another watcher ended it.
fn has_moved(series: &Series, stored: &[&StoredSeries], active: &BTreeSet<Labels>) -> bool {
    let severity = series.labels.get(SEVERITY);
    let was_accepted = live(stored)
        .any(|stored| stored.series.labels.get(SEVERITY) == severity && stored.accepted_at.is_some());
    let is_active = |stored: &&StoredSeries| {
        let is_ended = stored.ended_at.is_some() && stored.accepted_at.is_some();
        !is_ended && !is_stale(&stored.series.labels) && active.contains(&stored.series.labels)
    };
    !was_accepted && stored.iter().any(is_active)
}

/// The key of the alert with these labels.
fn alert(labels: &Labels) -> SeriesKey {
    (labels.clone(), 0)
}

fn end_push(stored: &StoredSeries, now: Timestamp) -> Push {
    if stored.is_change() {
        return Push { stored: stored.clone(), ends_at: PushTimes::change_ends_at(now) };
    }
    let ended_at = stored.ended_at.unwrap_or(now);
    let accepted_at = stored.accepted_at.filter(|_| stored.ended_at.is_some());
    // A server refuses an end before the beginning, which a clock that was set back can give.
    let ends_at = ended_at.max(stored.series.starts_at);
    Push { stored: StoredSeries { ended_at: Some(ended_at), accepted_at, ..stored.clone() }, ends_at }
}
