//! Changes: what moved between two snapshots, and whether everybody was considered.

use super::rows::{json, millis, moment, severity, to_json, word};
use super::{Store, StoreError, Writer};
use crate::domain::account::{AccountId, AccountKey, SubscriptionName};
use crate::domain::change::{Change, ChangeKind};

/// A change and its number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredChange {
    /// Its number, in the order in which changes were seen.
    pub id: i64,
    /// What moved.
    pub change: Change,
}

#[derive(sqlx::FromRow)]
struct ChangeRow {
    id: i64,
    subscription: String,
    account: String,
    kind: String,
    severity: String,
    field: String,
    before_value: String,
    after_value: String,
    at: i64,
}

impl ChangeRow {
    fn read(self) -> Result<StoredChange, StoreError> {
        let account = AccountKey {
            subscription: SubscriptionName::new(self.subscription),
            id: AccountId::new(self.account),
        };
        let change = Change {
            account,
            kind: word("changes.kind", &self.kind, ChangeKind::from_word)?,
            severity: severity("changes.severity", &self.severity)?,
            field: self.field,
            before: json("changes.before_value", &self.before_value)?,
            after: json("changes.after_value", &self.after_value)?,
            at: moment("changes.at", self.at)?,
        };
        Ok(StoredChange { id: self.id, change })
    }
}

impl Writer {
    /// Keeps changes, in their order.
    pub async fn record_changes(&mut self, changes: &[Change]) -> Result<(), StoreError> {
        if changes.is_empty() {
            return Ok(());
        }
        let row = |change: &Change| {
            Ok((
                change.account.subscription.to_string(),
                change.account.id.to_string(),
                change.kind.as_str(),
                change.severity.as_str(),
                change.field.clone(),
                to_json("before_value", &change.before)?,
                to_json("after_value", &change.after)?,
                millis(change.at),
            ))
        };
        let rows: Vec<_> = changes.iter().map(row).collect::<Result<_, StoreError>>()?;
        sqlx::query(
            "INSERT INTO changes (account, kind, severity, field, before_value, after_value, at)
             SELECT a.key, e.value ->> 2, e.value ->> 3, e.value ->> 4, e.value ->> 5, e.value ->> 6, e.value ->> 7
             FROM json_each(?) e CROSS JOIN accounts a ON a.subscription = e.value ->> 0 AND a.id = e.value ->> 1",
        )
        .bind(to_json("changes", &rows)?)
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// The changes that no announcing has considered yet, oldest first.
    pub async fn new_changes(&mut self) -> Result<Vec<StoredChange>, StoreError> {
        let rows: Vec<ChangeRow> = sqlx::query_as(
            "SELECT c.id, a.subscription, a.id AS account, c.kind, c.severity, c.field, c.before_value, c.after_value, c.at
             FROM changes c JOIN accounts a ON a.key = c.account WHERE c.announced = 0 ORDER BY c.id",
        )
        .fetch_all(self.connection())
        .await?;
        rows.into_iter().map(ChangeRow::read).collect()
    }

    /// Each of these was considered for every receiver.
    pub async fn changes_announced(&mut self, ids: &[i64]) -> Result<(), StoreError> {
        sqlx::query("UPDATE changes SET announced = 1 WHERE id IN (SELECT value FROM json_each(?))")
            .bind(to_json("id", &ids)?)
            .execute(self.connection())
            .await?;
        Ok(())
    }
}

impl Store {
    /// The number of the change that was seen last; zero when there is none.
    pub async fn last_change(&self) -> Result<i64, StoreError> {
        Ok(sqlx::query_scalar("SELECT COALESCE(MAX(id), 0) FROM changes").fetch_one(&self.read).await?)
    }

    /// The changes that were seen after the one of this number, oldest first.
    pub async fn changes_behind(&self, id: i64) -> Result<Vec<StoredChange>, StoreError> {
        let rows: Vec<ChangeRow> = sqlx::query_as(
            "SELECT c.id, a.subscription, a.id AS account, c.kind, c.severity, c.field, c.before_value, c.after_value, c.at
             FROM changes c JOIN accounts a ON a.key = c.account WHERE c.id > ? ORDER BY c.id",
        )
        .bind(id)
        .fetch_all(&self.read)
        .await?;
        rows.into_iter().map(ChangeRow::read).collect()
    }

    /// The changes of an account, oldest first.
    pub async fn changes(&self, account: &AccountKey) -> Result<Vec<StoredChange>, StoreError> {
        let rows: Vec<ChangeRow> = sqlx::query_as(
            "SELECT c.id, a.subscription, a.id AS account, c.kind, c.severity, c.field, c.before_value, c.after_value, c.at
             FROM changes c JOIN accounts a ON a.key = c.account
             WHERE a.subscription = ? AND a.id = ? ORDER BY c.id",
        )
        .bind(account.subscription.as_str())
        .bind(account.id.as_str())
        .fetch_all(&self.read)
        .await?;
        rows.into_iter().map(ChangeRow::read).collect()
    }
}
