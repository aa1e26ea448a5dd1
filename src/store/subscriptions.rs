//! Subscriptions: what the rules need to know of all their accounts together, and who is watched.

use std::collections::BTreeMap;

use super::rows::to_json;
use super::standings::Taught;
use super::{AT_ONCE, Store, StoreError, Writer};
use crate::domain::account::{AccountId, AccountKey, AccountRef, SubscriptionName};
use crate::domain::assess::Others;
use crate::domain::standing::RunId;

impl Writer {
    /// All watched accounts of each subscription that has any, or has its list watched.
    pub async fn census(&mut self) -> Result<BTreeMap<SubscriptionName, Others>, StoreError> {
        let rows: Vec<(String, i64, Option<RunId>)> = sqlx::query_as(
            "SELECT name, accounts, ok_run FROM subscriptions WHERE roster IS NOT '' ORDER BY name",
        )
        .fetch_all(self.connection())
        .await?;
        let others =
            |accounts: i64, ok_run| Others { accounts: usize::try_from(accounts).unwrap_or(0), ok_run };
        Ok(rows
            .into_iter()
            .map(|(name, accounts, ok_run)| (SubscriptionName::new(name), others(accounts, ok_run)))
            .collect())
    }

    /// Keeps that `run` saw somebody of `subscription` healthy.
    pub async fn proved(&mut self, subscription: &SubscriptionName, run: RunId) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO subscriptions (name, accounts, ok_run) VALUES (?1, 0, ?2)
             ON CONFLICT (name) DO UPDATE SET ok_run = MAX(coalesce(ok_run, ?2), ?2)",
        )
        .bind(subscription.as_str())
        .bind(run)
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// The watched accounts of a subscription.
    pub async fn roster(&mut self, subscription: &SubscriptionName) -> Result<Vec<AccountRef>, StoreError> {
        let rows: Vec<(String, String)> = sqlx::query_as(
            "SELECT id, name FROM accounts WHERE subscription = ? AND watched = 1 AND id <> '' ORDER BY id",
        )
        .bind(subscription.as_str())
        .fetch_all(self.connection())
        .await?;
        Ok(rows.into_iter().map(|(id, name)| AccountRef { id: AccountId::new(id), name }).collect())
    }

    /// The names of `accounts`, watched or not.
    pub async fn names_of(
        &mut self,
        accounts: &[AccountKey],
    ) -> Result<Vec<(AccountKey, String)>, StoreError> {
        let keys: Vec<[&str; 2]> =
            accounts.iter().map(|account| [account.subscription.as_str(), account.id.as_str()]).collect();
        let rows: Vec<(String, String, String)> = sqlx::query_as(
            "SELECT subscription, id, name FROM accounts
             WHERE (subscription, id) IN (SELECT value ->> 0, value ->> 1 FROM json_each(?))",
        )
        .bind(to_json("accounts", &keys)?)
        .fetch_all(self.connection())
        .await?;
        let named = |(subscription, id, name): (String, String, String)| {
            let key =
                AccountKey { subscription: SubscriptionName::new(subscription), id: AccountId::new(id) };
            (key, name)
        };
        Ok(rows.into_iter().map(named).collect())
    }

    /// What was enrolled of each subscription that is watched; none where accounts were found in a list since.
    pub async fn rosters(&mut self) -> Result<BTreeMap<SubscriptionName, Option<String>>, StoreError> {
        let rows: Vec<(String, Option<String>)> =
            sqlx::query_as("SELECT name, roster FROM subscriptions WHERE roster IS NOT '' ORDER BY name")
                .fetch_all(self.connection())
                .await?;
        Ok(rows.into_iter().map(|(name, roster)| (SubscriptionName::new(name), roster)).collect())
    }

    /// Counts the watched accounts of each subscription anew, and keeps what says who they are, for those that are watched.
    pub async fn enrol(&mut self, rosters: &BTreeMap<SubscriptionName, String>) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO subscriptions (name, accounts, ok_run, roster)
             SELECT a.subscription, COUNT(*) FILTER (WHERE a.watched = 1 AND a.id <> ''),
                    MAX(coalesce(l.run, a.ok_run)) FILTER (WHERE a.watched = 1), ''
             FROM accounts a LEFT JOIN looks l ON l.account = a.key GROUP BY a.subscription
             ON CONFLICT (name) DO UPDATE
             SET accounts = excluded.accounts, ok_run = excluded.ok_run, roster = excluded.roster",
        )
        .execute(self.connection())
        .await?;
        for (name, roster) in rosters {
            sqlx::query("UPDATE subscriptions SET roster = ? WHERE name = ?")
                .bind(roster)
                .bind(name.as_str())
                .execute(self.connection())
                .await?;
        }
        Ok(())
    }

    /// Counts `more` accounts that were found in the list of a subscription; who they are is to be compared at the next occasion.
    pub async fn joined(&mut self, subscription: &SubscriptionName, more: usize) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE subscriptions SET accounts = accounts + ?, roster = substr(roster, 1, instr(roster, '/')) WHERE name = ?",
        )
        .bind(i64::try_from(more).unwrap_or(i64::MAX))
        .bind(subscription.as_str())
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// Ends the calm of every account of a subscription: what is kept of them is to be read by other rules.
    pub async fn stir_all(&mut self, subscription: &SubscriptionName) -> Result<(), StoreError> {
        let calm: Vec<String> =
            sqlx::query_scalar("SELECT id FROM accounts WHERE subscription = ? AND calm = 1")
                .bind(subscription.as_str())
                .fetch_all(self.connection())
                .await?;
        let calm: Vec<AccountKey> =
            calm.into_iter().map(|id| AccountKey::new(subscription, &AccountId::new(id))).collect();
        for some in calm.chunks(AT_ONCE) {
            let known = self.known_of(some).await?;
            let taught = known.iter().map(|(account, known)| Taught {
                account,
                standing: &known.standing,
                digest: None,
            });
            self.record_standings(taught).await?;
        }
        Ok(())
    }
}

impl Store {
    /// How many accounts are watched.
    pub async fn count_watched(&self) -> Result<usize, StoreError> {
        let count: i64 = sqlx::query_scalar("SELECT coalesce(SUM(accounts), 0) FROM subscriptions")
            .fetch_one(&self.read)
            .await?;
        Ok(usize::try_from(count).unwrap_or(0))
    }
}
