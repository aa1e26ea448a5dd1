//! Alerts, for people: the gravest first, each with who was told of it and the number by which to acknowledge it.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use super::lines::{block, counted, wrapped};
use super::paint::{Paint, severity};
use crate::domain::summary::subject;
use crate::domain::text::{self, one_line};
use crate::domain::time::{Timestamp, minute, relative};
use crate::report::{AlertReport, Alerts, ToldReport};
use crate::store::DeliveryState;

/// What stands before each alert, and how far its lines are moved in.
const LABEL: usize = 10;

pub(super) fn render(list: &Alerts, all: bool, paint: Paint) -> String {
    if list.alerts.is_empty() {
        let more = if all {
            "No alerts in that time."
        } else {
            "No open alerts. Earlier ones: `minimax-watch alerts --all`."
        };
        return wrapped(more, 0);
    }
    let mut alerts: Vec<&AlertReport> = list.alerts.iter().collect();
    alerts.sort_by_key(|report| {
        (report.alert.resolved_at.is_some(), Reverse(report.alert.severity), Reverse(report.alert.opened_at))
    });
    // Two subscriptions may call their accounts by one name.
    let subscriptions: BTreeSet<_> =
        alerts.iter().filter_map(|report| report.alert.subscription.as_ref()).collect();
    let several = subscriptions.len() > 1;
    let blocks: Vec<String> =
        alerts.iter().map(|report| one(report, several, list.generated_at, paint)).collect();
    let fires = alerts.iter().filter(|report| report.alert.resolved_at.is_none()).count();
    let over = alerts.len() - fires;
    let over = if over > 0 { format!(", {over} over") } else { String::new() };
    format!("{}\n{}", blocks.join("\n"), wrapped(&format!("{} open{over}.", counted(fires, "alert")), 0))
}

fn one(report: &AlertReport, several: bool, now: Timestamp, paint: Paint) -> String {
    let alert = &report.alert;
    let whose = alert.subscription.as_ref().filter(|_| several && alert.account.is_some());
    let whose = whose.map(|name| format!(" of {}", text::name(name.as_str()))).unwrap_or_default();
    let stage = alert.stage.as_ref().map(|stage| format!(", stage {stage}")).unwrap_or_default();
    let affected = if alert.affected > 1 { format!(", {} accounts", alert.affected) } else { String::new() };
    let (opened, ago) = (minute(alert.opened_at), relative(alert.opened_at, now));
    let life = match alert.resolved_at {
        None => format!("since {opened} ({ago})"),
        Some(end) => format!("from {opened} to {} ({})", minute(end), relative(end, now)),
    };
    let label =
        if alert.resolved_at.is_some() { "RESOLVED".to_owned() } else { severity(alert.severity, paint) };
    let width = if alert.resolved_at.is_some() { 8 } else { alert.severity.as_str().len() };
    let head = format!("{}{whose}: {}{stage}{affected}, {life}", subject(alert), alert.kind);
    let mut text = block(&label, width, LABEL, &head);
    text.push_str(&wrapped(&one_line(&alert.detail), LABEL));
    text.push_str(&wrapped(&told(&report.told, now), LABEL));
    if let Some(until) = report.silenced_until {
        let words = format!("Silenced until {} ({}).", minute(until), relative(until, now));
        text.push_str(&wrapped(&words, LABEL));
    }
    if let Some(ack) = &report.acknowledged {
        let reason =
            if ack.reason.is_empty() { String::new() } else { format!(": {}", one_line(&ack.reason)) };
        let words = format!("Acknowledged {}{reason}. No reminders until it gets graver.", minute(ack.at));
        text.push_str(&wrapped(&words, LABEL));
    }
    text.push_str(&wrapped(&format!("id {}", alert.id), LABEL));
    text
}

fn told(told: &[ToldReport], now: Timestamp) -> String {
    let one = |told: &ToldReport| {
        let state = match told.last_state {
            Some(DeliveryState::Pending) => ", still waiting",
            Some(DeliveryState::Failed) => ", given up",
            Some(DeliveryState::Delivered) | None => "",
        };
        let last = format!("{} ({}){state}", minute(told.last_at), relative(told.last_at, now));
        if told.times == 1 {
            format!("{} {last}", text::name(told.receiver.as_str()))
        } else {
            format!("{} {} times, last {last}", text::name(told.receiver.as_str()), told.times)
        }
    };
    if told.is_empty() {
        return "Told to nobody.".to_owned();
    }
    format!("Told: {}.", told.iter().map(one).collect::<Vec<_>>().join("; "))
}

#[cfg(test)]
mod tests;
