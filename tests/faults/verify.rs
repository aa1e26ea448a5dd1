//! Compares the messages that one receiver got with the ones that it had to get. Pure: it uses neither sockets nor the store.
//!
//! After dropping repeats by id it checks that no message of the outbox is missing, unknown or out of order, that each alert
//! opens, escalates and resolves, and that each change came once.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use minimax_watch::domain::alerts::Severity;
use minimax_watch::domain::lead_times::Stage;
use minimax_watch::domain::message::Reason;
use minimax_watch::domain::time::Timestamp;

/// One received message.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) id: String,
    pub(crate) bytes: Vec<u8>,
    pub(crate) alerts: Vec<Notification>,
    /// A text for each change that distinguishes it from others.
    pub(crate) changes: Vec<String>,
}

/// The entry of one alert in a message.
#[derive(Clone, Debug)]
pub(crate) struct Notification {
    pub(crate) alert: String,
    pub(crate) reason: Reason,
    /// Details that a mail does not show in a form that a program can read.
    pub(crate) facts: Option<Facts>,
}

#[derive(Clone, Debug)]
pub(crate) struct Facts {
    /// Kind and subject: at most one alert fires for them at a time.
    pub(crate) about: String,
    pub(crate) stage: Option<Stage>,
    pub(crate) severity: Severity,
    pub(crate) end: Option<Timestamp>,
    /// Whether it may open again under its old id, when an expiry returns.
    pub(crate) may_reopen: bool,
}

/// What one receiver had to get, according to the store.
#[derive(Clone, Debug, Default)]
pub(crate) struct Expected {
    pub(crate) alerts: Vec<String>,
    pub(crate) changes: Vec<String>,
    /// The ids of the messages in the order of the outbox.
    pub(crate) outbox: Vec<String>,
    /// The number of attempts that failed or were cut off: each excuses one repeat.
    pub(crate) excuses: usize,
}

/// A broken guarantee.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Violation {
    Lost(String),
    Twice(String),
    Order(String),
    Bytes(String),
    Invented(String),
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lost(what) => write!(f, "lost: {what}"),
            Self::Twice(what) => write!(f, "sent twice: {what}"),
            Self::Order(what) => write!(f, "out of order: {what}"),
            Self::Bytes(what) => write!(f, "other bytes: {what}"),
            Self::Invented(what) => write!(f, "not in the store: {what}"),
        }
    }
}

/// The result for one receiver.
#[derive(Clone, Debug, Default)]
pub(crate) struct Verdict {
    /// Different messages, by id.
    pub(crate) messages: usize,
    /// Deliveries beyond the first of each.
    pub(crate) repeats: usize,
    pub(crate) violations: Vec<Violation>,
}

/// Verifies everything that one receiver got, in the order of arrival.
pub(crate) fn verify(received: &[Message], expected: &Expected) -> Verdict {
    let mut verdict = Verdict::default();
    let first = first_appearances(received, &mut verdict);
    verdict.messages = first.len();
    verdict.repeats = received.len() - first.len();
    if verdict.repeats > expected.excuses {
        let (repeats, excuses) = (verdict.repeats, expected.excuses);
        verdict
            .violations
            .push(Violation::Twice(format!("{repeats} repeats, and only {excuses} attempts failed")));
    }
    verdict.violations.extend(outbox(&first, &expected.outbox));
    verdict.violations.extend(check_alerts(&first, &expected.alerts));
    verdict.violations.extend(changes(&first, &expected.changes));
    verdict
}

/// Whether two receivers of everything got the same in the same order; `theirs` may be mails, which show less.
pub(crate) fn compare_receivers(ours: &[Message], theirs: &[Message]) -> Option<Violation> {
    let words = |received: &[Message]| {
        let mut ignored = Verdict::default();
        let brief = |message: &&Message| {
            let mut notifications: Vec<_> = message
                .alerts
                .iter()
                .map(|notification| format!("{} {:?}", notification.alert, notification.reason))
                .collect();
            notifications.sort_unstable();
            (notifications, message.changes.len())
        };
        let has_content =
            |(notifications, changes): &(Vec<_>, usize)| !notifications.is_empty() || *changes > 0;
        let messages = first_appearances(received, &mut ignored);
        messages.iter().map(brief).filter(has_content).collect::<Vec<_>>()
    };
    let (ours, theirs) = (words(ours), words(theirs));
    let differ = ours.iter().zip(&theirs).find(|(ours, theirs)| ours != theirs);
    match differ {
        Some((ours, theirs)) => {
            Some(Violation::Order(format!("one got {ours:?} where another got {theirs:?}")))
        }
        None if ours.len() == theirs.len() => None,
        None => Some(Violation::Lost(format!("one got {} messages, another {}", ours.len(), theirs.len()))),
    }
}

/// Drops repeats. A repeat must equal the latest message, to the byte: nothing overtakes.
fn first_appearances<'a>(received: &'a [Message], verdict: &mut Verdict) -> Vec<&'a Message> {
    let mut first: Vec<&Message> = Vec::new();
    for message in received {
        match first.iter().find(|known| known.id == message.id) {
            None => first.push(message),
            Some(known) => {
                if known.bytes != message.bytes {
                    verdict.violations.push(Violation::Bytes(message.id.clone()));
                }
                if first.last().is_some_and(|last| last.id != message.id) {
                    verdict
                        .violations
                        .push(Violation::Order(format!("{} came again after a newer one", message.id)));
                }
            }
        }
    }
    first
}

fn outbox(first: &[&Message], expected: &[String]) -> Vec<Violation> {
    let received: Vec<&str> = first.iter().map(|message| message.id.as_str()).collect();
    let known: BTreeSet<&str> = received.iter().copied().collect();
    let wanted: BTreeSet<&str> = expected.iter().map(String::as_str).collect();
    let mut violations: Vec<Violation> =
        wanted.difference(&known).map(|id| Violation::Lost(format!("message {id}"))).collect();
    violations.extend(known.difference(&wanted).map(|id| Violation::Invented(format!("message {id}"))));
    if violations.is_empty() && received.iter().ne(expected) {
        violations.push(Violation::Order("messages did not come in the order of the outbox".to_owned()));
    }
    violations
}

/// The history of one alert at one receiver.
#[derive(Default)]
struct AlertHistory<'a> {
    fires: bool,
    /// The notifications while it fired.
    notified: Vec<&'a Facts>,
}

impl AlertHistory<'_> {
    /// Whether `facts` are more severe than every notification for the same or a later expiry; earlier expiries do not count.
    fn escalates(&self, facts: &Facts) -> bool {
        let same = self.notified.iter().filter(|notified| notified.end >= facts.end);
        let worst = same.fold((None, None), |(stage, severity), notified| {
            (notified.stage.max(stage), Some(notified.severity).max(severity))
        });
        facts.stage > worst.0 || Some(facts.severity) > worst.1
    }
}

fn check_alerts(first: &[&Message], expected: &[String]) -> Vec<Violation> {
    let mut violations = Vec::new();
    let mut histories: BTreeMap<&str, AlertHistory<'_>> = BTreeMap::new();
    let mut firing: BTreeMap<&str, &str> = BTreeMap::new();
    for message in first {
        // One message may hold a resolution and the alert that follows it; firing entries come first in it.
        let (ends, fires): (Vec<_>, Vec<_>) =
            message.alerts.iter().partition(|notification| notification.reason == Reason::Resolved);
        for notification in ends.into_iter().chain(fires) {
            violations.extend(step(&mut histories, &mut firing, notification));
        }
    }
    let open = histories.iter().filter(|(_, life)| life.fires);
    violations.extend(open.map(|(alert, _)| Violation::Lost(format!("the resolution of alert {alert}"))));
    let known: BTreeSet<&str> = histories.keys().copied().collect();
    let wanted: BTreeSet<&str> = expected.iter().map(String::as_str).collect();
    violations.extend(wanted.difference(&known).map(|alert| Violation::Lost(format!("alert {alert}"))));
    violations.extend(known.difference(&wanted).map(|alert| Violation::Invented(format!("alert {alert}"))));
    violations
}

/// Adds one notification to the history of its alert.
fn step<'a>(
    histories: &mut BTreeMap<&'a str, AlertHistory<'a>>,
    firing: &mut BTreeMap<&'a str, &'a str>,
    notification: &'a Notification,
) -> Option<Violation> {
    let alert = notification.alert.as_str();
    let is_new = !histories.contains_key(alert);
    let life = histories.entry(alert).or_default();
    let fired = life.fires;
    life.fires = notification.reason != Reason::Resolved;
    let facts = notification.facts.as_ref();
    let escalates = facts.is_none_or(|facts| life.escalates(facts));
    let other = facts.and_then(|facts| {
        if notification.reason == Reason::Resolved {
            return firing.remove(facts.about.as_str()).filter(|other| *other != alert);
        }
        life.notified.push(facts);
        firing.insert(&facts.about, alert).filter(|other| *other != alert)
    });
    if let Some(other) = other {
        return Some(Violation::Twice(format!("alerts {other} and {alert} are the same and fire both")));
    }
    Some(match notification.reason {
        Reason::Repeated => Violation::Twice(format!("an unwanted reminder of alert {alert}")),
        Reason::Opened if !is_new => Violation::Twice(format!("alert {alert} was opened again")),
        Reason::Escalated | Reason::Resolved if is_new => {
            Violation::Order(format!("alert {alert} begins with {:?}", notification.reason))
        }
        Reason::Resolved if !fired => Violation::Twice(format!("the resolution of alert {alert}")),
        Reason::Escalated if !fired && facts.is_some_and(|facts| !facts.may_reopen) => {
            Violation::Order(format!("alert {alert} escalates after its resolution"))
        }
        Reason::Escalated if !escalates => {
            Violation::Twice(format!("alert {alert} is sent as escalated and is not"))
        }
        Reason::Opened | Reason::Escalated | Reason::Resolved => return None,
    })
}

fn changes(first: &[&Message], expected: &[String]) -> Vec<Violation> {
    let mut balance: BTreeMap<&str, i64> = BTreeMap::new();
    for change in first.iter().flat_map(|message| &message.changes) {
        *balance.entry(change).or_default() += 1;
    }
    for change in expected {
        *balance.entry(change).or_default() -= 1;
    }
    let verdict = |(change, left): (&str, i64)| match left {
        0 => None,
        1.. => Some(Violation::Twice(format!("change {change}"))),
        _ => Some(Violation::Lost(format!("change {change}"))),
    };
    balance.into_iter().filter_map(verdict).collect()
}
