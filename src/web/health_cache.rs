//! The last answer about the service's health, which is repeated for a moment: it needs no token, so it must cost little.

use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::report::Health;
use crate::store::StoreError;

use super::response::log_failure;

/// How long an answer is repeated.
const FRESH: Duration = Duration::from_secs(1);

/// The last answer; none when the store could not be read.
#[derive(Debug, Default)]
pub(super) struct HealthCache(Mutex<Option<(Instant, Option<Health>)>>);

impl HealthCache {
    /// The last answer, if it is fresh, else what `load` finds. Requests that come meanwhile wait for the same answer. A store that cannot
    /// be read is logged as often as it is asked.
    pub(super) async fn get(&self, load: impl Future<Output = Result<Health, StoreError>>) -> Option<Health> {
        let mut last = self.0.lock().await;
        if let Some((_, health)) = last.as_ref().filter(|(at, _)| at.elapsed() < FRESH) {
            return health.clone();
        }
        let health = load.await.inspect_err(log_failure).ok();
        *last = Some((Instant::now(), health.clone()));
        health
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[tokio::test]
    async fn a_store_that_cannot_be_read_is_asked_once_in_a_while_too() {
        let (cache, asked) = (HealthCache::default(), Cell::new(0));
        let load = || async {
            asked.set(asked.get() + 1);
            Err(StoreError::from(sqlx::Error::WorkerCrashed))
        };
        for _ in 0..3 {
            assert!(cache.get(load()).await.is_none());
        }
        assert_eq!(asked.get(), 1);
    }
}
