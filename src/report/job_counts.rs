//! Jobs as numbers, as `history --json`, `explain --json` and `status --json` print them.

use std::fmt::Write;

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::Serialize;

use crate::config::Config;
use crate::domain::account::SubscriptionName;
use crate::domain::jobs::{CodeCount, UnassignedJobs};
use crate::domain::time::{Timestamp, seconds};
use crate::store::{Store, StoreError};

/// The jobs of an account on one day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct JobDay {
    /// The day (UTC).
    pub day: NaiveDate,
    /// The status codes of their answers.
    pub codes: Vec<JobCodeReport>,
}

/// The jobs of one day that were answered with one code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct JobCodeReport {
    /// The code.
    pub code: u16,
    /// How many jobs.
    pub jobs: u32,
    /// How many of them count for the alerts: not those that failed by the caller's own fault, nor calls that ask for no work.
    pub counted: u32,
}

/// The counted jobs of a subscription that name no watched account, so that they are in no alert.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct UnassignedJobsReport {
    /// The subscription.
    pub subscription: SubscriptionName,
    /// How many, of the last 30 days.
    pub jobs: u32,
    /// When the newest of them was answered.
    #[serde(serialize_with = "seconds::serialize")]
    pub newest_at: Timestamp,
}

impl JobDay {
    /// The days of `counts`, which are sorted by day.
    pub fn from_counts(counts: &[CodeCount]) -> Vec<Self> {
        let report = |count: &CodeCount| JobCodeReport {
            code: count.code.number(),
            jobs: count.jobs,
            counted: count.counted,
        };
        let days = counts.chunk_by(|one, next| one.day == next.day);
        days.filter_map(|day| Some(Self { day: day.first()?.day, codes: day.iter().map(report).collect() }))
            .collect()
    }

    /// As [`codes_sentence`].
    pub fn sentence(&self) -> String {
        codes_sentence(&self.codes)
    }
}

/// `72 × 200, 3 × 403, 4 × 429 (not counted)`
pub fn codes_sentence(codes: &[JobCodeReport]) -> String {
    let mut text = String::new();
    for JobCodeReport { code, jobs, counted } in codes {
        let separator = if text.is_empty() { "" } else { ", " };
        let _ = write!(text, "{separator}{jobs} × {code}");
        match jobs.saturating_sub(*counted) {
            0 => {}
            left_out if left_out == *jobs => text.push_str(" (not counted)"),
            left_out => {
                let _ = write!(text, " ({left_out} not counted)");
            }
        }
    }
    text
}

impl UnassignedJobsReport {
    /// Loads them for a subscription, while jobs are watched; none if there are none.
    pub(super) async fn load(
        store: &Store,
        config: &Config,
        subscription: &SubscriptionName,
        now: Timestamp,
    ) -> Result<Option<Self>, StoreError> {
        if !config.jobs.watch {
            return Ok(None);
        }
        let unassigned = store.unassigned_jobs(subscription, now).await?;
        Ok(unassigned.map(|UnassignedJobs { jobs, newest_at }| Self {
            subscription: subscription.clone(),
            jobs,
            newest_at,
        }))
    }

    /// `12 jobs of this subscription name no account that is watched`
    pub fn sentence(&self) -> String {
        match self.jobs {
            1 => "1 job of this subscription names no account that is watched".to_owned(),
            jobs => format!("{jobs} jobs of this subscription name no account that is watched"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::jobs::JobCode;

    #[test]
    fn day_names_each_code_and_what_is_not_counted() {
        let count = |day, code, jobs, counted| CodeCount {
            day: NaiveDate::from_ymd_opt(2026, 11, day).unwrap(),
            code: JobCode::new(code).unwrap(),
            jobs,
            counted,
        };
        let days = JobDay::from_counts(&[
            count(20, 200, 72, 70),
            count(20, 403, 3, 3),
            count(20, 429, 4, 0),
            count(22, 412, 1, 1),
        ]);
        let sentences: Vec<_> = days.iter().map(|day| format!("{} {}", day.day, day.sentence())).collect();
        assert_eq!(
            sentences,
            ["2026-11-20 72 × 200 (2 not counted), 3 × 403, 4 × 429 (not counted)", "2026-11-22 1 × 412"]
        );
        assert_eq!(JobDay::from_counts(&[]), []);
    }
}
