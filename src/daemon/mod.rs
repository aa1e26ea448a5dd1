//! The service: the only loop. Sleeps to the earliest moment at which a step has something to do.
//!
//! Promises: the expiry clock never waits for a run, a run never for a receiver, a receiver never for another; a
//! store that fails is tried again, one that is lost ends the service; a silence that a command ends is heeded within seconds,
//! or at the end of a run that goes on;
//! SIGTERM and SIGINT let what is in flight end. Leaves all deciding to the steps.
//!
//! Remaining race: a process that dies after a receiver took a message and before that is recorded sends it again,
//! with the same id and bytes.

mod looking;
mod reload;
mod sending;
mod signals;
mod start;
mod systemd;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::Context;
use chrono::TimeDelta;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::clock;
use crate::domain::account::ReceiverName;
use crate::domain::silence::SilenceId;
use crate::domain::standing::RunId;
use crate::domain::time::Timestamp;
use crate::engine::{Delivery, Engine, Pass, PutOff};
use crate::output::counted;
use crate::store::{Lock, Store, StoreError};

use looking::{Look, STILL_IN_DOUBT};
pub use signals::HeldSignals;
use signals::{Signal, Signals};
pub use start::start;
use systemd::Systemd;

/// A step that failed for our own reasons (disk full, store locked) is tried again after this.
const AFTER_FAULT: TimeDelta = TimeDelta::seconds(15);

/// What is in flight when the service is told to stop may take this long to end.
const DRAIN: Duration = Duration::from_secs(20);

/// And the store this long to be closed: together less than the units' `TimeoutStopSec=`.
const CLOSE: Duration = Duration::from_secs(5);

/// What is over is purged this often.
const PURGE_EVERY: TimeDelta = TimeDelta::hours(1);

/// A backlog is purged batch by batch, this far apart.
const PURGE_AGAIN: TimeDelta = TimeDelta::seconds(1);

/// A clock that is set back by less heals by waiting.
const SET_BACK: TimeDelta = TimeDelta::minutes(1);

/// Silences are ended by commands, in other processes: while one is in force the store is asked this often.
const HEED: TimeDelta = TimeDelta::seconds(5);

/// How the service ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It was told to.
    Told,
    /// Its store is damaged or gone, and the log says so.
    StoreLost,
}

/// The service and what it knows about moments to come. All of it can be computed anew, so nothing of it is stored.
#[derive(Debug)]
pub struct Daemon {
    engine: Engine,
    /// Held while the service runs; who deletes it lets a second process onto the store.
    lock: Lock,
    /// Why the store cannot be used any more.
    lost: Option<StoreError>,
    /// The reading of a large store, which would hold up the start.
    examining: JoinSet<Result<(), StoreError>>,
    /// When the loop last looked at the clock.
    looked_up: Timestamp,
    /// When the next run is due by the schedule.
    next_run: Option<Timestamp>,
    /// When the last run began.
    run_began: Timestamp,
    /// When bad verdicts are to be asked about again, and in which run.
    question: Option<(Timestamp, RunId)>,
    /// Whom a run could not ask yet, since their vendor wants to be left alone.
    put_off: Option<(PutOff, RunId)>,
    /// Whether the last run did not come to its end and goes on no more: the next one is due.
    is_half_seen: bool,
    /// When there will be something to say.
    next_word: Option<Timestamp>,
    /// The silences that the last announcing heeded.
    heeded: BTreeSet<SilenceId>,
    /// When what is over is purged.
    next_purge: Timestamp,
    /// When the horizon of purging was moved last, or the service started.
    horizon_moved: Instant,
    /// The run, if one goes on. Its own task, so that the expiry clock does not wait for slow answers.
    looking: JoinSet<(Look, Result<Pass, StoreError>)>,
    /// One task for each receiver that something is sent to.
    sending: JoinSet<(ReceiverName, Result<Delivery, StoreError>)>,
    busy: BTreeSet<ReceiverName>,
    /// When each receiver's next attempt is due.
    attempts: BTreeMap<ReceiverName, Timestamp>,
    /// How many accounts are watched and how many alerts fire, as of the last announcing.
    standing: (usize, usize),
    /// A good new configuration that waits for the checks in flight.
    next_engine: Option<Engine>,
    /// Why the last new configuration was refused, until a good one comes.
    refused: Option<String>,
    systemd: Systemd,
}

impl Daemon {
    /// Takes up where the store left off: a run that was missed while the service was down, or that did not end, is due at once, and so
    /// is one when an account was not well when last looked at, or never looked at: a restart passes a new token.
    pub async fn new(engine: Engine, lock: Lock) -> anyhow::Result<Self> {
        engine.watch().await?;
        let now = engine.clock.now();
        let last = engine.store.last_run().await?;
        let question = match (engine.store.next_question().await?, last) {
            (Some(at), Some(run)) => Some((at, run.id)),
            _ => None,
        };
        let unwell = engine.store.is_anybody_unwell().await?;
        let standing = (engine.store.count_watched().await?, engine.store.firing_alerts().await?.len());
        let due = match last {
            // A run of the future was begun by a clock that was wrong; nothing may wait for that time to come again.
            Some(run) if !unwell && run.started_at <= now && run.finished_at.is_some() => {
                engine.config.schedule.schedule.next_after(run.started_at)
            }
            _ => Some(now),
        };
        Ok(Self {
            engine,
            lock,
            lost: None,
            examining: JoinSet::new(),
            looked_up: now,
            next_run: due.map(|due| due.max(now)),
            run_began: now,
            question,
            put_off: None,
            is_half_seen: last.is_some_and(|run| run.finished_at.is_none()),
            next_word: Some(now),
            heeded: BTreeSet::new(),
            next_purge: now,
            horizon_moved: Instant::now(),
            looking: JoinSet::new(),
            sending: JoinSet::new(),
            busy: BTreeSet::new(),
            attempts: BTreeMap::new(),
            standing,
            next_engine: None,
            refused: None,
            systemd: Systemd::new(now),
        })
    }

    /// The store that it works on.
    pub const fn store(&self) -> &Store {
        &self.engine.store
    }

    /// Watches until told to stop; `reload` makes a new engine from the configuration as it stands then.
    async fn run(
        mut self,
        signals: &mut Signals,
        reload: impl Fn(&Self) -> anyhow::Result<Engine>,
        reload_requested: bool,
    ) -> anyhow::Result<End> {
        let config = &self.engine.config;
        let (accounts, _) = self.standing;
        tracing::info!(
            accounts,
            receivers = config.receivers.len(),
            "watching {} for {}, schedule {}, store {}",
            counted(accounts, "account"),
            counted(config.receivers.len(), "receiver"),
            config.schedule.schedule.expression(),
            config.store.path.display()
        );
        self.queue_all(self.now());
        let status = self.status();
        self.systemd.ready(status);
        if !self.engine.store.is_examined() {
            let store = self.engine.store.clone();
            self.examining.spawn(async move { store.examine().await });
        }
        if reload_requested {
            self.reload(&reload).await;
        }
        loop {
            self.do_what_is_due().await;
            if let Some(lost) = self.lost {
                tracing::error!("stopping: {lost}");
                systemd::stopping(&lost.to_string());
                self.engine.store.abandon();
                return Ok(End::StoreLost);
            }
            let status = self.status();
            self.systemd.stands(status);
            self.systemd.live(&self.engine.store, self.engine.clock.now());
            tokio::select! {
                () = clock::nap_until(self.wake_at()) => {}
                Some(run) = self.looking.join_next() => self.looked(run.context("a run was cut off")?, self.now()),
                Some(sent) = self.sending.join_next() => self.sent(sent.context("a delivery was cut off")?, self.now()),
                Some(examined) = self.examining.join_next() => self.examined(examined.context("an examination was cut off")?),
                signal = signals.next() => match signal {
                    Signal::Stop(name) => {
                        tracing::info!(signal = name, "stopping: {name}");
                        self.engine.halt();
                        break;
                    }
                    Signal::Reload => self.reload(&reload).await,
                },
            }
        }
        systemd::stopping("stopping: what is in flight may end");
        self.drain().await;
        if tokio::time::timeout(CLOSE, self.engine.store.close()).await.is_err() {
            // A large store may just be read through; the next start takes up what its log holds.
            self.engine.store.abandon();
        }
        tracing::info!("stopped");
        Ok(End::Told)
    }

    fn now(&self) -> Timestamp {
        self.engine.clock.now()
    }

    /// Each step may take a while: the clock is read again before the next one.
    async fn do_what_is_due(&mut self) {
        // First of all: what is written to a file without a name is lost, and told again by whoever comes next.
        if let Err(gone) = self.engine.store.in_place().and_then(|()| self.lock.in_place()) {
            self.lost = Some(gone);
        }
        if self.lost.is_some() {
            return;
        }
        let now = self.now();
        if self.looked_up - now > SET_BACK {
            let back_by_s = (self.looked_up - now).num_seconds();
            tracing::warn!(back_by_s, "the clock was set back by {back_by_s} s");
            self.plan_anew(now);
        }
        self.looked_up = now;
        if let Some(engine) = self.next_engine.take_if(|_| self.looking.is_empty()) {
            self.adopt(engine).await;
            let status = self.status();
            self.systemd.ready(status);
        }
        // A run that goes on, or waits for its second look, heeds them at its end.
        if self.looking.is_empty() && self.question.is_none() && self.silences_moved().await {
            self.next_word = Some(self.now());
        }
        if self.next_word.is_some_and(|due| due <= self.now()) {
            self.announce().await;
        }
        // After what is due by the clock alone, which must not see half of what the run is about to learn.
        if self.looking.is_empty() {
            self.look(self.now());
        }
        if self.next_purge <= self.now() {
            self.purge().await;
        }
        self.send(self.now());
    }

    /// What passes is tried again; what does not ends the loop, which says so, once.
    fn failed(&mut self, error: StoreError, meaning: &str) {
        match error.lasting(&self.engine.config.store.path) {
            Ok(lost) => self.lost = Some(lost),
            Err(error) => tracing::error!("{meaning}: {error}"),
        }
    }

    fn examined(&mut self, examined: Result<(), StoreError>) {
        match examined {
            Ok(()) => tracing::debug!("the store is sound"),
            Err(error) => self.failed(error, "the store could not be examined"),
        }
    }

    /// One batch: the expiry clock must not wait for a backlog. The horizon moves once in an hour of uptime, whatever the wall clock
    /// shows.
    async fn purge(&mut self) {
        let now = self.now();
        let hour = PURGE_EVERY.to_std().unwrap_or_default();
        let purged = if self.horizon_moved.elapsed() >= hour {
            self.horizon_moved = Instant::now();
            self.engine.purge(now).await
        } else {
            self.engine.purge_backlog(now).await
        };
        let left =
            TimeDelta::from_std(hour.saturating_sub(self.horizon_moved.elapsed())).unwrap_or(PURGE_EVERY);
        let pause = match purged {
            Ok(purged) => {
                tracing::debug!(rows = purged.rows, more = purged.more, "purged");
                if purged.more { PURGE_AGAIN } else { left.max(PURGE_AGAIN) }
            }
            Err(error) => {
                self.failed(error, "cannot purge the store");
                PURGE_EVERY
            }
        };
        self.next_purge = self.now() + pause;
    }

    /// Every moment to come was reckoned by a clock that ran ahead: waiting for it could take as long as that was.
    fn plan_anew(&mut self, now: Timestamp) {
        self.plan_next_run(now);
        self.question = self.question.map(|(due, run)| (due.min(now + STILL_IN_DOUBT), run));
        // Whether they still want to be left alone is judged when they are about to be asked.
        self.put_off = self.put_off.take().map(|(put_off, run)| (PutOff { until: now, ..put_off }, run));
        self.next_word = Some(now);
        self.next_purge = self.next_purge.min(now + PURGE_EVERY);
        self.queue_all(now);
    }

    /// Whether a silence came or ended since the last announcing. A store that cannot be read is told of by the steps.
    async fn silences_moved(&self) -> bool {
        self.silences(self.now()).await.is_some_and(|silences| silences != self.heeded)
    }

    async fn silences(&self, now: Timestamp) -> Option<BTreeSet<SilenceId>> {
        let silences = self.engine.store.silences_in_force(now).await.ok()?;
        Some(silences.into_iter().map(|silence| silence.id).collect())
    }

    /// Whether there are accounts that the run has not looked at: what it has to say by now is half of a picture.
    fn is_mid_run(&self) -> bool {
        !self.looking.is_empty() || self.put_off.is_some() || self.is_half_seen
    }

    async fn announce(&mut self) {
        let now = self.now();
        // Read before: what comes or ends in between is seen as moved the next time.
        let heeded = self.silences(now).await;
        let announced = if self.is_mid_run() {
            self.engine.announce_passing(now).await
        } else {
            self.engine.announce(now).await
        };
        match announced {
            Ok(announced) => {
                self.next_word = announced.next;
                self.standing = (announced.accounts, announced.firing);
                self.heeded = heeded.unwrap_or_default();
                if announced.messages > 0 {
                    tracing::debug!(messages = announced.messages, firing = announced.firing, "announced");
                    self.queue_all(self.now());
                }
            }
            Err(error) => {
                self.failed(error, "alerts could not be stored, will try again");
                self.next_word = Some(self.now() + AFTER_FAULT);
            }
        }
    }

    fn wake_at(&self) -> Option<Timestamp> {
        let idle = self.looking.is_empty();
        let looks = match &self.put_off {
            Some((put_off, _)) => [Some(put_off.until), None],
            None => [self.next_run, self.question.filter(|_| !self.is_half_seen).map(|(due, _)| due)],
        };
        let looks = looks.into_iter().flatten().filter(|_| idle);
        let attempts =
            self.attempts.iter().filter(|(receiver, _)| !self.busy.contains(*receiver)).map(|(_, due)| *due);
        let heed = (!self.heeded.is_empty()).then(|| self.looked_up + HEED);
        looks
            .chain(attempts)
            .chain(self.next_word)
            .chain(heed)
            .chain(self.systemd.due())
            .chain([self.next_purge])
            .min()
    }

    /// How it stands, for who looks at the service from outside.
    fn status(&self) -> String {
        let (accounts, firing) = self.standing;
        let next = self.next_run.map_or_else(
            || "no run to come".to_owned(),
            |next| format!("next run {}", next.format("%Y-%m-%d %H:%M:%S UTC")),
        );
        let waits = if self.next_engine.is_some() {
            "; the new configuration takes over after the checks in flight"
        } else {
            ""
        };
        let refused = self.refused.as_ref().map(|reasons| format!("; new configuration refused: {reasons}"));
        systemd::one_line(&format!(
            "{}, {}, {next}{waits}{}",
            counted(accounts, "account"),
            counted(firing, "open alert"),
            refused.unwrap_or_default()
        ))
    }

    /// Lets what is in flight end, for a while.
    async fn drain(&mut self) {
        let ended = tokio::time::timeout(DRAIN, async {
            while self.sending.join_next().await.is_some() {}
            while self.looking.join_next().await.is_some() {}
        });
        if ended.await.is_err() {
            tracing::warn!("stopped before everything in flight had ended; the next start takes it up");
        }
    }
}

#[cfg(test)]
mod tests;
