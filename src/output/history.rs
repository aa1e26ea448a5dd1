//! One account over time, its configuration and its jobs, for people.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde_json::Value;

use super::lines::{account_title, pluralize, wrap};
use crate::domain::summary::value_words;
use crate::domain::text;
use crate::domain::time::{Timestamp, minute, relative};
use crate::report::{
    Certainty, ConfigurationAt, ConfigurationState, Diff, Difference, History, SnapshotReport,
};

/// The column in which members begin.
const INDENT: usize = 2;

/// Days with credits or jobs that are shown.
const MAX_DAYS: usize = 31;

pub(crate) fn history(history: &History) -> String {
    let mut text = configurations(history);
    let credits = history.credits.iter().map(|day| (day.day, day.sentence()));
    text.push_str(&days("Credits", credits.collect()));
    let jobs = history.jobs.iter().map(|day| (day.day, day.sentence()));
    text.push_str(&days("Jobs by status code", jobs.collect()));
    text
}

/// What is known of each day, the newest [`MAX_DAYS`] of them.
fn days(title: &str, mut lines: Vec<(NaiveDate, String)>) -> String {
    if lines.is_empty() {
        return String::new();
    }
    let earlier = lines.len().saturating_sub(MAX_DAYS);
    let more = match earlier {
        0 => String::new(),
        days => format!("; {} in `--json`", pluralize(days, "earlier day")),
    };
    let lines = lines.split_off(earlier);
    let head = wrap(&format!("{title}, by day (UTC){more}"), 0);
    let lines: String = lines.iter().map(|(day, words)| wrap(&format!("{day}: {words}"), INDENT)).collect();
    format!("\n{head}{lines}")
}

fn configurations(history: &History) -> String {
    let title = account_title(&history.account);
    if history.snapshots.is_empty() {
        let nothing = match history.since {
            None => "no configuration is stored yet".to_owned(),
            Some(since) => format!("no configuration was seen since {}", minute(since)),
        };
        let words =
            format!("{title}: {nothing}. `minimax-watch explain` shows the result of the last check.");
        return wrap(&words, 0);
    }
    let mut text = wrap(&format!("{title}, oldest first, times in UTC"), 0);
    for snapshot in &history.snapshots {
        text.push('\n');
        text.push_str(&render_snapshot(snapshot, history.generated_at));
    }
    let seen = pluralize(history.snapshots.len(), "configuration");
    text + "\n"
        + &wrap(
            &format!(
                "{seen}. To see one in full, give a time after it was first seen: `minimax-watch history ACCOUNT --at TIME`."
            ),
            0,
        )
}

fn render_snapshot(snapshot: &SnapshotReport, now: Timestamp) -> String {
    let SnapshotReport { first_seen_at, last_seen_at, checks, .. } = snapshot;
    let [first, last] = [first_seen_at, last_seen_at].map(|moment| moment.format("%Y-%m-%d %H:%M"));
    let times = if *checks == 1 { "once".to_owned() } else { format!("{checks} times") };
    let ago = relative(*last_seen_at, now);
    let mut text = wrap(&format!("{first} to {last}, seen {times}, last {ago}"), 0);
    match &snapshot.differences {
        Some(differences) => text.push_str(&changed(differences)),
        None => text.push_str(&wrap(&members(&snapshot.configuration).join("; "), INDENT)),
    }
    text
}

fn members(configuration: &BTreeMap<String, Value>) -> Vec<String> {
    configuration.iter().map(|(name, value)| format!("{} {}", text::name(name), value_words(value))).collect()
}

fn changed(differences: &[Difference]) -> String {
    let one = |difference: &Difference| {
        let Difference { field, before, after, kind, severity } = difference;
        let change = kind.zip(*severity);
        let change = change.map_or_else(String::new, |(kind, severity)| format!(" ({kind}, {severity})"));
        let (field, before, after) = (text::name(field), value_words(before), value_words(after));
        wrap(&format!("{field}: {before} → {after}{change}"), INDENT)
    };
    differences.iter().map(one).collect()
}

pub(crate) fn configuration_at(answer: &ConfigurationAt) -> String {
    let mut text = wrap(&format!("{}: {}", account_title(&answer.account), certainty_text(&answer.state)), 0);
    if let Some(configuration) = &answer.state.configuration {
        text.push('\n');
        text.extend(members(configuration).iter().map(|member| wrap(member, INDENT)));
        if let Some(end) = answer.state.expires_at {
            text.push_str(&wrap(&format!("the expiry that counted: {}", minute(end)), INDENT));
        }
    }
    text
}

/// How well the configuration is known, in words.
fn certainty_text(state: &ConfigurationState) -> String {
    let at = minute(state.at);
    let [first, last, next] = [state.first_seen_at, state.last_seen_at, state.next_seen_at]
        .map(|moment| moment.map_or_else(|| "never".to_owned(), minute));
    match state.certainty {
        Certainty::Seen => format!("at {at} as below; unchanged from {first} to {last}"),
        Certainty::Between => format!(
            "at {at} as below, or already changed: last seen {last}, the next configuration was first seen {next}"
        ),
        Certainty::NotSeenSince => {
            format!("last seen {last} as below; no successful check since, up to {at}")
        }
        Certainty::Unknown if state.next_seen_at.is_none() => "no configuration is stored".to_owned(),
        Certainty::Unknown => {
            format!("no configuration from {at} or before is stored; the first one was seen {next}")
        }
    }
}

pub(crate) fn diff(diff: &Diff) -> String {
    let mut text = wrap(&account_title(&diff.account), 0);
    for (word, point) in [("from", &diff.from), ("to", &diff.to)] {
        text.push_str(&wrap(&format!("{word}: {}", certainty_text(point).replace(" as below", "")), INDENT));
    }
    text.push('\n');
    match &diff.differences {
        None => text.push_str(&wrap("Nothing to compare.", 0)),
        Some(differences) if differences.is_empty() => text.push_str("No differences.\n"),
        Some(differences) => text.push_str(&changed(differences)),
    }
    text
}

#[cfg(test)]
mod tests;
