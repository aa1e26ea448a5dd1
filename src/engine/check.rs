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
use super::look::{Seen, look};
use crate::domain::account::{AccountId, AccountKey};
use crate::domain::policy::Policy;
use crate::domain::standing::RunId;
use crate::domain::time::Timestamp;
use crate::store::{RunCounts, StoreError, Tally};

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
        let mut step = Step::new(self, run, None, now);
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
                self.store.watched_keys().await?
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
        let begun = self.store.last_run().await?.filter(|last| last.id == run).map(|last| last.started_at);
        let mut step = Step::new(self, run, begun.or(Some(now)), now);
        let doubted = self.store.doubted(now).await?;
        step.look_at(&doubted, progress).await?;
        step.finish().await
    }
}

/// One pass, with what stays the same for all its looks.
pub(super) struct Step<'a> {
    pub(super) engine: &'a Engine,
    pub(super) policy: Policy,
    pub(super) run: RunId,
    pub(super) now: Timestamp,
    /// When the run began, where this is not its first pass: looks since then are corrected, not added to.
    pub(super) begun: Option<Timestamp>,
    pub(super) tally: Tally,
}

impl<'a> Step<'a> {
    fn new(engine: &'a Engine, run: RunId, begun: Option<Timestamp>, now: Timestamp) -> Self {
        Self { engine, policy: engine.config.policy(), run, now, begun, tally: Tally::default() }
    }

    async fn look_at(&mut self, targets: &[AccountKey], progress: Progress<'_>) -> Result<(), StoreError> {
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
            for (account, Seen { found, .. }) in batch.iter().filter(|(account, _)| account.is_listing()) {
                let found: Vec<&AccountId> = found.iter().collect();
                self.engine.watch_found(&account.subscription, &found).await?;
            }
            self.record(&batch).await?;
            done += batch.len();
            progress(done, targets.len());
        }
        Ok(())
    }

    async fn finish(&self) -> Result<Pass, StoreError> {
        let store = &self.engine.store;
        let mut writer = store.write().await?;
        let counts = writer.finish_run(self.run, &self.tally, self.now).await?;
        writer.commit().await?;
        let doubts = store.next_question().await?.is_some();
        let next_rung = if doubts {
            let horizon = self.now + self.policy.longest_lead();
            let (members, later) = (store.astir(horizon).await?, store.next_end(horizon).await?);
            next_rung(&members, later, &self.policy, self.now)
        } else {
            None
        };
        Ok(Pass { run: self.run, counts, doubts, next_rung })
    }
}
