//! The fast path for large fleets: a check that sees what the last one saw moves one narrow row, of `unchanged_checks`, and reads and
//! writes nothing else: half the time of full writes, in a file that does not grow (docs/measurements.md, docs/scale.md).
//!
//! The digest of what was seen is stored for each account about which nothing awaits a notification or a confirmation (`stable`); all
//! others are read, compared and stored in full. Evaluation reads the accounts that are not stable or are near their expiry.
//! Guarantees: a stable account reads the same as if each check had been written in full: queries of accounts, snapshots and totals
//! join `unchanged_checks`. Leaves to `domain` which account is stable, and to `engine` what a digest is made of.

use std::collections::{BTreeMap, BTreeSet};

use super::columns::{millis, to_json};
use super::{StoreError, Writer};
use crate::domain::account::{AccountId, SubscriptionName};
use crate::domain::account_state::RunId;
use crate::domain::time::Timestamp;

/// `unchanged_checks.checks` starts here: from 2^23 to 2^31 a number takes four bytes, so the row keeps its width.
const CHECK_COUNT_BASE: i64 = 1 << 23;

impl Writer {
    /// Moves the row of each account of `subscription` that is stable and whose digest is the same. Returns the other
    /// accounts.
    pub async fn touch_unchanged(
        &mut self,
        subscription: &SubscriptionName,
        digests: &[(&AccountId, &str)],
        now: Timestamp,
        run: RunId,
    ) -> Result<BTreeSet<AccountId>, StoreError> {
        if digests.is_empty() {
            return Ok(BTreeSet::new());
        }
        let digests_json = to_json(&digests.iter().copied().collect::<BTreeMap<_, _>>())?;
        // After the clock was set back, a check is written in full: it must not shorten what was seen.
        let touched = sqlx::query(
            "UPDATE unchanged_checks SET at = ?3, run = ?4, checks = checks + 1
             WHERE account IN (
                 SELECT u.account FROM json_each(?1) e CROSS JOIN accounts a ON a.subscription = ?2 AND a.id = e.key
                 CROSS JOIN unchanged_checks u ON u.account = a.key AND u.digest = e.value)
             AND at <= ?3",
        )
        .bind(&digests_json)
        .bind(subscription.as_str())
        .bind(millis(now))
        .bind(run)
        .execute(self.connection())
        .await?
        .rows_affected();
        if usize::try_from(touched).is_ok_and(|touched| touched == digests.len()) {
            return Ok(BTreeSet::new());
        }
        let others: Vec<AccountId> = sqlx::query_scalar(
            "SELECT e.key FROM json_each(?1) e WHERE NOT EXISTS (
                 SELECT 1 FROM accounts a JOIN unchanged_checks u ON u.account = a.key
                 WHERE a.subscription = ?2 AND a.id = e.key AND u.digest = e.value AND u.at = ?3 AND u.run = ?4)",
        )
        .bind(&digests_json)
        .bind(subscription.as_str())
        .bind(millis(now))
        .bind(run)
        .fetch_all(self.connection())
        .await?;
        Ok(others.into_iter().collect())
    }

    /// Makes every account of a subscription unstable, so that its next check is applied in full: under other rules.
    pub async fn mark_all_unstable(&mut self, subscription: &SubscriptionName) -> Result<(), StoreError> {
        let stable: String = sqlx::query_scalar(
            "SELECT json_group_array(json_object('subscription', subscription, 'id', id))
             FROM accounts WHERE subscription = ? AND stable = 1",
        )
        .bind(subscription.as_str())
        .fetch_one(self.connection())
        .await?;
        let statement = sqlx::query(
            "UPDATE accounts SET (checked_at, last_ok_at, last_conclusive_at, auth_run, last_ok_run) =
                 (SELECT u.at, u.at, u.at, u.run, u.run FROM unchanged_checks u WHERE u.account = accounts.key), stable = 0
             WHERE subscription = ? AND stable = 1",
        );
        self.execute(statement.bind(subscription.as_str())).await?;
        self.end_unchanged(&stable).await
    }

    /// Inserts a row for each account in `rows` that has a digest; `rows` are those of [`Writer::save_account_states`].
    pub(super) async fn begin_unchanged(&mut self, rows: &str) -> Result<(), StoreError> {
        let statement = sqlx::query(
            "INSERT INTO unchanged_checks (account, digest, at, run, checks)
             SELECT a.key, e.value ->> 'digest', a.checked_at, a.last_ok_run, ?2 FROM json_each(?1) e CROSS JOIN accounts a
             ON a.subscription = e.value ->> 'subscription' AND a.id = e.value ->> 'id'
             WHERE e.value ->> 'digest' IS NOT NULL AND a.checked_at IS NOT NULL AND a.last_ok_run IS NOT NULL",
        );
        self.execute(statement.bind(rows).bind(CHECK_COUNT_BASE)).await
    }

    /// Deletes the row of each account of `rows`, and adds its checks to the account's present snapshot.
    pub(super) async fn end_unchanged(&mut self, rows: &str) -> Result<(), StoreError> {
        let statement = sqlx::query(
            "UPDATE snapshots
             SET last_seen_at = MAX(last_seen_at, (SELECT u.at FROM unchanged_checks u WHERE u.account = snapshots.account)),
                 checks = checks + (SELECT u.checks - ?2 FROM unchanged_checks u WHERE u.account = snapshots.account)
             WHERE id IN (
                 SELECT a.snapshot FROM json_each(?1) e CROSS JOIN accounts a
                 ON a.subscription = e.value ->> 'subscription' AND a.id = e.value ->> 'id'
                 CROSS JOIN unchanged_checks u ON u.account = a.key)",
        );
        self.execute(statement.bind(rows).bind(CHECK_COUNT_BASE)).await?;
        let statement = sqlx::query(
            "DELETE FROM unchanged_checks WHERE account IN (
                 SELECT a.key FROM json_each(?) e CROSS JOIN accounts a
                 ON a.subscription = e.value ->> 'subscription' AND a.id = e.value ->> 'id')",
        );
        self.execute(statement.bind(rows)).await
    }
}
