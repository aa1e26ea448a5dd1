//! Subscriptions: what the rules need to know of all accounts of a subscription together, and which accounts it
//! watches.
//!
//! Which accounts are watched is compared by a hash for each subscription; `accounts` is read through only when it changed.

use std::collections::BTreeMap;

use sqlx::SqliteExecutor;

use super::columns::keys_json;
use super::{Store, StoreError, Writer};
use crate::domain::account::{AccountId, AccountKey, AccountRef, SubscriptionName};
use crate::domain::account_state::RunId;
use crate::domain::alerts::SubscriptionTotals;

impl Writer {
    /// The number of watched accounts of each watched subscription, and its last run with an ok check.
    pub async fn subscription_totals(
        &mut self,
    ) -> Result<BTreeMap<SubscriptionName, SubscriptionTotals>, StoreError> {
        let rows: Vec<(SubscriptionName, i64, Option<RunId>)> = sqlx::query_as(
            "SELECT name, accounts, last_ok_run FROM subscriptions WHERE membership_hash IS NOT '' ORDER BY name",
        )
        .fetch_all(self.connection())
        .await?;
        let totals = |(name, accounts, last_ok_run)| {
            (name, SubscriptionTotals { accounts: usize::try_from(accounts).unwrap_or(0), last_ok_run })
        };
        Ok(rows.into_iter().map(totals).collect())
    }

    /// Saves that `run` had an ok check of the subscription: of an account, or of the list.
    pub async fn record_healthy_run(
        &mut self,
        subscription: &SubscriptionName,
        run: RunId,
    ) -> Result<(), StoreError> {
        let statement = sqlx::query(
            "INSERT INTO subscriptions (name, accounts, last_ok_run) VALUES (?1, 0, ?2)
             ON CONFLICT (name) DO UPDATE SET last_ok_run = MAX(coalesce(last_ok_run, ?2), ?2)",
        );
        self.execute(statement.bind(subscription.as_str()).bind(run)).await
    }

    /// The watched accounts of a subscription.
    pub async fn accounts_of(
        &mut self,
        subscription: &SubscriptionName,
    ) -> Result<Vec<AccountRef>, StoreError> {
        accounts_of(self.connection(), subscription).await
    }

    /// The names of `accounts`, watched or not.
    pub async fn names_of(
        &mut self,
        accounts: &[AccountKey],
    ) -> Result<Vec<(AccountKey, String)>, StoreError> {
        names_of(self.connection(), accounts).await
    }

    /// What [`Writer::save_membership`] saved, for each watched subscription. After [`Writer::add_discovered`] a hash
    /// matches no other.
    pub async fn membership_hashes(
        &mut self,
    ) -> Result<BTreeMap<SubscriptionName, Option<String>>, StoreError> {
        let rows: Vec<(SubscriptionName, Option<String>)> = sqlx::query_as(
            "SELECT name, membership_hash FROM subscriptions WHERE membership_hash IS NOT '' ORDER BY name",
        )
        .fetch_all(self.connection())
        .await?;
        Ok(rows.into_iter().collect())
    }

    /// Counts the watched accounts of each subscription, and saves the hash of those that are watched.
    pub async fn save_membership(
        &mut self,
        membership_hashes: &BTreeMap<SubscriptionName, String>,
    ) -> Result<(), StoreError> {
        let statement = sqlx::query(
            "INSERT INTO subscriptions (name, accounts, last_ok_run, membership_hash)
             SELECT a.subscription, COUNT(*) FILTER (WHERE a.watched = 1 AND a.id <> ''),
                    MAX(coalesce(u.run, a.last_ok_run)) FILTER (WHERE a.watched = 1), ''
             FROM accounts a LEFT JOIN unchanged_checks u ON u.account = a.key GROUP BY a.subscription
             ON CONFLICT (name) DO UPDATE
             SET accounts = excluded.accounts, last_ok_run = excluded.last_ok_run, membership_hash = excluded.membership_hash",
        );
        self.execute(statement).await?;
        for (name, membership_hash) in membership_hashes {
            let statement = sqlx::query("UPDATE subscriptions SET membership_hash = ? WHERE name = ?");
            self.execute(statement.bind(membership_hash).bind(name.as_str())).await?;
        }
        Ok(())
    }

    /// Counts `count` accounts that were found in a subscription's list. Of its hash only the part for the rules
    /// stays, so that the next run compares the accounts.
    pub async fn add_discovered(
        &mut self,
        subscription: &SubscriptionName,
        count: usize,
    ) -> Result<(), StoreError> {
        let statement = sqlx::query(
            "UPDATE subscriptions SET accounts = accounts + ?, membership_hash = substr(membership_hash, 1, instr(membership_hash, '/')) WHERE name = ?",
        );
        let statement = statement.bind(i64::try_from(count).unwrap_or(i64::MAX)).bind(subscription.as_str());
        self.execute(statement).await
    }
}

async fn accounts_of(
    executor: impl SqliteExecutor<'_>,
    subscription: &SubscriptionName,
) -> Result<Vec<AccountRef>, StoreError> {
    let rows: Vec<(AccountId, String)> = sqlx::query_as(
        "SELECT id, name FROM accounts WHERE subscription = ? AND watched = 1 AND id <> '' ORDER BY id",
    )
    .bind(subscription.as_str())
    .fetch_all(executor)
    .await?;
    Ok(rows.into_iter().map(|(id, name)| AccountRef { id, name }).collect())
}

async fn names_of(
    executor: impl SqliteExecutor<'_>,
    accounts: &[AccountKey],
) -> Result<Vec<(AccountKey, String)>, StoreError> {
    let rows: Vec<(SubscriptionName, AccountId, String)> = sqlx::query_as(
        "SELECT subscription, id, name FROM accounts
         WHERE (subscription, id) IN (SELECT value ->> 0, value ->> 1 FROM json_each(?))",
    )
    .bind(keys_json(accounts)?)
    .fetch_all(executor)
    .await?;
    Ok(rows.into_iter().map(|(subscription, id, name)| (AccountKey { subscription, id }, name)).collect())
}

impl Store {
    /// As [`Writer::accounts_of`].
    pub async fn accounts_of(&self, subscription: &SubscriptionName) -> Result<Vec<AccountRef>, StoreError> {
        accounts_of(&self.read, subscription).await
    }

    /// As [`Writer::names_of`].
    pub async fn names_of(&self, accounts: &[AccountKey]) -> Result<Vec<(AccountKey, String)>, StoreError> {
        names_of(&self.read, accounts).await
    }

    /// How many accounts are watched.
    pub async fn count_watched(&self) -> Result<usize, StoreError> {
        let count: i64 = sqlx::query_scalar("SELECT coalesce(SUM(accounts), 0) FROM subscriptions")
            .fetch_one(&self.read)
            .await?;
        Ok(usize::try_from(count).unwrap_or(0))
    }
}
