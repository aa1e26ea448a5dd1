//! What became of the jobs that were sent to accounts: which jobs count, whose they are, and whether the jobs of an account fail.
//!
//! Jobs are given as plain values in any order, perhaps twice, perhaps with times in the future. Reading them is left to `api`,
//! keeping them to `store`.

mod attribution;
mod counts;
mod failing;
mod job;
mod reading;
mod unseen;

pub use attribution::WatchedIds;
pub use counts::{CodeCount, UnassignedJobs};
pub use failing::{
    FailingJobs, JobCounts, JobsDecision, JobsPolicy, Recovery, evaluate, evaluate_partly_seen, window,
};
pub use job::{Job, JobCode, JobKey, JobResult, MAX_DATA_DELAY, asks_for_work};
pub use reading::{StatsFailure, StatsReadings};
pub use unseen::{UnreadableRows, UnseenJobs};

pub(in crate::domain) use job::DATA_DELAY_TEXT;
