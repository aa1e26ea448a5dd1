//! Looking: ask the vendor about every due account, and keep what the answers teach.
//!
//! Promises: answers are written in batches as they come, each batch in one transaction; one slow account delays no
//! other. Leaves what to say about it to `announce`.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::TimeDelta;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};

use super::Engine;
use super::announce::next_rung;
use super::ask::{Beginning, PutOff, Questions};
use super::look::plan;
use crate::domain::account::AccountKey;
use crate::domain::policy::Policy;
use crate::domain::standing::RunId;
use crate::domain::time::Timestamp;
use crate::store::{RunCounts, StoreError, Tally};

/// How many answers are written in one transaction at the most.
const BATCH: usize = 1024;

/// For how long answers are gathered for one transaction: what was seen is soon on the disk, and few transactions are made.
const GATHER: Duration = Duration::from_millis(200);

/// Which accounts a run looks at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Every watched account, and the lists of subscriptions that want accounts discovered.
    Everything,
    /// Only these.
    Accounts(BTreeSet<AccountKey>),
}

/// One pass over accounts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pass {
    /// The run that it belongs to.
    pub run: RunId,
    /// What the run saw so far.
    pub counts: RunCounts,
    /// Whether bad verdicts wait to be asked about again.
    pub doubts: bool,
    /// With doubts, or somebody put off: the next rung of any ladder, which must not wait for them.
    pub next_rung: Option<Timestamp>,
    /// Whom it did not ask yet: they belong to the same run, which is not over before they are.
    pub put_off: Option<PutOff>,
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
        let mut step = Step::new(self, run, None);
        let targets = match scope {
            Scope::Accounts(accounts) => accounts.iter().cloned().collect(),
            Scope::Everything => {
                let mut targets = self.store.watched_keys().await?;
                if self.store.is_anybody_rate_limited().await? {
                    // Whoever stands last may not have been asked for a long time: nobody always stands last.
                    step.first = Beginning::elsewhere(run);
                }
                let discovering = self.config.subscriptions.iter().filter(|s| s.discover);
                targets.extend(discovering.map(|s| AccountKey::listing(&s.name)));
                targets
            }
        };
        step.look_at(targets, progress).await?;
        step.finish().await
    }

    /// Asks those that an earlier pass of the same run put off.
    pub async fn resume(
        &self,
        run: RunId,
        put_off: &PutOff,
        now: Timestamp,
        progress: Progress<'_>,
    ) -> Result<Pass, StoreError> {
        let mut step = self.step_of(run, Some(put_off), now).await?;
        step.look_at(put_off.accounts.clone(), progress).await?;
        step.finish().await
    }

    /// Asks again, within the same run, about every bad verdict whose pause is over. Who is put off, also by the pass that `after`
    /// comes from, stays in doubt.
    pub async fn confirm(
        &self,
        run: RunId,
        after: Option<&PutOff>,
        now: Timestamp,
        progress: Progress<'_>,
    ) -> Result<Pass, StoreError> {
        let mut step = self.step_of(run, after, now).await?;
        let doubted = self.store.doubted(now).await?;
        step.look_at(doubted, progress).await?;
        step.finish().await
    }

    /// A later pass of a run.
    async fn step_of(
        &self,
        run: RunId,
        after: Option<&PutOff>,
        now: Timestamp,
    ) -> Result<Step<'_>, StoreError> {
        let begun = self.store.last_run().await?.filter(|last| last.id == run).map(|last| last.started_at);
        let waited = after.map_or(TimeDelta::zero(), |put_off| put_off.waited_by(now));
        Ok(Step { waited, ..Step::new(self, run, begun.or(Some(now))) })
    }
}

/// One pass, with what stays the same for all its looks.
pub(super) struct Step<'a> {
    pub(super) engine: &'a Engine,
    pub(super) policy: Policy,
    pub(super) run: RunId,
    /// When the run began, where this is not its first pass: looks since then are corrected, not added to.
    pub(super) begun: Option<Timestamp>,
    pub(super) tally: Tally,
    /// How long the run has waited for vendors before.
    waited: TimeDelta,
    /// With which account of each subscription it begins.
    first: Beginning,
    put_off: Option<PutOff>,
}

impl<'a> Step<'a> {
    fn new(engine: &'a Engine, run: RunId, begun: Option<Timestamp>) -> Self {
        Self {
            engine,
            policy: engine.config.policy(),
            run,
            begun,
            tally: Tally::default(),
            waited: TimeDelta::zero(),
            first: Beginning::default(),
            put_off: None,
        }
    }

    async fn look_at(&mut self, targets: Vec<AccountKey>, progress: Progress<'_>) -> Result<(), StoreError> {
        let (engine, waited, first) = (self.engine, self.waited, self.first);
        engine.allow_reading_tokens().await;
        let (rolls, own) = plan(engine, targets);
        let total = own.len() + rolls.iter().map(|roll| roll.wanted.len()).sum::<usize>();
        let (sightings, mut queue) = mpsc::channel(BATCH);
        // Beside each other: while one batch is written, the next answers come.
        let writing = async {
            let (mut batch, mut done) = (Vec::with_capacity(BATCH), 0);
            while queue.recv_many(&mut batch, BATCH).await > 0 {
                let soon = Instant::now() + GATHER;
                while batch.len() < BATCH
                    && let room = BATCH - batch.len()
                    && let Ok(1..) = timeout_at(soon, queue.recv_many(&mut batch, room)).await
                {
                }
                self.record(&batch).await?;
                done += batch.iter().filter(|(account, _)| !account.is_listing()).count();
                progress(done, total.max(done));
                batch.clear();
            }
            Ok(())
        };
        let questions = Questions { engine, rolls, own, first, waited };
        let (put_off, ()) = tokio::try_join!(questions.ask(sightings), writing)?;
        self.put_off = put_off;
        Ok(())
    }

    async fn finish(self) -> Result<Pass, StoreError> {
        let store = &self.engine.store;
        let mut writer = store.write().await?;
        let now = self.engine.clock.now();
        if let Some(date) = self.engine.client.take_date() {
            writer.keep_api_date(date).await?;
        }
        let is_over = self.put_off.is_none() && !self.engine.is_halted();
        let counts = writer.count_run(self.run, &self.tally, is_over.then_some(now)).await?;
        writer.commit().await?;
        let doubts = store.next_question().await?.is_some();
        let next_rung = if doubts || self.put_off.is_some() {
            let horizon = now + self.policy.longest_lead();
            let (members, later) = (store.astir(horizon).await?, store.next_end(horizon).await?);
            next_rung(&members, later, &self.policy, now)
        } else {
            None
        };
        Ok(Pass { run: self.run, counts, doubts, next_rung, put_off: self.put_off })
    }
}
