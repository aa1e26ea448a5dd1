//! What one receiver heard, held against what it had to hear. Pure: it knows neither sockets nor the store.
//!
//! The promises that it holds a history to, once repeats by id are dropped: nothing of the outbox is missing, new or in
//! another order; each alert's life is told as fire, graver and graver, end; each change once.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use minimax_watch::domain::alert::Severity;
use minimax_watch::domain::expiry::Stage;
use minimax_watch::domain::message::Reason;
use minimax_watch::domain::time::Timestamp;

/// One message as it came in.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) id: String,
    pub(crate) bytes: Vec<u8>,
    pub(crate) alerts: Vec<Telling>,
    /// Each change in words by which it is told from others.
    pub(crate) changes: Vec<String>,
}

/// What a message says of one alert.
#[derive(Clone, Debug)]
pub(crate) struct Telling {
    pub(crate) alert: String,
    pub(crate) reason: Reason,
    /// What a mail does not show in a form to be read by a program.
    pub(crate) facts: Option<Facts>,
}

#[derive(Clone, Debug)]
pub(crate) struct Facts {
    /// Kind and subject: at most one alert fires for them at a time.
    pub(crate) about: String,
    pub(crate) stage: Option<Stage>,
    pub(crate) severity: Severity,
    pub(crate) end: Option<Timestamp>,
    /// Whether an end that comes back may let it fire on under its old id.
    pub(crate) may_reopen: bool,
}

/// What the store says that one receiver had to hear.
#[derive(Clone, Debug, Default)]
pub(crate) struct Due {
    pub(crate) alerts: Vec<String>,
    pub(crate) changes: Vec<String>,
    /// The ids of the messages in the order of the outbox.
    pub(crate) outbox: Vec<String>,
    /// How many attempts failed or were cut off: only those excuse a repeat.
    pub(crate) excuses: usize,
}

/// A promise that was broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Broken {
    Lost(String),
    Twice(String),
    Order(String),
    Bytes(String),
    Invented(String),
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lost(what) => write!(f, "lost: {what}"),
            Self::Twice(what) => write!(f, "told twice: {what}"),
            Self::Order(what) => write!(f, "out of order: {what}"),
            Self::Bytes(what) => write!(f, "other bytes: {what}"),
            Self::Invented(what) => write!(f, "not in the store: {what}"),
        }
    }
}

/// What became of one receiver's promises.
#[derive(Clone, Debug, Default)]
pub(crate) struct Verdict {
    /// Messages by their id.
    pub(crate) messages: usize,
    /// Deliveries beyond the first of each.
    pub(crate) repeats: usize,
    pub(crate) broken: Vec<Broken>,
}

/// Judges everything that one receiver heard, in the order in which it came in.
pub(crate) fn judge(heard: &[Message], due: &Due) -> Verdict {
    let mut verdict = Verdict::default();
    let first = first_appearances(heard, &mut verdict);
    verdict.messages = first.len();
    verdict.repeats = heard.len() - first.len();
    if verdict.repeats > due.excuses {
        let (repeats, excuses) = (verdict.repeats, due.excuses);
        verdict.broken.push(Broken::Twice(format!("{repeats} repeats, and only {excuses} attempts failed")));
    }
    verdict.broken.extend(outbox(&first, &due.outbox));
    verdict.broken.extend(lives(&first, &due.alerts));
    verdict.broken.extend(changes(&first, &due.changes));
    verdict
}

/// Whether two receivers that take everything were told the same in the same order; `theirs` in mails, which show less.
pub(crate) fn same_story(ours: &[Message], theirs: &[Message]) -> Option<Broken> {
    let words = |heard: &[Message]| {
        let mut ignored = Verdict::default();
        let brief = |message: &&Message| {
            let mut tellings: Vec<_> = message
                .alerts
                .iter()
                .map(|telling| format!("{} {:?}", telling.alert, telling.reason))
                .collect();
            tellings.sort_unstable();
            (tellings, message.changes.len())
        };
        let says_something = |(tellings, changes): &(Vec<_>, usize)| !tellings.is_empty() || *changes > 0;
        let messages = first_appearances(heard, &mut ignored);
        messages.iter().map(brief).filter(says_something).collect::<Vec<_>>()
    };
    let (ours, theirs) = (words(ours), words(theirs));
    let differ = ours.iter().zip(&theirs).find(|(ours, theirs)| ours != theirs);
    match differ {
        Some((ours, theirs)) => {
            Some(Broken::Order(format!("one heard {ours:?} where another heard {theirs:?}")))
        }
        None if ours.len() == theirs.len() => None,
        None => Some(Broken::Lost(format!("one heard {} messages, another {}", ours.len(), theirs.len()))),
    }
}

/// Drops repeats, which must be the message that came last, to the byte: nothing overtakes.
fn first_appearances<'a>(heard: &'a [Message], verdict: &mut Verdict) -> Vec<&'a Message> {
    let mut first: Vec<&Message> = Vec::new();
    for message in heard {
        match first.iter().find(|known| known.id == message.id) {
            None => first.push(message),
            Some(known) => {
                if known.bytes != message.bytes {
                    verdict.broken.push(Broken::Bytes(message.id.clone()));
                }
                if first.last().is_some_and(|last| last.id != message.id) {
                    verdict
                        .broken
                        .push(Broken::Order(format!("{} came again after a newer one", message.id)));
                }
            }
        }
    }
    first
}

fn outbox(first: &[&Message], due: &[String]) -> Vec<Broken> {
    let heard: Vec<&str> = first.iter().map(|message| message.id.as_str()).collect();
    let known: BTreeSet<&str> = heard.iter().copied().collect();
    let wanted: BTreeSet<&str> = due.iter().map(String::as_str).collect();
    let mut broken: Vec<Broken> =
        wanted.difference(&known).map(|id| Broken::Lost(format!("message {id}"))).collect();
    broken.extend(known.difference(&wanted).map(|id| Broken::Invented(format!("message {id}"))));
    if broken.is_empty() && heard.iter().ne(due) {
        broken.push(Broken::Order("messages did not come in the order of the outbox".to_owned()));
    }
    broken
}

/// One alert as its receiver sees it.
#[derive(Default)]
struct Life<'a> {
    fires: bool,
    /// What was told of it while it fired.
    told: Vec<&'a Facts>,
}

impl Life<'_> {
    /// Graver than everything told for the same end or a later one: a nearer end that was told before weighs nothing.
    fn is_news(&self, facts: &Facts) -> bool {
        let same = self.told.iter().filter(|told| told.end >= facts.end);
        let worst = same.fold((None, None), |(stage, severity), told| {
            (told.stage.max(stage), Some(told.severity).max(severity))
        });
        facts.stage > worst.0 || Some(facts.severity) > worst.1
    }
}

fn lives(first: &[&Message], due: &[String]) -> Vec<Broken> {
    let mut broken = Vec::new();
    let mut lives: BTreeMap<&str, Life<'_>> = BTreeMap::new();
    let mut firing: BTreeMap<&str, &str> = BTreeMap::new();
    for message in first {
        // One message may tell of an end and of the alert that follows it; what fires stands first in it.
        let (ends, fires): (Vec<_>, Vec<_>) =
            message.alerts.iter().partition(|telling| telling.reason == Reason::Resolved);
        for telling in ends.into_iter().chain(fires) {
            broken.extend(step(&mut lives, &mut firing, telling));
        }
    }
    let open = lives.iter().filter(|(_, life)| life.fires);
    broken.extend(open.map(|(alert, _)| Broken::Lost(format!("the end of alert {alert}"))));
    let known: BTreeSet<&str> = lives.keys().copied().collect();
    let wanted: BTreeSet<&str> = due.iter().map(String::as_str).collect();
    broken.extend(wanted.difference(&known).map(|alert| Broken::Lost(format!("alert {alert}"))));
    broken.extend(known.difference(&wanted).map(|alert| Broken::Invented(format!("alert {alert}"))));
    broken
}

/// One more telling of one alert.
fn step<'a>(
    lives: &mut BTreeMap<&'a str, Life<'a>>,
    firing: &mut BTreeMap<&'a str, &'a str>,
    telling: &'a Telling,
) -> Option<Broken> {
    let alert = telling.alert.as_str();
    let is_new = !lives.contains_key(alert);
    let life = lives.entry(alert).or_default();
    let fired = life.fires;
    life.fires = telling.reason != Reason::Resolved;
    let facts = telling.facts.as_ref();
    let is_news = facts.is_none_or(|facts| life.is_news(facts));
    let other = facts.and_then(|facts| {
        if telling.reason == Reason::Resolved {
            return firing.remove(facts.about.as_str()).filter(|other| *other != alert);
        }
        life.told.push(facts);
        firing.insert(&facts.about, alert).filter(|other| *other != alert)
    });
    if let Some(other) = other {
        return Some(Broken::Twice(format!("alerts {other} and {alert} are the same and fire both")));
    }
    Some(match telling.reason {
        Reason::Repeated => Broken::Twice(format!("a reminder of alert {alert} that nobody wants")),
        Reason::Opened if !is_new => Broken::Twice(format!("alert {alert} was opened again")),
        Reason::Escalated | Reason::Resolved if is_new => {
            Broken::Order(format!("alert {alert} begins with {:?}", telling.reason))
        }
        Reason::Resolved if !fired => Broken::Twice(format!("the end of alert {alert}")),
        Reason::Escalated if !fired && facts.is_some_and(|facts| !facts.may_reopen) => {
            Broken::Order(format!("alert {alert} goes on after its end"))
        }
        Reason::Escalated if !is_news => {
            Broken::Twice(format!("alert {alert} is said to be graver and is not"))
        }
        Reason::Opened | Reason::Escalated | Reason::Resolved => return None,
    })
}

fn changes(first: &[&Message], due: &[String]) -> Vec<Broken> {
    let mut balance: BTreeMap<&str, i64> = BTreeMap::new();
    for change in first.iter().flat_map(|message| &message.changes) {
        *balance.entry(change).or_default() += 1;
    }
    for change in due {
        *balance.entry(change).or_default() -= 1;
    }
    let verdict = |(change, left): (&str, i64)| match left {
        0 => None,
        1.. => Some(Broken::Twice(format!("change {change}"))),
        _ => Some(Broken::Lost(format!("change {change}"))),
    };
    balance.into_iter().filter_map(verdict).collect()
}
