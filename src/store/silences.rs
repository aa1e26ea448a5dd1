//! Silences: added and ended by commands, applied when notifications are decided.

use sqlx::FromRow;
use sqlx::sqlite::{SqliteExecutor, SqliteRow};

use super::columns::{Columns, from_row, millis, to_json};
use super::{Store, StoreError, Writer};
use crate::domain::account::SubscriptionName;
use crate::domain::silence::{Matcher, Silence, SilenceId};
use crate::domain::time::Timestamp;

/// A silence to add.
#[derive(Clone, Debug)]
pub struct NewSilence {
    /// What it suppresses.
    pub matcher: Matcher,
    /// When it ends.
    pub until: Timestamp,
    /// The operator's remark; may be empty.
    pub reason: String,
    /// Whether it also suppresses critical alerts.
    pub even_critical: bool,
}

from_row! {
    Silence: "silences"
        get(id, reason, even_critical) timestamp(until, created_at) optional_timestamp(ended_at) nested(matcher)
}

impl FromRow<'_, SqliteRow> for Matcher {
    fn from_row(row: &SqliteRow) -> sqlx::Result<Self> {
        let columns = Columns::new("silences", row);
        let (globs, kinds): (Vec<String>, Vec<String>) = (columns.json("accounts")?, columns.json("kinds")?);
        let subscriptions: Vec<SubscriptionName> = columns.json("subscriptions")?;
        Self::new(&globs, &kinds, subscriptions)
            .map_err(|error| columns.unreadable("accounts or silences.kinds", error))
    }
}

/// Selects [`Silence`]s; a literal, so that each query is one.
macro_rules! silences {
    ($tail:literal) => {
        concat!(
            "SELECT id, accounts, kinds, subscriptions, even_critical, reason, created_at, until, ended_at
             FROM silences ",
            $tail
        )
    };
}

async fn in_force(executor: impl SqliteExecutor<'_>, now: Timestamp) -> Result<Vec<Silence>, StoreError> {
    let query = sqlx::query_as(silences!("WHERE until > ? AND ended_at IS NULL ORDER BY until, id"));
    Ok(query.bind(millis(now)).fetch_all(executor).await?)
}

impl Writer {
    /// Adds a silence; returns its number.
    pub async fn add_silence(
        &mut self,
        silence: &NewSilence,
        now: Timestamp,
    ) -> Result<SilenceId, StoreError> {
        let NewSilence { matcher, until, reason, even_critical } = silence;
        let added = sqlx::query(
            "INSERT INTO silences (accounts, kinds, subscriptions, even_critical, reason, created_at, until)
             VALUES (?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(to_json(&matcher.globs())?)
        .bind(to_json(&matcher.kinds())?)
        .bind(to_json(&matcher.subscriptions())?)
        .bind(*even_critical)
        .bind(reason)
        .bind(millis(now))
        .bind(millis(*until))
        .execute(self.connection())
        .await?;
        Ok(added.last_insert_rowid())
    }

    /// Ends a silence before its time; returns whether it was in force.
    pub async fn end_silence(&mut self, id: SilenceId, now: Timestamp) -> Result<bool, StoreError> {
        let statement = sqlx::query(
            "UPDATE silences SET ended_at = ?1 WHERE id = ?2 AND ended_at IS NULL AND until > ?1",
        );
        Ok(self.rows_affected(statement.bind(millis(now)).bind(id)).await? > 0)
    }

    /// As [`Store::silences_in_force`].
    pub async fn silences_in_force(&mut self, now: Timestamp) -> Result<Vec<Silence>, StoreError> {
        in_force(self.connection(), now).await
    }
}

impl Store {
    /// The silences in force at `now`, the one that ends first before the others.
    pub async fn silences_in_force(&self, now: Timestamp) -> Result<Vec<Silence>, StoreError> {
        in_force(&self.read, now).await
    }

    /// Every silence, oldest first, also those that have ended.
    pub async fn all_silences(&self) -> Result<Vec<Silence>, StoreError> {
        Ok(sqlx::query_as(silences!("ORDER BY id")).fetch_all(&self.read).await?)
    }
}
