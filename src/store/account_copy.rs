//! A copy of what the store holds about one account, small enough to simulate the account's future in milliseconds.
//!
//! Guarantees: the copy has the store's schema and every row that decides about alerts and notifications of this account
//! and of its subscription; the store itself is only read. Leaves out runs, changes, the totals of what happened and the expiries of other
//! accounts: the hours and totals of jobs in the copy are those of the copied jobs, which triggers of the schema count.

use tempfile::TempDir;

use super::{Store, StoreError};
use crate::domain::account::AccountKey;

/// Copies the rows of the account ?2 in the subscription ?1. CROSS JOIN makes SQLite begin with the few rows of the copy.
const COPY: &str = "
    -- The watched accounts of the subscription, since a cause can be shared; of the others everything but their expiries.
    INSERT INTO accounts SELECT * FROM source.accounts WHERE subscription = ?1 AND (watched = 1 OR id = ?2);
    UPDATE accounts SET expires_at = NULL, expiry_missing = 0, expiries = '{}', snapshot = NULL WHERE id <> ?2;
    -- All alerts of the account, those of its subscription that may explain its jobs, and those not closed that can share their cause with it.
    INSERT INTO alerts SELECT * FROM source.alerts WHERE subscription = ?1 AND receiver = '' AND (
        account = ?2 OR (account = '' AND kind IN ('unauthorized', 'subscription_lapsed')) OR (closed = 0 AND (account = '' OR kind NOT IN ('expiry', 'expiry_unknown'))));
    -- What belongs to these rows. Messages count when they wait, or when one of them failed permanently: after a later delivery
    -- its firing alerts are sent again.
    INSERT INTO snapshots SELECT s.* FROM main.accounts a CROSS JOIN source.snapshots s ON s.id = a.snapshot;
    INSERT INTO unchanged_checks
        SELECT c.* FROM main.accounts a CROSS JOIN source.unchanged_checks c ON c.account = a.key;
    INSERT INTO subscriptions SELECT * FROM source.subscriptions WHERE name IN (SELECT subscription FROM main.accounts);
    INSERT INTO plans SELECT * FROM source.plans WHERE subscription = ?1;
    INSERT INTO job_readings SELECT * FROM source.job_readings WHERE subscription = ?1;
    INSERT INTO jobs SELECT * FROM source.jobs WHERE subscription = ?1 AND account = ?2 AND counts = 1
        ORDER BY at DESC LIMIT 2000;
    INSERT INTO credits SELECT * FROM source.credits WHERE subscription = ?1 AND account = ?2;
    INSERT INTO notifications
        SELECT n.* FROM main.alerts a CROSS JOIN source.notifications n ON n.alert = a.id ORDER BY n.id;
    INSERT INTO acks SELECT k.* FROM main.alerts a CROSS JOIN source.acks k ON k.alert = a.id;
    INSERT INTO messages SELECT * FROM source.messages WHERE state = 'pending' OR seq >= (
        SELECT MIN(m.seq) FROM main.alerts a CROSS JOIN main.notifications n ON n.alert = a.id
        CROSS JOIN source.messages m ON m.id = n.message WHERE a.closed = 0 AND m.state = 'failed');
    INSERT INTO silences SELECT * FROM source.silences;
    -- Reminders of other accounts' alerts are not of interest, and would only slow a simulation down.
    INSERT OR IGNORE INTO acks (alert, reason, acked_at) SELECT id, '', 0 FROM alerts WHERE account NOT IN ('', ?2);";

/// The copy, which is deleted with this value.
#[derive(Debug)]
pub struct AccountCopy {
    /// The open copy.
    pub store: Store,
    _folder: TempDir,
}

impl Store {
    /// Copies what concerns `account` into a temporary store.
    ///
    /// # Errors
    /// When the copy cannot be written, or the store cannot be read.
    pub async fn copy_account(&self, account: &AccountKey) -> Result<AccountCopy, StoreError> {
        let folder =
            tempfile::tempdir().map_err(|error| StoreError::from_io(&std::env::temp_dir(), &error))?;
        let copy = Self::create_temporary(&folder.path().join("account.db")).await?;
        let (subscription, id) = (account.subscription.as_str(), account.id.as_str());
        let source = std::path::absolute(self.identity.path())
            .map_err(|error| StoreError::from_io(self.identity.path(), &error))?;
        let mut connection = copy.write.acquire().await?;
        // The copy need not hold what its rows refer to.
        sqlx::raw_sql("PRAGMA foreign_keys = OFF").execute(&mut *connection).await?;
        sqlx::query("ATTACH DATABASE ? AS source")
            .bind(source.to_string_lossy())
            .execute(&mut *connection)
            .await?;
        // One transaction reads the store as it is at one moment.
        sqlx::raw_sql("BEGIN").execute(&mut *connection).await?;
        sqlx::query(COPY).bind(subscription).bind(id).execute(&mut *connection).await?;
        sqlx::raw_sql("COMMIT; DETACH DATABASE source").execute(&mut *connection).await?;
        drop(connection);
        Ok(AccountCopy { store: copy, _folder: folder })
    }
}
