//! Purging: rows that ended more than `[store].keep` ago are deleted, jobs after 30 days at the latest, and messages of removed receivers fail permanently.
//!
//! Guarantees: a wrong clock costs at most the oldest days, and of jobs those that are stored. The current time is the earlier one of
//! the clock and the `Date` of the latest API answer; before the first such date nothing is deleted. Rows before the horizon are
//! deleted; it starts at the oldest row and moves by at most a day with each [`Engine::purge`]. Leaves to the caller how often that is.

use chrono::TimeDelta;

use super::Engine;
use super::jobs::JOBS_KEPT;
use crate::domain::backoff::RETRY_WINDOW;
use crate::domain::time::Timestamp;
use crate::store::{PurgeState, Purged, StoreError};

/// The horizon moves by at most this much in one purge.
const STEP: TimeDelta = TimeDelta::days(1);

impl Engine {
    /// Moves the horizon and deletes a batch of the rows before it.
    pub async fn purge(&self, now: Timestamp) -> Result<Purged, StoreError> {
        self.clean_up_orphans(now).await?;
        let mut writer = self.store.write().await?;
        let PurgeState { date: Some(date), horizon } = writer.purge_state().await? else {
            return Ok(Purged::default());
        };
        let target = now.min(date) - self.config.store.keep;
        // Within a step of the target the oldest row does not matter, and finding it reads a row of every account.
        let is_near = horizon.is_some_and(|horizon| horizon + STEP >= target);
        let oldest = if is_near { None } else { writer.oldest_purgeable().await? };
        if let Some(next) = next_horizon(horizon, oldest, target) {
            writer.save_purge_horizon(next).await?;
        }
        writer.commit().await?;
        self.purge_backlog(now).await
    }

    /// Deletes a batch of the rows before the present horizon.
    pub async fn purge_backlog(&self, now: Timestamp) -> Result<Purged, StoreError> {
        let mut writer = self.store.write().await?;
        let PurgeState { date: Some(date), horizon } = writer.purge_state().await? else {
            return Ok(Purged::default());
        };
        // Without a horizon: a wrong clock costs the jobs that are stored, and those that follow are judged.
        let jobs = writer.purge_jobs(now.min(date) - self.config.store.keep.min(JOBS_KEPT)).await?;
        let Some(horizon) = horizon else {
            writer.commit().await?;
            return Ok(jobs);
        };
        let Purged { rows, more } = writer.purge(horizon.min(now.min(date) - self.config.store.keep)).await?;
        writer.commit().await?;
        Ok(Purged { rows: rows + jobs.rows, more: more || jobs.more })
    }

    /// Fails the messages to receivers that left the configuration once they have waited for a whole retry window. Closes the alerts
    /// that resolved longer ago than that and of which only such receivers were still to be notified. Forgets series and servers that
    /// are no longer pushed.
    async fn clean_up_orphans(&self, now: Timestamp) -> Result<(), StoreError> {
        let receivers = || self.config.receivers.iter();
        let names: Vec<&str> = receivers().map(|receiver| receiver.name.as_str()).collect();
        // One that is pushed series is sent no messages, so it waits for none about a resolution.
        let sent_messages = receivers().filter(|receiver| receiver.channel.alertmanager().is_none());
        let sent_messages: Vec<&str> = sent_messages.map(|receiver| receiver.name.as_str()).collect();
        let servers = receivers().flat_map(|receiver| {
            let alertmanager = receiver.channel.alertmanager();
            let urls = alertmanager.into_iter().flat_map(|alertmanager| &alertmanager.urls);
            urls.map(|url| (receiver.name.as_str(), url.as_str()))
        });
        let servers: Vec<(&str, &str)> = servers.collect();
        let mut writer = self.store.write().await?;
        let messages = writer.fail_orphaned_messages(&names, now).await?;
        writer.close_orphans(&sent_messages, now - RETRY_WINDOW).await?;
        writer.forget_servers(&servers, now - RETRY_WINDOW).await?;
        writer.commit().await?;
        if messages > 0 {
            tracing::error!(
                messages,
                "pending messages failed permanently, since their receivers left the configuration: {messages}"
            );
        }
        Ok(())
    }
}

/// The next horizon, if it moves. Times without rows are skipped at once.
fn next_horizon(
    horizon: Option<Timestamp>,
    oldest: Option<Timestamp>,
    target: Timestamp,
) -> Option<Timestamp> {
    let from = horizon.max(oldest)?;
    let next = (from + STEP).min(target);
    horizon.is_none_or(|horizon| next > horizon).then_some(next)
}

#[cfg(test)]
mod tests {
    use chrono::{TimeZone, Utc};

    use super::*;

    #[test]
    fn horizon_starts_at_the_oldest_row_and_moves_forward_by_at_most_a_day() {
        let day = |day: i64| Utc.with_ymd_and_hms(2026, 11, 1, 8, 0, 0).unwrap() + TimeDelta::days(day);
        for (horizon, oldest, target, next) in [
            (None, None, 9, None),
            (None, Some(3), 9, Some(4)),
            (Some(4), Some(3), 9, Some(5)),
            (Some(4), Some(7), 9, Some(8)),
            (Some(8), Some(8), 9, Some(9)),
            (Some(9), Some(9), 9, None),
            (Some(9), Some(3), 5, None),
            (Some(4), None, 9, Some(5)),
            (Some(4), Some(20), 9, Some(9)),
            (None, Some(20), 9, Some(9)),
            (Some(8), None, 9, Some(9)),
            (Some(8), Some(9), 9, Some(9)),
            (Some(9), None, 9, None),
        ] {
            let moved = next_horizon(horizon.map(day), oldest.map(day), day(target));
            assert_eq!(moved, next.map(day), "{horizon:?} {oldest:?} {target}");
        }
    }
}
