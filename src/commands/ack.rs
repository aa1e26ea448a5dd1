//! `ack`: stops the reminders of alerts. A running service applies it at the next reminder.

use std::collections::BTreeSet;
use std::fmt::Write;

use anyhow::anyhow;

use crate::cli::{AckArgs, GlobalOptions};
use crate::domain::account::AccountKey;
use crate::domain::message::AlertEntry;
use crate::domain::summary::subject;
use crate::domain::text::{one_line, quoted};
use crate::domain::time::minute;
use crate::report::Alerts;
use crate::setup::Session;
use crate::{output, store};

use super::names::{by_id_part, list, too_short, unknown};

pub(super) async fn run(global: &GlobalOptions, options: &AckArgs) -> anyhow::Result<()> {
    let Session { config, store, now } = Session::open(global).await?;
    let open = Alerts::load(&store, &config, None, now).await?;
    let open: Vec<&AlertEntry> = open.alerts.iter().map(|report| &report.alert).collect();
    let mut watched = store.names().await?;
    watched.retain(|(.., is_watched)| *is_watched);
    let chosen = options.alerts.iter().map(|typed| find(typed, &open, &watched));
    let chosen = chosen.collect::<anyhow::Result<Vec<_>>>()?;
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

/// A watched account: its name, and that it is watched.
type Watched = (AccountKey, String, bool);

/// The one open alert that is about `typed` or whose id begins or ends with it.
///
/// # Errors
/// When there is none, or several.
fn find<'a>(typed: &str, open: &[&'a AlertEntry], watched: &[Watched]) -> anyhow::Result<&'a AlertEntry> {
    let mut found: Vec<_> = open.iter().copied().filter(|alert| is_about(alert, typed)).collect();
    if found.is_empty() {
        found = by_id_part(typed, open, |alert| alert.id.as_str());
    }
    match found.as_slice() {
        [alert] => Ok(alert),
        [] => Err(not_found(typed, open, watched)),
        several => anyhow::bail!(
            "{} matches several open alerts: {}; give an id",
            quoted(typed),
            list(several.iter().copied().map(label))
        ),
    }
}

/// What `typed` is, if it names no open alert.
fn not_found(typed: &str, open: &[&AlertEntry], watched: &[Watched]) -> anyhow::Error {
    let named = watched.iter().filter(|(account, name, _)| name == typed || account.id.as_str() == typed);
    let subscriptions: BTreeSet<_> = named.map(|(account, ..)| &account.subscription).collect();
    let is_shared = |alert: &&AlertEntry| {
        alert.account.is_none()
            && alert.subscription.as_ref().is_some_and(|name| subscriptions.contains(name))
    };
    let shared: Vec<String> = open.iter().copied().filter(is_shared).map(label).collect();
    let open_alerts = list(open.iter().copied().map(label));
    if !shared.is_empty() {
        let shared = list(shared);
        anyhow!(
            "account {} has no open alert of its own; its subscription has: {shared}; give an id",
            quoted(typed)
        )
    } else if !subscriptions.is_empty() {
        anyhow!("account {} has no open alert; open: {open_alerts}", quoted(typed))
    } else if let Some(error) = too_short(typed, open.iter().map(|alert| alert.id.as_str())) {
        anyhow!("{error}; open: {open_alerts}")
    } else {
        unknown("alert", typed, "open", open.iter().copied().map(label))
    }
}

/// `01KAQ9Z0X0000000000000000 (expiry of studio-a)`.
fn label(alert: &AlertEntry) -> String {
    format!("{} ({} of {})", alert.id, alert.kind, subject(alert))
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
