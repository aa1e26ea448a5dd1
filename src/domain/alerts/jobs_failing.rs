//! `jobs_failing`: the jobs that were sent to an account fail, by the vendor's statistics. A warning, critical when none succeeded;
//! resolves when the newest ones succeeded, or enough of a window did.
//!
//! When jobs fail is decided by `domain::jobs`.

use super::account_jobs::{AccountJobs, JOBS_UNWATCHED, JobsInput, JobsVerdict};
use super::alert::AlertKind;
use super::transition::Transition;
use crate::domain::jobs::JobsDecision;

pub(super) fn evaluate(input: &JobsInput<'_>) -> Option<Transition> {
    let verdict = match (input.policy.jobs, input.explained_by) {
        (None, _) => JobsVerdict::LosesSource(JOBS_UNWATCHED),
        (Some(_), Some(kind)) => JobsInput::explained(kind),
        (Some(_), None) => input.jobs.map_or(JobsVerdict::SaysNothing, verdict),
    };
    input.transition(AlertKind::JobsFailing, verdict)
}

fn verdict(jobs: &AccountJobs) -> JobsVerdict {
    match &jobs.failing {
        JobsDecision::Firing(failing) => JobsVerdict::Fires(failing.severity, failing.detail()),
        JobsDecision::Recovered(recovery) => JobsVerdict::Ends(recovery.detail()),
        JobsDecision::SaysNothing => JobsVerdict::SaysNothing,
    }
}
