//! Which expiry counts, and how an alert about it moves.

use chrono::TimeDelta;

use super::{Level, Life, Moment, Severity, is_future};

const HOUR: i64 = 3_600;
const DAY: i64 = 86_400;

/// The expiry source that the operator configured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::agreement) enum Source {
    ExpExpire,
    Exp,
    Earliest,
}

/// `exp_Expire` and `exp` in one healthy answer; `None` means missing or unreadable.
pub(in crate::agreement) type Shown = [Option<Moment>; 2];

/// The history of one of the two values.
#[derive(Clone, Debug, Default)]
struct Value {
    last: Option<Moment>,
    is_readable: bool,
    /// The other value when this one was last readable, else the first value of the other that was seen afterwards.
    other_then: Option<Moment>,
    /// The last other value since this one was last readable.
    other_since: Option<Moment>,
    is_renewed_by_other: bool,
}

/// The history of both values.
#[derive(Clone, Debug, Default)]
pub(in crate::agreement) struct Expiries([Value; 2]);

/// The expiry that counts, and whether the other value showed a renewal.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counting {
    pub(super) expiry: Moment,
    pub(super) is_renewed_by_other: bool,
}

impl Expiries {
    pub(super) fn see(&mut self, shown: Shown, lead_times: &[i64], now: Moment) {
        for (which, value) in self.0.iter_mut().enumerate() {
            value.see(shown[which], shown[1 - which], lead_times, now);
        }
    }

    pub(super) fn counting(&self, source: Source) -> Option<Counting> {
        let [exp_expire, exp] = &self.0;
        match source {
            Source::ExpExpire => exp_expire.counting_beside(exp),
            Source::Exp => exp.counting_beside(exp_expire),
            Source::Earliest => {
                let both = [exp_expire.counting_beside(exp), exp.counting_beside(exp_expire)];
                let counting = both.into_iter().flatten();
                let is_renewed_by_other = counting.clone().any(|counting| counting.is_renewed_by_other);
                counting
                    .map(|Counting { expiry, .. }| expiry)
                    .min()
                    .map(|expiry| Counting { expiry, is_renewed_by_other })
            }
        }
    }
}

impl Value {
    fn see(&mut self, own: Option<Moment>, other: Option<Moment>, lead_times: &[i64], now: Moment) {
        if own.is_some() {
            *self = Self { last: own, is_readable: true, other_then: other, ..Self::default() };
            return;
        }
        self.is_readable = false;
        let Some(other) = other.filter(|_| self.last.is_some()) else { return };
        let then = *self.other_then.get_or_insert(other);
        self.other_since = Some(other);
        let is_beyond_all = lead_times.iter().chain([&0]).all(|lead| other - now > TimeDelta::seconds(*lead));
        self.is_renewed_by_other |= other - then >= TimeDelta::hours(1) && is_beyond_all;
    }

    fn counting_beside(&self, other: &Self) -> Option<Counting> {
        let is_renewed_by_other = self.is_renewed_by_other;
        let expiry = match (self.last, self.other_since) {
            (None, _) => other.last?,
            (Some(_), Some(since)) if is_renewed_by_other => since,
            (Some(last), Some(since)) => last.min(since),
            (Some(last), None) => last,
        };
        Some(Counting { expiry, is_renewed_by_other })
    }
}

/// The next state of a firing expiry alert.
pub(super) enum Next {
    Stays(Level),
    Resolved { renewed_until: Option<Moment> },
    Reopens(Level),
}

/// The level of an expiry without an alert; `None` while it is beyond every lead time.
pub(super) fn level(expiry: Moment, lead_times: &[i64], now: Moment) -> Option<Level> {
    let left = expiry - now;
    let stage =
        lead_times.iter().copied().chain([0]).filter(|lead| left <= TimeDelta::seconds(*lead)).min()?;
    Some(Level { stage: Some(stage), severity: severity(expiry, now), expiry: Some(expiry) })
}

pub(super) fn next(life: &Life, expiry: Moment, lead_times: &[i64], now: Moment) -> Next {
    let present = level(expiry, lead_times, now);
    let known = life.level.expiry.unwrap_or(expiry);
    let stage = life.level.stage.unwrap_or(0);
    // After the clock was set back, the expiry proves never to have been that near.
    let was_ahead =
        is_future(life.reached, now) && Level { expiry: Some(expiry), ..life.level }.implies_clock_skew(now);
    if was_ahead && expiry - known < TimeDelta::hours(1) {
        return present.map_or(Next::Resolved { renewed_until: None }, Next::Stays);
    }
    if expiry > known && has_left(stage, expiry, now) {
        if lead_times.iter().chain([&0]).all(|lead| has_left(*lead, expiry, now)) {
            return Next::Resolved { renewed_until: Some(expiry) };
        }
        let milder = present.and_then(|level| level.stage).or_else(|| lead_times.iter().copied().max());
        if let Some(milder) = milder.filter(|milder| *milder > stage) {
            return Next::Reopens(Level {
                stage: Some(milder),
                severity: severity(expiry, now),
                expiry: Some(expiry),
            });
        }
    }
    let stage = present.and_then(|level| level.stage).map_or(stage, |present| present.min(stage));
    let stays_critical =
        life.level.severity == Severity::Critical && (expiry == known || !has_left(DAY, expiry, now));
    let severity = if stays_critical { Severity::Critical } else { severity(expiry, now) };
    Next::Stays(Level { stage: Some(stage), severity, expiry: Some(expiry) })
}

fn severity(expiry: Moment, now: Moment) -> Severity {
    if expiry - now <= TimeDelta::seconds(DAY) { Severity::Critical } else { Severity::Warning }
}

/// Whether an expiry lies beyond a lead time by at least a tenth of it and at least an hour.
fn has_left(lead: i64, expiry: Moment, now: Moment) -> bool {
    expiry - now - TimeDelta::seconds(lead) >= TimeDelta::seconds((lead / 10).max(HOUR))
}
