//! Writing: what a batch of looks taught, in one transaction.
//!
//! Promises: an account that is as it was costs one narrow row and is not read; whatever else it may be is read, compared and
//! kept in full. Both ways leave the same to be known.

use std::collections::BTreeMap;

use super::check::Step;
use super::digest::digest;
use super::look::{Sight, Sighting};
use crate::domain::account::{AccountId, AccountKey, SubscriptionName};
use crate::domain::observation::Outcome;
use crate::domain::standing::{Known, Look};
use crate::store::{StoreError, Writer};

/// One look of a batch: at whom, what it saw, and that in short where it was healthy.
struct Taken<'b> {
    account: &'b AccountKey,
    sight: &'b Sight,
    digest: Option<String>,
}

impl Step<'_> {
    /// Writes `batch`.
    pub(super) async fn record(&mut self, batch: &[Sighting]) -> Result<(), StoreError> {
        let mut subscriptions: BTreeMap<&SubscriptionName, Vec<Taken<'_>>> = BTreeMap::new();
        for (account, sight) in batch {
            tracing::debug!(
                account.id = %account.id, subscription = %account.subscription, outcome = %sight.outcome(),
                error = sight.error(), "looked at an account"
            );
            let digest = match sight {
                Sight::Healthy(text) => Some(digest([self.policy.source.as_str(), " ", text])),
                Sight::Other(_) => None,
            };
            subscriptions.entry(&account.subscription).or_default().push(Taken { account, sight, digest });
        }
        let mut writer = self.engine.store.write().await?;
        for (subscription, mut looks) in subscriptions {
            if looks.iter().any(|taken| taken.sight.outcome() == Outcome::Ok) {
                writer.proved(subscription, self.run).await?;
            }
            let digests: Vec<(&AccountId, &str)> = looks
                .iter()
                .filter_map(|taken| Some((&taken.account.id, taken.digest.as_deref()?)))
                .collect();
            let stirred = writer.see_again(subscription, &digests, self.now, self.run).await?;
            let calm = i64::try_from(digests.len() - stirred.len()).unwrap_or(i64::MAX);
            self.tally.checked += calm;
            self.tally.ok += calm;
            looks.retain(|taken| taken.digest.is_none() || stirred.contains(&taken.account.id));
            if !looks.is_empty() {
                self.learn(&mut writer, &looks).await?;
            }
        }
        writer.commit().await
    }

    /// Reads, compares and keeps in full.
    async fn learn(&mut self, writer: &mut Writer, looks: &[Taken<'_>]) -> Result<(), StoreError> {
        let mut known = writer.known_of(looks.iter().map(|taken| taken.account)).await?;
        for Taken { account, sight, digest } in looks {
            let Some(known) = known.remove(*account) else { continue };
            let observation = &sight.observation();
            if !account.is_listing() {
                self.tally.count(observation.outcome, self.seen_before(&known));
            }
            let lesson = known.learn(Look { observation, at: self.now, run: self.run }, &self.policy);
            match digest.as_deref().filter(|_| lesson.standing.is_calm()) {
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
}
