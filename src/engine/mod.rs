//! The steps: look, announce, deliver, purge. Each takes `now`, does its work once and returns.
//!
//! Promises: no loop that waits and no clock; network first, then one transaction, so no lock is held while waiting
//! for others. `run`, `check`, `demo` and the tests call the same steps. Leaves when to call them to the shell.

mod announce;
mod ask;
mod check;
mod deliver;
mod digest;
mod look;
mod purge;
mod record;
mod watch;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

pub use announce::Announced;
pub use ask::PutOff;
pub use check::{Pass, Progress, Scope};
pub use deliver::Delivery;

use crate::api::Client;
use crate::config::Config;
use crate::domain::account::SubscriptionName;
use crate::domain::pace::Pace;
use crate::notify::Sender;
use crate::store::Store;

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
    /// Over how long the questions of a run are spread; no time at all asks as fast as it goes.
    pub spread: Duration,
    /// What earlier passes learnt of how much each subscription's vendor bears.
    paces: Arc<Mutex<BTreeMap<SubscriptionName, Pace>>>,
}

impl Engine {
    /// Puts one together that learnt nothing yet.
    pub fn new(config: Config, store: Store, client: Client, sender: Sender) -> Self {
        Self {
            config: Arc::new(config),
            store,
            client,
            sender,
            spread: Duration::ZERO,
            paces: Arc::default(),
        }
    }

    fn pace(&self, subscription: &SubscriptionName) -> Pace {
        let paces = self.paces.lock().unwrap_or_else(PoisonError::into_inner);
        paces.get(subscription).map_or_else(|| Pace::new(self.config.api.concurrency), |pace| pace.resumed())
    }

    fn keep_pace(&self, subscription: &SubscriptionName, pace: Pace) {
        self.paces.lock().unwrap_or_else(PoisonError::into_inner).insert(subscription.clone(), pace);
    }
}
