//! `ack`: somebody knows of an alert. Beside a running service, which heeds it at its next reminder.

use std::fmt::Write;

use anyhow::Context;

use crate::cli::{Ack, Global};
use crate::clock;
use crate::domain::alert::Alert;
use crate::domain::announce::alert_entry;
use crate::domain::directory::Directory;
use crate::domain::standing::Known;
use crate::domain::summary::subject;
use crate::domain::text::one_line;
use crate::domain::time::minute;
use crate::store;

use crate::{output, setup};

/// Fewer characters of an id name nothing: a slip must not hit an alert by chance.
const SHORTEST: usize = 4;

pub(super) async fn run(global: &Global, options: &Ack) -> anyhow::Result<u8> {
    let config = setup::load(global, &[])?;
    let store = setup::existing_store(&config).await.context("there are no alerts yet")?;
    let firing = store.firing_alerts().await?;
    let directory = Directory::new(store.watched().await?.iter().map(Known::named), config.fallbacks());
    let alerts =
        options.alerts.iter().map(|id| find(id, &firing)).collect::<anyhow::Result<Vec<&Alert>>>()?;
    // The service may hold the store for a while.
    let mut writer = store.write().await?;
    let ack = store::Ack { at: clock::now(), reason: one_line(&options.reason) };
    let before = writer.acks().await?;
    let mut text = String::new();
    for alert in alerts {
        let entry = alert_entry(alert, None, |account| directory.name(account));
        let about = format!("{} of {}", entry.kind, subject(&entry));
        match (options.undo, before.get(&alert.id)) {
            (false, None) => {
                writer.ack(&alert.id, &ack).await?;
                writeln!(text, "{about}: acknowledged; no reminders until it gets graver or ends")?;
            }
            (false, Some(known)) => {
                writeln!(text, "{about}: was acknowledged already, {}", minute(known.at))?;
            }
            (true, Some(_)) => {
                writer.drop_ack(&alert.id).await?;
                writeln!(text, "{about}: not acknowledged any more; reminders come again")?;
            }
            (true, None) => writeln!(text, "{about}: was not acknowledged")?,
        }
    }
    writer.commit().await?;
    store.close().await;
    output::print(&text)?;
    Ok(0)
}

/// The one alert that fires and goes by `id`, or by these last characters.
fn find<'a>(id: &str, firing: &'a [Alert]) -> anyhow::Result<&'a Alert> {
    let wanted = id.to_uppercase();
    let goes_by = |alert: &&Alert| wanted.len() >= SHORTEST && alert.id.as_str().ends_with(&wanted);
    let found: Vec<&Alert> = firing.iter().filter(goes_by).collect();
    match found.as_slice() {
        [alert] => Ok(alert),
        [] => anyhow::bail!("`{id}` is no open alert; `minimax-watch alerts` shows their ids"),
        several => {
            let ids: Vec<&str> = several.iter().map(|alert| alert.id.as_str()).collect();
            anyhow::bail!("`{id}` may mean {}: give more of it", ids.join(" or "))
        }
    }
}
