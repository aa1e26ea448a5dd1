//! An alert from firing to resolved, and the notifications about it.

use chrono::TimeDelta;

use super::deliveries::Deliveries;
use super::{Moment, Severity};

/// How severe an alert is. A stage is its lead time in seconds: smaller is more severe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Level {
    pub(super) stage: Option<i64>,
    pub(super) severity: Severity,
    pub(super) expiry: Option<Moment>,
}

impl Level {
    pub(super) fn flat(severity: Severity) -> Self {
        Self { stage: None, severity, expiry: None }
    }

    /// Whether its stage or severity begins in the future: only a clock that ran fast can have reached it.
    pub(super) fn implies_clock_skew(self, now: Moment) -> bool {
        let critical = (self.severity == Severity::Critical).then_some(86_400);
        let begins =
            |left: i64| self.expiry.is_some_and(|expiry| is_future(expiry - TimeDelta::seconds(left), now));
        self.stage.into_iter().chain(critical).any(begins)
    }

    pub(super) fn is_more_severe_than(self, other: Self) -> bool {
        let stage = |level: Self| level.stage.unwrap_or(i64::MAX);
        stage(self) < stage(other) || self.severity > other.severity
    }
}

/// One alert from firing to resolved, and the notifications about it.
#[derive(Clone, Debug)]
pub(super) struct Life {
    pub(super) level: Level,
    pub(super) opened: Moment,
    /// When its level was reached.
    pub(super) reached: Moment,
    pub(super) resolved: bool,
    /// The later expiry that resolved it. The alert opens again when its own expiry returns.
    pub(super) renewed_until: Option<Moment>,
    /// Whether the other value showed that renewal.
    pub(super) is_renewed_by_other: bool,
    /// Acknowledged at its present level.
    pub(super) acked: bool,
    pub(super) notified: [Vec<NotifiedState>; 2],
    /// Every expiry that was in a notification of it.
    pub(super) notified_expiries: Vec<Moment>,
}

impl Life {
    pub(super) fn new(level: Level, now: Moment) -> Self {
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

    pub(super) fn apply(&mut self, level: Level, now: Moment) {
        let escalates = level.is_more_severe_than(self.level);
        self.acked &= !escalates;
        if escalates || is_future(self.reached, now) {
            self.reached = now;
        }
        self.level = level;
    }

    pub(super) fn resolve(&mut self, renewed_until: Option<Moment>, is_renewed_by_other: bool) {
        (self.resolved, self.acked) = (true, false);
        (self.renewed_until, self.is_renewed_by_other) = (renewed_until, is_renewed_by_other);
    }

    /// The notifications that still count for a receiver. One in a permanently failed message stops counting once the receiver
    /// accepted a later message, so that it is sent again; a resolution is sent only to receivers that got the alert.
    pub(super) fn counted(&self, receiver: usize, deliveries: &Deliveries) -> Vec<NotifiedState> {
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
    pub(super) fn returns_with(&self, expiry: Moment) -> bool {
        let is_same = |other: Moment| (other - expiry).abs() < TimeDelta::hours(1);
        let (Some(own), Some(renewed)) = (self.level.expiry, self.renewed_until) else { return false };
        let came_back = is_same(own) && (own - renewed).abs() >= TimeDelta::hours(1);
        self.resolved && (came_back || self.notified_expiries.iter().copied().any(is_same))
    }
}

/// One notification: its level, and when it was sent.
#[derive(Clone, Copy, Debug)]
pub(super) struct NotifiedState {
    pub(super) level: Level,
    pub(super) at: Moment,
    pub(super) fires: bool,
    /// The index of its message among those to the receiver.
    pub(super) message: usize,
    /// The message that corrected it after the clock was set back.
    pub(super) corrected_by: Option<usize>,
}

/// The notifications that count at `now`, oldest first. Of an expiry alert, those that a fast clock sent are left out: the ones
/// from the future, and the ones that this clock sent before them.
pub(super) fn counts(notified: &[NotifiedState], now: Moment) -> Vec<NotifiedState> {
    let implies_clock_skew =
        |notified: &NotifiedState| notified.level.expiry.is_some() && is_future(notified.at, now);
    let Some(last) = notified.iter().rposition(implies_clock_skew) else { return notified.to_vec() };
    let (with_it, since) = notified.split_at(last + 1);
    let before = with_it.iter().rposition(|notified| notified.at <= now).map_or(0, |place| place + 1);
    [&with_it[..before], since].concat()
}

/// The reason for which one receiver is due a notification of one alert, if any.
pub(super) fn due_reason(
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
pub(super) fn is_future(moment: Moment, now: Moment) -> bool {
    moment - now > TimeDelta::hours(2)
}

pub(super) fn severity_name(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "info",
        Severity::Warning => "warning",
        Severity::Critical => "critical",
    }
}

pub(super) fn stage_name(left: i64) -> String {
    match left {
        0 => "expired".to_owned(),
        left if left % 86_400 == 0 => format!("{}d", left / 86_400),
        left => format!("{}h", left / 3_600),
    }
}
