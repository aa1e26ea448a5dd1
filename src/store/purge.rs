//! Forgetting what is over: resolved alerts, finished messages, run records, replaced snapshots, told changes
//! and silences.
//!
//! Promises: what is open, pending or not yet told is never touched, however old, nor is the last run, by whose number
//! accounts are judged; a few rows at a time, so that no other writer waits long.

use super::rows::millis;
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

impl Writer {
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
            "DELETE FROM messages WHERE seq IN (
                 SELECT seq FROM messages WHERE state <> 'pending' AND finished_at < ?1 ORDER BY finished_at LIMIT ?2)",
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
