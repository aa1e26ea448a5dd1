//! What every route needs: the configuration in force, and the store.

use std::sync::Arc;

use tokio::sync::watch;

use super::guesses::Guesses;
use super::health_cache::HealthCache;
use crate::config::Config;
use crate::store::{Store, StoreError};

/// What the listener serves.
#[derive(Debug)]
pub(super) struct Site {
    config: watch::Receiver<Arc<Config>>,
    store: Store,
    pub(super) guesses: Guesses,
    pub(super) health: HealthCache,
}

impl Site {
    pub(super) fn new(config: watch::Receiver<Arc<Config>>, store: Store) -> Arc<Self> {
        Arc::new(Self { config, store, guesses: Guesses::default(), health: HealthCache::default() })
    }

    /// The configuration in force.
    pub(super) fn config(&self) -> Arc<Config> {
        Arc::clone(&self.config.borrow())
    }

    /// The store, whose file is still the one that the service uses.
    pub(super) fn store(&self) -> Result<&Store, StoreError> {
        self.store.verify_not_replaced().map(|()| &self.store)
    }
}
