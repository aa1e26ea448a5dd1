//! What is known of the readings of the vendor's statistics.

use serde::{Deserialize, Serialize};

use super::unseen::UnseenJobs;
use crate::domain::failing_period::FailingPeriod;
use crate::domain::time::Timestamp;

/// The readings of one subscription.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StatsReadings {
    /// When the jobs were last read.
    pub read_at: Option<Timestamp>,
    /// Why the last reading failed, if it did.
    pub failure: Option<StatsFailure>,
    /// What the answers did not show of the jobs.
    pub unseen: Option<UnseenJobs>,
}

/// Why the statistics could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatsFailure {
    /// The reason: printable, of bounded length, without secrets.
    pub error: String,
    /// Whether there was an answer that is not understood.
    pub is_not_understood: bool,
    /// For how long readings have failed, once it is stored.
    #[serde(default)]
    pub period: Option<FailingPeriod>,
}

impl StatsFailure {
    /// A failure that is not stored yet.
    pub const fn new(error: String, is_not_understood: bool) -> Self {
        Self { error, is_not_understood, period: None }
    }
}

impl StatsReadings {
    /// The readings after one that ended at `now`. A failure changes nothing else.
    #[must_use]
    pub fn after(&self, failure: Option<StatsFailure>, now: Timestamp) -> Self {
        let read_at = if failure.is_none() { Some(now) } else { self.read_at };
        let before = self.failure.as_ref().and_then(|failure| failure.period);
        let period = Some(FailingPeriod::extended(before, now));
        Self {
            read_at,
            failure: failure.map(|failure| StatsFailure { period, ..failure }),
            unseen: self.unseen,
        }
    }

    /// Whether the last reading showed an answer that is not understood.
    pub fn is_not_understood(&self) -> bool {
        self.failure.as_ref().is_some_and(|failure| failure.is_not_understood)
    }
}
