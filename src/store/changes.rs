//! Changes: differences between two snapshots, and whether notifications of them were decided.

use std::collections::BTreeSet;

use sqlx::sqlite::SqliteExecutor;

use super::columns::{Columns, from_row, millis, to_json};
use super::readers::for_each;
use super::{Store, StoreError, Writer};
use crate::domain::account::ReceiverName;
use crate::domain::change::Change;

/// A change and its number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredChange {
    /// Its number, in the order in which changes were seen.
    pub id: i64,
    /// The change.
    pub change: Change,
}

from_row! { StoredChange: "changes" get(id = "change") nested(change) }

/// A change and the name of its account.
struct NamedChange {
    stored: StoredChange,
    name: String,
}

from_row! { NamedChange: "changes" nested(stored) get(name) }

from_row! {
    Change: "changes"
        nested(account) parse(kind, severity) get(field) json(before = "before_value", after = "after_value") timestamp(at)
}

/// Selects [`StoredChange`]s; a literal, so that each query is one.
macro_rules! changes {
    ($tail:literal) => {
        concat!(
            "SELECT c.id AS change, a.subscription, a.id, a.name, c.kind, c.severity, c.field, c.before_value, c.after_value, c.at
             FROM changes c JOIN accounts a ON a.key = c.account ",
            $tail
        )
    };
}

async fn last_change_id(executor: impl SqliteExecutor<'_>) -> Result<i64, StoreError> {
    Ok(sqlx::query_scalar("SELECT COALESCE(MAX(id), 0) FROM changes").fetch_one(executor).await?)
}

impl Writer {
    /// Records changes, in their order.
    pub async fn record_changes(&mut self, changes: &[Change]) -> Result<(), StoreError> {
        if changes.is_empty() {
            return Ok(());
        }
        let rows = changes.iter().map(|Change { account, kind, severity, field, before, after, at }| {
            let (before, after) = (to_json(before)?, to_json(after)?);
            Ok((&account.subscription, &account.id, kind, severity, field, before, after, millis(*at)))
        });
        let rows: Vec<_> = rows.collect::<Result<_, StoreError>>()?;
        let statement = sqlx::query(
            "INSERT INTO changes (account, kind, severity, field, before_value, after_value, at)
             SELECT a.key, e.value ->> 2, e.value ->> 3, e.value ->> 4, e.value ->> 5, e.value ->> 6, e.value ->> 7
             FROM json_each(?) e CROSS JOIN accounts a ON a.subscription = e.value ->> 0 AND a.id = e.value ->> 1",
        );
        self.execute(statement.bind(to_json(&rows)?)).await
    }

    /// The changes of which no notification was decided yet, oldest first.
    pub async fn unprocessed_changes(&mut self) -> Result<Vec<StoredChange>, StoreError> {
        Ok(sqlx::query_as(changes!("WHERE c.processed = 0 ORDER BY c.id"))
            .fetch_all(self.connection())
            .await?)
    }

    /// The receivers that were sent one of these changes already, while the quiet hours of others hold it back.
    pub async fn receivers_of_unprocessed_changes(
        &mut self,
    ) -> Result<BTreeSet<(i64, ReceiverName)>, StoreError> {
        let query = sqlx::query_as(
            "SELECT n.change, n.receiver FROM changes c CROSS JOIN notifications n ON n.change = c.id WHERE c.processed = 0
             UNION ALL
             SELECT s.change_id, s.receiver FROM changes c CROSS JOIN series s ON s.change_id = c.id AND s.change_id > 0
             WHERE c.processed = 0",
        );
        Ok(query.fetch_all(self.connection()).await?.into_iter().collect())
    }

    /// Passes each change after the one with this number to `take`, with the name of its account, one at a time, oldest first.
    pub async fn each_change_after(
        &mut self,
        id: i64,
        mut take: impl FnMut(StoredChange, &str),
    ) -> Result<(), StoreError> {
        let rows = sqlx::query_as(changes!("WHERE c.id > ? ORDER BY c.id")).bind(id).fetch(self.connection());
        for_each(rows, |NamedChange { stored, name }| take(stored, &name)).await
    }

    /// As [`Store::last_change_id`].
    pub async fn last_change_id(&mut self) -> Result<i64, StoreError> {
        last_change_id(self.connection()).await
    }

    /// Saves that each of these changes was decided for every receiver.
    pub async fn mark_changes_processed(&mut self, ids: &[i64]) -> Result<(), StoreError> {
        let statement =
            sqlx::query("UPDATE changes SET processed = 1 WHERE id IN (SELECT value FROM json_each(?))");
        self.execute(statement.bind(to_json(&ids)?)).await
    }
}

impl Store {
    /// The number of the newest change; zero when there is none.
    pub async fn last_change_id(&self) -> Result<i64, StoreError> {
        last_change_id(&self.read).await
    }

    /// The changes after the one with this number, oldest first.
    pub async fn changes_after(&self, id: i64) -> Result<Vec<StoredChange>, StoreError> {
        let query = sqlx::query_as(changes!("WHERE c.id > ? ORDER BY c.id"));
        Ok(query.bind(id).fetch_all(&self.read).await?)
    }
}
