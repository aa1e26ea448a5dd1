//! What every route needs: the configuration in force, and the store.

use std::sync::Arc;

use tokio::sync::watch;

use super::guesses::Guesses;
use super::health_cache::HealthCache;
use super::pages::Templates;
use crate::config::Config;
use crate::domain::account::{AccountId, AccountKey};
use crate::domain::account_state::AccountRecord;
use crate::notify::RenderError;
use crate::store::{Store, StoreError};

/// What the listener serves.
#[derive(Debug)]
pub(super) struct Site {
    config: watch::Receiver<Arc<Config>>,
    store: Store,
    pub(super) guesses: Guesses,
    pub(super) health: HealthCache,
    pub(super) templates: Templates,
}

impl Site {
    pub(super) fn new(config: watch::Receiver<Arc<Config>>, store: Store) -> Result<Arc<Self>, RenderError> {
        let templates = Templates::new(config.borrow().supervisor)?;
        let (guesses, health) = (Guesses::default(), HealthCache::default());
        Ok(Arc::new(Self { config, store, guesses, health, templates }))
    }

    /// The configuration in force.
    pub(super) fn config(&self) -> Arc<Config> {
        Arc::clone(&self.config.borrow())
    }

    /// The account that `store` watches with this id; of several, that of the first subscription.
    pub(super) async fn find_account(
        &self,
        store: &Store,
        id: &AccountId,
    ) -> Result<Option<AccountRecord>, StoreError> {
        let config = self.config();
        let keys: Vec<_> =
            config.subscriptions.iter().map(|subscription| AccountKey::new(&subscription.name, id)).collect();
        let mut watched = store.watched_by_key(&keys).await?;
        Ok(keys.iter().find_map(|key| watched.remove(key)))
    }

    /// The store, whose file is still the one that the service uses.
    pub(super) fn store(&self) -> Result<&Store, StoreError> {
        self.store.verify_not_replaced().map(|()| &self.store)
    }

    /// As [`Site::store`], in one state: all that one answer says must be true at once. Dropped before the answer is written.
    pub(super) async fn begin_reading(&self) -> Result<Store, StoreError> {
        self.store()?.begin_reading().await
    }
}
