//! Why an account did or did not alert, for people: from its current state to what comes next.

use std::fmt::Write;

use textwrap::core::display_width;

use super::lines::{account_title, labelled, wrap};
use super::paint::{Paint, bold, severity};
use crate::domain::account::ReceiverName;
use crate::domain::alerts::AlertKind;
use crate::domain::expiry_tracking::ReadState;
use crate::domain::text::{self, one_line, quoted};
use crate::domain::time::{Timestamp, dated, minute, relative};
use crate::report::{
    DecisionKind, ExpiryReport, Explanation, NextReport, ReceiverDecision, RuleReport, SilenceReport,
    StageReport,
};
use crate::store::DeliveryState;

/// The column in which the text behind a label begins.
const INDENT: usize = 23;

pub(crate) fn render(explanation: &Explanation, paint: Paint) -> String {
    let title = account_title(&explanation.account);
    let unwatched = if explanation.watched { "" } else { ", no longer watched" };
    let mut text = wrap(&format!("{title}{unwatched}, as of {}", minute(explanation.generated_at)), 0);
    let mut section = |title: &str, lines: String| {
        let _ = write!(text, "\n{}\n{lines}", bold(title, paint));
    };
    section("CURRENT STATE", state(explanation));
    section("EXPIRY", expiry(explanation));
    section("RULES", explanation.rules.iter().map(|rule| render_rule(rule, paint)).collect());
    section("RECEIVERS", receivers(explanation));
    section("SILENCES", silences(explanation));
    section("NEXT, IF NO CHECK CHANGES ANYTHING", next(explanation));
    text
}

fn line(label: &str, words: &str) -> String {
    let label = format!("  {label}");
    if display_width(&label) < INDENT {
        labelled(&label, INDENT, words)
    } else {
        format!("{label}\n{}", wrap(words, INDENT))
    }
}

fn at(moment: Option<Timestamp>, now: Timestamp) -> String {
    moment.map_or_else(|| "never".to_owned(), |moment| dated(moment, now))
}

fn state(explanation: &Explanation) -> String {
    let (state, now) = (&explanation.state, explanation.generated_at);
    let outcome = state.outcome.map_or_else(|| "none yet".to_owned(), |outcome| outcome.to_string());
    let error = state.error.as_ref().map(|error| format!(": {}", one_line(error))).unwrap_or_default();
    let mut text = line("last check", &format!("{outcome}{error}, {}", at(state.checked_at, now)));
    text.push_str(&line("last ok", &at(state.last_ok_at, now)));
    let (can, cannot): (Vec<_>, Vec<_>) = state.capabilities.iter().partition(|(_, has)| **has);
    let names = |flags: &[(&String, &bool)]| {
        flags.iter().map(|(name, _)| text::name(name)).collect::<Vec<_>>().join(" ")
    };
    let mut facts = vec![format!(
        "maxJobs {}",
        state.max_jobs.map_or_else(|| "unknown".to_owned(), |jobs| jobs.to_string())
    )];
    facts.extend(state.host.as_ref().map(|host| format!("host {}", text::name(host))));
    facts.extend((!can.is_empty()).then(|| format!("can {}", names(&can))));
    facts.extend((!cannot.is_empty()).then(|| format!("cannot {}", names(&cannot))));
    text.push_str(&line("configuration", &facts.join("; ")));
    if let Some(since) = state.unchanged_since {
        text.push_str(&line("unchanged since", &dated(since, now)));
    }
    if let Some(plan) = explanation.plan.as_ref().filter(|plan| plan.active.is_some()) {
        let read = plan.read_at.map(|at| format!("; read {}", relative(at, now))).unwrap_or_default();
        text.push_str(&line("plan", &format!("{}{read}", plan.sentence())));
    }
    if let Some(unassigned) = &explanation.unassigned_jobs {
        let newest = relative(unassigned.newest_at, now);
        text.push_str(&line("other jobs", &format!("{}, the newest {newest}", unassigned.sentence())));
    }
    text
}

fn expiry(explanation: &Explanation) -> String {
    let (expiry, now) = (&explanation.expiry, explanation.generated_at);
    let expires = match expiry.expires_at {
        Some(expires_at) => format!("{}; {}", dated(expires_at, now), expiry.why),
        None => format!("unknown: {}", expiry.why),
    };
    let mut text = line("token expires", &expires);
    // Before the first successful check no member is missing.
    if explanation.state.last_ok_at.is_some() {
        for (name, member) in [("exp_Expire", &expiry.expiries.exp_expire), ("exp", &expiry.expiries.exp)] {
            text.push_str(&line(name, &member_text(member)));
        }
    }
    text.extend(explanation.stages.iter().map(|stage| render_stage(stage, now)));
    text
}

/// `2026-12-01 08:00 UTC`; when it is missing or unreadable, with the last readable value.
fn member_text(expiry: &ExpiryReport) -> String {
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
            format!("{state}; last seen {}, it was {}", minute(seen), minute(at))
        }
    }
}

fn render_stage(stage: &StageReport, now: Timestamp) -> String {
    let notified = stage.notified.iter().map(|notified| {
        let (name, at) = (text::name(notified.receiver.as_str()), minute(notified.at));
        match notified.state {
            Some(DeliveryState::Pending) => format!("{name}: message of {at} not delivered yet"),
            Some(DeliveryState::Failed) => format!("{name}: message of {at} failed permanently"),
            Some(DeliveryState::Delivered) | None => format!("{name} notified {at}"),
        }
    });
    let not_notified =
        stage.not_notified.iter().map(|not| format!("{}: {}", text::name(not.receiver.as_str()), not.why));
    let mut words = vec![dated(stage.at, now) + if stage.reached { ", reached" } else { "" }];
    words.extend(notified.chain(not_notified));
    line(&format!("stage {}", stage.stage), &words.join("; "))
}

fn render_rule(rule: &RuleReport, paint: Paint) -> String {
    let Some(alert) = &rule.alert else {
        return line(rule.kind.as_str(), &format!("no: {}", rule.why));
    };
    let word = alert.severity.as_str().to_uppercase();
    let mut facts = vec![format!("FIRES: {word}")];
    facts.extend(alert.stage.as_ref().map(|stage| format!("stage {stage}")));
    facts.push(format!("since {}", minute(alert.opened_at)));
    let accounts = if alert.affected == 1 { "account" } else { "accounts" };
    facts.extend(alert.shared.then(|| match rule.kind {
        AlertKind::ServicesInError => "for the whole subscription".to_owned(),
        _ => format!("for the whole subscription, {} {accounts}", alert.affected),
    }));
    facts.extend(alert.acknowledged.as_ref().map(|ack| format!("acknowledged {}", minute(ack.at))));
    let id = alert.id.as_ref();
    let id = id.map_or_else(|| "the next evaluation opens it".to_owned(), |id| format!("id {id}"));
    // Coloured after wrapping, since colour codes take no room.
    let mut text = line(rule.kind.as_str(), &facts.join(", "));
    text = text.replacen(&word, &severity(alert.severity, paint), 1);
    text.push_str(&wrap(&format!("{}; {id}", rule.why), INDENT));
    text
}

fn receivers(explanation: &Explanation) -> String {
    let render = |report: &ReceiverDecision| {
        let until = match (report.decision, report.until) {
            (DecisionKind::Silenced | DecisionKind::QuietHours, Some(until)) => {
                format!(" until {}", minute(until))
            }
            _ => String::new(),
        };
        line(&text::name(report.receiver.as_str()), &format!("{}: {}{until}", report.kind, report.why))
    };
    // Each receiver has an entry for each open alert.
    let none = if explanation.rules.iter().any(|rule| rule.fires) {
        "No receivers configured: nobody is notified. See [[receivers]]."
    } else {
        "No open alerts."
    };
    list(&explanation.receivers, none, render)
}

/// One entry for each item, or a sentence when there are none.
fn list<T>(items: &[T], none: &str, render: impl Fn(&T) -> String) -> String {
    if items.is_empty() { wrap(none, 2) } else { items.iter().map(render).collect() }
}

fn silences(explanation: &Explanation) -> String {
    let render = |silence: &SilenceReport| {
        let critical = if silence.even_critical { ", even critical" } else { "" };
        let (until, reason) = (dated(silence.until, explanation.generated_at), one_line(&silence.reason));
        let matcher = &silence.matcher;
        line(&format!("silence {}", silence.id), &format!("{matcher}{critical}, until {until}: {reason}"))
    };
    list(&explanation.silences, "No silence matches this account.", render)
}

fn next(explanation: &Explanation) -> String {
    let now = explanation.generated_at;
    let same = |a: &NextReport, b: &NextReport| (a.at, &a.what) == (b.at, &b.what);
    let render = |same: &[NextReport]| {
        let Some(first) = same.first() else { return String::new() };
        let receivers =
            text::names(same.iter().filter_map(|next| next.receiver.as_ref()).map(ReceiverName::as_str));
        let to = if receivers.is_empty() { String::new() } else { format!(" to {receivers}") };
        let label = first.at.format("%Y-%m-%d %H:%M").to_string();
        line(&label, &format!("{}: {}{to}", relative(first.at, now), one_line(&first.what)))
    };
    let mut text: String = explanation.next.chunk_by(same).map(render).collect();
    if explanation.next.is_empty() {
        return "  Nothing within a month.\n".to_owned();
    }
    let is_any_sent = explanation.next.iter().any(|next| next.receiver.is_some());
    text.push_str(&wrap(
        if is_any_sent {
            "Times in UTC. The service sends messages on time; without the service they are sent by the next `check`."
        } else {
            "Times in UTC."
        },
        2,
    ));
    text
}

#[cfg(test)]
mod tests;
