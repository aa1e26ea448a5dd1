//! One run over all due accounts: the first checks, checks deferred by rate limits, and the confirmation of bad outcomes.
//!
//! Guarantees: outcomes are stored in batches as they arrive, each batch in one transaction, so a slow account delays no other.
//! A run waits for rate limits for at most [`Engine::rate_limit_budget`], once before and once during confirmation; accounts that
//! cannot be checked by then are recorded as rate-limited and left to the next run. Leaves the waiting to the caller, and alerts
//! and messages to `alerting`, which looks at the accounts when the run has finished.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::TimeDelta;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};

use super::Engine;
use super::account_check::plan_requests;
use super::alerting::next_stage_at;
use super::clock_skew::record_date;
use super::fetch::{DeferredChecks, Fetcher, StartOffset};
use super::reads_beside::{AnswersBeside, ReadsBeside, abandoned_text};
use crate::api::LastAnswers;
use crate::domain::account::{AccountKey, SubscriptionName};
use crate::domain::account_state::RunId;
use crate::domain::policy::Policy;
use crate::domain::time::Timestamp;
use crate::store::{RunCounts, StoreError, Tally};

/// Outcomes written in one transaction at most.
const BATCH: usize = 1024;

/// How long outcomes are collected for one transaction: long enough for few transactions, short enough to be on disk soon.
const BATCH_TIME: Duration = Duration::from_millis(200);

/// Which accounts a run checks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Every watched account, and the lists of subscriptions with `discover`.
    Everything,
    /// Only these accounts.
    Accounts(BTreeSet<AccountKey>),
}

impl Scope {
    /// Its accounts; none when it is all of them.
    const fn accounts(&self) -> Option<&BTreeSet<AccountKey>> {
        match self {
            Self::Everything => None,
            Self::Accounts(accounts) => Some(accounts),
        }
    }

    /// Whether it has accounts of `subscription`.
    pub(super) fn has_any_of(&self, subscription: &SubscriptionName) -> bool {
        match self {
            Self::Everything => true,
            Self::Accounts(accounts) => accounts.iter().any(|account| account.subscription == *subscription),
        }
    }
}

/// Called with the number of accounts that were checked, and of all accounts of this step.
pub type Progress<'a> = &'a (dyn Fn(usize, usize) + Sync);

/// What a run does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NextStep {
    /// Nothing until then: call [`Run::advance`] again at that moment. An earlier call checks at once, and leaves unconfirmed what is not
    /// due by then.
    WaitUntil(Timestamp, WaitReason),
    /// The run has ended.
    Finished(RunSummary),
}

/// Why a run waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitReason {
    /// The API asked for a pause.
    RateLimited {
        /// Accounts that wait for its end.
        accounts: usize,
    },
    /// Bad outcomes are checked a second time after `[alerts].confirm_after`.
    Confirmation,
}

/// What a run came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunSummary {
    /// The run.
    pub id: RunId,
    /// What its checks showed.
    pub counts: RunCounts,
    /// When bad outcomes that could neither be confirmed nor disproved are due for another check.
    pub next_recheck: Option<Timestamp>,
    /// Whether every account was checked: false after [`Engine::stop_checks`].
    pub is_complete: bool,
}

/// A run in progress.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    scope: Scope,
    phase: Phase,
    started: Option<Started>,
    /// How long this phase has waited for rate limits.
    waited: TimeDelta,
    /// How long the checks took, without the time between them: pauses for rate limits, and before the confirmation.
    busy: TimeDelta,
    counts: RunCounts,
    next_stage: Option<Timestamp>,
    /// When outcomes are confirmed at the latest.
    confirm_by: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Started {
    id: RunId,
    at: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Phase {
    FirstChecks,
    Deferred(DeferredChecks),
    /// With the moment since when it waits for a rate limit, if it does.
    Confirmation(Option<Timestamp>),
}

impl Run {
    /// A run over the accounts in `scope`; its first checks are made by the first call of [`Run::advance`].
    pub fn start(scope: Scope) -> Self {
        Self {
            scope,
            phase: Phase::FirstChecks,
            started: None,
            waited: TimeDelta::zero(),
            busy: TimeDelta::zero(),
            counts: RunCounts::default(),
            next_stage: None,
            confirm_by: None,
        }
    }

    /// Confirms what an earlier run left unconfirmed together with its own outcomes, and not later than `due`: with runs closer together
    /// than `[alerts].confirm_after`, each would put the confirmation off, and with it every alert.
    #[must_use]
    pub fn confirm_by(self, due: Timestamp) -> Self {
        Self { confirm_by: Some(due), ..self }
    }

    /// Takes up the confirmation that run `id`, which started at `at`, left open.
    pub fn recheck(id: RunId, at: Timestamp) -> Self {
        let started = Some(Started { id, at });
        Self { phase: Phase::Confirmation(None), started, ..Self::start(Scope::Everything) }
    }

    /// What its checks showed so far.
    pub const fn counts(&self) -> RunCounts {
        self.counts
    }

    /// When it started; none before the first step.
    pub fn started_at(&self) -> Option<Timestamp> {
        self.started.map(|started| started.at)
    }

    /// A later confirmation of what this run left unconfirmed.
    #[must_use]
    pub fn into_recheck(self) -> Self {
        Self { phase: Phase::Confirmation(None), waited: TimeDelta::zero(), ..self }
    }

    /// Whether the next step checks bad outcomes a second time.
    pub const fn is_confirming(&self) -> bool {
        matches!(self.phase, Phase::Confirmation(_))
    }

    /// Whether it waits for the moment of its confirmation, and not for a rate limit.
    pub const fn awaits_confirmation(&self) -> bool {
        matches!(self.phase, Phase::Confirmation(None))
    }

    /// How long the checks took so far, without the time between them.
    pub const fn busy(&self) -> TimeDelta {
        self.busy
    }

    /// While the run waits: the next moment at which a token reaches a stage, which must not wait for the end of the run.
    pub const fn next_stage(&self) -> Option<Timestamp> {
        self.next_stage
    }

    /// What this step, which begins at `now`, reads beside its checks of `targets`.
    async fn reads(
        &self,
        engine: &Engine,
        targets: &[AccountKey],
        now: Timestamp,
    ) -> Result<ReadsBeside, StoreError> {
        Ok(match &self.phase {
            Phase::FirstChecks => ReadsBeside {
                plans: engine.plans_to_read(targets),
                jobs: engine.jobs_to_read(targets).await?,
                credits: engine.credits_to_read(targets, now).await?,
            },
            Phase::Deferred(_) => ReadsBeside::default(),
            Phase::Confirmation(_) => ReadsBeside {
                plans: engine.plans_to_confirm(&self.scope).await?,
                credits: engine.credits_to_confirm(self.scope.accounts(), now).await?,
                ..ReadsBeside::default()
            },
        })
    }

    /// Makes the checks that are due, and stores what they show.
    pub async fn advance(
        &mut self,
        engine: &Engine,
        now: Timestamp,
        progress: Progress<'_>,
    ) -> Result<NextStep, StoreError> {
        let since = match &self.phase {
            Phase::FirstChecks => None,
            Phase::Deferred(deferred) => Some(deferred.since),
            Phase::Confirmation(since) => *since,
        };
        // A clock that was set back adds nothing.
        self.waited += since.map_or(TimeDelta::zero(), |since| (now - since).max(TimeDelta::zero()));
        // Before the run exists: accounts that cannot be watched must not leave a run that never ends.
        let watched = match &self.phase {
            Phase::FirstChecks => engine.watch().await?,
            Phase::Deferred(_) | Phase::Confirmation(_) => Vec::new(),
        };
        let earlier = self.started;
        let id = match earlier {
            Some(started) => started.id,
            None => self.started.insert(Started { id: engine.begin_run(now).await?, at: now }).id,
        };
        let mut step = RunStep::new(engine, id, earlier.map(|started| started.at));
        let (targets, first) = self.step_targets(engine, watched, (id, now)).await?;
        if self.scope == Scope::Everything && !self.is_confirming() {
            step.last_answers = engine.store.last_answers().await?;
        }
        let reads = self.reads(engine, &targets, now).await?;
        let checks = async {
            let deferred = step.check_all(targets, first, self.waited, progress).await;
            // A stop after the checks, while other answers are waited for, leaves out nothing that the run needs.
            deferred.map(|deferred| (deferred, engine.clock.now(), !engine.is_stopping()))
        };
        let (checked, answers) = engine.read_beside(&reads, checks).await;
        let (deferred, checked_at, is_complete) = checked?;
        self.counts = step.finish((answers, now), deferred.is_none() && is_complete).await?;
        let now_after = engine.clock.now();
        self.busy += (checked_at - now).max(TimeDelta::zero());
        let next_recheck = engine.store.next_recheck().await?;
        let has_unconfirmed = next_recheck.is_some() || self.has_more_to_confirm(engine, now_after).await?;
        let summary = RunSummary { id, counts: self.counts, next_recheck, is_complete };
        let next = self.next_step(engine, (deferred, has_unconfirmed), summary, now_after);
        self.next_stage = match next {
            NextStep::WaitUntil(..) => engine.next_stage(now_after).await?,
            NextStep::Finished(_) => None,
        };
        Ok(next)
    }

    /// What this step checks, and where in the order of all accounts it starts.
    async fn step_targets(
        &self,
        engine: &Engine,
        watched: Vec<AccountKey>,
        (id, now): (RunId, Timestamp),
    ) -> Result<(Vec<AccountKey>, StartOffset), StoreError> {
        Ok(match &self.phase {
            Phase::FirstChecks => engine.targets(&self.scope, watched, id).await?,
            Phase::Deferred(deferred) => (deferred.accounts.clone(), StartOffset::default()),
            Phase::Confirmation(_) => {
                (engine.confirmation_targets(&self.scope, now).await?, StartOffset::default())
            }
        })
    }

    /// Whether something besides accounts waits for its confirmation.
    async fn has_more_to_confirm(&self, engine: &Engine, now: Timestamp) -> Result<bool, StoreError> {
        Ok(!engine.plans_to_confirm(&self.scope).await?.is_empty()
            || !engine.credits_to_confirm(self.scope.accounts(), now).await?.is_empty())
    }

    /// What follows on checks of which some were `deferred`.
    fn next_step(
        &mut self,
        engine: &Engine,
        (deferred, has_unconfirmed): (Option<DeferredChecks>, bool),
        summary: RunSummary,
        now: Timestamp,
    ) -> NextStep {
        let is_complete = summary.is_complete;
        match deferred {
            Some(deferred) if is_complete => {
                let reason = WaitReason::RateLimited { accounts: deferred.accounts.len() };
                let until = deferred.until;
                self.phase = match &self.phase {
                    Phase::FirstChecks | Phase::Deferred(_) => Phase::Deferred(deferred),
                    Phase::Confirmation(_) => Phase::Confirmation(Some(deferred.since)),
                };
                NextStep::WaitUntil(until, reason)
            }
            None if is_complete && has_unconfirmed && !self.is_confirming() => {
                self.phase = Phase::Confirmation(None);
                self.waited = TimeDelta::zero();
                let due = now + engine.config.alerts.confirm_after;
                let due = self.confirm_by.map_or(due, |earlier| earlier.clamp(now, due));
                NextStep::WaitUntil(due, WaitReason::Confirmation)
            }
            _ => NextStep::Finished(summary),
        }
    }
}

impl Engine {
    async fn begin_run(&self, now: Timestamp) -> Result<RunId, StoreError> {
        let mut writer = self.store.write().await?;
        let id = writer.begin_run(now).await?;
        writer.commit().await?;
        Ok(id)
    }

    /// Those of the `watched` accounts that a run checks, and with which of them it begins.
    async fn targets(
        &self,
        scope: &Scope,
        watched: Vec<AccountKey>,
        run: RunId,
    ) -> Result<(Vec<AccountKey>, StartOffset), StoreError> {
        if let Scope::Accounts(accounts) = scope {
            return Ok((accounts.iter().cloned().collect(), StartOffset::default()));
        }
        // After a rate limit the last accounts may not have been checked for long: each run begins with another one.
        let is_limited = self.store.any_rate_limited().await?;
        Ok((watched, if is_limited { StartOffset::for_run(run) } else { StartOffset::default() }))
    }

    /// What is checked to confirm what a run showed. The check of an account whose session may be dead shows whether the API token works.
    async fn confirmation_targets(
        &self,
        scope: &Scope,
        now: Timestamp,
    ) -> Result<Vec<AccountKey>, StoreError> {
        let mut targets = self.store.due_for_recheck(now).await?;
        targets.extend(self.credits_to_confirm(scope.accounts(), now).await?);
        targets.sort();
        targets.dedup();
        Ok(targets)
    }

    /// The next moment after `now` at which a token reaches a stage.
    async fn next_stage(&self, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        let policy = self.config.policy();
        let horizon = now + policy.max_lead_time();
        let records = self.store.needing_evaluation(horizon).await?;
        let later = self.store.next_expiry(horizon).await?;
        Ok(next_stage_at(&records, later, &policy, now))
    }
}

/// One step of a run, with what stays the same for all its checks.
pub(super) struct RunStep<'a> {
    pub(super) engine: &'a Engine,
    pub(super) policy: Policy,
    pub(super) run: RunId,
    /// When the run began, unless this is its first step: outcomes since then are corrected, not counted again.
    pub(super) begun: Option<Timestamp>,
    pub(super) tally: Tally,
    /// The last healthy answers of each subscription, where all its accounts are checked.
    last_answers: BTreeMap<SubscriptionName, LastAnswers>,
}

impl<'a> RunStep<'a> {
    fn new(engine: &'a Engine, run: RunId, begun: Option<Timestamp>) -> Self {
        Self {
            engine,
            policy: engine.config.policy(),
            run,
            begun,
            tally: Tally::default(),
            last_answers: BTreeMap::new(),
        }
    }

    /// Checks `targets`, and stores the outcomes while the next ones arrive.
    async fn check_all(
        &mut self,
        targets: Vec<AccountKey>,
        first: StartOffset,
        waited: TimeDelta,
        progress: Progress<'_>,
    ) -> Result<Option<DeferredChecks>, StoreError> {
        let engine = self.engine;
        engine.tokens.allow_reading().await;
        let (lists, single) = plan_requests(engine, targets);
        let last = std::mem::take(&mut self.last_answers);
        let total = single.len() + lists.iter().map(|list| list.wanted.len()).sum::<usize>();
        let (results, mut arrived) = mpsc::channel(BATCH);
        let storing = async {
            let (mut batch, mut done) = (Vec::with_capacity(BATCH), 0);
            while arrived.recv_many(&mut batch, BATCH).await > 0 {
                let end = Instant::now() + BATCH_TIME;
                while let room @ 1.. = BATCH - batch.len()
                    && let Ok(1..) = timeout_at(end, arrived.recv_many(&mut batch, room)).await
                {
                }
                self.record(&batch).await?;
                done += batch.iter().filter(|(account, _)| !account.is_listing()).count();
                progress(done, total.max(done));
                batch.clear();
            }
            Ok(())
        };
        let fetcher = Fetcher { engine, lists, last: &last, single, first, waited };
        let (deferred, ()) = tokio::try_join!(fetcher.fetch(results), storing)?;
        Ok(deferred)
    }

    /// Stores what was read beside the checks, in a step that began at `begun_at`, and the numbers of the run.
    async fn finish(
        self,
        (answers, begun_at): (AnswersBeside, Timestamp),
        is_finished: bool,
    ) -> Result<RunCounts, StoreError> {
        let mut writer = self.engine.store.write().await?;
        self.engine.record_plans(&mut writer, answers.plans).await?;
        self.engine.record_statistics(&mut writer, answers.jobs).await?;
        let step = (self.run, begun_at);
        self.engine.record_credits(&mut writer, answers.credits, step, abandoned_text()).await?;
        if let Some(date) = self.engine.client.take_date() {
            record_date(&mut writer, date, self.engine.clock.now()).await?;
        }
        let finished_at = is_finished.then(|| self.engine.clock.now());
        let counts = writer.update_run(self.run, &self.tally, finished_at).await?;
        writer.commit().await?;
        Ok(counts)
    }
}
