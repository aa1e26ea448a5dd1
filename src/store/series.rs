//! What Alertmanagers were pushed: a row for each series at each server, and how pushes to each server went.
//!
//! A row is written before its push, because a server may accept one whose answer is lost. Which series are pushed is left to
//! `domain::series`.

use std::collections::BTreeMap;

use super::columns::{Columns, from_row, keys_json, millis, to_json};
use super::{Store, StoreError, Writer};
use crate::domain::account::{AccountKey, ReceiverName, SubscriptionName};
use crate::domain::alerts::ReceiverHealth;
use crate::domain::series::{LastConclusive, Series, SeriesKey, ServerState, StoredSeries};
use crate::domain::time::Timestamp;

from_row! {
    StoredSeries: "series"
        nested(series) get(change_id) timestamp(ends_at) optional_timestamp(ended_at, accepted_at)
}

from_row! { Series: "series" json(labels, annotations) timestamp(starts_at) }

from_row! {
    ServerState: "series_servers"
        optional_timestamp(accepted_at, failing_since) count(failures) optional_timestamp(next_attempt_at) get(last_error)
}

/// A server that did not accept its latest push.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailingServer {
    /// The receiver that it belongs to.
    pub receiver: ReceiverName,
    /// Its address.
    pub server: String,
    /// How pushes to it went.
    pub state: ServerState,
}

from_row! { FailingServer: "series_servers" get(receiver, server) nested(state) }

from_row! {
    LastConclusive: "accounts" nested(account) optional_timestamp(last_conclusive_at, unreachable_since)
}

impl Store {
    /// What `server` of `receiver` was pushed.
    pub async fn series(
        &self,
        receiver: &ReceiverName,
        server: &str,
    ) -> Result<BTreeMap<SeriesKey, StoredSeries>, StoreError> {
        let rows: Vec<StoredSeries> = sqlx::query_as(
            "SELECT labels, annotations, starts_at, ends_at, ended_at, accepted_at, change_id FROM series
             WHERE receiver = ? AND server = ?",
        )
        .bind(receiver.as_str())
        .bind(server)
        .fetch_all(&self.read)
        .await?;
        Ok(rows.into_iter().map(|stored| (stored.key(), stored)).collect())
    }

    /// How pushes to `server` of `receiver` went.
    pub async fn server_state(
        &self,
        receiver: &ReceiverName,
        server: &str,
    ) -> Result<ServerState, StoreError> {
        let query = sqlx::query_as(
            "SELECT accepted_at, failing_since, failures, next_attempt_at, last_error FROM series_servers
             WHERE receiver = ? AND server = ?",
        );
        let state = query.bind(receiver.as_str()).bind(server).fetch_optional(&self.read).await?;
        Ok(state.unwrap_or_default())
    }

    /// Every server that did not accept its latest push, by receiver.
    pub async fn failing_servers(&self) -> Result<Vec<FailingServer>, StoreError> {
        let query = sqlx::query_as(
            "SELECT receiver, server, accepted_at, failing_since, failures, next_attempt_at, last_error FROM series_servers
             WHERE failures > 0 ORDER BY receiver, server",
        );
        Ok(query.fetch_all(&self.read).await?)
    }

    /// When each of `accounts` that is watched was last checked conclusively.
    pub async fn last_conclusive<'a>(
        &self,
        accounts: impl IntoIterator<Item = &'a AccountKey>,
    ) -> Result<Vec<LastConclusive>, StoreError> {
        let query = sqlx::query_as(
            "SELECT a.subscription, a.id, coalesce(u.at, a.last_conclusive_at) AS last_conclusive_at, a.unreachable_since
             FROM accounts a LEFT JOIN unchanged_checks u ON u.account = a.key
             WHERE a.watched = 1 AND (a.subscription, a.id) IN (SELECT value ->> 0, value ->> 1 FROM json_each(?))",
        );
        Ok(query.bind(keys_json(accounts)?).fetch_all(&self.read).await?)
    }

    /// The newest conclusive check of each of `subscriptions` that is watched.
    pub async fn newest_conclusive(
        &self,
        subscriptions: &[&str],
    ) -> Result<BTreeMap<SubscriptionName, Option<Timestamp>>, StoreError> {
        let rows = sqlx::query(
            "SELECT a.subscription, MAX(coalesce(u.at, a.last_conclusive_at)) AS newest
             FROM accounts a LEFT JOIN unchanged_checks u ON u.account = a.key
             WHERE a.watched = 1 AND a.subscription IN (SELECT value FROM json_each(?)) GROUP BY a.subscription",
        )
        .bind(to_json(&subscriptions)?)
        .fetch_all(&self.read)
        .await?;
        let newest = rows.iter().map(|row| {
            let columns = Columns::new("accounts", row);
            Ok((columns.get("subscription")?, columns.optional_timestamp("newest")?))
        });
        newest.collect()
    }
}

impl Writer {
    /// Saves what `server` of `receiver` is about to be pushed, or has accepted.
    pub async fn save_series(
        &mut self,
        receiver: &ReceiverName,
        server: &str,
        series: impl IntoIterator<Item = &StoredSeries>,
    ) -> Result<(), StoreError> {
        let row = |stored: &StoredSeries| {
            let StoredSeries { series, change_id, ends_at, ended_at, accepted_at } = stored;
            let texts = (to_json(&series.labels)?, to_json(&series.annotations)?);
            let times = [millis(series.starts_at), millis(*ends_at)];
            Ok((texts.0, texts.1, times, ended_at.map(millis), accepted_at.map(millis), *change_id))
        };
        let rows: Vec<_> = series.into_iter().map(row).collect::<Result<_, StoreError>>()?;
        if rows.is_empty() {
            return Ok(());
        }
        // Without WHERE TRUE, SQLite would parse ON CONFLICT as the condition of a join.
        let statement = sqlx::query(
            "INSERT INTO series (receiver, server, labels, annotations, starts_at, ends_at, ended_at, accepted_at, change_id)
             SELECT ?1, ?2, value ->> 0, value ->> 1, value ->> '$[2][0]', value ->> '$[2][1]', value ->> 3, value ->> 4, value ->> 5
             FROM json_each(?3) WHERE TRUE
             ON CONFLICT (receiver, server, labels, change_id) DO UPDATE SET
                 annotations = excluded.annotations, starts_at = excluded.starts_at, ends_at = excluded.ends_at,
                 ended_at = excluded.ended_at, accepted_at = excluded.accepted_at",
        );
        self.execute(statement.bind(receiver.as_str()).bind(server).bind(to_json(&rows)?)).await
    }

    /// Deletes series of `server` that are neither pushed nor ended any more. A change that another receiver is not sent yet stays: its row
    /// says that it was decided for this one.
    pub async fn forget_series(
        &mut self,
        receiver: &ReceiverName,
        server: &str,
        series: &[SeriesKey],
    ) -> Result<(), StoreError> {
        if series.is_empty() {
            return Ok(());
        }
        let keys: Vec<(String, i64)> = series
            .iter()
            .map(|(labels, change_id)| Ok((to_json(labels)?, *change_id)))
            .collect::<Result<_, StoreError>>()?;
        let statement = sqlx::query(
            "DELETE FROM series WHERE receiver = ? AND server = ?
             AND (labels, change_id) IN (SELECT value ->> 0, value ->> 1 FROM json_each(?))
             AND NOT EXISTS (SELECT 1 FROM changes c WHERE c.id = change_id AND c.processed = 0)",
        );
        self.execute(statement.bind(receiver.as_str()).bind(server).bind(to_json(&keys)?)).await
    }

    /// Saves how pushes to `server` of `receiver` went.
    pub async fn save_server_state(
        &mut self,
        receiver: &ReceiverName,
        server: &str,
        state: &ServerState,
    ) -> Result<(), StoreError> {
        let statement = sqlx::query(
            "INSERT INTO series_servers (receiver, server, accepted_at, failing_since, failures, next_attempt_at, last_error)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
             ON CONFLICT (receiver, server) DO UPDATE SET
                 accepted_at = ?3, failing_since = ?4, failures = ?5, next_attempt_at = ?6, last_error = ?7",
        )
        .bind(receiver.as_str())
        .bind(server)
        .bind(state.accepted_at.map(millis))
        .bind(state.failing_since.map(millis))
        .bind(state.failures)
        .bind(state.next_attempt_at.map(millis))
        .bind(&state.last_error);
        self.execute(statement).await
    }

    /// Whether any of the `servers` of `receiver` accepts pushes: it fails since the last of them began to fail.
    pub async fn push_health(
        &mut self,
        receiver: &ReceiverName,
        servers: &[&str],
    ) -> Result<ReceiverHealth, StoreError> {
        let states: Vec<ServerState> = sqlx::query_as(
            "SELECT accepted_at, failing_since, failures, next_attempt_at, last_error FROM series_servers
             WHERE receiver = ? AND server IN (SELECT value FROM json_each(?))",
        )
        .bind(receiver.as_str())
        .bind(to_json(&servers)?)
        .fetch_all(self.connection())
        .await?;
        let failing: Vec<_> = states
            .iter()
            .filter_map(|state| Some((state.failing_since?, state.last_error.clone().unwrap_or_default())))
            .collect();
        let is_failing = failing.len() == servers.len();
        Ok(ReceiverHealth {
            delivered_at: states.iter().filter_map(|state| state.accepted_at).max(),
            refused: None,
            waiting: failing.into_iter().max_by_key(|(since, _)| *since).filter(|_| is_failing),
            refusals: 0,
        })
    }

    /// Deletes what is stored about servers that are not among `servers` (receiver and address), once it ended before `before`.
    pub async fn forget_servers(
        &mut self,
        servers: &[(&str, &str)],
        before: Timestamp,
    ) -> Result<(), StoreError> {
        let statement = sqlx::query(
            "DELETE FROM series WHERE ends_at < ?
             AND NOT EXISTS (SELECT 1 FROM changes c WHERE c.id = change_id AND c.processed = 0)",
        );
        self.execute(statement.bind(millis(before))).await?;
        let statement = sqlx::query(
            "DELETE FROM series_servers
             WHERE (receiver, server) NOT IN (SELECT value ->> 0, value ->> 1 FROM json_each(?))",
        );
        self.execute(statement.bind(to_json(&servers)?)).await
    }
}
