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
use crate::domain::standing::{Known, Lesson, Look};
use crate::domain::time::Timestamp;
use crate::store::{StoreError, Taught, Writer};

/// How many looks are read, compared and kept in full at once: what is known of many is much.
const LESSONS: usize = 256;

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
                Sight::Healthy(json) => Some(digest([self.policy.source.as_str().as_bytes(), b" ", json])),
                Sight::Other(_) => None,
            };
            subscriptions.entry(&account.subscription).or_default().push(Taken { account, sight, digest });
        }
        let mut writer = self.engine.store.write().await?;
        // The answers of a batch came within a moment of each other; the run may have begun long before.
        let now = self.engine.clock.now();
        for (subscription, mut looks) in subscriptions {
            if looks.iter().any(|taken| taken.sight.outcome() == Outcome::Ok) {
                writer.proved(subscription, self.run).await?;
            }
            let digests: Vec<(&AccountId, &str)> = looks
                .iter()
                .filter_map(|taken| Some((&taken.account.id, taken.digest.as_deref()?)))
                .collect();
            let stirred = writer.see_again(subscription, &digests, now, self.run).await?;
            let calm = i64::try_from(digests.len() - stirred.len()).unwrap_or(i64::MAX);
            self.tally.checked += calm;
            self.tally.ok += calm;
            looks.retain(|taken| taken.digest.is_none() || stirred.contains(&taken.account.id));
            for some in looks.chunks(LESSONS) {
                self.learn(&mut writer, some, now).await?;
            }
        }
        writer.commit().await
    }

    /// Reads, compares and keeps in full.
    async fn learn(
        &mut self,
        writer: &mut Writer,
        looks: &[Taken<'_>],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut known = writer.known_of(looks.iter().map(|taken| taken.account)).await?;
        let (mut lessons, mut changes) = (Vec::with_capacity(looks.len()), Vec::new());
        for Taken { account, sight, digest } in looks {
            let Some(known) = known.remove(*account) else { continue };
            let observation = sight.observation();
            if !account.is_listing() {
                self.tally.count(observation.outcome, self.seen_before(&known));
            }
            let look = Look { observation: &observation, at: now, run: self.run };
            let Lesson { standing, changes: moved } = known.learn(look, &self.policy);
            changes.extend(moved);
            let seen = observation.configuration;
            let is_new = seen.is_some() && known.configuration != seen;
            lessons.push((*account, standing, digest.as_deref(), seen, is_new));
        }
        let taught = lessons.iter().map(|(account, standing, digest, ..)| Taught {
            account,
            standing,
            digest: digest.filter(|_| standing.is_calm()),
        });
        writer.record_standings(taught).await?;
        let (mut same, mut new) = (Vec::new(), Vec::new());
        for (account, _, _, seen, is_new) in &lessons {
            match seen {
                Some(configuration) if *is_new => new.push((*account, configuration)),
                Some(_) => same.push(*account),
                None => {}
            }
        }
        writer.touch_snapshots(&same, now).await?;
        writer.begin_snapshots(&new, now).await?;
        writer.record_changes(&changes).await
    }

    /// What an earlier pass of the same run saw.
    fn seen_before(&self, known: &Known) -> Option<Outcome> {
        known.standing.outcome.filter(|_| self.begun.is_some() && known.standing.checked_at >= self.begun)
    }
}
