//! What a mail says, in the order in which it says it: the data that the templates lay out.
//!
//! Promises: all text is on one line each and unescaped; gravest first; the same sections for text and HTML.
//! Leaves sentences and advice to `templates/`, and one-line wording to `domain::summary`.

use serde::Serialize;

use crate::domain::account::{AccountRef, SubscriptionName};
use crate::domain::alert::{AlertKind, Severity};
use crate::domain::message::{AlertEntry, ChangeEntry, Message, MessageType, Reason, Status};
use crate::domain::summary::{self, Entry};
use crate::domain::text::{self, one_line, shortened};
use crate::domain::time::{self, Timestamp, in_words};

/// A subject longer than this is cut on most screens, and is folded (RFC 5322 section 2.1.1).
const SUBJECT: usize = 78;

/// So many lines stand at the head of a mail about several things; the rest is found below.
const OVERVIEW: usize = 12;

/// A whole mail.
#[derive(Serialize)]
pub(super) struct Letter {
    subject: String,
    tag: String,
    lead: String,
    counts: String,
    colour: &'static str,
    test: bool,
    /// Whether a critical alert fires.
    #[serde(skip)]
    pub(super) urgent: bool,
    /// Empty when the lead says it all.
    overview: Vec<Item>,
    unlisted: usize,
    sections: Vec<Section>,
    truncated: usize,
    /// How much silences keep back.
    withheld: usize,
    receiver: String,
    sent: String,
}

/// One line of the overview.
#[derive(Serialize)]
struct Item {
    tag: &'static str,
    line: String,
}

/// What shares one piece of advice.
#[derive(Serialize)]
struct Section {
    kind: &'static str,
    ended: bool,
    /// Ended because nobody watches the subject any more.
    unwatched: bool,
    entries: Vec<Told>,
}

/// One alert or change with what is known of it.
#[derive(Serialize)]
struct Told {
    tag: &'static str,
    line: String,
    facts: Vec<Fact>,
}

/// A label and what stands beside it.
#[derive(Serialize)]
struct Fact {
    label: &'static str,
    value: String,
}

impl Letter {
    /// Lays `message` out; `now` is the moment when it was decided.
    pub(super) fn of(message: &Message, subject: &str) -> Self {
        let (data, now) = (&message.data, message.timestamp);
        let entries = summary::ranked(&data.alerts, &data.changes);
        let receiver = text::name(data.receiver.as_str());
        let lead = match entries.as_slice() {
            [] if message.kind == MessageType::Test => {
                format!("minimax-watch reaches the receiver {receiver}")
            }
            [] => one_line(&data.summary),
            [gravest, ..] => lead(gravest, now),
        };
        let severity = worst(message);
        let still =
            entries.iter().any(is_reminder) && entries.iter().all(|e| e.is_resolved() || is_reminder(e));
        let tag = if still { format!("STILL {}", tag(message)) } else { tag(message).to_owned() };
        let listed = if entries.len() > 1 { entries.as_slice() } else { &[] };
        Self {
            subject: subject.to_owned(),
            tag,
            lead,
            counts: counts(message),
            colour: colour(message),
            test: message.kind == MessageType::Test,
            urgent: message.kind == MessageType::Firing && severity == Some(Severity::Critical),
            overview: listed.iter().take(OVERVIEW).map(|e| item(e, now)).collect(),
            unlisted: listed.len().saturating_sub(OVERVIEW),
            sections: sections(&entries, now),
            truncated: data.truncated,
            withheld: data.withheld,
            receiver,
            sent: time::minute(now),
        }
    }
}

/// `[CRITICAL] studio-a: token expired`: what a locked phone shows. Several: counts, then as many as there is room for.
pub(super) fn subject(message: &Message) -> String {
    let (data, now) = (&message.data, message.timestamp);
    let entries = summary::ranked(&data.alerts, &data.changes);
    let tag = tag(message);
    let words = match entries.as_slice() {
        [] if message.kind == MessageType::Test => {
            format!("minimax-watch reaches {}", text::name(data.receiver.as_str()))
        }
        [] => one_line(&data.summary),
        [only] if is_reminder(only) => format!("{} (reminder)", only.topic(now)),
        [only] => only.topic(now),
        [gravest, others @ ..] => {
            let room = SUBJECT.saturating_sub(tag.len() + "[] ".len());
            let head = format!("{}: {}", counts(message), gravest.topic(now));
            listed(head, others.iter().map(|entry| entry.topic(now)), room)
        }
    };
    shortened(&format!("[{tag}] {words}"), 2 * SUBJECT)
}

/// `head; other; …`: the others as far as they fit into `room`.
fn listed(mut head: String, others: impl Iterator<Item = String>, room: usize) -> String {
    let mut others = others.peekable();
    while let Some(other) = others.next() {
        let tail = if others.peek().is_some() { 3 } else { 0 };
        if head.chars().count() + other.chars().count() + 2 + tail > room {
            head.push_str("; …");
            return head;
        }
        head.push_str("; ");
        head.push_str(&other);
    }
    head
}

fn counts(message: &Message) -> String {
    let data = &message.data;
    let told = summary::Counts::of(&data.alerts, &data.changes);
    if data.truncated == 0 { told.to_string() } else { format!("{told}, {} more", data.truncated) }
}

/// The word in the subject's brackets.
fn tag(message: &Message) -> &'static str {
    match message.kind {
        MessageType::Test => "TEST",
        MessageType::Resolved => "RESOLVED",
        MessageType::Firing | MessageType::Changed => {
            severity_tag(worst(message).unwrap_or(message.data.severity))
        }
    }
}

/// The worst of what is true now; what has ended does not count.
fn worst(message: &Message) -> Option<Severity> {
    let firing = message.data.alerts.iter().filter(|alert| alert.status == Status::Firing);
    let changes = message.data.changes.iter().map(|change| change.severity);
    firing.map(|alert| alert.severity).chain(changes).max()
}

const fn severity_tag(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "INFO",
        Severity::Warning => "WARNING",
        Severity::Critical => "CRITICAL",
    }
}

/// Seen well on white and on black; the word beside it says the same to those who cannot see it.
fn colour(message: &Message) -> &'static str {
    match tag(message) {
        "CRITICAL" => "#e5484d",
        "WARNING" => "#d98a00",
        "RESOLVED" => "#30a46c",
        _ => "#5b8def",
    }
}

fn is_reminder(entry: &Entry<'_>) -> bool {
    matches!(entry, Entry::Alert(alert) if alert.reason == Some(Reason::Repeated))
}

fn entry_tag(entry: &Entry<'_>) -> &'static str {
    if entry.is_resolved() { "OVER" } else { severity_tag(entry.severity()) }
}

fn item(entry: &Entry<'_>, now: Timestamp) -> Item {
    Item { tag: entry_tag(entry), line: entry.line(now) }
}

/// The one-line wording with since when, or for how long.
fn lead(entry: &Entry<'_>, now: Timestamp) -> String {
    let line = entry.line(now);
    match entry {
        Entry::Change(change) => format!("{line}, seen {}", moment(change.at, now)),
        Entry::Alert(alert) => match (alert.resolved_at, alert.kind, alert.expires_at) {
            (Some(_), _, _) if alert.no_longer_watched => line,
            (Some(resolved), _, _) => format!("{line} (it lasted {})", in_words(resolved - alert.opened_at)),
            (None, AlertKind::Expiry, Some(end)) if end <= now => {
                format!("{} {}", entry.topic(now), moment(end, now))
            }
            (None, AlertKind::Expiry, _) => line,
            (None, _, _) => format!("{line}, firing since {}", moment(alert.opened_at, now)),
        },
    }
}

/// Sections in the order of their gravest entry; everything that has ended shares the last one.
fn sections(entries: &[Entry<'_>], now: Timestamp) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    for entry in entries {
        let (kind, ended) = (advice(entry, now), entry.is_resolved());
        let unwatched = kind == NO_LONGER_WATCHED;
        let told = Told { tag: entry_tag(entry), line: entry.line(now), facts: facts(entry, now) };
        match sections.iter_mut().find(|section| section.kind == kind) {
            Some(section) => section.entries.push(told),
            None => sections.push(Section { kind, ended, unwatched, entries: vec![told] }),
        }
    }
    sections
}

/// The section of alerts whose subject left the configuration: they are neither over nor is anything to be done.
const NO_LONGER_WATCHED: &str = "no_longer_watched";

/// The key of the advice in `templates/advice.jinja`.
fn advice(entry: &Entry<'_>, now: Timestamp) -> &'static str {
    match entry {
        Entry::Change(change) => change.kind.as_str(),
        Entry::Alert(alert) if alert.no_longer_watched => NO_LONGER_WATCHED,
        Entry::Alert(alert) if alert.status == Status::Resolved => "over",
        Entry::Alert(alert) => match alert.kind {
            AlertKind::Expiry if alert.expires_at.is_some_and(|end| end <= now) => "expired",
            AlertKind::Unauthorized if alert.account.is_some() => "unauthorized_account",
            kind => kind.as_str(),
        },
    }
}

fn facts(entry: &Entry<'_>, now: Timestamp) -> Vec<Fact> {
    match entry {
        Entry::Alert(alert) => alert_facts(alert, now),
        Entry::Change(change) => change_facts(change, now),
    }
}

fn alert_facts(alert: &AlertEntry, now: Timestamp) -> Vec<Fact> {
    let mut facts = vec![about(alert)];
    let mut add = |label, value| facts.push(Fact { label, value });
    if let Some(end) = alert.expires_at {
        add(if end > now { "Token ends" } else { "Token ended" }, moment(end, now));
    }
    let opened = alert.opened_at;
    match alert.resolved_at {
        Some(resolved) => {
            let (from, to) = (time::minute(opened), time::minute(resolved));
            let label = if alert.no_longer_watched { "Watched" } else { "Lasted" };
            add(label, format!("{}: {from} to {to}", in_words(resolved - opened)));
        }
        None => add("Firing since", moment(opened, now)),
    }
    match (alert.reason, &alert.stage) {
        (Some(Reason::Opened), _) => add("Why now", "first message about this".to_owned()),
        (Some(Reason::Escalated), Some(stage)) => {
            add("Why now", format!("it got worse: {}", stage_words(stage)));
        }
        (Some(Reason::Escalated), None) => add("Why now", "it got worse".to_owned()),
        (Some(Reason::Repeated), _) => {
            let since = time::minute(opened);
            add("Why now", format!("still firing, reminder; since {since}"));
        }
        (Some(Reason::Resolved) | None, _) => {}
    }
    let detail = one_line(&alert.detail);
    if !detail.is_empty() {
        add("Detail", detail);
    }
    add("Alert", one_line(alert.id.as_str()));
    facts
}

fn stage_words(stage: &str) -> String {
    if stage == "expired" { stage.to_owned() } else { format!("less than {stage} left") }
}

fn change_facts(change: &ChangeEntry, now: Timestamp) -> Vec<Fact> {
    let (before, after) = (summary::value_words(&change.before), summary::value_words(&change.after));
    vec![
        Fact { label: "Account", value: account_words(&change.account, Some(&change.subscription)) },
        Fact { label: "Changed", value: format!("{}: {before} → {after}", text::name(&change.field)) },
        Fact { label: "Seen", value: moment(change.at, now) },
    ]
}

fn about(alert: &AlertEntry) -> Fact {
    let subject = summary::subject(alert);
    match (&alert.receiver, &alert.account) {
        (Some(_), _) => Fact { label: "Receiver", value: subject },
        (None, Some(account)) => {
            Fact { label: "Account", value: account_words(account, alert.subscription.as_ref()) }
        }
        (None, None) if alert.affected == 1 => {
            Fact { label: "Subscription", value: format!("{subject}, 1 account") }
        }
        (None, None) => {
            Fact { label: "Subscription", value: format!("{subject}, {} accounts", alert.affected) }
        }
    }
}

/// `studio-a (id 123456), subscription main`.
fn account_words(account: &AccountRef, subscription: Option<&SubscriptionName>) -> String {
    let (name, id) = (text::name(&account.name), text::name(account.id.as_str()));
    let account = if name == id { id } else { format!("{name} (id {id})") };
    match subscription {
        Some(subscription) => format!("{account}, subscription {}", text::name(subscription.as_str())),
        None => account,
    }
}

/// The absolute moment beside the relative one.
fn moment(moment: Timestamp, now: Timestamp) -> String {
    format!("{} ({})", time::minute(moment), time::relative(moment, now))
}
