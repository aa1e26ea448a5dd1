//! Snapshots: the configuration as seen from a first to a last moment.

use super::accounts::keys;
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
    /// Lengthens the present snapshots of these accounts by one look; a clock that was set back does not shorten them.
    pub async fn touch_snapshots(
        &mut self,
        accounts: &[&AccountKey],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        if accounts.is_empty() {
            return Ok(());
        }
        sqlx::query(
            "UPDATE snapshots SET last_seen_at = MAX(last_seen_at, ?2), checks = checks + 1
             WHERE id IN (SELECT a.snapshot FROM json_each(?1) e CROSS JOIN accounts a
                          ON a.subscription = e.value ->> 0 AND a.id = e.value ->> 1)",
        )
        .bind(keys(accounts.iter().copied())?)
        .bind(millis(now))
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// Begins new snapshots of these accounts, which become their present ones.
    pub async fn begin_snapshots(
        &mut self,
        seen: &[(&AccountKey, &Configuration)],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        if seen.is_empty() {
            return Ok(());
        }
        let row = |(account, configuration): &(&AccountKey, &Configuration)| {
            let text = to_json("configuration", configuration)?;
            Ok((account.subscription.to_string(), account.id.to_string(), text))
        };
        let rows: Vec<_> = seen.iter().map(row).collect::<Result<_, StoreError>>()?;
        let rows = to_json("configuration", &rows)?;
        let begun = sqlx::query(
            "INSERT INTO snapshots (account, configuration, first_seen_at, last_seen_at, checks)
             SELECT a.key, e.value ->> 2, ?2, ?2, 1 FROM json_each(?1) e CROSS JOIN accounts a
             ON a.subscription = e.value ->> 0 AND a.id = e.value ->> 1",
        )
        .bind(&rows)
        .bind(millis(now))
        .execute(self.connection())
        .await?;
        if !usize::try_from(begun.rows_affected()).is_ok_and(|begun| begun == seen.len()) {
            return Err(sqlx::Error::RowNotFound.into());
        }
        sqlx::query(
            "UPDATE accounts SET snapshot = (SELECT MAX(s.id) FROM snapshots s WHERE s.account = accounts.key)
             WHERE key IN (SELECT a.key FROM json_each(?1) e CROSS JOIN accounts a
                           ON a.subscription = e.value ->> 0 AND a.id = e.value ->> 1)",
        )
        .bind(&rows)
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
        configuration: json("snapshots.configuration", &configuration)?,
        first_seen_at: moment("snapshots.first_seen_at", first)?,
        last_seen_at: moment("snapshots.last_seen_at", last)?,
        checks,
    })
}
