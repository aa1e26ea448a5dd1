//! `ack`: stops the reminders of alerts. A running service applies it at the next reminder.

use std::fmt::Write;

use crate::cli::{AckArgs, GlobalOptions};
use crate::domain::message::AlertEntry;
use crate::domain::summary::subject;
use crate::domain::text::{one_line, quoted};
use crate::domain::time::minute;
use crate::report::Alerts;
use crate::setup::Session;
use crate::{output, store};

use super::names::unknown;

/// Shorter parts of an id are refused: a typing error could match an alert by chance.
const MIN_ID_PART: usize = 4;

pub(super) async fn run(global: &GlobalOptions, options: &AckArgs) -> anyhow::Result<()> {
    let Session { config, store, now } = Session::open(global).await?;
    let open = Alerts::load(&store, &config, None, now).await?;
    let open: Vec<&AlertEntry> = open.alerts.iter().map(|report| &report.alert).collect();
    let chosen = options.alerts.iter().map(|typed| find(typed, &open)).collect::<anyhow::Result<Vec<_>>>()?;
    // Waits while the service writes.
    let mut writer = store.write().await?;
    let ack = store::Ack { at: now, reason: one_line(&options.reason) };
    let before = writer.acks().await?;
    let mut text = String::new();
    for alert in &chosen {
        let about = format!("{} of {}", alert.kind, subject(alert));
        match (options.undo, before.get(&alert.id)) {
            (false, None) => {
                writer.ack(&alert.id, &ack).await?;
                writeln!(text, "{about}: acknowledged; no reminders until it escalates or resolves")?;
            }
            (false, Some(earlier)) => {
                writeln!(text, "{about}: already acknowledged, {}", minute(earlier.at))?;
            }
            (true, Some(_)) => {
                writer.remove_ack(&alert.id).await?;
                writeln!(text, "{about}: no longer acknowledged; reminders are sent again")?;
            }
            (true, None) => writeln!(text, "{about}: was not acknowledged")?,
        }
    }
    writer.commit().await?;
    let mut answer = Alerts::load(&store, &config, None, now).await?;
    answer.alerts.retain(|report| chosen.iter().any(|alert| alert.id == report.alert.id));
    store.close().await;
    output::answer(&answer, global.json, |_| text)
}

/// The one open alert that is about `typed` or whose id begins or ends with it.
fn find<'a>(typed: &str, open: &[&'a AlertEntry]) -> anyhow::Result<&'a AlertEntry> {
    let mut found: Vec<_> = open.iter().copied().filter(|alert| is_about(alert, typed)).collect();
    let part = typed.to_uppercase();
    if found.is_empty() && part.len() >= MIN_ID_PART {
        let has_part = |id: &str| id.starts_with(&part) || id.ends_with(&part);
        found.extend(open.iter().copied().filter(|alert| has_part(alert.id.as_str())));
    }
    let label = |alert: &&AlertEntry| format!("{} ({} of {})", alert.id, alert.kind, subject(alert));
    match found.as_slice() {
        [alert] => Ok(alert),
        [] => Err(unknown("alert", typed, "open", open.iter().map(label))),
        several => {
            let labels = several.iter().map(label).collect::<Vec<_>>().join(", ");
            anyhow::bail!("{} matches several open alerts: {labels}; give an id", quoted(typed))
        }
    }
}

/// Whether the alert is about the account, subscription or receiver with this name or id.
fn is_about(alert: &AlertEntry, typed: &str) -> bool {
    match (&alert.receiver, &alert.account, &alert.subscription) {
        (Some(receiver), _, _) => receiver.as_str() == typed,
        (None, Some(account), _) => account.name == typed || account.id.as_str() == typed,
        (None, None, Some(subscription)) => subscription.as_str() == typed,
        (None, None, None) => false,
    }
}
