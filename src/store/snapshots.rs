//! Snapshots: the configuration as seen from a first to a last moment.

use super::rows::{json, millis, moment, to_json};
use super::{Store, StoreError, Writer};
use crate::domain::account::AccountKey;
use crate::domain::configuration::Configuration;
use crate::domain::time::Timestamp;

/// One configuration and the time in which it did not change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// What was seen.
    pub configuration: Configuration,
    /// First.
    pub first_seen_at: Timestamp,
    /// Last.
    pub last_seen_at: Timestamp,
    /// In how many looks.
    pub checks: i64,
}

/// The columns of a [`Snapshot`]; the present one of a calm account was seen in its row of looks too, whose count begins at 2^23.
macro_rules! snapshots {
    ($tail:literal) => {
        concat!(
            "SELECT s.configuration, s.first_seen_at, MAX(s.last_seen_at, coalesce(l.at, s.last_seen_at)),
                    s.checks + coalesce(l.checks - 8388608, 0)
             FROM accounts a JOIN snapshots s ON s.account = a.key
             LEFT JOIN looks l ON l.account = a.key AND s.id = a.snapshot ",
            $tail
        )
    };
}

impl Writer {
    /// Lengthens the account's present snapshot by one look; a clock that was set back does not shorten it.
    pub async fn touch_snapshot(&mut self, account: &AccountKey, now: Timestamp) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE snapshots SET last_seen_at = MAX(last_seen_at, ?), checks = checks + 1
             WHERE id = (SELECT snapshot FROM accounts WHERE subscription = ? AND id = ?)",
        )
        .bind(millis(now))
        .bind(account.subscription.as_str())
        .bind(account.id.as_str())
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// Begins a new snapshot of the account, which becomes its present one.
    pub async fn begin_snapshot(
        &mut self,
        account: &AccountKey,
        configuration: &Configuration,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let id: i64 = sqlx::query_scalar(
            "INSERT INTO snapshots (account, configuration, first_seen_at, last_seen_at, checks)
             SELECT key, ?, ?, ?, 1 FROM accounts WHERE subscription = ? AND id = ? RETURNING id",
        )
        .bind(to_json("configuration", configuration)?)
        .bind(millis(now))
        .bind(millis(now))
        .bind(account.subscription.as_str())
        .bind(account.id.as_str())
        .fetch_one(self.connection())
        .await?;
        sqlx::query("UPDATE accounts SET snapshot = ? WHERE subscription = ? AND id = ?")
            .bind(id)
            .bind(account.subscription.as_str())
            .bind(account.id.as_str())
            .execute(self.connection())
            .await?;
        Ok(())
    }
}

impl Store {
    /// The snapshots of an account, oldest first.
    pub async fn snapshots(&self, account: &AccountKey) -> Result<Vec<Snapshot>, StoreError> {
        let rows: Vec<(String, i64, i64, i64)> = sqlx::query_as(snapshots!(
            "WHERE a.subscription = ? AND a.id = ? ORDER BY s.first_seen_at, s.id"
        ))
        .bind(account.subscription.as_str())
        .bind(account.id.as_str())
        .fetch_all(&self.read)
        .await?;
        rows.into_iter().map(read).collect()
    }

    /// The snapshot of an account's configuration as it was last seen.
    pub async fn present_snapshot(&self, account: &AccountKey) -> Result<Option<Snapshot>, StoreError> {
        let row: Option<(String, i64, i64, i64)> =
            sqlx::query_as(snapshots!("WHERE a.subscription = ? AND a.id = ? AND s.id = a.snapshot"))
                .bind(account.subscription.as_str())
                .bind(account.id.as_str())
                .fetch_optional(&self.read)
                .await?;
        row.map(read).transpose()
    }
}

fn read((configuration, first, last, checks): (String, i64, i64, i64)) -> Result<Snapshot, StoreError> {
    Ok(Snapshot {
        configuration: json("configuration", &configuration)?,
        first_seen_at: moment("first_seen_at", first)?,
        last_seen_at: moment("last_seen_at", last)?,
        checks,
    })
}
