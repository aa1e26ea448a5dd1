//! One account's configuration over time, for people.

use std::collections::BTreeMap;

use serde_json::Value;

use super::lines::{counted, wrapped};
use crate::domain::summary::value_words;
use crate::domain::text;
use crate::domain::time::{Timestamp, minute, relative};
use crate::report::{
    Certainty, ConfigurationAt, Diff, Difference, History, SnapshotReport, Standpoint, Whose,
};

/// How far members are moved in.
const INDENT: usize = 2;

pub(super) fn history(history: &History) -> String {
    let named = named(&history.account);
    if history.snapshots.is_empty() {
        let words = format!(
            "{named}: no configuration was seen in that time. \
             `minimax-watch explain` says what the last look met."
        );
        return wrapped(&words, 0);
    }
    let mut text = wrapped(&format!("{named}, oldest first, times in UTC"), 0);
    for snapshot in &history.snapshots {
        text.push('\n');
        text.push_str(&one(snapshot, history.generated_at));
    }
    let seen = counted(history.snapshots.len(), "configuration");
    text.push('\n');
    text.push_str(&wrapped(&format!("{seen}. All of one: `minimax-watch history ACCOUNT --at TIME`."), 0));
    text
}

fn one(snapshot: &SnapshotReport, now: Timestamp) -> String {
    let SnapshotReport { first_seen_at, last_seen_at, checks, .. } = snapshot;
    let at = |moment: &Timestamp| moment.format("%Y-%m-%d %H:%M").to_string();
    let times = if *checks == 1 { "once".to_owned() } else { format!("{checks} times") };
    let head = format!(
        "{} to {}, seen {times}, last {}",
        at(first_seen_at),
        at(last_seen_at),
        relative(*last_seen_at, now)
    );
    let mut text = wrapped(&head, 0);
    match &snapshot.differences {
        Some(differences) => text.push_str(&changed(differences)),
        None => text.push_str(&wrapped(&members(&snapshot.configuration).join("; "), INDENT)),
    }
    text
}

fn members(configuration: &BTreeMap<String, Value>) -> Vec<String> {
    configuration.iter().map(|(name, value)| format!("{} {}", text::name(name), value_words(value))).collect()
}

fn changed(differences: &[Difference]) -> String {
    let one = |difference: &Difference| {
        let Difference { field, before, after, kind, severity } = difference;
        let told = kind.zip(*severity);
        let told =
            told.map_or_else(String::new, |(kind, severity)| format!(" ({kind}, {})", severity.as_str()));
        let words = format!("{}: {} → {}{told}", text::name(field), value_words(before), value_words(after));
        wrapped(&words, INDENT)
    };
    differences.iter().map(one).collect()
}

pub(super) fn configuration_at(answer: &ConfigurationAt) -> String {
    let mut text = wrapped(&format!("{}: {}", named(&answer.account), stood(&answer.stood)), 0);
    if let Some(configuration) = &answer.stood.configuration {
        text.push('\n');
        text.extend(members(configuration).iter().map(|member| wrapped(member, INDENT)));
        if let Some(end) = answer.stood.expires_at {
            text.push_str(&wrapped(&format!("the end that counts: {}", minute(end)), INDENT));
        }
    }
    text
}

/// How well it is known, in words.
fn stood(stood: &Standpoint) -> String {
    let at = minute(stood.at);
    let moment = |moment: Option<Timestamp>| moment.map_or_else(|| "never".to_owned(), minute);
    let (first, last, next) =
        (moment(stood.first_seen_at), moment(stood.last_seen_at), moment(stood.next_seen_at));
    match stood.certainty {
        Certainty::Seen => format!("at {at} as below; seen so from {first} to {last}"),
        Certainty::Between => format!(
            "at {at} as below, or already changed: last seen so {last}, the next configuration first {next}"
        ),
        Certainty::NotSeenSince => format!("last seen {last} as below; no healthy look since, up to {at}"),
        Certainty::Unknown => {
            format!("nothing was known at {at}; the first configuration that is remembered was seen {next}")
        }
    }
}

pub(super) fn diff(diff: &Diff) -> String {
    let mut text = wrapped(&named(&diff.account), 0);
    for (word, point) in [("from", &diff.from), ("to", &diff.to)] {
        text.push_str(&wrapped(&format!("{word}: {}", stood(point).replace(" as below", "")), INDENT));
    }
    text.push('\n');
    match &diff.differences {
        None => text.push_str(&wrapped("So there is nothing to compare.", 0)),
        Some(differences) if differences.is_empty() => text.push_str("Nothing differs.\n"),
        Some(differences) => text.push_str(&changed(differences)),
    }
    text
}

fn named(account: &Whose) -> String {
    let (name, id) = (text::name(&account.name), text::name(account.id.as_str()));
    let named = if name == id { name } else { format!("{name} ({id})") };
    format!("{named} of {}", text::name(account.subscription.as_str()))
}

#[cfg(test)]
mod tests;
