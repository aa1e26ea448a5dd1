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
    /// Its id, which commands name.
    id: String,
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
    /// `ops-mail 2 times, 3 h ago, delivered`
    notified: Vec<String>,
    /// Labels and commands.
    commands: Vec<(&'static str, String)>,
}

impl AlertCard {
    pub(super) fn new(report: &AlertReport, now: Timestamp) -> Self {
        let alert = &report.alert;
        let entry = Entry::Alert(alert);
        let notified = report.notified.iter().map(|last| {
            let times = if last.times == 1 { "once".to_owned() } else { format!("{} times", last.times) };
            let state = last.last_state.map(|state| format!(", {}", state.as_str())).unwrap_or_default();
            let (receiver, last_at) = (text::name(last.receiver.as_str()), relative(last.last_at, now));
            format!("{receiver} {times}, {last_at}{state}")
        });
        Self {
            id: alert.id.to_string(),
            severity: alert.severity.as_str(),
            kind: alert.kind.as_str(),
            subject: subject(alert),
            advice: advice_for(alert, now),
            detail: text::one_line(&alert.detail),
            since: dated(alert.opened_at, now),
            opened_at: rfc3339(alert.opened_at),
            acknowledged: report.acknowledged.as_ref().map(|ack| text::one_line(&ack.reason)),
            silenced_until: report.silenced_until.map(|until| dated(until, now)),
            notified: notified.collect(),
            commands: commands([entry].iter()),
        }
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
