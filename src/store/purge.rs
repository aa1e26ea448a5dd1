//! Forgetting what is over: resolved alerts, finished messages, run records, replaced snapshots, told changes
//! and silences.
//!
//! Promises: what is open, pending or not yet told is never touched, however old, nor is the last run, by whose number
//! accounts are judged; a few rows at a time, so that no other writer waits long.

use super::rows::{millis, moment_of};
use super::{StoreError, Writer};
use crate::domain::time::Timestamp;

/// How many rows of each table one purge takes at the most.
const BATCH: i64 = 500;

/// What a purge removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Purged {
    /// Rows of all tables.
    pub rows: u64,
    /// Whether there may be more of the same age.
    pub more: bool,
}

/// What purging goes by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Purging {
    /// The `Date` of the API's latest answer.
    pub date: Option<Timestamp>,
    /// Up to where rows were purged.
    pub horizon: Option<Timestamp>,
}

impl Writer {
    /// What purging goes by.
    pub async fn purging(&mut self) -> Result<Purging, StoreError> {
        let row: Option<(Option<i64>, Option<i64>)> =
            sqlx::query_as("SELECT date, horizon FROM purging WHERE only = 1")
                .fetch_optional(self.connection())
                .await?;
        let (date, horizon) = row.unwrap_or_default();
        Ok(Purging {
            date: moment_of("purging.date", date)?,
            horizon: moment_of("purging.horizon", horizon)?,
        })
    }

    /// Keeps the `Date` of the API's latest answer.
    pub async fn keep_api_date(&mut self, date: Timestamp) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO purging (only, date) VALUES (1, ?1) ON CONFLICT (only) DO UPDATE SET date = ?1",
        )
        .bind(millis(date))
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// Keeps up to where rows are purged.
    pub async fn keep_horizon(&mut self, horizon: Timestamp) -> Result<(), StoreError> {
        sqlx::query("UPDATE purging SET horizon = ? WHERE only = 1")
            .bind(millis(horizon))
            .execute(self.connection())
            .await?;
        Ok(())
    }

    /// A moment before which there is nothing to purge, and near which there is something; none when there is nothing at all.
    pub async fn oldest_purgeable(&mut self) -> Result<Option<Timestamp>, StoreError> {
        // Each column is compared so that its index is searched and not walked through.
        let statements = [
            (
                "alerts.resolved_at",
                "SELECT resolved_at FROM alerts WHERE settled = 1 AND resolved_at >= ?1 ORDER BY resolved_at LIMIT 1",
            ),
            ("changes.at", "SELECT at FROM changes WHERE announced = 1 AND at >= ?1 ORDER BY at LIMIT 1"),
            (
                "messages.finished_at",
                "SELECT finished_at FROM messages WHERE state <> 'pending' AND finished_at >= ?1 ORDER BY finished_at LIMIT 1",
            ),
            (
                "snapshots.first_seen_at",
                "SELECT s.first_seen_at FROM snapshots s WHERE s.first_seen_at >= ?1
             AND NOT EXISTS (SELECT 1 FROM accounts a WHERE a.key = s.account AND a.snapshot = s.id)
             ORDER BY s.first_seen_at LIMIT 1",
            ),
            (
                "runs.started_at",
                // Not the first by id: a clock that ran ahead may have begun it.
                "SELECT MIN(started_at) FROM runs WHERE id >= ?1 AND id < (SELECT MAX(id) FROM runs)",
            ),
            ("silences.until", "SELECT until FROM silences WHERE until >= ?1 ORDER BY until LIMIT 1"),
            (
                "silences.ended_at",
                "SELECT ended_at FROM silences WHERE ended_at >= ?1 ORDER BY ended_at LIMIT 1",
            ),
        ];
        let mut oldest = None;
        for (column, statement) in statements {
            let found: Option<i64> =
                sqlx::query_scalar(statement).bind(i64::MIN).fetch_optional(self.connection()).await?;
            let found = moment_of(column, found)?;
            oldest = oldest.into_iter().chain(found).min();
        }
        Ok(oldest)
    }

    /// Removes a batch of what ended before `before`.
    pub async fn purge(&mut self, before: Timestamp) -> Result<Purged, StoreError> {
        let statements = [
            "DELETE FROM alerts WHERE id IN (
                 SELECT id FROM alerts WHERE settled = 1 AND resolved_at < ?1 ORDER BY resolved_at LIMIT ?2)",
            // What stays open for years is reminded of for years: of reminders that say the same, the last is enough to know
            // what was told. SQLite begins with the few unsettled alerts, as in `told`.
            "DELETE FROM announcements WHERE id IN (
                 SELECT t.id FROM alerts a INDEXED BY alerts_unsettled CROSS JOIN announcements t ON t.alert = a.id
                 WHERE a.settled = 0 AND t.reason = 'repeated' AND t.told_at < ?1 AND EXISTS (
                     SELECT 1 FROM announcements l WHERE l.alert = t.alert AND l.receiver = t.receiver AND l.id > t.id
                     AND l.told_at < ?1 AND l.status = t.status AND l.stage IS t.stage AND l.severity = t.severity
                     AND l.expires_at IS t.expires_at)
                 LIMIT ?2)",
            "DELETE FROM changes WHERE id IN (SELECT id FROM changes WHERE announced = 1 AND at < ?1 ORDER BY at LIMIT ?2)",
            // That a message failed permanently counts as long as its alerts are remembered, since each may open again: what it said
            // was not received.
            "DELETE FROM messages WHERE seq IN (
                 SELECT m.seq FROM messages m WHERE m.state <> 'pending' AND m.finished_at < ?1
                 AND NOT (m.state = 'failed' AND EXISTS (
                     SELECT 1 FROM announcements t WHERE t.message = m.id AND t.alert IS NOT NULL))
                 ORDER BY m.finished_at LIMIT ?2)",
            "DELETE FROM snapshots WHERE id IN (
                 SELECT s.id FROM snapshots s WHERE s.first_seen_at < ?1 AND s.last_seen_at < ?1
                 AND NOT EXISTS (SELECT 1 FROM accounts a WHERE a.key = s.account AND a.snapshot = s.id)
                 ORDER BY s.first_seen_at LIMIT ?2)",
            "DELETE FROM runs WHERE id IN (
                 SELECT id FROM runs WHERE started_at < ?1 AND id < (SELECT MAX(id) FROM runs) ORDER BY id LIMIT ?2)",
            "DELETE FROM silences WHERE id IN (SELECT id FROM silences WHERE until < ?1 OR ended_at < ?1 LIMIT ?2)",
        ];
        let mut purged = Purged::default();
        for statement in statements {
            let rows = sqlx::query(statement)
                .bind(millis(before))
                .bind(BATCH)
                .execute(self.connection())
                .await?
                .rows_affected();
            purged.rows += rows;
            purged.more |= i64::try_from(rows).is_ok_and(|rows| rows >= BATCH);
        }
        sqlx::query("PRAGMA incremental_vacuum(256)").execute(self.connection()).await?;
        Ok(purged)
    }
}
