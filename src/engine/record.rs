//! Writing: what a batch of looks taught, in one transaction.
//!
//! Promises: an account that is as it was costs one narrow row and is not read; whatever else it may be is read, compared and
//! kept in full. Both ways leave the same to be known.

use std::collections::BTreeMap;

use super::check::Step;
use super::digest::digest;
use super::look::Seen;
use crate::domain::account::{AccountId, AccountKey, SubscriptionName};
use crate::domain::configuration::Configuration;
use crate::domain::observation::Outcome;
use crate::domain::standing::{Known, Look};
use crate::store::{StoreError, Writer};

/// The looks of a batch at accounts of one subscription.
type Looks<'b> = BTreeMap<&'b AccountId, (&'b AccountKey, &'b Seen)>;

impl Step<'_> {
    /// Writes `batch`.
    pub(super) async fn record(&mut self, batch: &[(AccountKey, Seen)]) -> Result<(), StoreError> {
        let mut subscriptions: BTreeMap<&SubscriptionName, Looks<'_>> = BTreeMap::new();
        for (account, seen) in batch {
            let Seen { observation, .. } = seen;
            tracing::debug!(
                account.id = %account.id, subscription = %account.subscription, outcome = %observation.outcome,
                error = observation.error.as_deref(), "looked at an account"
            );
            subscriptions.entry(&account.subscription).or_default().insert(&account.id, (account, seen));
        }
        let mut writer = self.engine.store.write().await?;
        for (subscription, mut looks) in subscriptions {
            if looks.values().any(|(_, seen)| seen.observation.outcome == Outcome::Ok) {
                writer.proved(subscription, self.run).await?;
            }
            let digests: BTreeMap<&AccountId, String> = looks
                .iter()
                .filter_map(|(id, (_, seen))| {
                    Some((*id, self.digest(seen.observation.configuration.as_ref()?)?))
                })
                .collect();
            let stirred = writer.see_again(subscription, &digests, self.now, self.run).await?;
            let calm = i64::try_from(digests.len() - stirred.len()).unwrap_or(i64::MAX);
            self.tally.checked += calm;
            self.tally.ok += calm;
            looks.retain(|id, _| stirred.contains(*id) || !digests.contains_key(id));
            if !looks.is_empty() {
                self.learn(&mut writer, &looks, &digests).await?;
            }
        }
        writer.commit().await
    }

    /// Reads, compares and keeps in full.
    async fn learn(
        &mut self,
        writer: &mut Writer,
        looks: &Looks<'_>,
        digests: &BTreeMap<&AccountId, String>,
    ) -> Result<(), StoreError> {
        let mut known = writer.known_of(looks.values().map(|(account, _)| *account)).await?;
        for (id, (account, Seen { observation, .. })) in looks {
            let Some(known) = known.remove(*account) else { continue };
            if !account.is_listing() {
                self.tally.count(observation.outcome, self.seen_before(&known));
            }
            let lesson = known.learn(Look { observation, at: self.now, run: self.run }, &self.policy);
            match digests.get(id).filter(|_| lesson.standing.is_calm()) {
                Some(digest) => writer.record_calm(account, &lesson.standing, digest).await?,
                None => writer.record_standing(account, &lesson.standing).await?,
            }
            if let Some(configuration) = &observation.configuration {
                if known.configuration.as_ref() == Some(configuration) {
                    writer.touch_snapshot(account, self.now).await?;
                } else {
                    writer.begin_snapshot(account, configuration, self.now).await?;
                }
            }
            for change in &lesson.changes {
                writer.record_change(change).await?;
            }
        }
        Ok(())
    }

    /// What an earlier pass of the same run saw.
    fn seen_before(&self, known: &Known) -> Option<Outcome> {
        known.standing.outcome.filter(|_| self.begun.is_some() && known.standing.checked_at >= self.begun)
    }

    /// What a look saw, and how it is read, in short.
    fn digest(&self, configuration: &Configuration) -> Option<String> {
        let text = serde_json::to_string(configuration).ok()?;
        Some(digest(&format!("{:?} {text}", self.policy.source)))
    }
}
