//! Purging: what ended more than `[store].keep` ago is deleted, and what waits for nobody is given up.
//!
//! Promises: a clock that is wrong for a while costs no more than the oldest days. What counts as now is the earlier of the clock
//! and the `Date` of the API's latest answer; before the first such date nothing is deleted. And the horizon, before which rows
//! are deleted, starts at the oldest row and moves by at most a day at a time; how often that is, the caller decides.

use chrono::TimeDelta;

use super::Engine;
use crate::domain::backoff::PATIENCE;
use crate::domain::time::Timestamp;
use crate::store::{Purged, Purging, StoreError};

/// How far one purge moves the horizon at most.
const STEP: TimeDelta = TimeDelta::days(1);

impl Engine {
    /// Moves the horizon, then deletes a batch of what lies before it; says how much went, and whether there is more.
    pub async fn purge(&self, now: Timestamp) -> Result<Purged, StoreError> {
        self.let_go_of_orphans(now).await?;
        let mut writer = self.store.write().await?;
        let Purging { date: Some(date), horizon } = writer.purging().await? else {
            return Ok(Purged::default());
        };
        let target = now.min(date) - self.config.store.keep;
        if let Some(next) = next_horizon(horizon, writer.oldest_purgeable().await?, target) {
            writer.keep_horizon(next).await?;
        }
        writer.commit().await?;
        self.purge_backlog(now).await
    }

    /// Deletes a batch of what lies before the horizon as it is.
    pub async fn purge_backlog(&self, now: Timestamp) -> Result<Purged, StoreError> {
        let mut writer = self.store.write().await?;
        let Purging { date: Some(date), horizon: Some(horizon) } = writer.purging().await? else {
            return Ok(Purged::default());
        };
        let purged = writer.purge(horizon.min(now.min(date) - self.config.store.keep)).await?;
        writer.commit().await?;
        Ok(purged)
    }

    /// A receiver that left the configuration has as long to come back as one that does not answer.
    async fn let_go_of_orphans(&self, now: Timestamp) -> Result<(), StoreError> {
        let receivers: Vec<&str> =
            self.config.receivers.iter().map(|receiver| receiver.name.as_str()).collect();
        let mut writer = self.store.write().await?;
        let messages = writer.give_up_orphans(&receivers, now).await?;
        writer.settle_orphans(&receivers, now - PATIENCE).await?;
        writer.commit().await?;
        if messages > 0 {
            tracing::error!(
                messages,
                "waiting messages given up, since their receivers left the configuration: {messages}"
            );
        }
        Ok(())
    }
}

/// Where the horizon moves to, if it moves. Times without rows are passed over at once.
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
    fn the_horizon_starts_at_the_oldest_row_and_moves_by_a_day_at_most_and_never_back() {
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
        ] {
            let moved = next_horizon(horizon.map(day), oldest.map(day), day(target));
            assert_eq!(moved, next.map(day), "{horizon:?} {oldest:?} {target}");
        }
    }
}
