//! Whether the credits of an account are gone: the rule of `out_of_credits` (docs/contract.md, section 1).
//!
//! Jobs and readings each have evidence, and the newest of both decides. Evidence is a job that was refused with 412, a job that
//! succeeded, a reading of 0, and a reading above `[credits].low`; a reading in between proves neither, since one job may cost more, and
//! leaves in force what was proved before.
//! Guarantees: the order of the jobs and repeated ones change nothing; evidence in the future belongs to a wrong clock and does not
//! count. Of evidence for both at one moment, the one that ends the alert counts.

use std::collections::BTreeMap;

use super::balance::CreditReading;
use crate::domain::jobs::{DATA_DELAY_TEXT, Job, JobKey, JobResult};
use crate::domain::time::{Timestamp, minute};

/// How the sentence of an alert begins that a reading raised; also the mark by which such an alert is recognised.
const READING_DETAIL: &str = "MiniMax reported 0 credits";

/// Whether a reading raised the alert with this sentence, and no job.
pub fn is_out_by_reading(detail: &str) -> bool {
    detail.starts_with(READING_DETAIL)
}

/// What the jobs of an account prove about its credits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobEvidence {
    /// The newest was refused with 412.
    Refused(CreditRefusals),
    /// The newest succeeded, at this moment.
    Succeeded(Timestamp),
}

/// The jobs since the first one that was refused with 412 and that no success followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CreditRefusals {
    /// How many were refused with 412.
    pub refused: u32,
    /// How many there are, those that failed for another reason included.
    pub jobs: u32,
    /// When the first of them was refused.
    pub since: Timestamp,
    /// When the newest of them was refused.
    pub newest_at: Timestamp,
}

/// What the evidence says about `out_of_credits`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutOfCreditsDecision {
    /// The alert fires, as critical.
    Firing(OutOfCredits),
    /// An open alert resolves.
    Resolved(CreditsReturned),
    /// Nothing changes.
    SaysNothing,
}

/// Why the alert fires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutOfCredits {
    /// Jobs were refused.
    Jobs(CreditRefusals),
    /// No credits were left at this moment.
    Reading(Timestamp),
}

/// Why an open alert resolves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CreditsReturned {
    /// A job succeeded at this moment.
    Job(Timestamp),
    /// Enough credits were read.
    Reading(CreditReading),
}

impl OutOfCredits {
    /// The alert's sentence.
    pub fn detail(&self) -> String {
        match self {
            Self::Jobs(CreditRefusals { refused, jobs, since, newest_at: _ }) => {
                let words = if *jobs == 1 { "job was" } else { "jobs were" };
                let since = minute(*since);
                format!(
                    "{refused} of {jobs} {words} refused for lack of credits since {since} (code 412){DATA_DELAY_TEXT}"
                )
            }
            Self::Reading(at) => format!("{READING_DETAIL} at {}.", minute(*at)),
        }
    }
}

impl CreditsReturned {
    /// The sentence of the resolved alert.
    pub fn detail(&self) -> String {
        match self {
            Self::Job(at) => format!("A job succeeded at {}.", minute(*at)),
            Self::Reading(CreditReading { at, credits }) => {
                format!("MiniMax reported {credits} credits at {}.", minute(*at))
            }
        }
    }
}

impl JobEvidence {
    /// What the jobs of one account prove; `None` if none succeeded or was refused with 412.
    pub fn from_jobs<'j>(jobs: impl IntoIterator<Item = &'j Job>, now: Timestamp) -> Option<Self> {
        let results = results(jobs, now);
        let newest_first = || results.iter().rev();
        let newest = newest_first().find(|(_, result)| *result != JobResult::Failed);
        if let Some((at, JobResult::Succeeded)) = newest {
            return Some(Self::Succeeded(*at));
        }
        let since_success = newest_first().take_while(|(_, result)| *result != JobResult::Succeeded);
        let refused = since_success.clone().filter(|(_, result)| *result == JobResult::OutOfCredits);
        let ((newest_at, _), (since, _)) = refused.clone().next().zip(refused.clone().last())?;
        let jobs = since_success.filter(|(at, _)| at >= since);
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let (refused, jobs) = (number(refused.count()), number(jobs.count()));
        Some(Self::Refused(CreditRefusals { refused, jobs, since: *since, newest_at: *newest_at }))
    }

    const fn at(&self) -> Timestamp {
        match self {
            Self::Refused(refusals) => refusals.newest_at,
            Self::Succeeded(at) => *at,
        }
    }
}

/// What the jobs up to `now` say about credits, each once, oldest first; a success follows what happened at the same moment.
fn results<'j>(jobs: impl IntoIterator<Item = &'j Job>, now: Timestamp) -> Vec<(Timestamp, JobResult)> {
    let mut results: BTreeMap<(Timestamp, bool, JobKey), JobResult> = BTreeMap::new();
    for job in jobs.into_iter().filter(|job| job.at <= now) {
        let result = job.result();
        if result != JobResult::NotCounted {
            results.insert((job.at, result == JobResult::Succeeded, job.key), result);
        }
    }
    results.into_iter().map(|((at, ..), result)| (at, result)).collect()
}

/// Whether a reading proves that the credits are gone, or that they are not. `low` is `[credits].low`.
pub(super) const fn is_proof(reading: CreditReading, low: u64) -> bool {
    reading.credits == 0 || reading.credits > low
}

/// Judges the credits of one account at `now`, by its jobs and by its newest reading that proves something. A source that is switched off
/// is `None`.
pub fn evaluate_out_of_credits(
    jobs: Option<&JobEvidence>,
    reading: Option<CreditReading>,
    now: Timestamp,
) -> OutOfCreditsDecision {
    use OutOfCreditsDecision::{Firing, Resolved, SaysNothing};
    let by_reading = reading.filter(|reading| reading.at <= now).map(|reading| {
        let is_out = reading.credits == 0;
        let decision = if is_out {
            Firing(OutOfCredits::Reading(reading.at))
        } else {
            Resolved(CreditsReturned::Reading(reading))
        };
        (reading.at, !is_out, decision)
    });
    let by_jobs = jobs.filter(|evidence| evidence.at() <= now).map(|evidence| match evidence {
        JobEvidence::Refused(refusals) => (evidence.at(), false, Firing(OutOfCredits::Jobs(*refusals))),
        JobEvidence::Succeeded(at) => (*at, true, Resolved(CreditsReturned::Job(*at))),
    });
    let newest = by_jobs.into_iter().chain(by_reading).max_by_key(|(at, ends_it, _)| (*at, *ends_it));
    newest.map_or(SaysNothing, |(_, _, decision)| decision)
}

#[cfg(test)]
mod tests;
