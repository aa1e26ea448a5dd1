//! Who should hear what now: the difference between what is and what each receiver has been told.
//!
//! Promises: computed anew each time, so a crash, a reload or a new receiver need no special case; the same thing is
//! not told twice but as a reminder; whoever was told of a fire is told of its end. Leaves the bytes to `notify`.

use std::cmp::Reverse;

use chrono::TimeDelta;

use crate::domain::account::{AccountKey, AccountRef, ReceiverName};
use crate::domain::alert::{Alert, Condition, Resolution, Severity, Subject};
use crate::domain::change::Change;
use crate::domain::expiry::{SAME_WITHIN, Stage};
use crate::domain::message::{
    AlertEntry, ChangeEntry, LIMIT, Message, MessageData, MessageType, Reason, Status,
};
use crate::domain::route::Unwanted;
use crate::domain::summary::{self, Counts};
use crate::domain::time::{Timestamp, was_set_back};

/// What one receiver has been told of one alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told {
    /// The last thing it heard: that it fires, or that it ended.
    pub status: Status,
    /// When.
    pub at: Timestamp,
    /// The gravest stage it heard of for the alert's present end or a later one: a step back tells no rung again.
    pub stage: Option<Stage>,
    /// The gravest severity it heard of for the alert's present end or a later one; none when it heard of nearer
    /// ends only.
    pub severity: Option<Severity>,
}

/// One telling of one alert to one receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Telling {
    /// That it fires, or that it ended.
    pub status: Status,
    /// When.
    pub at: Timestamp,
    /// The stage told.
    pub stage: Option<Stage>,
    /// The severity told.
    pub severity: Severity,
    /// The end that the alert had then.
    pub expires_at: Option<Timestamp>,
}

impl Told {
    /// What all `tellings` of one alert to one receiver, oldest first, amount to at `now` while the alert's end is `end` and its
    /// stage was reached at `reached_at`. What was told of a nearer end counts only since then: an end that slides away is not
    /// news, one that left a stage is when it reaches it again. What was told of an end by a clock that ran ahead does not count:
    /// its rungs are still to come.
    pub fn of(
        tellings: impl IntoIterator<Item = Telling>,
        (end, reached_at): (Option<Timestamp>, Timestamp),
        now: Timestamp,
    ) -> Option<Self> {
        let tellings: Vec<Telling> = tellings.into_iter().collect();
        let last = tellings.last()?;
        let mut told = Self { status: last.status, at: last.at, stage: None, severity: None };
        // Backwards: a telling that shows a later clock than one that came after it was made by a clock that ran ahead.
        // So were those just before it, as long as they show a later time than what came after: the margin is for clocks that
        // were not seen to jump.
        let (mut sane, mut jumped) = (now, false);
        for telling in tellings.iter().rev() {
            jumped = was_set_back(telling.at, sane) || (jumped && telling.at > sane);
            if end.is_some() && jumped {
                continue;
            }
            sane = sane.min(telling.at);
            let is_of_end =
                telling.expires_at.map(|told| told + SAME_WITHIN) > end || telling.expires_at == end;
            if telling.status == Status::Firing && (is_of_end || telling.at >= reached_at) {
                told.stage = told.stage.max(telling.stage);
                told.severity = told.severity.max(Some(telling.severity));
            }
        }
        Some(told)
    }
}

/// Whether to tell one receiver of one alert, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Tell it.
    Tell(Reason),
    /// It knows; a reminder is due at this moment, if ever.
    Knows(Option<Timestamp>),
    /// It ended, and this receiver never heard of it, or heard that too.
    Over,
}

/// Decides about one alert and one receiver that wants to hear of it.
pub fn decide(
    alert: &Alert,
    told: Option<Told>,
    repeat_every: Option<TimeDelta>,
    now: Timestamp,
) -> Decision {
    let Some(told) = told else {
        return if alert.is_firing() { Decision::Tell(Reason::Opened) } else { Decision::Over };
    };
    if !alert.is_firing() {
        return match told.status {
            Status::Firing => Decision::Tell(Reason::Resolved),
            Status::Resolved => Decision::Over,
        };
    }
    if alert.condition.expires_at.is_some() && was_set_back(told.at, now) {
        // It heard of an end that is nearer than it is.
        return Decision::Tell(Reason::Repeated);
    }
    if told.status == Status::Resolved && alert.resolution == Some(Resolution::RenewedByOther) {
        // The renewal that it heard of was contradicted by the configured member, so nothing else says that it is near again.
        return Decision::Tell(Reason::Repeated);
    }
    if alert.condition.stage > told.stage || Some(alert.condition.severity) > told.severity {
        return Decision::Tell(Reason::Escalated);
    }
    match repeat_every {
        // A clock that was set back must not hold a reminder off for as long as it was ahead.
        Some(every) if (now - told.at).abs() >= every => Decision::Tell(Reason::Repeated),
        every => Decision::Knows(every.map(|every| told.at + every)),
    }
}

/// All that decides whether one receiver is told of one alert.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    /// The alert.
    pub alert: &'a Alert,
    /// Why the receiver does not want to hear of it, if so.
    pub unwanted: Option<Unwanted>,
    /// What it has been told.
    pub told: Option<Told>,
    /// Until when a silence withholds the alert, if one does.
    pub withheld_until: Option<Timestamp>,
    /// Whether somebody acknowledged it.
    pub acked: bool,
    /// Reminders, if any.
    pub repeat_every: Option<TimeDelta>,
}

/// What becomes of one alert for one receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// It does not want to hear of it.
    Unwanted(Unwanted),
    /// It is told now.
    Tell(Reason),
    /// It would be told now, were it not for a silence that lasts until then.
    Withheld(Timestamp, Reason),
    /// It knows; a reminder is due at this moment, if ever.
    Knows(Option<Timestamp>),
    /// It ended, and this receiver never heard of it, or heard that too.
    Over,
}

impl Case<'_> {
    /// The one place where all reasons to tell or not to tell meet.
    pub fn word(&self, now: Timestamp) -> Word {
        let fires = self.alert.is_firing();
        // Whoever was told of a fire is told of its end, whatever the route says by then.
        if let Some(unwanted) = self.unwanted.filter(|_| fires) {
            return Word::Unwanted(unwanted);
        }
        match (decide(self.alert, self.told, self.reminders(), now), self.withheld_until) {
            (Decision::Tell(reason), Some(until)) if fires => Word::Withheld(until, reason),
            (Decision::Tell(reason), _) => Word::Tell(reason),
            (Decision::Knows(reminder), _) => Word::Knows(reminder),
            (Decision::Over, _) => Word::Over,
        }
    }

    /// How often it is reminded of, if at all.
    pub fn reminders(&self) -> Option<TimeDelta> {
        self.repeat_every.filter(|_| !self.acked && self.alert.is_firing())
    }
}

/// One alert as a message, or `status`, tells it.
pub fn alert_entry(
    alert: &Alert,
    reason: Option<Reason>,
    name: impl Fn(&AccountKey) -> String,
) -> AlertEntry {
    let condition = &alert.condition;
    let account = match &condition.subject {
        Subject::Account(key) => Some(AccountRef { id: key.id.clone(), name: name(key) }),
        Subject::Subscription(_) | Subject::Receiver(_) => None,
    };
    let receiver = match &condition.subject {
        Subject::Receiver(name) => Some(name.clone()),
        Subject::Account(_) | Subject::Subscription(_) => None,
    };
    AlertEntry {
        id: alert.id.clone(),
        kind: condition.kind,
        status: if alert.is_firing() { Status::Firing } else { Status::Resolved },
        reason,
        stage: condition.stage.map(|stage| stage.to_string()),
        severity: condition.severity,
        subscription: condition.subject.subscription().cloned(),
        account,
        receiver,
        affected: condition.affected,
        opened_at: alert.opened_at,
        resolved_at: alert.resolved_at,
        expires_at: alert.renewed_until.or(condition.expires_at),
        detail: condition.detail.clone(),
        no_longer_watched: !alert.is_firing() && alert.resolution == Some(Resolution::NoLongerWatched),
    }
}

/// One change as a message tells it.
pub fn change_entry(change: &Change, name: impl Fn(&AccountKey) -> String) -> ChangeEntry {
    ChangeEntry {
        kind: change.kind,
        severity: change.severity,
        subscription: change.account.subscription.clone(),
        account: AccountRef { id: change.account.id.clone(), name: name(&change.account) },
        field: change.field.clone(),
        before: change.before.clone(),
        after: change.after.clone(),
        at: change.at,
    }
}

/// All that there is to tell one receiver at one moment.
#[derive(Clone, Debug, Default)]
pub struct Tidings<'a> {
    /// Alerts, and why each is told now.
    pub alerts: Vec<(&'a Alert, Reason)>,
    /// Changes.
    pub changes: Vec<&'a Change>,
    /// How much more there would be, were it not for silences.
    pub withheld: usize,
}

impl Tidings<'_> {
    /// The one message that tells `receiver` all of this; none when there is nothing to tell, however much is withheld.
    /// However much there is, no more is spelled out than is shown.
    pub fn message(
        mut self,
        receiver: &ReceiverName,
        name: impl Fn(&AccountKey) -> String,
        now: Timestamp,
    ) -> Option<Message> {
        self.alerts.sort_by_key(|&(alert, _)| {
            let Condition { subject, severity, .. } = &alert.condition;
            (!alert.is_firing(), Reverse(*severity), subject.subscription(), subject.account())
        });
        self.changes.sort_by_key(|&change| (Reverse(change.severity), &change.account));
        let firing = self.alerts.iter().take_while(|(alert, _)| alert.is_firing()).count();
        let counts = Counts { firing, ended: self.alerts.len() - firing, changes: self.changes.len() };
        let kind = match (firing, self.alerts.first(), self.changes.first()) {
            (1.., ..) => MessageType::Firing,
            (0, Some(_), _) => MessageType::Resolved,
            (0, None, Some(_)) => MessageType::Changed,
            (0, None, None) => return None,
        };
        // What ended is as grave as it was only where nothing else is told.
        let worst = self.alerts.first().map(|(alert, _)| alert.condition.severity);
        let moved = self.changes.first().map(|change| change.severity);
        let severity = worst.filter(|_| firing > 0).max(moved).or(worst)?;
        let shown = self.alerts.iter().take(LIMIT);
        let alerts: Vec<AlertEntry> =
            shown.map(|(alert, reason)| alert_entry(alert, Some(*reason), &name)).collect();
        let shown = self.changes.iter().take(LIMIT);
        let changes: Vec<ChangeEntry> = shown.map(|change| change_entry(change, &name)).collect();
        let summary = summary::headline(&alerts, &changes, counts, now);
        let truncated = self.alerts.len() + self.changes.len() - alerts.len() - changes.len();
        let (receiver, withheld) = (receiver.clone(), self.withheld);
        let data = MessageData { receiver, severity, summary, alerts, changes, truncated, withheld };
        Some(Message { kind, timestamp: now, data })
    }
}

#[cfg(test)]
mod tests;
