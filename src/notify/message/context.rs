//! The data of a message for people, as templates lay it out: headline, overview, and sections that share one piece of advice.
//!
//! Guarantees: every text is on one line and not escaped for any markup; the most severe comes first.
//! Leaves sentences and advice to the templates, and one-line texts to `domain::summary`.

use serde::Serialize;

use super::digest::{DigestSection, digest_sections};
use super::times::Times;
use crate::domain::account::{AccountRef, SubscriptionName};
use crate::domain::alert_commands::commands;
use crate::domain::alerts::{AlertKind, Severity};
use crate::domain::message::{AlertEntry, ChangeEntry, Message, MessageType, Reason, Status};
use crate::domain::summary::{self, Counts, Entry};
use crate::domain::text::{self, one_line, shortened};
use crate::domain::time::{Timestamp, in_words};
use crate::domain::time_zone::TimeZone;

/// Longer subjects are cut, after several times what a screen shows.
pub(in crate::notify) const MAX_SUBJECT: usize = 156;

/// Lines of the overview at the head of a message; the sections hold the rest.
const MAX_OVERVIEW: usize = 12;

/// How urgent a message is; printed as the word in the subject's brackets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::Display)]
#[strum(serialize_all = "UPPERCASE")]
pub(in crate::notify) enum Tone {
    /// From `notify test`.
    Test,
    /// A digest: it reports, and asks for nothing.
    Digest,
    /// Nothing fires.
    Resolved,
    Info,
    Warning,
    Critical,
}

/// Labels and values.
type Facts = Vec<(&'static str, String)>;

/// What the templates read.
#[derive(Serialize)]
pub(in crate::notify) struct MessageContext {
    pub(in crate::notify) subject: String,
    tag: String,
    headline: String,
    counts: String,
    is_test: bool,
    #[serde(skip)]
    pub(in crate::notify) tone: Tone,
    /// Tags and lines; empty when the headline says it all.
    overview: Vec<(String, String)>,
    /// How many entries the overview leaves out.
    unlisted: usize,
    sections: Vec<Section>,
    /// The sections of a digest; empty in every other message.
    digest: Vec<DigestSection>,
    /// How many entries the message leaves out.
    truncated: usize,
    /// How many entries are suppressed by silences.
    silenced: usize,
    receiver: String,
    sent: String,
    /// A sentence before everything else; usually empty.
    pub(in crate::notify) note: String,
}

/// The entries that share one piece of advice.
#[derive(Serialize)]
struct Section {
    /// A key in `advice.jinja`.
    kind: &'static str,
    entries: Vec<SectionEntry>,
    /// Labels and commands, ready to paste.
    commands: Vec<(&'static str, String)>,
}

#[derive(Serialize)]
struct SectionEntry {
    tag: String,
    line: String,
    facts: Facts,
}

impl MessageContext {
    /// The data of `message` for people in `zone`.
    pub(in crate::notify) fn new(message: &Message, zone: &TimeZone) -> Self {
        let (data, now) = (&message.data, message.timestamp);
        let times = Times::new(zone, now);
        let entries = summary::ranked(&data.alerts, &data.changes);
        let headline = match entries.as_slice() {
            [] => summary_text(message),
            [first, ..] => headline(first, times),
        };
        let tag = tone(message).to_string();
        let only_reminds =
            entries.iter().any(is_reminder) && entries.iter().all(|e| e.is_resolved() || is_reminder(e));
        let listed = if entries.len() > 1 { entries.as_slice() } else { &[] };
        Self {
            subject: subject(message),
            tone: tone(message),
            tag: if only_reminds { format!("STILL {tag}") } else { tag },
            headline,
            counts: match (Counts::new(&data.alerts, &data.changes), data.truncated) {
                (counts, 0) => counts.to_string(),
                (counts, truncated) => format!("{counts}, {truncated} more"),
            },
            is_test: message.kind == MessageType::Test,
            overview: listed.iter().take(MAX_OVERVIEW).map(|e| (entry_tag(e), e.line(now))).collect(),
            unlisted: listed.len().saturating_sub(MAX_OVERVIEW),
            sections: sections(&entries, times),
            digest: data.digest.as_ref().map(|digest| digest_sections(digest, times)).unwrap_or_default(),
            // Each section of a digest says how many it leaves out.
            truncated: if data.digest.is_some() { 0 } else { data.truncated },
            silenced: data.silenced,
            receiver: text::name(data.receiver.as_str()),
            sent: times.minute(now),
            note: String::new(),
        }
    }
}

/// `[CRITICAL] studio-a: token expired (and 2 alerts, 1 change)`: the cause comes first, since a locked phone shows little more.
fn subject(message: &Message) -> String {
    let (data, now) = (&message.data, message.timestamp);
    let topic = match summary::ranked(&data.alerts, &data.changes).as_slice() {
        [] => summary_text(message),
        [only] if is_reminder(only) => format!("{} (reminder)", only.topic(now)),
        [only] => only.topic(now),
        [first, others @ ..] => {
            let others = match data.truncated {
                0 => Counts::new(&data.alerts, &data.changes).without(first).to_string(),
                truncated => format!("{} more", others.len() + truncated),
            };
            format!("{} (and {others})", first.topic(now))
        }
    };
    shortened(&format!("[{}] {topic}", tone(message)), MAX_SUBJECT)
}

/// For a message without entries.
fn summary_text(message: &Message) -> String {
    match (message.kind, &message.data.digest) {
        (MessageType::Test, _) => {
            format!("minimax-watch reaches {}", text::name(message.data.receiver.as_str()))
        }
        (MessageType::Digest, Some(digest)) => summary::digest_topic(&digest.totals),
        _ => one_line(&message.data.summary),
    }
}

fn tone(message: &Message) -> Tone {
    match message.kind {
        MessageType::Test => Tone::Test,
        MessageType::Digest => Tone::Digest,
        MessageType::Resolved => Tone::Resolved,
        MessageType::Firing | MessageType::Changed => match severity(message) {
            Severity::Critical => Tone::Critical,
            Severity::Warning => Tone::Warning,
            Severity::Info => Tone::Info,
        },
    }
}

/// The most severe of what is true now: resolved alerts do not count.
fn severity(message: &Message) -> Severity {
    let firing = message.data.alerts.iter().filter(|alert| alert.status == Status::Firing);
    let changes = message.data.changes.iter().map(|change| change.severity);
    firing.map(|alert| alert.severity).chain(changes).max().unwrap_or(message.data.severity)
}

fn severity_tag(severity: Severity) -> String {
    severity.as_str().to_ascii_uppercase()
}

fn entry_tag(entry: &Entry<'_>) -> String {
    if entry.is_resolved() { "RESOLVED".to_owned() } else { severity_tag(entry.severity()) }
}

fn is_reminder(entry: &Entry<'_>) -> bool {
    matches!(entry, Entry::Alert(alert) if alert.reason == Some(Reason::Repeated))
}

/// The entry's line, with the time since when it fires or for how long it did.
fn headline(entry: &Entry<'_>, times: Times<'_>) -> String {
    let now = times.now;
    let line = entry.line(now);
    match entry {
        Entry::Change(change) => format!("{line}, seen {}", times.dated(change.at)),
        Entry::Alert(alert) => match (alert.resolved_at, alert.kind, alert.expires_at) {
            (Some(_), _, _) if alert.no_longer_watched => line,
            (Some(resolved), _, _) => {
                format!("{line} (alert lasted {})", in_words(resolved - alert.opened_at))
            }
            (None, AlertKind::Expiry, Some(expiry)) if expiry <= now => {
                format!("{} {}", entry.topic(now), times.dated(expiry))
            }
            (None, AlertKind::Expiry, _) => line,
            (None, _, _) => format!("{line}, firing since {}", times.dated(alert.opened_at)),
        },
    }
}

/// Sections in the order of their most severe entry.
fn sections(entries: &[Entry<'_>], times: Times<'_>) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    for entry in entries {
        let kind = advice(entry, times.now);
        let facts = match entry {
            Entry::Alert(alert) => alert_facts(alert, times),
            Entry::Change(change) => change_facts(change, times),
        };
        let entry = SectionEntry { tag: entry_tag(entry), line: entry.line(times.now), facts };
        match sections.iter_mut().find(|section| section.kind == kind) {
            Some(section) => section.entries.push(entry),
            None => sections.push(Section { kind, entries: vec![entry], commands: Vec::new() }),
        }
    }
    for section in &mut sections {
        let entries = entries.iter().filter(|entry| advice(entry, times.now) == section.kind);
        section.commands = commands(entries);
    }
    sections
}

/// The key in `advice.jinja` of the advice about `alert`.
pub fn advice_for(alert: &AlertEntry, now: Timestamp) -> &'static str {
    advice(&Entry::Alert(alert), now)
}

/// The key of the advice in `advice.jinja`. All resolved alerts share one.
fn advice(entry: &Entry<'_>, now: Timestamp) -> &'static str {
    match entry {
        Entry::Change(change) => change.kind.as_str(),
        Entry::Alert(alert) if alert.no_longer_watched => "no_longer_watched",
        Entry::Alert(alert) if alert.status == Status::Resolved => "resolved",
        Entry::Alert(alert) => match alert.kind {
            AlertKind::Expiry if alert.expires_at.is_some_and(|expiry| expiry <= now) => "expired",
            AlertKind::Unauthorized if alert.account.is_some() => "unauthorized_account",
            kind => kind.as_str(),
        },
    }
}

fn alert_facts(alert: &AlertEntry, times: Times<'_>) -> Facts {
    let now = times.now;
    let mut facts = vec![subject_fact(alert)];
    let mut add = |label, value| facts.push((label, value));
    if let Some(expiry) = alert.expires_at {
        add(if expiry > now { "Token expires" } else { "Token expired" }, times.dated(expiry));
    }
    let opened = alert.opened_at;
    match alert.resolved_at {
        Some(resolved) => {
            let label = if alert.no_longer_watched { "Watched" } else { "Lasted" };
            let (from, to) = (times.minute(opened), times.minute(resolved));
            add(label, format!("{}: {from} to {to}", in_words(resolved - opened)));
        }
        None => add("Firing since", times.dated(opened)),
    }
    match alert.reason {
        Some(Reason::Opened) => add("Why now", "first message about this alert".to_owned()),
        Some(Reason::Escalated) => add("Why now", escalation(alert.stage.as_deref())),
        Some(Reason::Repeated) => add("Why now", "reminder: the alert is still firing".to_owned()),
        Some(Reason::Resolved) | None => {}
    }
    let detail = one_line(&alert.detail);
    if !detail.is_empty() {
        add("Detail", detail);
    }
    add("Alert", one_line(alert.id.as_str()));
    facts
}

fn escalation(stage: Option<&str>) -> String {
    match stage {
        None => "escalated".to_owned(),
        Some("expired") => "escalated: expired".to_owned(),
        Some(stage) => format!("escalated: less than {stage} left"),
    }
}

fn change_facts(change: &ChangeEntry, times: Times<'_>) -> Facts {
    let (before, after) = (summary::value_words(&change.before), summary::value_words(&change.after));
    vec![
        ("Account", account(&change.account, Some(&change.subscription))),
        ("Changed", format!("{}: {before} → {after}", text::name(&change.field))),
        ("Seen", times.dated(change.at)),
    ]
}

fn subject_fact(alert: &AlertEntry) -> (&'static str, String) {
    let subject = summary::subject(alert);
    match (&alert.receiver, &alert.account) {
        (Some(_), _) => ("Receiver", subject),
        (None, Some(named)) => ("Account", account(named, alert.subscription.as_ref())),
        (None, None) => {
            let plural = if alert.affected == 1 { "" } else { "s" };
            ("Subscription", format!("{subject}, {} account{plural}", alert.affected))
        }
    }
}

/// `studio-a (id 123456), subscription main`.
fn account(account: &AccountRef, subscription: Option<&SubscriptionName>) -> String {
    let (name, id) = (text::name(&account.name), text::name(account.id.as_str()));
    let account = if name == id { id } else { format!("{name} (id {id})") };
    match subscription {
        Some(subscription) => format!("{account}, subscription {}", text::name(subscription.as_str())),
        None => account,
    }
}
