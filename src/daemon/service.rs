//! The loop, its timers and what is in flight.
//!
//! Guarantees: every timer can be computed again, so none is stored, and a clock that is set back delays none. Silences and
//! resent messages come from other processes: the loop compares the silences in force with those that the last evaluation applied,
//! and looks for pending messages that wait for no timer. Leaves runs, deliveries and reloads to their files.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::Context;
use chrono::TimeDelta;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::clock;
use crate::domain::account::ReceiverName;
use crate::domain::clock_skew::clock_moved_back;
use crate::domain::silence::SilenceId;
use crate::domain::time::{Timestamp, minute, relative, rfc3339};
use crate::engine::{Delivery, Engine, NextStep, Run};
use crate::output::pluralize;
use crate::store::{Lock, Store, StoreError};
use crate::web::Listener;

use super::run_state::{RunState, UnreportedRun};
use super::signals::{Signal, Signals};
use super::systemd::{self, Systemd};

/// A step that failed for our own reasons (disk full, database locked) is tried again after this.
pub(super) const RETRY_DELAY: TimeDelta = TimeDelta::seconds(15);

/// How long a stopping service waits for what is in flight.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(20);

/// How long it then waits for the store to close. Together with the wait for the log, both are shorter than the units'
/// `TimeoutStopSec=`.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

/// How often ended rows are purged.
pub(super) const PURGE_INTERVAL: Duration = Duration::from_hours(1);

/// The delay before bad outcomes that could neither be confirmed nor disproved are checked again.
pub(super) const RECHECK_RETRY: TimeDelta = TimeDelta::minutes(1);

/// A backlog is purged in batches, this far apart.
pub(super) const PURGE_BACKLOG_INTERVAL: Duration = Duration::from_secs(1);

/// Commands end silences from other processes: while one is in force, the store is read this often.
const SILENCE_POLL_INTERVAL: TimeDelta = TimeDelta::seconds(5);

/// How the service ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// A signal requested it.
    Requested,
    /// The store is damaged or gone; the log says how.
    StoreLost,
}

/// The service and its timers. All of them can be computed again, so none is stored.
#[derive(Debug)]
pub struct Daemon {
    pub(super) engine: Engine,
    /// Held while the service runs: without it a second process could use the store.
    pub(super) lock: Lock,
    /// Why the store cannot be used any longer.
    pub(super) lost: Option<StoreError>,
    /// The integrity check of a large store, which would delay the start.
    pub(super) integrity_check: JoinSet<Result<(), StoreError>>,
    /// The time of the last tick, to notice a clock that was set back.
    pub(super) last_tick: Timestamp,
    /// When the next run is due by the schedule.
    pub(super) next_run: Option<Timestamp>,
    pub(super) run: RunState,
    /// When alerts are evaluated next.
    pub(super) next_evaluation: Option<Timestamp>,
    /// The silences in force at the last evaluation.
    pub(super) applied_silences: BTreeSet<SilenceId>,
    pub(super) next_purge: Timestamp,
    /// When the horizon of purging last moved, or the service started.
    pub(super) horizon_moved: Instant,
    /// The checks in flight, if any, so that the expiry clock does not wait for slow answers.
    pub(super) checks: JoinSet<(Run, Result<NextStep, StoreError>)>,
    /// The deliveries in flight, one for each receiver.
    pub(super) deliveries: JoinSet<(ReceiverName, Result<Delivery, StoreError>)>,
    /// The receivers with a delivery in flight.
    pub(super) busy: BTreeSet<ReceiverName>,
    /// When the next attempt for each receiver is due.
    pub(super) attempts: BTreeMap<ReceiverName, Timestamp>,
    /// Watched accounts and firing alerts, as of the last evaluation.
    pub(super) totals: (usize, usize),
    /// A new configuration that waits for the checks in flight.
    pub(super) next_engine: Option<Engine>,
    /// Why the last new configuration was refused, until a valid one comes.
    pub(super) refused: Option<String>,
    pub(super) systemd: Systemd,
    /// Serves HTTP on a thread of its own, if that is configured.
    pub(super) listener: Listener,
    /// The heartbeat in flight, if any.
    pub(super) heartbeat: JoinSet<()>,
    /// When the run started that was reported last, or is to be.
    pub(super) last_heartbeat: Option<Timestamp>,
    /// The run that is reported when its alerts are stored.
    pub(super) unreported_run: Option<UnreportedRun>,
}

impl Daemon {
    /// Continues from the store: a run is due at once if one was missed or did not end, or if an account was unhealthy or never
    /// checked, since a restart may bring a new token.
    pub async fn new(engine: Engine, lock: Lock) -> anyhow::Result<Self> {
        engine.watch().await?;
        let now = engine.clock.now();
        let store = &engine.store;
        let last = store.last_run().await?.filter(|run| run.finished_at.is_some());
        let run = match last {
            Some(last) => {
                let recheck = store.next_recheck().await?;
                RunState::Idle { recheck: recheck.map(|due| (due, Run::recheck(last.id, last.started_at))) }
            }
            None => RunState::Interrupted,
        };
        let any_unhealthy = store.any_unhealthy().await?;
        let totals = (store.count_watched().await?, store.firing_alerts().await?.len());
        let due = match last {
            // A run in the future was started by a wrong clock; nothing may wait for that time.
            Some(last) if !any_unhealthy && last.started_at <= now => {
                engine.config.schedule.schedule.next_after(last.started_at)
            }
            _ => Some(now),
        };
        Ok(Self {
            engine,
            lock,
            lost: None,
            integrity_check: JoinSet::new(),
            last_tick: now,
            next_run: due.map(|due| due.max(now)),
            run,
            next_evaluation: Some(now),
            applied_silences: BTreeSet::new(),
            next_purge: now,
            horizon_moved: Instant::now(),
            checks: JoinSet::new(),
            deliveries: JoinSet::new(),
            busy: BTreeSet::new(),
            attempts: BTreeMap::new(),
            totals,
            next_engine: None,
            refused: None,
            systemd: Systemd::new(now),
            listener: Listener::default(),
            heartbeat: JoinSet::new(),
            last_heartbeat: None,
            unreported_run: None,
        })
    }

    /// The store that the service uses.
    pub const fn store(&self) -> &Store {
        &self.engine.store
    }

    /// Watches until a signal stops it; `reload` makes a new engine from the configuration as it is then.
    pub(super) async fn run(
        mut self,
        signals: &mut Signals,
        reload: impl Fn(&Self) -> anyhow::Result<Engine>,
        reload_requested: bool,
    ) -> anyhow::Result<Exit> {
        self.start_work();
        if reload_requested {
            self.reload(&reload).await;
        }
        loop {
            self.tick().await;
            if let Some(lost) = self.lost {
                tracing::error!("stopping: {lost}");
                systemd::stopping(&lost.to_string());
                self.listener.abandon();
                self.engine.store.abandon();
                return Ok(Exit::StoreLost);
            }
            let status = self.status();
            self.systemd.set_status(status);
            self.systemd.ping_watchdog(&self.engine.store, self.engine.clock.now());
            tokio::select! {
                () = clock::nap_until(self.wake_at()) => {}
                Some(step) = self.checks.join_next() => {
                    self.on_checks_done(step.context("a run was cut off")?, self.now());
                }
                Some(sent) = self.deliveries.join_next() => {
                    self.on_delivered(sent.context("a delivery was cut off")?, self.now());
                }
                Some(checked) = self.integrity_check.join_next() => {
                    self.on_integrity_checked(checked.context("the integrity check was cut off")?);
                }
                signal = signals.next() => match signal {
                    Signal::Stop(name) => {
                        tracing::info!(signal = name, "stopping: {name}");
                        self.engine.stop_checks();
                        break;
                    }
                    Signal::Reload => self.reload(&reload).await,
                },
            }
        }
        self.stop_work().await;
        Ok(Exit::Requested)
    }

    fn start_work(&mut self) {
        self.log_start();
        self.listener.apply(&self.engine.config, &self.engine.store);
        self.enqueue_all_receivers(self.now());
        self.report_ready();
        if !self.engine.store.is_integrity_checked() {
            let store = self.engine.store.clone();
            self.integrity_check.spawn(async move { store.check_integrity().await });
        }
    }

    /// Waits for what is in flight, and closes the store.
    async fn stop_work(mut self) {
        systemd::stopping("stopping: waiting for what is in flight");
        // Its connections to the store close before the service's own, whose close then leaves a store with a clean end.
        let listener = std::mem::take(&mut self.listener);
        tokio::join!(listener.stop(), self.drain());
        if tokio::time::timeout(CLOSE_TIMEOUT, self.engine.store.close()).await.is_err() {
            // The integrity check of a large store may be in progress; the next start continues from the write-ahead log.
            self.engine.store.abandon();
        }
        tracing::info!("stopped");
    }

    fn log_start(&self) {
        let config = &self.engine.config;
        let (accounts, now) = (self.totals.0, self.now());
        tracing::info!(
            accounts,
            receivers = config.receivers.len(),
            next_run = self.next_run.map(rfc3339),
            "watching {} for {}, schedule {}, store {}; {}",
            pluralize(accounts, "account"),
            pluralize(config.receivers.len(), "receiver"),
            config.schedule.schedule.expression(),
            config.store.path.display(),
            self.next_run.map_or_else(
                || "no next run".to_owned(),
                |next| format!("next run {} ({})", minute(next), relative(next, now))
            )
        );
    }

    pub(super) fn now(&self) -> Timestamp {
        self.engine.clock.now()
    }

    /// Does what is due. Each step may take a while, so the clock is read again before the next one.
    pub(super) async fn tick(&mut self) {
        // First, because what is written to a deleted file is lost, and sent again by the next process.
        if let Err(gone) =
            self.engine.store.verify_not_replaced().and_then(|()| self.lock.verify_not_replaced())
        {
            self.lost = Some(gone);
        }
        if self.lost.is_some() {
            return;
        }
        let now = self.now();
        if clock_moved_back(self.last_tick, now) {
            let back_by_s = (self.last_tick - now).num_seconds();
            tracing::warn!(back_by_s, "the clock was set back by {back_by_s} s");
            self.reset_timers(now);
        }
        self.last_tick = now;
        if let Some(engine) = self.next_engine.take_if(|_| !self.run.is_checking()) {
            self.apply_config(engine).await;
            self.report_ready();
        }
        self.end_overtaken_run(now);
        // A run in progress applies them at its end.
        if !self.run.is_incomplete() && self.silences_changed().await {
            self.next_evaluation = Some(self.now());
        }
        if self.next_evaluation.is_some_and(|due| due <= self.now()) {
            self.evaluate_alerts().await;
        }
        // After the evaluation, which must not see half of what the run is about to store.
        self.start_due_checks(self.now());
        if self.next_purge <= self.now() {
            self.purge().await;
        }
        self.find_resent_messages(self.now()).await;
        self.start_due_deliveries(self.now());
    }

    /// A fault that passes is logged and the step is tried again; a permanent one ends the loop, which logs it once.
    pub(super) fn failed(&mut self, error: StoreError, meaning: &str) {
        match error.into_permanent(&self.engine.config.store.path) {
            Ok(lost) => self.lost = Some(lost),
            Err(error) => tracing::error!("{meaning}: {error}"),
        }
    }

    fn on_integrity_checked(&mut self, checked: Result<(), StoreError>) {
        match checked {
            Ok(()) => tracing::debug!("the store passed its integrity check"),
            Err(error) => self.failed(error, "the store could not be checked"),
        }
    }

    /// Purges one batch, since the expiry clock must not wait for a backlog. The horizon moves once in an hour of uptime, whatever
    /// the wall clock shows.
    async fn purge(&mut self) {
        let now = self.now();
        let purged = if self.horizon_moved.elapsed() >= PURGE_INTERVAL {
            self.horizon_moved = Instant::now();
            self.engine.purge(now).await
        } else {
            self.engine.purge_backlog(now).await
        };
        let rest = PURGE_INTERVAL.saturating_sub(self.horizon_moved.elapsed());
        let pause = match purged {
            Ok(purged) => {
                tracing::debug!(rows = purged.rows, more = purged.more, "purged");
                if purged.more { PURGE_BACKLOG_INTERVAL } else { rest.max(PURGE_BACKLOG_INTERVAL) }
            }
            Err(error) => {
                self.failed(error, "cannot purge the store");
                PURGE_INTERVAL
            }
        };
        self.next_purge = self.now() + pause;
    }

    /// The clock was set back: timers that were computed from the later time could wait for as long as the step was.
    fn reset_timers(&mut self, now: Timestamp) {
        self.plan_next_run(now);
        self.run.limit_wait(now + RECHECK_RETRY);
        self.next_evaluation = Some(now);
        self.next_purge = self.next_purge.min(now + PURGE_INTERVAL);
        self.enqueue_all_receivers(now);
    }

    /// Whether a silence came or ended since the last evaluation. A store that cannot be read is reported by the steps.
    async fn silences_changed(&self) -> bool {
        self.silences(self.now()).await.is_some_and(|silences| silences != self.applied_silences)
    }

    async fn silences(&self, now: Timestamp) -> Option<BTreeSet<SilenceId>> {
        let silences = self.engine.store.silences_in_force(now).await.ok()?;
        Some(silences.into_iter().map(|silence| silence.id).collect())
    }

    pub(super) async fn evaluate_alerts(&mut self) {
        let now = self.now();
        // Read first: a silence that comes or ends meanwhile counts as changed the next time.
        let silences = self.silences(now).await;
        let is_whole = !self.run.is_incomplete();
        let evaluated = if !is_whole {
            self.engine.evaluate_without_results(now).await
        } else if self.next_run.is_some_and(|due| due <= now) {
            self.engine.evaluate_before_run(now).await
        } else {
            self.engine.evaluate_alerts(now).await
        };
        if is_whole {
            self.report_evaluated(evaluated.is_ok());
        }
        match evaluated {
            Ok(summary) => {
                self.next_evaluation = summary.next;
                self.totals = (summary.accounts, summary.firing);
                self.applied_silences = silences.unwrap_or_default();
                self.enqueue_series(self.now());
                if summary.messages > 0 {
                    tracing::debug!(messages = summary.messages, firing = summary.firing, "messages queued");
                    self.enqueue_all_receivers(self.now());
                }
            }
            Err(error) => {
                self.failed(error, "alerts could not be stored, will try again");
                self.next_evaluation = Some(self.now() + RETRY_DELAY);
            }
        }
    }

    pub(super) fn wake_at(&self) -> Option<Timestamp> {
        let idle = |receiver: &&ReceiverName| !self.busy.contains(*receiver);
        let attempts = self.attempts.iter().filter(|(receiver, _)| idle(receiver)).map(|(_, due)| *due);
        let poll = (!self.applied_silences.is_empty()).then(|| self.last_tick + SILENCE_POLL_INTERVAL);
        attempts
            .chain(self.run.wakes_at(self.next_run))
            .chain(self.next_evaluation)
            .chain(poll)
            .chain(self.systemd.due())
            .chain([self.next_purge])
            .min()
    }

    /// The service is ready, after its start or a reload.
    pub(super) fn report_ready(&mut self) {
        let status = self.status();
        self.systemd.ready(status);
    }

    /// The status that `systemctl status` shows.
    pub(super) fn status(&self) -> String {
        let (accounts, firing) = self.totals;
        let next_run = match self.next_run {
            Some(next) => format!("next run {}", next.format("%Y-%m-%d %H:%M:%S UTC")),
            None => "no next run: the schedule has no further time".to_owned(),
        };
        let mut status =
            format!("{}, {}, {next_run}", pluralize(accounts, "account"), pluralize(firing, "open alert"));
        if self.next_engine.is_some() {
            status.push_str("; the new configuration takes over after the checks in flight");
        }
        if let Some(reasons) = &self.refused {
            status.push_str("; new configuration refused: ");
            status.push_str(reasons);
        }
        if let Some(problem) = self.listener.problem() {
            status.push_str("; HTTP: ");
            status.push_str(&problem);
        }
        systemd::one_line(&status)
    }

    /// Lets what is in flight end, for a while.
    async fn drain(&mut self) {
        let ended = tokio::time::timeout(DRAIN_TIMEOUT, async {
            while self.deliveries.join_next().await.is_some() {}
            while self.checks.join_next().await.is_some() {}
        });
        if ended.await.is_err() {
            tracing::warn!(
                "shutdown timed out with checks or deliveries in progress; they are repeated after the next start"
            );
        }
    }
}
