//! Accounts: which are watched, and queries of what is stored about them.
//!
//! The row with the empty id is the check of a subscription's list of accounts. `expires_at` is the earliest expiry under any
//! `[expiry].source`, so that an edited source finds every account whose expiry is near without another check; which expiry counts is
//! derived from `expiries` with the policy in force.

use std::collections::BTreeMap;

use futures_util::{StreamExt, TryStreamExt};
use sqlx::Sqlite;
use sqlx::query::QueryAs;
use sqlx::sqlite::{SqliteArguments, SqliteExecutor};

use super::columns::{Columns, keys_json, millis, to_json};
use super::readers::for_each;
use super::{ROWS_PER_STATEMENT, Store, StoreError, Writer};
use crate::domain::account::{AccountId, AccountKey, SubscriptionName};
use crate::domain::account_state::{AccountRecord, Fault};
use crate::domain::time::Timestamp;

/// An account to watch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watched {
    /// The account.
    pub account: AccountKey,
    /// The operator's name for it.
    pub name: String,
    /// Whether it was found in the list rather than named in the configuration.
    pub discovered: bool,
}

/// Selects [`AccountRecord`]s; a literal, so that each query is one. The last check of a stable account is in
/// `unchanged_checks`.
macro_rules! account_records {
    ($from:literal, $tail:literal) => {
        concat!(
            "SELECT a.subscription, a.id, a.name, s.configuration, a.outcome, a.error,
            coalesce(u.at, a.checked_at) AS checked_at, coalesce(u.run, a.auth_run) AS auth_run,
            coalesce(u.run, a.last_ok_run) AS last_ok_run, coalesce(u.at, a.last_ok_at) AS last_ok_at,
            coalesce(u.at, a.last_conclusive_at) AS last_conclusive_at, a.unreachable_since, a.unconfirmed_fault, a.unconfirmed_since, a.recheck_at,
            a.faults, a.expires_at, a.expiry_missing, a.expiries FROM ",
            $from,
            " LEFT JOIN snapshots s ON s.id = a.snapshot LEFT JOIN unchanged_checks u ON u.account = a.key ",
            $tail
        )
    };
}

fn watched() -> QueryAs<'static, Sqlite, AccountRecord, SqliteArguments> {
    sqlx::query_as(account_records!("accounts a", "WHERE a.watched = 1 ORDER BY a.subscription, a.id"))
}

async fn needing_evaluation(
    executor: impl SqliteExecutor<'_>,
    horizon: Timestamp,
) -> Result<Vec<AccountRecord>, StoreError> {
    let records = sqlx::query_as(account_records!(
        "(SELECT key FROM accounts INDEXED BY accounts_pending WHERE watched = 1 AND (stable = 0 OR expiry_missing = 1)
          UNION SELECT key FROM accounts WHERE watched = 1 AND expires_at <= ?
          UNION SELECT alerting.key FROM alerts unclosed CROSS JOIN accounts alerting
                ON alerting.subscription = unclosed.subscription AND alerting.id = unclosed.account
                WHERE unclosed.closed = 0 AND alerting.watched = 1) AS k CROSS JOIN accounts a ON a.key = k.key",
        "ORDER BY a.subscription, a.id"
    ))
    .bind(millis(horizon))
    .fetch(executor);
    // The rules do not ask for the configuration, and of ten thousand records it is the largest part.
    let without_configuration = |record| Ok(AccountRecord { configuration: None, ..record? });
    records.map(without_configuration).try_collect().await
}

async fn with_refused_jobs(
    executor: impl SqliteExecutor<'_>,
    now: Timestamp,
) -> Result<Vec<AccountRecord>, StoreError> {
    let records = sqlx::query_as(account_records!(
        "(SELECT w.key FROM accounts w WHERE w.watched = 1 AND w.id <> '' AND (
              SELECT j.code FROM jobs j WHERE j.subscription = w.subscription AND j.account = w.id AND j.counts = 1 AND j.at <= ?
              ORDER BY j.at DESC LIMIT 1) NOT BETWEEN 200 AND 299) AS k CROSS JOIN accounts a ON a.key = k.key",
        "ORDER BY a.subscription, a.id"
    ))
    .bind(millis(now))
    .fetch(executor);
    let without_configuration = |record| Ok(AccountRecord { configuration: None, ..record? });
    records.map(without_configuration).try_collect().await
}

async fn next_expiry(
    executor: impl SqliteExecutor<'_>,
    horizon: Timestamp,
) -> Result<Option<Timestamp>, StoreError> {
    let row = sqlx::query(
        "SELECT MIN(expires_at) AS expires_at FROM accounts WHERE watched = 1 AND expires_at > ?",
    )
    .bind(millis(horizon))
    .fetch_one(executor)
    .await?;
    Ok(Columns::new("accounts", &row).optional_timestamp("expires_at")?)
}

async fn accounts_by_key<'a>(
    executor: impl SqliteExecutor<'_>,
    accounts: impl IntoIterator<Item = &'a AccountKey>,
) -> Result<BTreeMap<AccountKey, AccountRecord>, StoreError> {
    let records: Vec<AccountRecord> = sqlx::query_as(account_records!(
        "accounts a",
        "WHERE (a.subscription, a.id) IN (SELECT value ->> 0, value ->> 1 FROM json_each(?))"
    ))
    .bind(keys_json(accounts)?)
    .fetch_all(executor)
    .await?;
    Ok(records.into_iter().map(|record| (record.account.clone(), record)).collect())
}

impl Writer {
    /// Watches exactly `wanted`. What is stored about other accounts stays, and counts again when they return. Writes
    /// only what differs.
    pub async fn watch(&mut self, wanted: &[Watched]) -> Result<(), StoreError> {
        self.upsert_watched(wanted).await?;
        let statement = sqlx::query(
            "UPDATE accounts SET watched = 0
             WHERE watched = 1 AND (subscription, id) NOT IN (SELECT value ->> 0, value ->> 1 FROM json_each(?))",
        );
        self.execute(statement.bind(keys_json(wanted.iter().map(|wanted| &wanted.account))?)).await
    }

    /// Watches `wanted`, also under another name than before. Of an account that returns, faults and
    /// `unreachable_since` are cleared: they are too old to be true without a new check.
    pub async fn upsert_watched(
        &mut self,
        wanted: impl IntoIterator<Item = &Watched>,
    ) -> Result<(), StoreError> {
        let row = |Watched { account, name, discovered }: &Watched| {
            (account.subscription.to_string(), account.id.to_string(), name.clone(), *discovered)
        };
        let mut wanted = wanted.into_iter();
        loop {
            let rows: Vec<_> = wanted.by_ref().take(ROWS_PER_STATEMENT).map(row).collect();
            if rows.is_empty() {
                return Ok(());
            }
            // Without WHERE TRUE, SQLite would parse ON CONFLICT as the condition of a join.
            let statement = sqlx::query(
                "INSERT INTO accounts (subscription, id, name, discovered, watched)
                 SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, 1 FROM json_each(?) WHERE TRUE
                 ON CONFLICT (subscription, id)
                 DO UPDATE SET name = excluded.name, watched = 1, discovered = excluded.discovered,
                               faults = iif(watched, faults, ''), unconfirmed_fault = iif(watched, unconfirmed_fault, NULL),
                               unconfirmed_since = iif(watched, unconfirmed_since, NULL), recheck_at = iif(watched, recheck_at, NULL),
                               unreachable_since = iif(watched, unreachable_since, NULL)
                 WHERE (watched, name, discovered) IS NOT (1, excluded.name, excluded.discovered)",
            );
            self.execute(statement.bind(to_json(&rows)?)).await?;
        }
    }

    /// Those of `ids`, found in a list, that are not watched.
    pub async fn not_yet_watched(
        &mut self,
        subscription: &SubscriptionName,
        ids: &[&AccountId],
    ) -> Result<Vec<AccountId>, StoreError> {
        let query = sqlx::query_scalar(
            "SELECT e.value FROM json_each(?1) e WHERE NOT EXISTS (
                 SELECT 1 FROM accounts a WHERE a.subscription = ?2 AND a.id = e.value AND a.watched = 1)",
        );
        Ok(query.bind(to_json(&ids)?).bind(subscription.as_str()).fetch_all(self.connection()).await?)
    }

    /// As [`Store::needing_evaluation`].
    pub async fn needing_evaluation(&mut self, horizon: Timestamp) -> Result<Vec<AccountRecord>, StoreError> {
        needing_evaluation(self.connection(), horizon).await
    }

    /// The watched accounts whose newest job up to `now` that counts was not accepted, without their configurations.
    pub async fn with_refused_jobs(&mut self, now: Timestamp) -> Result<Vec<AccountRecord>, StoreError> {
        with_refused_jobs(self.connection(), now).await
    }

    /// As [`Store::each_watched`].
    pub async fn each_watched(&mut self, take: impl FnMut(AccountRecord)) -> Result<(), StoreError> {
        for_each(watched().fetch(self.connection()), take).await
    }

    /// As [`Store::next_expiry`].
    pub async fn next_expiry(&mut self, horizon: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        next_expiry(self.connection(), horizon).await
    }

    /// As [`Store::accounts_by_key`].
    pub async fn accounts_by_key(
        &mut self,
        accounts: impl IntoIterator<Item = &AccountKey>,
    ) -> Result<BTreeMap<AccountKey, AccountRecord>, StoreError> {
        accounts_by_key(self.connection(), accounts).await
    }

    /// Clears one confirmed fault of an account.
    pub async fn clear_fault(&mut self, account: &AccountKey, fault: Fault) -> Result<(), StoreError> {
        let statement = sqlx::query(
            "UPDATE accounts SET faults = trim(replace(' ' || faults || ' ', ' ' || ? || ' ', ' '))
             WHERE subscription = ? AND id = ?",
        )
        .bind(fault.kind().as_str())
        .bind(account.subscription.as_str())
        .bind(account.id.as_str());
        self.execute(statement).await
    }
}

/// Subscription, id, name, and whether it is watched.
type NameRow = (SubscriptionName, AccountId, String, bool);

fn named((subscription, id, name, watched): NameRow) -> (AccountKey, String, bool) {
    (AccountKey { subscription, id }, name, watched)
}

impl Store {
    /// Every watched account, lists included.
    pub async fn watched(&self) -> Result<Vec<AccountRecord>, StoreError> {
        Ok(watched().fetch_all(&self.read).await?)
    }

    /// Passes every watched account to `take`, lists included, one at a time: all at once would take much memory.
    pub async fn each_watched(&self, take: impl FnMut(AccountRecord)) -> Result<(), StoreError> {
        self.read.each_row(watched(), take).await
    }

    /// As [`Store::each_watched`], without their configurations, which are the largest part.
    pub async fn each_watched_state(&self, take: impl FnMut(AccountRecord)) -> Result<(), StoreError> {
        let records = sqlx::query_as(account_records!(
            "(SELECT key, subscription, id, name, NULL AS snapshot, outcome, error, checked_at, auth_run, last_ok_run, last_ok_at,
              last_conclusive_at, unreachable_since, unconfirmed_fault, unconfirmed_since, recheck_at, faults, expires_at, expiry_missing,
              expiries, watched FROM accounts) a",
            "WHERE a.watched = 1 ORDER BY a.subscription, a.id"
        ));
        self.read.each_row(records, take).await
    }

    /// The watched accounts that may need an alert, lists included: those that are not stable, whose token expires by
    /// `horizon`, or that have an alert that is not closed. Without their configurations.
    pub async fn needing_evaluation(&self, horizon: Timestamp) -> Result<Vec<AccountRecord>, StoreError> {
        needing_evaluation(&self.read, horizon).await
    }

    /// The earliest expiry of a watched account after `horizon`.
    pub async fn next_expiry(&self, horizon: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        next_expiry(&self.read, horizon).await
    }

    /// What is stored about `accounts`, watched or not.
    pub async fn accounts_by_key(
        &self,
        accounts: impl IntoIterator<Item = &AccountKey>,
    ) -> Result<BTreeMap<AccountKey, AccountRecord>, StoreError> {
        accounts_by_key(&self.read, accounts).await
    }

    /// What is stored about those of `accounts` that are watched.
    pub async fn watched_by_key(
        &self,
        accounts: &[AccountKey],
    ) -> Result<BTreeMap<AccountKey, AccountRecord>, StoreError> {
        let records: Vec<AccountRecord> = sqlx::query_as(account_records!(
            "accounts a",
            "WHERE a.watched = 1 AND (a.subscription, a.id) IN (SELECT value ->> 0, value ->> 1 FROM json_each(?))"
        ))
        .bind(keys_json(accounts)?)
        .fetch_all(&self.read)
        .await?;
        Ok(records.into_iter().map(|record| (record.account.clone(), record)).collect())
    }

    /// Whether `account` is watched.
    pub async fn is_watched(&self, account: &AccountKey) -> Result<bool, StoreError> {
        let query = sqlx::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM accounts WHERE subscription = ? AND id = ? AND watched = 1)",
        );
        Ok(query.bind(account.subscription.as_str()).bind(account.id.as_str()).fetch_one(&self.read).await?)
    }

    /// The accounts whose recheck is due at `now`.
    pub async fn due_for_recheck(&self, now: Timestamp) -> Result<Vec<AccountKey>, StoreError> {
        let query = sqlx::query_as(
            "SELECT subscription, id FROM accounts WHERE watched = 1 AND recheck_at IS NOT NULL AND recheck_at <= ? ORDER BY subscription, id",
        );
        Ok(query.bind(millis(now)).fetch_all(&self.read).await?)
    }

    /// Whether the last check of any watched account was not ok, or was never made.
    pub async fn any_unhealthy(&self) -> Result<bool, StoreError> {
        Ok(sqlx::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM accounts INDEXED BY accounts_pending
                            WHERE watched = 1 AND (stable = 0 OR expiry_missing = 1) AND outcome IS NOT 'ok')",
        )
        .fetch_one(&self.read)
        .await?)
    }

    /// Whether the last check of any watched account was rate-limited.
    pub async fn any_rate_limited(&self) -> Result<bool, StoreError> {
        Ok(sqlx::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM accounts INDEXED BY accounts_pending
                            WHERE watched = 1 AND (stable = 0 OR expiry_missing = 1) AND outcome = 'rate_limited')",
        )
        .fetch_one(&self.read)
        .await?)
    }

    /// Every account that is or was watched: its name, and whether it is.
    pub async fn names(&self) -> Result<Vec<(AccountKey, String, bool)>, StoreError> {
        let rows: Vec<NameRow> = sqlx::query_as(
            "SELECT subscription, id, name, watched FROM accounts WHERE id <> '' ORDER BY subscription, id",
        )
        .fetch_all(&self.read)
        .await?;
        Ok(rows.into_iter().map(named).collect())
    }

    /// As [`Self::names`], of the accounts that `called` means: by name, id, or `subscription/id`.
    pub async fn names_called(&self, called: &str) -> Result<Vec<(AccountKey, String, bool)>, StoreError> {
        let rows: Vec<NameRow> = sqlx::query_as(
            "SELECT subscription, id, name, watched FROM accounts
             WHERE id <> '' AND ?1 IN (name, id, subscription || '/' || id) ORDER BY subscription, id",
        )
        .bind(called)
        .fetch_all(&self.read)
        .await?;
        Ok(rows.into_iter().map(named).collect())
    }

    /// The watched accounts of a subscription that were found in its list.
    pub async fn discovered(&self, subscription: &SubscriptionName) -> Result<Vec<AccountId>, StoreError> {
        let query = sqlx::query_scalar(
            "SELECT id FROM accounts WHERE subscription = ? AND discovered = 1 AND watched = 1 AND id <> '' ORDER BY id",
        );
        Ok(query.bind(subscription.as_str()).fetch_all(&self.read).await?)
    }

    /// When the next recheck is due.
    pub async fn next_recheck(&self) -> Result<Option<Timestamp>, StoreError> {
        let row = sqlx::query(
            "SELECT MIN(recheck_at) AS recheck_at FROM accounts WHERE watched = 1 AND recheck_at IS NOT NULL",
        )
        .fetch_one(&self.read)
        .await?;
        Ok(Columns::new("accounts", &row).optional_timestamp("recheck_at")?)
    }
}
