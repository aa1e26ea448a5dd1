//! The steps: run, evaluate, deliver (messages, and series that are kept alive), purge.
//!
//! Guarantees: each step does its work once and returns; none waits for a moment to come. A step that waits for nobody takes
//! `now`; one that waits for answers reads [`Engine::clock`] again after each wait. Network first, then one transaction, so no
//! lock is held while waiting. `run`, `check`, `demo` and the tests call the same steps. Leaves when to call them to the shell.

mod account_check;
mod accounts;
mod alerting;
mod clock_skew;
mod credits;
mod deliver;
mod fetch;
mod id;
mod jobs;
mod plans;
#[cfg(any(test, fuzzing))]
pub mod properties {
    //! What holds of everything that the engine is given from outside.

    pub use super::credits::properties::check_credits_reading;
}
mod purge;
mod push;
mod reading_log;
mod reads_beside;
mod record;
mod resend;
mod run;
mod tokens;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use tokio::sync::watch;

pub use alerting::EvaluationSummary;
pub use deliver::Delivery;
pub use resend::{ResendResult, resend};
pub use run::{NextStep, Progress, Run, RunSummary, Scope, WaitReason};

use crate::api::Client;
use crate::config::Config;
use crate::domain::account::SubscriptionName;
use crate::domain::clock::Clock;
use crate::domain::concurrency_limit::ConcurrencyLimit;
use crate::notify::Sender;
use crate::store::Store;

use tokens::Tokens;

/// How long a run waits for rate limits, and its confirmation again, unless it has a deadline.
const MAX_RATE_LIMIT_WAIT: TimeDelta = TimeDelta::minutes(5);

/// How long a step waits for what it reads beside its checks: MiniMax itself answers about credits, which takes seconds.
const MAX_READING_TIME: Duration = Duration::from_secs(10);

/// Everything that the steps need. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Engine {
    /// The configuration.
    pub config: Arc<Config>,
    /// The database.
    pub store: Store,
    /// Sends requests to the API.
    pub client: Client,
    /// Sends messages to receivers.
    pub sender: Sender,
    /// Read again after each wait.
    pub clock: Clock,
    /// The time over which the requests of a run are spread; zero sends them as fast as possible.
    pub spread: Duration,
    /// How long a step of a run that has made its checks goes on to wait for what it reads beside them, from its beginning.
    pub max_reading_time: Duration,
    /// How long a run waits for rate limits, and its confirmation again; accounts that cannot be checked by then are left to the
    /// next run.
    pub rate_limit_budget: TimeDelta,
    /// From then on a receiver's queue waits for the next run after one attempt: with one-shot runs a slow receiver must not keep
    /// the store from the next run.
    pub deliver_until: Option<Instant>,
    /// What earlier runs learned of each subscription's rate limit.
    limits: Arc<Mutex<BTreeMap<SubscriptionName, ConcurrencyLimit>>>,
    tokens: Arc<Tokens>,
    stop_requested: Arc<watch::Sender<bool>>,
}

impl Engine {
    /// An engine that has learned nothing yet.
    pub fn new(config: Config, store: Store, client: Client, sender: Sender, clock: Clock) -> Self {
        Self {
            config: Arc::new(config),
            store,
            client,
            sender,
            clock,
            spread: Duration::ZERO,
            max_reading_time: MAX_READING_TIME,
            rate_limit_budget: MAX_RATE_LIMIT_WAIT,
            deliver_until: None,
            limits: Arc::default(),
            tokens: Arc::default(),
            stop_requested: Arc::default(),
        }
    }

    /// Takes over what `before` learned of rate limits, for subscriptions with the same token: they hold across a reload.
    pub fn inherit_limits(&self, before: &Self) {
        let known = before.limits.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut limits = self.limits.lock().unwrap_or_else(PoisonError::into_inner);
        for subscription in &self.config.subscriptions {
            let earlier =
                before.config.subscriptions.iter().find(|earlier| earlier.name == subscription.name);
            let has_same_token = earlier
                .is_some_and(|earlier| before.tokens.current(earlier) == self.tokens.current(subscription));
            if let Some(limit) = known.get(&subscription.name).filter(|_| has_same_token) {
                limits.insert(subscription.name.clone(), *limit);
            }
        }
    }

    /// Lets runs that use this engine, in whichever task, start no more requests: they end with those in flight.
    pub fn stop_checks(&self) {
        self.stop_requested.send_replace(true);
    }

    fn is_stopping(&self) -> bool {
        *self.stop_requested.borrow()
    }

    /// Waits until no more requests may start.
    async fn stopped(&self) {
        // Fails only when the engine, which holds the sender, is gone.
        let _ = self.stop_requested.subscribe().wait_for(|is_stopping| *is_stopping).await;
    }

    fn limit(&self, subscription: &SubscriptionName) -> ConcurrencyLimit {
        let max = self.config.api.concurrency;
        let limits = self.limits.lock().unwrap_or_else(PoisonError::into_inner);
        limits.get(subscription).map_or_else(|| ConcurrencyLimit::new(max), |limit| limit.with_max(max))
    }

    fn save_limit(&self, subscription: &SubscriptionName, limit: ConcurrencyLimit) {
        self.limits.lock().unwrap_or_else(PoisonError::into_inner).insert(subscription.clone(), limit);
    }
}
