//! Purging: what is over for longer than `[store].keep` is forgotten.

use super::Engine;
use crate::domain::time::Timestamp;
use crate::store::StoreError;

impl Engine {
    /// Forgets what ended before `now` less `keep`, a batch at a time; says how many rows went.
    pub async fn purge(&self, now: Timestamp) -> Result<u64, StoreError> {
        let mut rows = 0;
        loop {
            let mut writer = self.store.write().await?;
            let purged = writer.purge(now - self.config.store.keep).await?;
            writer.commit().await?;
            rows += purged.rows;
            if !purged.more {
                return Ok(rows);
            }
        }
    }
}
