//! Deletes old rows: resolved alerts, finished messages, runs, replaced snapshots, processed changes, credits and silences.
//!
//! Guarantees: alerts that are not closed, pending messages and unprocessed changes stay, however old, and so does the last
//! run, whose number the rules need; a few rows at a time, so that no other writer waits long. A permanently failed message stays while
//! an alert in it is stored: notifications need to know that it was not received. How far a purge goes is left to `engine`.

use sqlx::Row;

use super::columns::{Columns, from_row, millis};
use super::{StoreError, Writer};
use crate::domain::time::Timestamp;

/// How many rows of each table one purge deletes at most.
const BATCH: i64 = 500;

/// What a purge deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Purged {
    /// Rows of all tables.
    pub rows: u64,
    /// Whether there may be more of the same age.
    pub more: bool,
}

/// What decides how far a purge goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PurgeState {
    /// The `Date` of the API's latest answer.
    pub date: Option<Timestamp>,
    /// Rows before this time are deleted.
    pub horizon: Option<Timestamp>,
}

from_row! { PurgeState: "purging" optional_timestamp(date, horizon) }

impl Writer {
    /// What decides how far a purge goes.
    pub async fn purge_state(&mut self) -> Result<PurgeState, StoreError> {
        let query = sqlx::query_as("SELECT date, horizon FROM purging WHERE only = 1");
        Ok(query.fetch_optional(self.connection()).await?.unwrap_or_default())
    }

    /// Saves the `Date` of the API's latest answer.
    pub async fn save_api_date(&mut self, date: Timestamp) -> Result<(), StoreError> {
        let statement = sqlx::query(
            "INSERT INTO purging (only, date) VALUES (1, ?1) ON CONFLICT (only) DO UPDATE SET date = ?1",
        );
        self.execute(statement.bind(millis(date))).await
    }

    /// Saves the time before which rows are deleted.
    pub async fn save_purge_horizon(&mut self, horizon: Timestamp) -> Result<(), StoreError> {
        let statement = sqlx::query("UPDATE purging SET horizon = ? WHERE only = 1");
        self.execute(statement.bind(millis(horizon))).await
    }

    /// The time of the oldest row that a purge may delete; none when there is no such row.
    pub async fn oldest_purgeable(&mut self) -> Result<Option<Timestamp>, StoreError> {
        // Each column is compared, so that its index is searched and not scanned.
        let row = sqlx::query(
            "SELECT source, MIN(time) AS time FROM (
                 SELECT 'alerts' AS source, MIN(resolved_at) AS time FROM alerts WHERE closed = 1 AND resolved_at >= ?1
                 UNION ALL SELECT 'changes', MIN(at) FROM changes WHERE processed = 1 AND at >= ?1
                 UNION ALL SELECT 'messages', MIN(finished_at) FROM messages WHERE state <> 'pending' AND finished_at >= ?1
                 UNION ALL SELECT 'snapshots', MIN(s.first_seen_at) FROM snapshots s WHERE s.first_seen_at >= ?1
                     AND NOT EXISTS (SELECT 1 FROM accounts a WHERE a.key = s.account AND a.snapshot = s.id)
                 -- The first by id may not be the oldest: its clock may have run ahead.
                 UNION ALL SELECT 'runs', MIN(started_at) FROM runs WHERE id >= ?1 AND id < (SELECT MAX(id) FROM runs)
                 UNION ALL SELECT 'credit_readings', MIN(last_read_at) FROM credit_readings WHERE last_read_at >= ?1
                 UNION ALL SELECT 'silences', MIN(until) FROM silences WHERE until >= ?1
                 UNION ALL SELECT 'silences', MIN(ended_at) FROM silences WHERE ended_at >= ?1)",
        )
        .bind(i64::MIN)
        .fetch_one(self.connection())
        .await?;
        let table: String = row.try_get("source")?;
        Ok(Columns::new(&table, &row).optional_timestamp("time")?)
    }

    /// Deletes a batch of the jobs before `before`, and of their counts.
    pub async fn purge_jobs(&mut self, before: Timestamp) -> Result<Purged, StoreError> {
        let jobs = self.purge_job_rows(before, BATCH).await?;
        let hours = self.purge_job_hours(before, BATCH).await?;
        let is_full = |rows| i64::try_from(rows).is_ok_and(|rows| rows >= BATCH);
        Ok(Purged { rows: jobs + hours, more: is_full(jobs) || is_full(hours) })
    }

    /// Deletes a batch of what ended before `before`.
    pub async fn purge(&mut self, before: Timestamp) -> Result<Purged, StoreError> {
        let statements = [
            "DELETE FROM alerts WHERE id IN (
                 SELECT id FROM alerts WHERE closed = 1 AND resolved_at < ?1 ORDER BY resolved_at LIMIT ?2)",
            // An alert that fires for years has reminders for years: of those that say the same, the last is enough.
            // As in `notified`, SQLite starts with the few alerts that are not closed.
            "DELETE FROM notifications WHERE id IN (
                 SELECT n.id FROM alerts a INDEXED BY alerts_unclosed CROSS JOIN notifications n ON n.alert = a.id
                 WHERE a.closed = 0 AND n.reason = 'repeated' AND n.notified_at < ?1 AND EXISTS (
                     SELECT 1 FROM notifications later
                     WHERE later.alert = n.alert AND later.receiver = n.receiver AND later.id > n.id
                     AND later.notified_at < ?1 AND later.status = n.status AND later.stage IS n.stage
                     AND later.severity = n.severity AND later.expires_at IS n.expires_at)
                 LIMIT ?2)",
            "DELETE FROM changes WHERE id IN (SELECT id FROM changes WHERE processed = 1 AND at < ?1 ORDER BY at LIMIT ?2)",
            // A permanently failed message counts as long as its alerts are stored, since each may open again: its
            // content was not received.
            "DELETE FROM messages WHERE seq IN (
                 SELECT m.seq FROM messages m WHERE m.state <> 'pending' AND m.finished_at < ?1
                 AND NOT (m.state = 'failed' AND EXISTS (
                     SELECT 1 FROM notifications n WHERE n.message = m.id AND n.alert IS NOT NULL))
                 ORDER BY m.finished_at LIMIT ?2)",
            "DELETE FROM snapshots WHERE id IN (
                 SELECT s.id FROM snapshots s WHERE s.first_seen_at < ?1 AND s.last_seen_at < ?1
                 AND NOT EXISTS (SELECT 1 FROM accounts a WHERE a.key = s.account AND a.snapshot = s.id)
                 ORDER BY s.first_seen_at LIMIT ?2)",
            "DELETE FROM runs WHERE id IN (
                 SELECT id FROM runs WHERE started_at < ?1 AND id < (SELECT MAX(id) FROM runs) ORDER BY id LIMIT ?2)",
            "DELETE FROM credit_readings WHERE id IN (
                 SELECT id FROM credit_readings WHERE last_read_at < ?1 ORDER BY last_read_at LIMIT ?2)",
            "DELETE FROM silences WHERE id IN (SELECT id FROM silences WHERE until < ?1 OR ended_at < ?1 LIMIT ?2)",
        ];
        let mut purged = Purged::default();
        for statement in statements {
            let rows = self.rows_affected(sqlx::query(statement).bind(millis(before)).bind(BATCH)).await?;
            purged.rows += rows;
            purged.more |= i64::try_from(rows).is_ok_and(|rows| rows >= BATCH);
        }
        self.execute(sqlx::query("PRAGMA incremental_vacuum(256)")).await?;
        Ok(purged)
    }
}
