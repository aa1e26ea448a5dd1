//! An open alert: what is wrong, since when, what to do, and the commands that answer it.

use serde::Serialize;

use crate::domain::alert_commands::commands;
use crate::domain::message::AlertEntry;
use crate::domain::summary::Entry;
use crate::domain::text;
use crate::domain::time::{Timestamp, dated, relative, rfc3339};
use crate::notify::advice_for;
use crate::report::AlertReport;

/// What the page shows of one open alert.
#[derive(Serialize)]
pub(super) struct AlertCard {
    severity: &'static str,
    kind: &'static str,
    /// The account, subscription or receiver.
    subject: String,
    /// A key in `advice.jinja`.
    advice: &'static str,
    detail: String,
    since: String,
    opened_at: String,
    acknowledged: Option<String>,
    silenced_until: Option<String>,
    /// `ops-mail 2 times, 3 h ago, delivered`; or why nobody was notified.
    notified: String,
    /// Labels and commands.
    commands: Vec<(&'static str, String)>,
}

impl AlertCard {
    pub(super) fn new(report: &AlertReport, has_receivers: bool, now: Timestamp) -> Self {
        let alert = &report.alert;
        let entry = Entry::Alert(alert);
        // Not what was done already.
        let is_done = |command: &str| {
            (report.acknowledged.is_some() && command.starts_with("minimax-watch ack "))
                || (report.silenced_until.is_some() && command.starts_with("minimax-watch silence "))
        };
        let is_open = |(_, command): &(&str, String)| !is_done(command);
        Self {
            severity: alert.severity.as_str(),
            kind: alert.kind.as_str(),
            subject: subject(alert),
            advice: advice_for(alert, now),
            detail: text::one_line(&alert.detail),
            since: dated(alert.opened_at, now),
            opened_at: rfc3339(alert.opened_at),
            acknowledged: report.acknowledged.as_ref().map(|ack| text::one_line(&ack.reason)),
            silenced_until: report.silenced_until.map(|until| dated(until, now)),
            notified: notified(report, has_receivers, now),
            commands: commands([entry].iter()).into_iter().filter(is_open).collect(),
        }
    }
}

/// Who was notified how often and when.
fn notified(report: &AlertReport, has_receivers: bool, now: Timestamp) -> String {
    let notified = report.notified.iter().map(|last| {
        let times = if last.times == 1 { "once".to_owned() } else { format!("{} times", last.times) };
        let state = last.last_state.map(|state| format!(", {}", state.as_str())).unwrap_or_default();
        format!("{} {times}, {}{state}", text::name(last.receiver.as_str()), relative(last.last_at, now))
    });
    let kept_alive =
        report.kept_alive_at.iter().map(|name| format!("{} is kept informed", text::name(name.as_str())));
    let all: Vec<String> = notified.chain(kept_alive).collect();
    match all.as_slice() {
        [] if has_receivers => "Nobody was notified of it.".to_owned(),
        [] => "No receivers configured: nobody is notified.".to_owned(),
        all => format!("Notified: {}.", all.join("; ")),
    }
}

fn subject(alert: &AlertEntry) -> String {
    match (&alert.account, &alert.subscription, &alert.receiver) {
        (Some(account), ..) => text::name(&account.name),
        (None, _, Some(receiver)) => format!("receiver {}", text::name(receiver.as_str())),
        (None, Some(subscription), None) => {
            format!("subscription {} ({})", text::name(subscription.as_str()), accounts(alert.affected))
        }
        (None, None, None) => String::new(),
    }
}

fn accounts(affected: u32) -> String {
    if affected == 1 { "1 account".to_owned() } else { format!("{affected} accounts") }
}
