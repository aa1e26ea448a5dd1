//! Storing outcomes: account states, snapshots and changes, one transaction for each batch.
//!
//! Guarantees: an account that is unchanged costs one narrow row and is not read (`store/unchanged.rs`); every other one is read,
//! compared and stored in full. Both paths leave the same state.

use std::collections::{BTreeMap, BTreeSet};

use super::account_check::{CheckOutcome, CheckResult};
use super::run::RunStep;
use crate::domain::account::{AccountKey, SubscriptionName};
use crate::domain::account_state::{AccountRecord, Check, StateUpdate};
use crate::domain::observation::Outcome;
use crate::domain::time::Timestamp;
use crate::store::{StateRow, StoreError, Writer};

/// Accounts that are read, compared and stored in full at once: each holds its configuration in memory.
const UPDATE_CHUNK: usize = 256;

/// An outcome to store.
struct PendingCheck<'b> {
    account: &'b AccountKey,
    outcome: &'b CheckOutcome,
}

impl PendingCheck<'_> {
    /// The row of the answer that came once more.
    const fn last_answer(&self) -> Option<i64> {
        if let CheckOutcome::Unchanged(last) = self.outcome { Some(last.row) } else { None }
    }
}

impl RunStep<'_> {
    pub(super) async fn record(&mut self, batch: &[CheckResult]) -> Result<(), StoreError> {
        let mut subscriptions: BTreeMap<&SubscriptionName, Vec<PendingCheck<'_>>> = BTreeMap::new();
        for (account, outcome) in batch {
            tracing::debug!(
                account.id = %account.id, subscription = %account.subscription, outcome = %outcome.outcome(),
                error = outcome.error(), "checked an account"
            );
            let check = PendingCheck { account, outcome };
            subscriptions.entry(&account.subscription).or_default().push(check);
        }
        let mut writer = self.engine.store.write().await?;
        // The answers of a batch arrived within a moment of each other; the run may have begun long before.
        let now = self.engine.clock.now();
        for (subscription, mut checks) in subscriptions {
            if checks.iter().any(|check| check.outcome.outcome() == Outcome::Ok) {
                writer.record_healthy_run(subscription, self.run).await?;
            }
            let answers: BTreeSet<i64> = checks.iter().filter_map(PendingCheck::last_answer).collect();
            let forgotten = writer.touch_unchanged(&answers, now, self.run).await?;
            let unchanged = i64::try_from(answers.len() - forgotten.len()).unwrap_or(i64::MAX);
            self.tally.checked += unchanged;
            self.tally.ok += unchanged;
            checks.retain(|check| check.last_answer().is_none_or(|row| forgotten.contains(&row)));
            for chunk in checks.chunks(UPDATE_CHUNK) {
                self.update_in_full(&mut writer, chunk, now).await?;
            }
        }
        writer.commit().await
    }

    async fn update_in_full(
        &mut self,
        writer: &mut Writer,
        checks: &[PendingCheck<'_>],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut records = writer.accounts_by_key(checks.iter().map(|check| check.account)).await?;
        let (mut states, mut changes) = (Vec::with_capacity(checks.len()), Vec::new());
        let (mut same, mut new) = (Vec::new(), Vec::new());
        for PendingCheck { account, outcome } in checks {
            let Some(record) = records.remove(*account) else { continue };
            let observation = outcome.observation(record.configuration.as_ref());
            if !account.is_listing() {
                self.tally.count(observation.outcome, self.earlier_outcome(&record));
            }
            let check = Check { observation: &observation, at: now, run: self.run };
            let update = record.apply_check(check, &self.policy);
            let StateUpdate { account_state, changes: found } = update;
            changes.extend(found);
            match observation.configuration {
                Some(configuration) if record.configuration.as_ref() != Some(&configuration) => {
                    new.push((*account, configuration));
                }
                Some(_) => same.push(*account),
                None => {}
            }
            states.push((*account, account_state, outcome.checksum().map(|checksum| checksum.to_string())));
        }
        let rows = states.iter().map(|(account, account_state, checksum)| StateRow {
            account,
            account_state,
            checksum: checksum.as_deref().filter(|_| account_state.is_stable()),
        });
        writer.save_account_states(rows).await?;
        let new: Vec<_> = new.iter().map(|(account, configuration)| (*account, configuration)).collect();
        writer.touch_snapshots(&same, now).await?;
        writer.insert_snapshots(&new, now).await?;
        writer.record_changes(&changes).await
    }

    /// What an earlier step of the same run saw of this account.
    fn earlier_outcome(&self, record: &AccountRecord) -> Option<Outcome> {
        let state = &record.account_state;
        state.outcome.filter(|_| self.begun.is_some() && state.checked_at >= self.begun)
    }
}
