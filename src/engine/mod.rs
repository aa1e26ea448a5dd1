//! The steps: look, announce, deliver, purge. Each does its work once and returns.
//!
//! Promises: no loop that waits for a moment to come. A step that waits for nobody takes `now`; one that waits for answers, or
//! spreads its questions where it is told to, reads [`Engine::clock`] again after each wait. Network first, then one transaction, so no lock is held while waiting for others. `run`, `check`, `demo` and the tests call the same steps. Leaves when to call them to the shell.

mod announce;
mod ask;
mod check;
mod deliver;
mod digest;
mod look;
mod purge;
mod record;
mod tokens;
mod watch;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use secrecy::ExposeSecret as _;

pub use announce::Announced;
pub use ask::PutOff;
pub use check::{Pass, Progress, Scope};
pub use deliver::Delivery;

use crate::api::Client;
use crate::config::{Config, Subscription};
use crate::domain::account::SubscriptionName;
use crate::domain::clock::Clock;
use crate::domain::pace::Pace;
use crate::notify::Sender;
use crate::store::Store;

/// How long a run waits for vendors at the most, where nobody is in a hurry.
const LONGEST_PATIENCE: TimeDelta = TimeDelta::minutes(5);

/// Everything that the steps need. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Engine {
    /// The operator's decisions.
    pub config: Arc<Config>,
    /// What is remembered.
    pub store: Store,
    /// Asks the vendor.
    pub client: Client,
    /// Reaches the receivers.
    pub sender: Sender,
    /// Read again after each wait.
    pub clock: Clock,
    /// Over how long the questions of a run are spread; no time at all asks as fast as it goes.
    pub spread: Duration,
    /// How long a run waits for vendors that want to be left alone, all in all; who cannot be asked by then is left to the next run.
    pub patience: TimeDelta,
    /// From when on a receiver's queue waits for the next run once an attempt was made: where nobody watches between runs, a slow
    /// receiver must not keep the store from the next one. None: never.
    pub deliver_until: Option<Instant>,
    /// What earlier passes learnt of how much each subscription's vendor bears.
    paces: Arc<Mutex<BTreeMap<SubscriptionName, Pace>>>,
    /// Tokens that were read again after a refusal.
    tokens: Arc<tokens::Tokens>,
    /// Whether no more questions are to be begun.
    halted: Arc<AtomicBool>,
}

impl Engine {
    /// Puts one together that learnt nothing yet.
    pub fn new(config: Config, store: Store, client: Client, sender: Sender, clock: Clock) -> Self {
        Self {
            config: Arc::new(config),
            store,
            client,
            sender,
            clock,
            spread: Duration::ZERO,
            patience: LONGEST_PATIENCE,
            deliver_until: None,
            paces: Arc::default(),
            tokens: Arc::default(),
            halted: Arc::default(),
        }
    }

    /// Takes over what `before` learnt of vendors that are asked with the same token: a new configuration is no reason not to
    /// leave them alone.
    pub fn learn_paces(&self, before: &Self) {
        let token = |engine: &Self, subscription: &Subscription| {
            engine.token(subscription).expose_secret().to_owned()
        };
        let tokens: BTreeMap<_, _> =
            before.config.subscriptions.iter().map(|known| (&known.name, token(before, known))).collect();
        let known = before.paces.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let same =
            self.config.subscriptions.iter().filter(|now| tokens.get(&now.name) == Some(&token(self, now)));
        let same = same.filter_map(|now| Some((now.name.clone(), *known.get(&now.name)?)));
        self.paces.lock().unwrap_or_else(PoisonError::into_inner).extend(same);
    }

    /// Lets a pass that goes on, in whichever task, begin no more questions: it ends with those that are under way.
    pub fn halt(&self) {
        self.halted.store(true, Ordering::Relaxed);
    }

    fn is_halted(&self) -> bool {
        self.halted.load(Ordering::Relaxed)
    }

    fn pace(&self, subscription: &SubscriptionName) -> Pace {
        let most = self.config.api.concurrency;
        let paces = self.paces.lock().unwrap_or_else(PoisonError::into_inner);
        paces.get(subscription).map_or_else(|| Pace::new(most), |pace| pace.resumed(most))
    }

    fn keep_pace(&self, subscription: &SubscriptionName, pace: Pace) {
        self.paces.lock().unwrap_or_else(PoisonError::into_inner).insert(subscription.clone(), pace);
    }
}
