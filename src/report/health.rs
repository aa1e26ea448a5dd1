//! Whether the service is able to do its work, as `health --json` and `/readyz` print it (docs/contract.md, section 2).
//!
//! The last run that finished counts: a service that dies in each of its runs is not healthy.

use schemars::JsonSchema;
use serde::Serialize;

use crate::config::Config;
use crate::domain::overdue::{Overdue, overdue};
use crate::domain::time::{Timestamp, minute, relative, seconds};
use crate::store::{Store, StoreError};

/// Whether the store is writable, a run has finished, and the last one is not overdue.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Health {
    /// When this was generated.
    #[serde(serialize_with = "seconds::serialize")]
    pub generated_at: Timestamp,
    /// Whether all of it holds.
    pub healthy: bool,
    /// Why not, as sentences for people.
    pub reasons: Vec<String>,
    /// When the last run finished.
    #[serde(serialize_with = "seconds::option::serialize")]
    pub last_finished_at: Option<Timestamp>,
}

impl Health {
    /// Asks the store.
    pub async fn load(store: &Store, config: &Config, now: Timestamp) -> Result<Self, StoreError> {
        let last_finished_at = store.last_finished_run().await?;
        let obstacle = store
            .find_write_obstacle()
            .await
            .map(|reason| format!("the store cannot be written to: {reason}"));
        let schedule = &config.schedule;
        let late = overdue(&schedule.schedule, schedule.jitter, last_finished_at, now)
            .map(|late| sentence(late, now));
        let reasons: Vec<String> = obstacle.into_iter().chain(late).collect();
        Ok(Self { generated_at: now, healthy: reasons.is_empty(), reasons, last_finished_at })
    }

    /// Before the first run, there is no store.
    pub fn without_store(now: Timestamp) -> Self {
        let reasons = vec![sentence(Overdue::NoRun, now)];
        Self { generated_at: now, healthy: false, reasons, last_finished_at: None }
    }
}

fn sentence(late: Overdue, now: Timestamp) -> String {
    match late {
        Overdue::NoRun => "no run has finished yet".to_owned(),
        Overdue::Since(last) => {
            format!(
                "the next run is overdue: the last one finished {} ({})",
                minute(last),
                relative(last, now)
            )
        }
        Overdue::ClockSetBack(last) => {
            format!(
                "the last run finished {}, in the future: the clock was set back, and nothing ran since",
                minute(last)
            )
        }
    }
}
