//! Silences: added and ended by commands, read by whoever announces.

use sqlx::SqliteConnection;

use super::rows::{json, millis, moment, moment_of, to_json, unreadable};
use super::{Store, StoreError, Writer};
use crate::domain::account::SubscriptionName;
use crate::domain::silence::{Matcher, Silence, SilenceId};
use crate::domain::time::Timestamp;

/// A silence that is to be.
#[derive(Clone, Debug)]
pub struct NewSilence {
    /// What it withholds.
    pub matcher: Matcher,
    /// Until when.
    pub until: Timestamp,
    /// Why.
    pub reason: String,
    /// Whether it also suppresses critical alerts.
    pub even_critical: bool,
}

#[derive(sqlx::FromRow)]
struct SilenceRow {
    id: SilenceId,
    accounts: String,
    kinds: String,
    subscriptions: String,
    even_critical: bool,
    reason: String,
    created_at: i64,
    until: i64,
    ended_at: Option<i64>,
}

impl SilenceRow {
    fn read(self) -> Result<Silence, StoreError> {
        let globs: Vec<String> = json("silences.accounts", &self.accounts)?;
        let kinds: Vec<String> = json("silences.kinds", &self.kinds)?;
        let subscriptions: Vec<SubscriptionName> = json("silences.subscriptions", &self.subscriptions)?;
        let matcher = Matcher::new(&globs, &kinds, subscriptions)
            .map_err(|error| unreadable("silences.accounts or silences.kinds", error))?;
        Ok(Silence {
            id: self.id,
            matcher,
            until: moment("silences.until", self.until)?,
            reason: self.reason,
            even_critical: self.even_critical,
            created_at: moment("silences.created_at", self.created_at)?,
            ended_at: moment_of("silences.ended_at", self.ended_at)?,
        })
    }
}

/// The columns of [`SilenceRow`], as a literal so that each query stays one.
macro_rules! silences {
    ($tail:literal) => {
        concat!(
            "SELECT id, accounts, kinds, subscriptions, even_critical, reason, created_at, until, ended_at
             FROM silences ",
            $tail
        )
    };
}

async fn in_force(connection: &mut SqliteConnection, now: Timestamp) -> Result<Vec<Silence>, StoreError> {
    let rows: Vec<SilenceRow> =
        sqlx::query_as(silences!("WHERE until > ? AND ended_at IS NULL ORDER BY until, id"))
            .bind(millis(now))
            .fetch_all(connection)
            .await?;
    rows.into_iter().map(SilenceRow::read).collect()
}

impl Writer {
    /// Keeps a silence, and gives its number.
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
        .bind(to_json("accounts", &matcher.globs())?)
        .bind(to_json("kinds", &matcher.kinds())?)
        .bind(to_json("subscriptions", matcher.subscriptions())?)
        .bind(*even_critical)
        .bind(reason)
        .bind(millis(now))
        .bind(millis(*until))
        .execute(self.connection())
        .await?;
        Ok(added.last_insert_rowid())
    }

    /// Ends a silence before its time; says whether it was in force.
    pub async fn end_silence(&mut self, id: SilenceId, now: Timestamp) -> Result<bool, StoreError> {
        let ended = sqlx::query(
            "UPDATE silences SET ended_at = ?1 WHERE id = ?2 AND ended_at IS NULL AND until > ?1",
        )
        .bind(millis(now))
        .bind(id)
        .execute(self.connection())
        .await?;
        Ok(ended.rows_affected() > 0)
    }

    /// The silences in force at `now`.
    pub async fn silences_in_force(&mut self, now: Timestamp) -> Result<Vec<Silence>, StoreError> {
        in_force(self.connection(), now).await
    }
}

impl Store {
    /// The silences in force at `now`, the one that ends first before the others.
    pub async fn silences_in_force(&self, now: Timestamp) -> Result<Vec<Silence>, StoreError> {
        in_force(&mut *self.read.acquire().await?, now).await
    }

    /// Every silence, oldest first; also those that are over.
    pub async fn all_silences(&self) -> Result<Vec<Silence>, StoreError> {
        let rows: Vec<SilenceRow> = sqlx::query_as(silences!("ORDER BY id")).fetch_all(&self.read).await?;
        rows.into_iter().map(SilenceRow::read).collect()
    }
}
