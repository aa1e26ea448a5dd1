//! `out_of_credits`: the newest evidence is a job that was refused with 412, or a reading of 0 credits. Critical; resolves when the newest
//! evidence is a job that succeeded, or a reading above `[credits].low`.
//!
//! What is evidence is decided by `domain::credits`. A source that is switched off no longer counts: the alert ends when it was
//! raised by it and the other source says nothing.

use super::account_jobs::{CREDITS_UNWATCHED, JOBS_UNWATCHED, JobsInput, JobsVerdict};
use super::alert::{AlertKind, Condition};
use super::transition::Transition;
use crate::domain::credits::{
    CreditReading, CreditsReturned, OutOfCredits, OutOfCreditsDecision, PACE_WINDOW, evaluate_out_of_credits,
    is_out_by_reading,
};
use crate::domain::severity::Severity;

const KIND: AlertKind = AlertKind::OutOfCredits;

pub(super) fn evaluate(input: &JobsInput<'_>) -> Option<Transition> {
    match verdict(input) {
        JobsVerdict::Fires(severity, detail) => match input.open_alert(KIND) {
            // The source of an open alert decides what ends it, and is known by its sentence.
            Some(alert) if is_out_by_reading(&alert.condition.detail) != is_out_by_reading(&detail) => {
                let condition = Condition { severity, detail, ..alert.condition.clone() };
                Some(Transition::Update(alert.id.clone(), condition))
            }
            _ => input.transition(KIND, JobsVerdict::Fires(severity, detail)),
        },
        verdict => input.transition(KIND, verdict),
    }
}

fn verdict(input: &JobsInput<'_>) -> JobsVerdict {
    let policy = input.policy;
    let was_by_reading = input.open_alert(KIND).map(|alert| is_out_by_reading(&alert.condition.detail));
    let has_lost_source = match was_by_reading {
        Some(true) => policy.credits.is_none().then_some(CREDITS_UNWATCHED),
        Some(false) => policy.jobs.is_none().then_some(JOBS_UNWATCHED),
        None => None,
    };
    match (has_lost_source, input.explained_by) {
        (Some(detail), _) if policy.jobs.is_none() && policy.credits.is_none() => {
            return JobsVerdict::LosesSource(detail);
        }
        (_, Some(kind)) if !(input.explanation_ends && newest_proof(input).is_some()) => {
            return JobsInput::explained(kind);
        }
        (_, _) => {}
    }
    let counts = policy.jobs.is_some() && input.explained_by.is_none();
    let jobs = input.jobs.filter(|_| counts).and_then(|jobs| jobs.credits.as_ref());
    let says_nothing = || has_lost_source.map_or(JobsVerdict::SaysNothing, JobsVerdict::LosesSource);
    match evaluate_out_of_credits(jobs, newest_proof(input), input.now) {
        // Too old to open an alert, it still disproves what is older.
        OutOfCreditsDecision::Firing(OutOfCredits::Reading(at)) if input.now - at > PACE_WINDOW => {
            says_nothing()
        }
        OutOfCreditsDecision::Firing(out) => JobsVerdict::Fires(Severity::Critical, out.detail()),
        // A job that could not be read may have been refused since.
        OutOfCreditsDecision::Resolved(CreditsReturned::Job(at))
            if input.jobs.is_some_and(|jobs| jobs.unreadable_until >= Some(at)) =>
        {
            says_nothing()
        }
        OutOfCreditsDecision::Resolved(returned) => JobsVerdict::Ends(returned.detail()),
        OutOfCreditsDecision::SaysNothing => says_nothing(),
    }
}

/// The newest reading that proves something, while credits are watched.
fn newest_proof(input: &JobsInput<'_>) -> Option<CreditReading> {
    input.credits?.newest_proof(input.policy.credits?.low)
}
