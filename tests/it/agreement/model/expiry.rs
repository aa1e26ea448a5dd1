//! Which expiry counts, and what becomes of an alert about it.

use chrono::TimeDelta;

use super::{Level, Life, Moment, Severity, is_future};

const HOUR: i64 = 3_600;
const DAY: i64 = 86_400;

/// The value of the vendor that the operator chose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::agreement) enum Source {
    ExpExpire,
    Exp,
    Earliest,
}

/// What one healthy answer shows of `exp_Expire` and of `exp`; none is missing or unreadable.
pub(in crate::agreement) type Shown = [Option<Moment>; 2];

/// What is known of one of the two values.
#[derive(Clone, Debug, Default)]
struct Value {
    last: Option<Moment>,
    is_readable: bool,
    /// The other value when this one was last readable, else the first one that it showed afterwards.
    other_then: Option<Moment>,
    /// The last other value since this one was last readable.
    other_since: Option<Moment>,
    is_renewed_by_other: bool,
}

/// What is known of both values.
#[derive(Clone, Debug, Default)]
pub(in crate::agreement) struct Expiries([Value; 2]);

/// The expiry that counts, and whether the other value showed a renewal.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counting {
    pub(super) end: Moment,
    pub(super) is_renewed_by_other: bool,
}

impl Expiries {
    pub(super) fn see(&mut self, shown: Shown, leads: &[i64], now: Moment) {
        for (which, value) in self.0.iter_mut().enumerate() {
            value.see(shown[which], shown[1 - which], leads, now);
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
                    .map(|Counting { end, .. }| end)
                    .min()
                    .map(|end| Counting { end, is_renewed_by_other })
            }
        }
    }
}

impl Value {
    fn see(&mut self, own: Option<Moment>, other: Option<Moment>, leads: &[i64], now: Moment) {
        if own.is_some() {
            *self = Self { last: own, is_readable: true, other_then: other, ..Self::default() };
            return;
        }
        self.is_readable = false;
        let Some(other) = other.filter(|_| self.last.is_some()) else { return };
        let then = *self.other_then.get_or_insert(other);
        self.other_since = Some(other);
        let is_beyond_all = leads.iter().chain([&0]).all(|lead| other - now > TimeDelta::seconds(*lead));
        self.is_renewed_by_other |= other - then >= TimeDelta::hours(1) && is_beyond_all;
    }

    fn counting_beside(&self, other: &Self) -> Option<Counting> {
        let is_renewed_by_other = self.is_renewed_by_other;
        let end = match (self.last, self.other_since) {
            (None, _) => other.last?,
            (Some(_), Some(since)) if is_renewed_by_other => since,
            (Some(last), Some(since)) => last.min(since),
            (Some(last), None) => last,
        };
        Some(Counting { end, is_renewed_by_other })
    }
}

/// What becomes of a firing alert about an expiry.
pub(super) enum Next {
    Stays(Level),
    Over { renewed_until: Option<Moment> },
    Opens(Level),
}

/// The level of an expiry without an alert; none while it is farther than every lead time.
pub(super) fn level(end: Moment, leads: &[i64], now: Moment) -> Option<Level> {
    let left = end - now;
    let rung = leads.iter().copied().chain([0]).filter(|lead| left <= TimeDelta::seconds(*lead)).min()?;
    Some(Level { rung: Some(rung), severity: severity(end, now), end: Some(end) })
}

pub(super) fn next(life: &Life, end: Moment, leads: &[i64], now: Moment) -> Next {
    let present = level(end, leads, now);
    let known = life.level.end.unwrap_or(end);
    let rung = life.level.rung.unwrap_or(0);
    // A clock that was set back shows that it never was so near.
    let was_ahead = is_future(life.reached, now) && Level { end: Some(end), ..life.level }.is_ahead(now);
    if was_ahead && end - known < TimeDelta::hours(1) {
        return present.map_or(Next::Over { renewed_until: None }, Next::Stays);
    }
    if end > known && has_left(rung, end, now) {
        if leads.iter().chain([&0]).all(|lead| has_left(*lead, end, now)) {
            return Next::Over { renewed_until: Some(end) };
        }
        let milder = present.and_then(|level| level.rung).or_else(|| leads.iter().copied().max());
        if let Some(milder) = milder.filter(|milder| *milder > rung) {
            return Next::Opens(Level { rung: Some(milder), severity: severity(end, now), end: Some(end) });
        }
    }
    let rung = present.and_then(|level| level.rung).map_or(rung, |present| present.min(rung));
    let stays_critical = life.level.severity == Severity::Critical && !has_left(DAY, end, now);
    let severity = if stays_critical { Severity::Critical } else { severity(end, now) };
    Next::Stays(Level { rung: Some(rung), severity, end: Some(end) })
}

fn severity(end: Moment, now: Moment) -> Severity {
    if end - now <= TimeDelta::seconds(DAY) { Severity::Critical } else { Severity::Warning }
}

/// Whether an expiry lies beyond a lead time by a tenth of it, and by an hour.
fn has_left(lead: i64, end: Moment, now: Moment) -> bool {
    end - now - TimeDelta::seconds(lead) >= TimeDelta::seconds((lead / 10).max(HOUR))
}
