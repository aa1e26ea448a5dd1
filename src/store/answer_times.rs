//! Since when the answer about an account is the last one that was healthy.
//!
//! Guarantees: no time is older than the snapshot of its account, or than the end of the failures before it. It may be newer: a check that
//! gets the answer of the last one moves only `unchanged_checks`, but under other rules one is stored in full once more.

use std::collections::BTreeMap;

use sqlx::FromRow as _;
use sqlx::sqlite::SqliteRow;

use super::columns::Columns;
use super::{Store, StoreError};
use crate::domain::account::AccountKey;
use crate::domain::time::Timestamp;

/// Selects the times; a literal, so that each query is one.
macro_rules! answer_times {
    ($tail:literal) => {
        concat!(
            "SELECT a.subscription, a.id, MAX(s.first_seen_at, coalesce(a.last_ok_at, s.first_seen_at)) AS answered_at
             FROM accounts a JOIN snapshots s ON s.id = a.snapshot ",
            $tail
        )
    };
}

impl Store {
    /// The time of each watched account that has a snapshot.
    pub async fn answer_times(&self) -> Result<BTreeMap<AccountKey, Timestamp>, StoreError> {
        let query = sqlx::query(answer_times!("WHERE a.watched = 1 ORDER BY a.subscription, a.id"));
        query.fetch_all(&self.read).await?.iter().map(answer_time).collect()
    }

    /// The time of one account, if it has a snapshot.
    pub async fn answer_time(&self, account: &AccountKey) -> Result<Option<Timestamp>, StoreError> {
        let query = sqlx::query(answer_times!("WHERE a.subscription = ? AND a.id = ?"));
        let query = query.bind(account.subscription.as_str()).bind(account.id.as_str());
        let row = query.fetch_optional(&self.read).await?;
        row.map(|row| answer_time(&row).map(|(_, at)| at)).transpose()
    }
}

fn answer_time(row: &SqliteRow) -> Result<(AccountKey, Timestamp), StoreError> {
    Ok((AccountKey::from_row(row)?, Columns::new("snapshots", row).timestamp("answered_at")?))
}
