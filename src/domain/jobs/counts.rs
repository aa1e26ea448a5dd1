//! Jobs as numbers, for people who look back.

use chrono::NaiveDate;

use super::job::JobCode;
use crate::domain::time::Timestamp;

/// How many jobs of an account were answered with one code on one day (UTC).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodeCount {
    /// The day.
    pub day: NaiveDate,
    /// The code.
    pub code: JobCode,
    /// How many jobs.
    pub jobs: u32,
    /// How many of them count (docs/contract.md, "Counting jobs").
    pub counted: u32,
}

/// The counted jobs of a subscription that name no watched account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnassignedJobs {
    /// How many, at least one.
    pub jobs: u32,
    /// When the newest of them was answered.
    pub newest_at: Timestamp,
}
