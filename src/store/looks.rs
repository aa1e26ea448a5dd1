//! Calm accounts: a look that teaches nothing new moves one narrow row, and nothing else.
//!
//! Promises: what is known of a calm account reads the same as if each of its looks had been kept in full. Leaves the judgement
//! of what is calm to `domain`, and what a digest is of to `engine`.

use std::collections::BTreeSet;

use serde::{Serialize, Serializer};

use super::rows::{millis, to_json};
use super::{StoreError, Writer};
use crate::domain::account::{AccountId, SubscriptionName};
use crate::domain::standing::RunId;
use crate::domain::time::Timestamp;

/// A count that begins here takes four bytes until two thousand million.
pub(super) const NO_CHECKS: i64 = 1 << 23;

/// Pairs that stand as the members of one object.
struct Members<'a>(&'a [(&'a AccountId, &'a str)]);

impl Serialize for Members<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().copied())
    }
}

impl Writer {
    /// Moves the row of each account of `subscription` that is calm and whose digest is still the same. Gives the others.
    pub async fn see_again(
        &mut self,
        subscription: &SubscriptionName,
        digests: &[(&AccountId, &str)],
        now: Timestamp,
        run: RunId,
    ) -> Result<BTreeSet<AccountId>, StoreError> {
        if digests.is_empty() {
            return Ok(BTreeSet::new());
        }
        let seen = to_json("looks", &Members(digests))?;
        // A clock that was set back does not shorten what was seen: such a look is kept in full.
        let moved = sqlx::query(
            "UPDATE looks SET at = ?3, run = ?4, checks = checks + 1
             WHERE account IN (
                 SELECT l.account FROM json_each(?1) e CROSS JOIN accounts a ON a.subscription = ?2 AND a.id = e.key
                 CROSS JOIN looks l ON l.account = a.key AND l.digest = e.value)
             AND at <= ?3",
        )
        .bind(&seen)
        .bind(subscription.as_str())
        .bind(millis(now))
        .bind(run)
        .execute(self.connection())
        .await?
        .rows_affected();
        if usize::try_from(moved).is_ok_and(|moved| moved == digests.len()) {
            return Ok(BTreeSet::new());
        }
        let others: Vec<String> = sqlx::query_scalar(
            "SELECT e.key FROM json_each(?1) e WHERE NOT EXISTS (
                 SELECT 1 FROM accounts a JOIN looks l ON l.account = a.key
                 WHERE a.subscription = ?2 AND a.id = e.key AND l.digest = e.value AND l.at = ?3 AND l.run = ?4)",
        )
        .bind(&seen)
        .bind(subscription.as_str())
        .bind(millis(now))
        .bind(run)
        .fetch_all(self.connection())
        .await?;
        Ok(others.into_iter().map(AccountId::new).collect())
    }
}
