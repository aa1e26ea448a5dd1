//! The last answer about the service's health, which is repeated for a moment: it needs no token, so it must cost little.

use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::report::Health;

/// How long an answer is repeated.
const FRESH: Duration = Duration::from_secs(1);

/// The last answer.
#[derive(Debug, Default)]
pub(super) struct HealthCache(Mutex<Option<(Instant, Health)>>);

impl HealthCache {
    /// The last answer, if it is fresh, else what `load` finds. Requests that come meanwhile wait for the same answer.
    pub(super) async fn get<E>(&self, load: impl Future<Output = Result<Health, E>>) -> Result<Health, E> {
        let mut last = self.0.lock().await;
        if let Some((_, health)) = last.as_ref().filter(|(at, _)| at.elapsed() < FRESH) {
            return Ok(health.clone());
        }
        let health = load.await?;
        *last = Some((Instant::now(), health.clone()));
        Ok(health)
    }
}
