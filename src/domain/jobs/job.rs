//! One job, and what its status code says about the account.

use std::fmt;

use chrono::TimeDelta;

use crate::domain::account::AccountId;
use crate::domain::time::Timestamp;

/// Jobs appear in the vendor's statistics up to this much later (docs/vendor-api.md).
pub const MAX_DATA_DELAY: TimeDelta = TimeDelta::minutes(15);

/// How [`MAX_DATA_DELAY`] ends each sentence about jobs.
pub(in crate::domain) const DATA_DELAY_TEXT: &str = "; useapi.net reports jobs up to 15 minutes late.";

/// Tells jobs apart, also between overlapping answers: the same job has the same key in each. Nothing about a person can be read
/// from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobKey(i64);

impl JobKey {
    /// Wraps a hash of what identifies the job.
    pub const fn new(hash: i64) -> Self {
        Self(hash)
    }

    /// The hash.
    pub const fn hash(self) -> i64 {
        self.0
    }
}

/// The status code of a job: three digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobCode(u16);

impl JobCode {
    /// The code, unless it is no status code.
    pub fn new(code: u16) -> Option<Self> {
        (100..1_000).contains(&code).then_some(Self(code))
    }

    /// Its three digits.
    pub const fn number(self) -> u16 {
        self.0
    }

    /// What it says about the account (docs/contract.md, "Counting jobs").
    const fn result(self) -> JobResult {
        match self.0 {
            200..=299 => JobResult::Succeeded,
            400 | 401 | 402 | 404 | 422 | 429 => JobResult::NotCounted,
            412 => JobResult::OutOfCredits,
            _ => JobResult::Failed,
        }
    }
}

impl fmt::Display for JobCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a job says about its account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobResult {
    /// 2xx: the account works.
    Succeeded,
    /// The account, or the service behind it, refused or lost the job.
    Failed,
    /// 412: counts for `out_of_credits` alone.
    OutOfCredits,
    /// The caller's own fault, or a call that asks for no work: shown, not counted.
    NotCounted,
}

/// One job as the vendor's statistics show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// Tells it apart from other jobs.
    pub key: JobKey,
    /// When it was answered.
    pub at: Timestamp,
    /// The watched account that it was sent to; `None` if that is unknown: it then counts for the subscription.
    pub account: Option<AccountId>,
    /// The status code of its answer.
    pub code: JobCode,
    /// Whether the call asks for work, by [`asks_for_work`].
    pub asks_for_work: bool,
}

impl Job {
    /// What it says about its account.
    pub const fn result(&self) -> JobResult {
        if self.asks_for_work { self.code.result() } else { JobResult::NotCounted }
    }
}

/// Whether a call of this endpoint asks for work: it begins with neither `get` nor `delete` (docs/contract.md, "Counting jobs").
pub fn asks_for_work(endpoint: &str) -> bool {
    let begins_with = |word: &str| {
        endpoint.as_bytes().get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word.as_bytes()))
    };
    !begins_with("get") && !begins_with("delete")
}

#[cfg(test)]
mod tests {
    use chrono::{TimeZone, Utc};

    use super::*;

    #[test]
    fn code_decides_what_a_job_says() {
        use JobResult::{Failed, NotCounted, OutOfCredits, Succeeded};
        for (code, result) in [
            (100, Failed),
            (199, Failed),
            (200, Succeeded),
            (201, Succeeded),
            (299, Succeeded),
            (400, NotCounted),
            (401, NotCounted),
            (402, NotCounted),
            (403, Failed),
            (404, NotCounted),
            (408, Failed),
            (410, Failed),
            (412, OutOfCredits),
            (422, NotCounted),
            (429, NotCounted),
            (302, Failed),
            (500, Failed),
            (504, Failed),
            (596, Failed),
            (999, Failed),
        ] {
            let code = JobCode::new(code).unwrap();
            let at = Utc.with_ymd_and_hms(2026, 11, 23, 7, 15, 0).unwrap();
            let job = Job { key: JobKey::new(1), at, account: None, code, asks_for_work: true };
            assert_eq!(job.result(), result, "{code}");
            assert_eq!(Job { asks_for_work: false, ..job }.result(), NotCounted, "{code}");
        }
    }

    #[test]
    fn status_code_has_three_digits() {
        for code in [0, 1, 99, 1_000, u16::MAX] {
            assert_eq!(JobCode::new(code), None, "{code}");
        }
    }

    #[test]
    fn reading_and_deleting_is_no_work() {
        for (endpoint, expected) in [
            ("post-videos", true),
            ("videos", true),
            ("images", true),
            ("", true),
            ("ge", true),
            ("äö", true),
            ("budget", true),
            ("get-videos", false),
            ("GET /videos", false),
            ("delete-files", false),
            ("get", false),
        ] {
            assert_eq!(asks_for_work(endpoint), expected, "{endpoint}");
        }
    }
}
