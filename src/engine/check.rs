//! Looking: ask the vendor about every due account, and keep what the answers teach.
//!
//! Promises: answers are written in batches as they come, each batch in one transaction; one slow account delays no
//! other. Leaves what to say about it to `announce`.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::StreamExt;
use tokio::time::Instant;

use super::Engine;
use super::announce::next_rung;
use crate::domain::account::AccountKey;
use crate::domain::observation::{Observation, Outcome};
use crate::domain::policy::Policy;
use crate::domain::standing::{Look, RunId};
use crate::domain::time::Timestamp;
use crate::store::{RunCounts, StoreError};

/// How many answers are written in one transaction at the most.
const BATCH: usize = 256;

/// For how long answers are gathered for one transaction: what was seen is soon on the disk, and few transactions are made.
const GATHER: Duration = Duration::from_millis(200);

/// Which accounts a run looks at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Every watched account, after the lists of subscriptions that want accounts discovered.
    Everything,
    /// Only these.
    Accounts(BTreeSet<AccountKey>),
}

/// One pass over accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pass {
    /// The run that it belongs to.
    pub run: RunId,
    /// What the run saw so far.
    pub counts: RunCounts,
    /// Whether bad verdicts wait to be asked about again.
    pub doubts: bool,
    /// With doubts: the next rung of any ladder, which must not wait for them.
    pub next_rung: Option<Timestamp>,
}

/// Is told how many of how many accounts were looked at.
pub type Progress<'a> = &'a (dyn Fn(usize, usize) + Sync);

impl Engine {
    /// Begins a run and looks at every account in `scope` once.
    pub async fn check(
        &self,
        scope: &Scope,
        now: Timestamp,
        progress: Progress<'_>,
    ) -> Result<Pass, StoreError> {
        self.watch().await?;
        let mut writer = self.store.write().await?;
        let run = writer.begin_run(now).await?;
        writer.commit().await?;
        let step = Step { engine: self, policy: self.config.policy(), run, now };
        let targets = match scope {
            Scope::Accounts(accounts) => accounts.iter().cloned().collect(),
            Scope::Everything => {
                let listings: Vec<AccountKey> = self
                    .config
                    .subscriptions
                    .iter()
                    .filter(|s| s.discover)
                    .map(|s| AccountKey::listing(&s.name))
                    .collect();
                step.look_at(&listings, &|_, _| {}).await?;
                let watched = self.store.watched().await?;
                watched
                    .into_iter()
                    .map(|known| known.account)
                    .filter(|account| !account.is_listing())
                    .collect()
            }
        };
        let targets: Vec<AccountKey> = targets;
        step.look_at(&targets, progress).await?;
        step.finish().await
    }

    /// Asks again, within the same run, about every bad verdict whose pause is over.
    pub async fn confirm(
        &self,
        run: RunId,
        now: Timestamp,
        progress: Progress<'_>,
    ) -> Result<Pass, StoreError> {
        let step = Step { engine: self, policy: self.config.policy(), run, now };
        let watched = self.store.watched().await?;
        let doubted: Vec<AccountKey> = watched
            .into_iter()
            .filter(|known| known.standing.suspicion.is_some_and(|suspicion| suspicion.ask_at <= now))
            .map(|known| known.account)
            .collect();
        step.look_at(&doubted, progress).await?;
        step.finish().await
    }
}

/// One pass, with what stays the same for all its looks.
struct Step<'a> {
    engine: &'a Engine,
    policy: Policy,
    run: RunId,
    now: Timestamp,
}

impl Step<'_> {
    async fn look_at(&self, targets: &[AccountKey], progress: Progress<'_>) -> Result<(), StoreError> {
        let now = self.now;
        let looks = futures_util::stream::iter(targets.to_vec())
            .map(|target| look(self.engine.clone(), target, now))
            .buffer_unordered(self.engine.config.api.concurrency);
        let mut looks = std::pin::pin!(looks);
        let mut done = 0;
        while let Some(first) = looks.next().await {
            let mut batch = vec![first];
            let soon = Instant::now() + GATHER;
            while batch.len() < BATCH
                && let Ok(Some(look)) = tokio::time::timeout_at(soon, looks.next()).await
            {
                batch.push(look);
            }
            let found: Vec<AccountKey> =
                batch.iter().flat_map(|(_, look)| look.found.iter().cloned()).collect();
            if !found.is_empty() {
                self.engine.watch_found(&found).await?;
            }
            self.record(&batch).await?;
            done += batch.len();
            progress(done, targets.len());
        }
        Ok(())
    }

    async fn record(&self, batch: &[(AccountKey, Seen)]) -> Result<(), StoreError> {
        let mut writer = self.engine.store.write().await?;
        let (mut known, mut unchanged) =
            (writer.known_of(batch.iter().map(|(account, _)| account)).await?, Vec::new());
        for (account, Seen { observation, .. }) in batch {
            let Some(known) = known.remove(account) else { continue };
            let lesson = known.learn(Look { observation, at: self.now, run: self.run }, &self.policy);
            tracing::debug!(
                account.id = %account.id, subscription = %account.subscription, outcome = %observation.outcome,
                error = observation.error.as_deref(), "looked at an account"
            );
            let same =
                observation.configuration.is_some() && observation.configuration == known.configuration;
            if same && lesson.standing == known.standing.still_well(self.now, self.run) {
                unchanged.push(account);
                continue;
            }
            writer.record_standing(account, &lesson.standing).await?;
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
        writer.still_well(&unchanged, self.now, self.run).await?;
        writer.commit().await
    }

    async fn finish(&self) -> Result<Pass, StoreError> {
        let mut writer = self.engine.store.write().await?;
        let counts = writer.finish_run(self.run, self.now).await?;
        writer.commit().await?;
        let doubts = self.engine.store.next_question().await?.is_some();
        let next_rung = if doubts {
            next_rung(&self.engine.store.watched().await?, &self.policy, self.now)
        } else {
            None
        };
        Ok(Pass { run: self.run, counts, doubts, next_rung })
    }
}

async fn look(engine: Engine, target: AccountKey, now: Timestamp) -> (AccountKey, Seen) {
    let subscriptions = &engine.config.subscriptions;
    let Some(subscription) =
        subscriptions.iter().find(|subscription| subscription.name == target.subscription)
    else {
        let gone = Observation::failed(Outcome::Unavailable, "its subscription left the configuration");
        return (target, Seen::only(gone));
    };
    let token = &subscription.token.value;
    if !target.is_listing() {
        let observation = engine.client.account(token, &target.id, now).await;
        return (target, Seen::only(observation));
    }
    let listing = engine.client.accounts(token, now).await;
    let found = listing.accounts.keys().map(|id| AccountKey::new(&subscription.name, id)).collect();
    let observation = Observation {
        outcome: listing.outcome,
        configuration: None,
        error: listing.error,
        retry_after: listing.retry_after,
    };
    (target, Seen { observation, found })
}

/// What one look saw, and which accounts a list held.
struct Seen {
    observation: Observation,
    found: Vec<AccountKey>,
}

impl Seen {
    const fn only(observation: Observation) -> Self {
        Self { observation, found: Vec::new() }
    }
}
