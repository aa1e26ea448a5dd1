//! Snapshots: run-length records of what an account's configuration was, and when.

use super::columns::{Columns, from_row, keys_json, millis, to_json};
use super::{Store, StoreError, Writer};
use crate::domain::account::AccountKey;
use crate::domain::configuration::Configuration;
use crate::domain::time::Timestamp;

/// One configuration and the time in which it did not change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// The configuration.
    pub configuration: Configuration,
    /// The first check that saw it.
    pub first_seen_at: Timestamp,
    /// The last check that saw it.
    pub last_seen_at: Timestamp,
    /// How many checks saw it.
    pub checks: i64,
}

from_row! { Snapshot: "snapshots" json(configuration) timestamp(first_seen_at, last_seen_at) get(checks) }

/// Selects [`Snapshot`]s; a literal, so that each query is one. Further checks of a stable account's present snapshot
/// are counted in `unchanged_checks`, from `CHECK_COUNT_BASE` (8388608) on.
macro_rules! snapshots {
    ($tail:literal) => {
        concat!(
            "SELECT s.configuration, s.first_seen_at, MAX(s.last_seen_at, coalesce(u.at, s.last_seen_at)) AS last_seen_at,
                    s.checks + coalesce(u.checks - 8388608, 0) AS checks
             FROM accounts a JOIN snapshots s ON s.account = a.key
             LEFT JOIN unchanged_checks u ON u.account = a.key AND s.id = a.snapshot ",
            $tail
        )
    };
}

impl Writer {
    /// Adds one check to the present snapshots of these accounts. A clock that was set back does not shorten them.
    pub async fn touch_snapshots(
        &mut self,
        accounts: &[&AccountKey],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        if accounts.is_empty() {
            return Ok(());
        }
        let statement = sqlx::query(
            "UPDATE snapshots SET last_seen_at = MAX(last_seen_at, ?2), checks = checks + 1
             WHERE id IN (SELECT a.snapshot FROM json_each(?1) e CROSS JOIN accounts a
                          ON a.subscription = e.value ->> 0 AND a.id = e.value ->> 1)",
        );
        self.execute(statement.bind(keys_json(accounts.iter().copied())?).bind(millis(now))).await
    }

    /// Adds new snapshots, which become the present ones of their accounts.
    pub async fn insert_snapshots(
        &mut self,
        seen: &[(&AccountKey, &Configuration)],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        if seen.is_empty() {
            return Ok(());
        }
        let row = |(account, configuration): &(&AccountKey, &Configuration)| {
            Ok((account.subscription.clone(), account.id.clone(), to_json(configuration)?))
        };
        let rows: Vec<_> = seen.iter().map(row).collect::<Result<_, StoreError>>()?;
        let rows = to_json(&rows)?;
        let statement = sqlx::query(
            "INSERT INTO snapshots (account, configuration, first_seen_at, last_seen_at, checks)
             SELECT a.key, e.value ->> 2, ?2, ?2, 1 FROM json_each(?1) e CROSS JOIN accounts a
             ON a.subscription = e.value ->> 0 AND a.id = e.value ->> 1",
        )
        .bind(&rows)
        .bind(millis(now));
        let inserted = self.rows_affected(statement).await?;
        if !usize::try_from(inserted).is_ok_and(|inserted| inserted == seen.len()) {
            return Err(sqlx::Error::RowNotFound.into());
        }
        let statement = sqlx::query(
            "UPDATE accounts SET snapshot = (SELECT MAX(s.id) FROM snapshots s WHERE s.account = accounts.key)
             WHERE key IN (SELECT a.key FROM json_each(?1) e CROSS JOIN accounts a
                           ON a.subscription = e.value ->> 0 AND a.id = e.value ->> 1)",
        );
        self.execute(statement.bind(&rows)).await
    }
}

impl Store {
    /// The snapshots of an account, oldest first.
    pub async fn snapshots(&self, account: &AccountKey) -> Result<Vec<Snapshot>, StoreError> {
        let query = sqlx::query_as(snapshots!(
            "WHERE a.subscription = ? AND a.id = ? ORDER BY s.first_seen_at, s.id"
        ));
        Ok(query.bind(account.subscription.as_str()).bind(account.id.as_str()).fetch_all(&self.read).await?)
    }

    /// The newest snapshots of an account, at most `limit`, oldest first.
    pub async fn newest_snapshots(
        &self,
        account: &AccountKey,
        limit: u32,
    ) -> Result<Vec<Snapshot>, StoreError> {
        let query = sqlx::query_as(snapshots!(
            "WHERE a.subscription = ? AND a.id = ? ORDER BY s.first_seen_at DESC, s.id DESC LIMIT ?"
        ));
        let query = query.bind(account.subscription.as_str()).bind(account.id.as_str()).bind(limit);
        let mut snapshots = query.fetch_all(&self.read).await?;
        snapshots.reverse();
        Ok(snapshots)
    }

    /// The last snapshot of an account.
    pub async fn present_snapshot(&self, account: &AccountKey) -> Result<Option<Snapshot>, StoreError> {
        let query = sqlx::query_as(snapshots!("WHERE a.subscription = ? AND a.id = ? AND s.id = a.snapshot"));
        let query = query.bind(account.subscription.as_str()).bind(account.id.as_str());
        Ok(query.fetch_optional(&self.read).await?)
    }
}
