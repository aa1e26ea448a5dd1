//! The fast path for large fleets: a check that gets the answer of the last one moves one narrow row, of `unchanged_checks`, and reads and
//! writes nothing else: half the time of full writes, in a file that does not grow (docs/measurements.md, docs/scale.md).
//!
//! The checksum of the answer is stored for each account about which nothing awaits a notification or a confirmation (`stable`); a run
//! asks for them once. All others are read, compared and stored in full. Evaluation reads the accounts that are not stable or are near their expiry.
//! Guarantees: a stable account reads the same as if each check had been written in full: queries of accounts, snapshots and totals
//! join `unchanged_checks`. Leaves to `domain` which account is stable, and to `api` to recognise an answer.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::columns::{millis, to_json};
use super::{Store, StoreError, Writer};
use crate::domain::account::{AccountId, SubscriptionName};
use crate::domain::account_state::RunId;
use crate::domain::checksum::LastAnswer;
use crate::domain::time::Timestamp;

/// `unchanged_checks.checks` starts here: from 2^23 to 2^31 a number takes four bytes, so the row keeps its width.
const CHECK_COUNT_BASE: i64 = 1 << 23;

impl Store {
    /// The last answers about the stable accounts of each subscription.
    pub async fn last_answers(
        &self,
    ) -> Result<BTreeMap<SubscriptionName, HashMap<AccountId, LastAnswer>>, StoreError> {
        let rows: Vec<(SubscriptionName, String)> = sqlx::query_as(
            "SELECT a.subscription, json_group_object(a.id, u.account || ' ' || u.checksum)
             FROM accounts a CROSS JOIN unchanged_checks u ON u.account = a.key GROUP BY a.subscription",
        )
        .fetch_all(&self.read)
        .await?;
        let last_answer = |text: String| {
            let (row, checksum) = text.split_once(' ')?;
            Some(LastAnswer { row: row.parse().ok()?, checksum: checksum.parse().ok()? })
        };
        let parsed = rows.into_iter().map(|(subscription, json)| {
            let texts: HashMap<AccountId, String> =
                serde_json::from_str(&json).map_err(|error| sqlx::Error::Decode(error.into()))?;
            let known = texts.into_iter().filter_map(|(id, text)| Some((id, last_answer(text)?)));
            Ok((subscription, known.collect()))
        });
        parsed.collect()
    }
}

impl Writer {
    /// Moves the rows of `answers` that came once more. Returns those that have no row any more.
    pub async fn touch_unchanged(
        &mut self,
        answers: &BTreeSet<i64>,
        now: Timestamp,
        run: RunId,
    ) -> Result<BTreeSet<i64>, StoreError> {
        if answers.is_empty() {
            return Ok(BTreeSet::new());
        }
        let rows_json = to_json(answers)?;
        // After the clock was set back, a check is written in full: it must not shorten what was seen.
        let touched = sqlx::query(
            "UPDATE unchanged_checks SET at = ?2, run = ?3, checks = checks + 1
             WHERE account IN (SELECT value FROM json_each(?1)) AND at <= ?2",
        )
        .bind(&rows_json)
        .bind(millis(now))
        .bind(run)
        .execute(self.connection())
        .await?
        .rows_affected();
        if usize::try_from(touched).is_ok_and(|touched| touched == answers.len()) {
            return Ok(BTreeSet::new());
        }
        let others: Vec<i64> = sqlx::query_scalar(
            "SELECT value FROM json_each(?1) WHERE NOT EXISTS (
                 SELECT 1 FROM unchanged_checks u WHERE u.account = value AND u.at = ?2 AND u.run = ?3)",
        )
        .bind(&rows_json)
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

    /// Inserts a row for each account in `rows` that has a checksum; `rows` are those of [`Writer::save_account_states`].
    pub(super) async fn begin_unchanged(&mut self, rows: &str) -> Result<(), StoreError> {
        let statement = sqlx::query(
            "INSERT INTO unchanged_checks (account, checksum, at, run, checks)
             SELECT a.key, e.value ->> 'checksum', a.checked_at, a.last_ok_run, ?2 FROM json_each(?1) e CROSS JOIN accounts a
             ON a.subscription = e.value ->> 'subscription' AND a.id = e.value ->> 'id'
             WHERE e.value ->> 'checksum' IS NOT NULL AND a.checked_at IS NOT NULL AND a.last_ok_run IS NOT NULL",
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
