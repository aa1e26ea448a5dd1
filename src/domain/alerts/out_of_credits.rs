//! `out_of_credits`: the newest evidence is a job that was refused with 412. Critical; resolves when the newest evidence is a job that
//! succeeded.
//!
//! What is evidence is decided by `domain::credits`.

use super::account_jobs::{AccountJobs, JobsInput, JobsVerdict};
use super::alert::AlertKind;
use super::transition::Transition;
use crate::domain::credits::{OutOfCreditsDecision, evaluate_out_of_credits};
use crate::domain::severity::Severity;
use crate::domain::time::Timestamp;

/// Credits are not read, so there is no reading that this could be compared with.
const LOW: u64 = 0;

pub(super) fn evaluate(input: &JobsInput<'_>) -> Option<Transition> {
    let verdict = input.jobs.map_or(JobsVerdict::SaysNothing, |jobs| verdict(jobs, input.now));
    input.transition(AlertKind::OutOfCredits, verdict)
}

fn verdict(jobs: &AccountJobs, now: Timestamp) -> JobsVerdict {
    match evaluate_out_of_credits(jobs.credits.as_ref(), None, LOW, now) {
        OutOfCreditsDecision::Firing(out) => JobsVerdict::Fires(Severity::Critical, out.detail()),
        OutOfCreditsDecision::Resolved(returned) => JobsVerdict::Ends(returned.detail()),
        OutOfCreditsDecision::SaysNothing => JobsVerdict::SaysNothing,
    }
}
