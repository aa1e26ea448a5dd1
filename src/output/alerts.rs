//! Alerts, for people: the most severe first, each with the notified receivers and the id for `ack`.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use super::lines::{labelled, pluralize, wrap};
use super::paint::{Paint, severity};
use crate::domain::account::ReceiverName;
use crate::domain::summary::subject;
use crate::domain::text::{self, one_line};
use crate::domain::time::{Timestamp, dated, minute};
use crate::report::{AlertReport, Alerts};
use crate::store::{DeliveryState, LatestNotification};

/// The column in which the text of an alert begins, behind its severity.
const INDENT: usize = 10;

pub(crate) fn render(list: &Alerts, all: bool, paint: Paint) -> String {
    if list.alerts.is_empty() {
        let more = if all {
            "No alerts in that time."
        } else {
            "No open alerts. Earlier ones: `minimax-watch alerts --all`."
        };
        return wrap(more, 0);
    }
    let mut alerts: Vec<&AlertReport> = list.alerts.iter().collect();
    alerts.sort_by_key(|report| {
        (report.alert.resolved_at.is_some(), Reverse(report.alert.severity), Reverse(report.alert.opened_at))
    });
    // Accounts of two subscriptions may have the same name.
    let subscriptions: BTreeSet<_> =
        alerts.iter().filter_map(|report| report.alert.subscription.as_ref()).collect();
    let several = subscriptions.len() > 1;
    let blocks: Vec<String> =
        alerts.iter().map(|report| render_alert(report, several, list.generated_at, paint)).collect();
    let open = alerts.iter().filter(|report| report.alert.resolved_at.is_none()).count();
    let resolved = match alerts.len() - open {
        0 => String::new(),
        count => format!(", {count} resolved"),
    };
    let total = format!("{} open{resolved}.", pluralize(open, "alert"));
    format!("{}\n{}", blocks.join("\n"), wrap(&total, 0))
}

fn render_alert(report: &AlertReport, several: bool, now: Timestamp, paint: Paint) -> String {
    let alert = &report.alert;
    let subscription = alert.subscription.as_ref().filter(|_| several && alert.account.is_some());
    let subscription =
        subscription.map(|name| format!(" of {}", text::name(name.as_str()))).unwrap_or_default();
    let stage = alert.stage.as_ref().map(|stage| format!(", stage {stage}")).unwrap_or_default();
    let affected = if alert.affected > 1 { format!(", {} accounts", alert.affected) } else { String::new() };
    let (label, period) = match alert.resolved_at {
        None => (severity(alert.severity, paint), format!("since {}", dated(alert.opened_at, now))),
        Some(end) => {
            ("RESOLVED".to_owned(), format!("from {} to {}", minute(alert.opened_at), dated(end, now)))
        }
    };
    let head = format!("{}{subscription}: {}{stage}{affected}, {period}", subject(alert), alert.kind);
    let mut text = labelled(&label, INDENT, &head);
    text.push_str(&wrap(&one_line(&alert.detail), INDENT));
    text.push_str(&wrap(&notified(report, now), INDENT));
    if let Some(until) = report.silenced_until {
        text.push_str(&wrap(&format!("Silenced until {}.", dated(until, now)), INDENT));
    }
    if let Some(ack) = &report.acknowledged {
        let reason =
            if ack.reason.is_empty() { String::new() } else { format!(": {}", one_line(&ack.reason)) };
        let words = format!("Acknowledged {}{reason}. No reminders until it escalates.", minute(ack.at));
        text.push_str(&wrap(&words, INDENT));
    }
    text.push_str(&wrap(&format!("id {}", alert.id), INDENT));
    text
}

/// Which receivers have the latest message about an alert, and which have not.
fn notified(report: &AlertReport, now: Timestamp) -> String {
    let notified = &report.notified;
    let one = |(state, notified): (DeliveryState, &LatestNotification)| {
        let (receiver, last) = (text::name(notified.receiver.as_str()), dated(notified.last_at, now));
        match (notified.times, state) {
            (..=1, _) => format!("{receiver} {last}"),
            (times, DeliveryState::Delivered) => format!("{receiver} {times} times, last {last}"),
            (times, _) => format!("{receiver} {last}, the last of {times} messages"),
        }
    };
    let sentence = |(heading, state): (&str, DeliveryState)| {
        // A message that was purged was delivered, or failed long ago.
        let states = notified.iter().map(|one| (one.last_state.unwrap_or(DeliveryState::Delivered), one));
        let receivers: Vec<String> = states.filter(|(of, _)| *of == state).map(one).collect();
        (!receivers.is_empty()).then(|| format!("{heading}: {}.", receivers.join("; ")))
    };
    let sentences: Vec<String> = [
        ("Notified", DeliveryState::Delivered),
        ("Not delivered yet", DeliveryState::Pending),
        ("Failed permanently", DeliveryState::Failed),
    ]
    .into_iter()
    .filter_map(sentence)
    .chain(kept_alive(&report.kept_alive_at))
    .collect();
    if sentences.is_empty() { "No receiver was notified.".to_owned() } else { sentences.join(" ") }
}

/// Where an alert is kept alive rather than sent.
fn kept_alive(receivers: &[ReceiverName]) -> Option<String> {
    let names = text::names(receivers.iter().map(ReceiverName::as_str));
    (!receivers.is_empty()).then(|| format!("Kept alive at {names}."))
}

#[cfg(test)]
mod tests;
