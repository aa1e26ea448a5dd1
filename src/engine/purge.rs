//! Purging: what is over for longer than `[store].keep` is forgotten, and what waits for nobody is given up.

use super::Engine;
use crate::domain::backoff::PATIENCE;
use crate::domain::time::Timestamp;
use crate::store::{Purged, StoreError};

impl Engine {
    /// Forgets a batch of what ended before `now` less `keep`; says how much went, and whether there is more.
    pub async fn purge(&self, now: Timestamp) -> Result<Purged, StoreError> {
        self.let_go_of_orphans(now).await?;
        let mut writer = self.store.write().await?;
        let purged = writer.purge(now - self.config.store.keep).await?;
        writer.commit().await?;
        Ok(purged)
    }

    /// A receiver that left the configuration has as long to come back as one that does not answer.
    async fn let_go_of_orphans(&self, now: Timestamp) -> Result<(), StoreError> {
        let receivers: Vec<&str> =
            self.config.receivers.iter().map(|receiver| receiver.name.as_str()).collect();
        let mut writer = self.store.write().await?;
        let messages = writer.give_up_orphans(&receivers, now).await?;
        writer.settle_orphans(&receivers, now - PATIENCE).await?;
        writer.commit().await?;
        if messages > 0 {
            tracing::error!(
                messages,
                "waiting messages given up, since their receivers left the configuration: {messages}"
            );
        }
        Ok(())
    }
}
