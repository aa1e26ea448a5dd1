//! Changes on their way to Alertmanagers: stored for each server, in the transaction that decides them.

use crate::config::{Alertmanager, Receiver};
use crate::domain::backoff::RETRY_WINDOW;
use crate::domain::message::ChangeEntry;
use crate::domain::series::StoredSeries;
use crate::domain::time::Timestamp;
use crate::notify;
use crate::store::{StoreError, Writer};

/// Stores `changes`, each with its number, for each server of `receiver`: they are pushed until it accepts them once. Nor are they decided
/// again for this receiver, however long another one holds them back.
pub(in crate::engine) async fn store_changes(
    writer: &mut Writer,
    receiver: &Receiver,
    alertmanager: &Alertmanager,
    changes: impl IntoIterator<Item = (i64, ChangeEntry)>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let stored = changes.into_iter().map(|(change_id, change)| StoredSeries {
        series: notify::change_series(&change, &alertmanager.labels),
        change_id,
        ends_at: now + RETRY_WINDOW,
        ended_at: None,
        accepted_at: None,
    });
    let stored: Vec<StoredSeries> = stored.collect();
    if stored.is_empty() {
        return Ok(());
    }
    for url in &alertmanager.urls {
        writer.save_series(&receiver.name, url.as_str(), &stored).await?;
    }
    Ok(())
}
