//! Why an account did or did not alert, for people: as a colleague would tell it, from what is known to what comes next.

use std::fmt::Write;

use super::lines::{block, wrapped};
use super::paint::{Paint, bold, severity};
use crate::domain::account::ReceiverName;
use crate::domain::expiry_tracking::ReadState;
use crate::domain::text::{self, one_line, quoted};
use crate::domain::time::{Timestamp, minute, relative};
use crate::report::{ExpiryReport, Explanation, NextReport, RuleReport, RungReport, WordReport, WordResult};
use crate::store::DeliveryState;

/// How far what is said under a heading is moved in.
const LABEL: usize = 23;

pub(super) fn render(explanation: &Explanation, paint: Paint) -> String {
    let Explanation { generated_at: now, subscription, id, name, watched, .. } = explanation;
    let (name, id) = (text::name(name), text::name(id.as_str()));
    let subscription = text::name(subscription.as_str());
    let named = if name == id { name } else { format!("{name} ({id})") };
    let gone = if *watched { "" } else { ", watched no more" };
    let mut text = wrapped(&format!("{named} of {subscription}{gone}, as of {}", minute(*now)), 0);
    let mut part = |title: &str, lines: String| {
        let _ = write!(text, "\n{}\n{lines}", bold(title, paint));
    };
    part("KNOWN", known(explanation));
    part("EXPIRY CLOCK", clock(explanation));
    part("RULES", explanation.rules.iter().map(|rule| one_rule(rule, paint)).collect());
    part("RECEIVERS", receivers(explanation));
    part("SILENCES", silences(explanation));
    part("NEXT, IF NOTHING BUT TIME PASSES", next(explanation));
    text
}

fn line(label: &str, words: &str) -> String {
    let label = format!("  {label}");
    if label.chars().count() < LABEL {
        block(&label, label.chars().count(), LABEL, words)
    } else {
        format!("{label}\n{}", wrapped(words, LABEL))
    }
}

fn at(moment: Option<Timestamp>, now: Timestamp) -> String {
    moment.map_or_else(
        || "never".to_owned(),
        |moment| format!("{} ({})", minute(moment), relative(moment, now)),
    )
}

fn known(explanation: &Explanation) -> String {
    let (known, now) = (&explanation.known, explanation.generated_at);
    let outcome = known.outcome.map_or_else(|| "none yet".to_owned(), |outcome| outcome.to_string());
    let error = known.error.as_ref().map(|error| format!(": {}", one_line(error))).unwrap_or_default();
    let mut text = line("last look", &format!("{outcome}{error}, {}", at(known.checked_at, now)));
    text.push_str(&line("last ok", &at(known.last_ok_at, now)));
    let (can, cannot): (Vec<_>, Vec<_>) = known.capabilities.iter().partition(|(_, has)| **has);
    let names = |flags: &[(&String, &bool)]| {
        flags.iter().map(|(name, _)| text::name(name)).collect::<Vec<_>>().join(" ")
    };
    let mut facts = vec![format!(
        "maxJobs {}",
        known.max_jobs.map_or_else(|| "unknown".to_owned(), |jobs| jobs.to_string())
    )];
    facts.extend(known.host.as_ref().map(|host| format!("host {}", text::name(host))));
    facts.extend((!can.is_empty()).then(|| format!("can {}", names(&can))));
    facts.extend((!cannot.is_empty()).then(|| format!("cannot {}", names(&cannot))));
    text.push_str(&line("configuration", &facts.join("; ")));
    if let Some(since) = known.unchanged_since {
        text.push_str(&line("unchanged since", &at(Some(since), now)));
    }
    text
}

fn clock(explanation: &Explanation) -> String {
    let (end, now) = (&explanation.end, explanation.generated_at);
    let mut text = match end.expires_at {
        Some(expires_at) => line("token ends", &format!("{}; {}", at(Some(expires_at), now), end.why)),
        None => line("token ends", &format!("unknown: {}", end.why)),
    };
    for (name, expiry) in [("exp_Expire", &end.expiries.exp_expire), ("exp", &end.expiries.exp)] {
        text.push_str(&line(name, &one_expiry(expiry)));
    }
    text.extend(explanation.rungs.iter().map(|rung| one_rung(rung, now)));
    text
}

/// `2026-12-01 08:00 UTC`; with what the last healthy check found in its place.
fn one_expiry(expiry: &ExpiryReport) -> String {
    let state = match (expiry.state, &expiry.text) {
        (ReadState::Read, _) => None,
        (ReadState::Missing, _) => Some("missing".to_owned()),
        (ReadState::Unreadable, Some(text)) => Some(format!("unreadable: {}", quoted(text))),
        (ReadState::Unreadable, None) => Some("unreadable".to_owned()),
    };
    match (state, expiry.at.zip(expiry.seen_at)) {
        (None, Some((at, _))) => minute(at),
        (None, None) => "missing".to_owned(),
        (Some(state), None) => state,
        (Some(state), Some((at, seen))) => {
            format!("{state}; last seen {}, when it was {}", minute(seen), minute(at))
        }
    }
}

fn one_rung(rung: &RungReport, now: Timestamp) -> String {
    let told = rung.told.iter().map(|told| {
        let state = match told.state {
            Some(DeliveryState::Pending) => ", still waiting",
            Some(DeliveryState::Failed) => ", given up",
            Some(DeliveryState::Delivered) | None => "",
        };
        format!("{} told {}{state}", text::name(told.receiver.as_str()), minute(told.at))
    });
    let not_told =
        rung.not_told.iter().map(|not| format!("{}: {}", text::name(not.receiver.as_str()), not.why));
    let mut words =
        vec![format!("{}{}", at(Some(rung.at), now), if rung.reached { ", reached" } else { "" })];
    words.extend(told.chain(not_told));
    line(&format!("rung {}", rung.stage), &words.join("; "))
}

fn one_rule(rule: &RuleReport, paint: Paint) -> String {
    let Some(alert) = &rule.alert else {
        return line(rule.kind.as_str(), &format!("no: {}", rule.why));
    };
    let word = alert.severity.as_str().to_uppercase();
    let mut facts = vec![format!("FIRES: {word}")];
    facts.extend(alert.stage.as_ref().map(|stage| format!("stage {stage}")));
    facts.push(format!("since {}", minute(alert.opened_at)));
    facts.extend(alert.shared.then(|| format!("for the whole subscription, {} accounts", alert.affected)));
    facts.extend(alert.acknowledged.as_ref().map(|ack| format!("acknowledged {}", minute(ack.at))));
    let id = alert.id.as_ref();
    let id = id.map_or_else(|| "begins with the next announcing".to_owned(), |id| format!("id {id}"));
    // Coloured after it was broken into lines: what colours is not seen, and must not count.
    let mut text = line(rule.kind.as_str(), &facts.join(", "));
    text = text.replacen(&word, &severity(alert.severity, paint), 1);
    text.push_str(&wrapped(&format!("{}; {id}", rule.why), LABEL));
    text
}

fn receivers(explanation: &Explanation) -> String {
    if explanation.receivers.is_empty() {
        return "  Nothing is open that anybody could be told of.\n".to_owned();
    }
    let one = |word: &WordReport| {
        let until = match (word.result, word.until) {
            (WordResult::Silenced, Some(until)) => format!(" until {}", minute(until)),
            _ => String::new(),
        };
        line(&text::name(word.receiver.as_str()), &format!("{}: {}{until}", word.kind, word.why))
    };
    explanation.receivers.iter().map(one).collect()
}

fn silences(explanation: &Explanation) -> String {
    if explanation.silences.is_empty() {
        return "  None means this account.\n".to_owned();
    }
    let one = |silence: &crate::report::SilenceReport| {
        let critical = if silence.even_critical { ", even critical" } else { "" };
        let words = format!(
            "until {} ({}){critical}: {}",
            minute(silence.until),
            relative(silence.until, explanation.generated_at),
            one_line(&silence.reason)
        );
        line(&format!("silence {}", silence.id), &words)
    };
    explanation.silences.iter().map(one).collect()
}

fn next(explanation: &Explanation) -> String {
    let now = explanation.generated_at;
    let same = |a: &NextReport, b: &NextReport| (a.at, &a.what) == (b.at, &b.what);
    let one = |same: &[NextReport]| {
        let Some(first) = same.first() else { return String::new() };
        let told =
            text::names(same.iter().filter_map(|next| next.receiver.as_ref()).map(ReceiverName::as_str));
        let to = if told.is_empty() { String::new() } else { format!(" to {told}") };
        let label = first.at.format("%Y-%m-%d %H:%M").to_string();
        line(&label, &format!("{}: {}{to}", relative(first.at, now), one_line(&first.what)))
    };
    let mut text: String = explanation.next.chunk_by(same).map(one).collect();
    if explanation.next.is_empty() {
        text.push_str("  Nothing within a month.\n");
    }
    text.push_str(&wrapped(
        "Times in UTC. The service tells in the second; one-shot runs with the next `check`.",
        2,
    ));
    text
}

#[cfg(test)]
mod tests;
