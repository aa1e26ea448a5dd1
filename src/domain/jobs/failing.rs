//! Whether the jobs of an account fail: the rule of `jobs_failing` (docs/contract.md, sections 1 and "Counting jobs").
//!
//! Guarantees: the order of the jobs, repeated ones, ones that do not count and ones in the future change nothing. What is too
//! little to judge by says nothing: it neither raises nor ends an alert.
//!
//! The window ends where the data end. Jobs are reported up to [`MAX_DATA_DELAY`] late, so a window up to `now` would hold less than
//! its length of data; one up to the newest job would fire today about jobs of last month. It ends at the newest counted job, but
//! not before `now` less that delay. A job in the future belongs to a wrong clock, and counts when its time has come.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;

use super::job::{DATA_DELAY_TEXT, Job, JobCode, JobKey, JobResult, MAX_DATA_DELAY};
use super::unseen::UnseenJobs;
use crate::domain::severity::Severity;
use crate::domain::text::first_few;
use crate::domain::time::{Timestamp, minute};

/// Codes that a sentence names.
const MAX_CODES: usize = 6;

/// When the jobs of an account count as failing (`[jobs]`).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct JobsPolicy {
    /// How much of the past is judged.
    pub window: TimeDelta,
    /// Fewer counted jobs than this say nothing; 0 means 1.
    pub min_jobs: u32,
    /// The share of failed jobs at which the alert fires, above 0 and up to 1.
    pub failing: f64,
}

/// What the jobs of an account say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JobsDecision {
    /// The alert fires.
    Firing(FailingJobs),
    /// An open alert resolves.
    Recovered(Recovery),
    /// Nothing changes.
    SaysNothing,
}

/// The counted jobs of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JobCounts {
    /// How many failed.
    pub failed: u32,
    /// How many there are.
    pub counted: u32,
    /// When the first of them was answered.
    pub since: Timestamp,
}

/// Why the alert fires.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailingJobs {
    /// How many of how many failed.
    pub counts: JobCounts,
    /// The codes of the failed ones.
    pub codes: BTreeSet<JobCode>,
    /// Critical when none succeeded, else a warning.
    pub severity: Severity,
}

/// Why an open alert resolves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recovery {
    /// The newest ones, so many, all succeeded.
    NewestSucceeded(u32),
    /// The share of failed ones is below the limit.
    BelowShare(JobCounts),
}

impl FailingJobs {
    /// The alert's sentence.
    pub fn detail(&self) -> String {
        let word = if self.codes.len() == 1 { "code" } else { "codes" };
        let codes = first_few(self.codes.iter().map(ToString::to_string), MAX_CODES);
        format!("{} ({word} {codes}){DATA_DELAY_TEXT}", self.counts.text())
    }
}

impl Recovery {
    /// The sentence of the resolved alert.
    pub fn detail(&self) -> String {
        match self {
            Self::NewestSucceeded(1) => "The newest job succeeded.".to_owned(),
            Self::NewestSucceeded(jobs) => format!("The newest {jobs} jobs succeeded."),
            Self::BelowShare(counts) => format!("Only {}.", counts.text()),
        }
    }
}

impl JobCounts {
    /// `5 of 6 jobs failed since 2026-11-23 02:10 UTC`
    pub fn text(&self) -> String {
        let Self { failed, counted, since } = self;
        let word = if *counted == 1 { "job" } else { "jobs" };
        format!("{failed} of {counted} {word} failed since {}", minute(*since))
    }
}

/// A job that counts.
#[derive(Clone, Copy)]
struct CountedJob {
    at: Timestamp,
    code: JobCode,
    has_succeeded: bool,
}

/// Judges the jobs of one account at `now`.
pub fn evaluate<'j>(
    jobs: impl IntoIterator<Item = &'j Job>,
    policy: &JobsPolicy,
    now: Timestamp,
) -> JobsDecision {
    let counted = newest_first(jobs, now);
    let Some(newest) = counted.first() else { return JobsDecision::SaysNothing };
    let window = in_window(&counted, policy.window, now);
    let min_jobs = policy.min_jobs.max(1);
    let enough = usize::try_from(min_jobs).unwrap_or(usize::MAX);
    let is_enough = window.len() >= enough;
    let counts = count(window);
    let reaches_share = f64::from(counts.failed) / f64::from(counts.counted.max(1)) >= policy.failing;
    if is_enough && reaches_share && !newest.has_succeeded {
        return JobsDecision::Firing(failing(window, counts));
    }
    if counted.get(..enough).is_some_and(|newest| newest.iter().all(|job| job.has_succeeded)) {
        return JobsDecision::Recovered(Recovery::NewestSucceeded(min_jobs));
    }
    if is_enough && !reaches_share {
        return JobsDecision::Recovered(Recovery::BelowShare(counts));
    }
    JobsDecision::SaysNothing
}

/// The same when other jobs are `unseen`: an alert resolves only if it also would if each of these had failed.
pub fn evaluate_partly_seen(
    jobs: &[Job],
    unseen: &UnseenJobs,
    policy: &JobsPolicy,
    now: Timestamp,
) -> JobsDecision {
    let decision = evaluate(jobs, policy, now);
    let JobsDecision::Recovered(_) = decision else { return decision };
    match evaluate(jobs.iter().chain(&unseen.supposed_failures()), policy, now) {
        JobsDecision::Recovered(_) => decision,
        JobsDecision::Firing(_) | JobsDecision::SaysNothing => JobsDecision::SaysNothing,
    }
}

/// The counted jobs of the window that [`evaluate`] judges, and whether the newest of them succeeded; none if none counted, ever.
pub fn window<'j>(
    jobs: impl IntoIterator<Item = &'j Job>,
    policy: &JobsPolicy,
    now: Timestamp,
) -> Option<(JobCounts, bool)> {
    let counted = newest_first(jobs, now);
    let newest = counted.first()?;
    Some((count(in_window(&counted, policy.window, now)), newest.has_succeeded))
}

/// The counted jobs up to `now`, each once. Of jobs at the same moment, a success counts as the newest, so that it is never the
/// chance of an order that raises an alert.
fn newest_first<'j>(jobs: impl IntoIterator<Item = &'j Job>, now: Timestamp) -> Vec<CountedJob> {
    let mut counted: BTreeMap<(Timestamp, bool, JobKey), CountedJob> = BTreeMap::new();
    for job in jobs.into_iter().filter(|job| job.at <= now) {
        let has_succeeded = match job.result() {
            JobResult::Succeeded => true,
            JobResult::Failed => false,
            JobResult::OutOfCredits | JobResult::NotCounted => continue,
        };
        let counted_job = CountedJob { at: job.at, code: job.code, has_succeeded };
        counted.insert((job.at, has_succeeded, job.key), counted_job);
    }
    counted.into_values().rev().collect()
}

/// The jobs of the window that ends where the data end.
fn in_window(newest_first: &[CountedJob], window: TimeDelta, now: Timestamp) -> &[CountedJob] {
    let Some(newest) = newest_first.first() else { return newest_first };
    let start = newest.at.max(now - MAX_DATA_DELAY) - window;
    let length = newest_first.partition_point(|job| job.at > start);
    newest_first.get(..length).unwrap_or_default()
}

fn count(window: &[CountedJob]) -> JobCounts {
    let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    let failed = window.iter().filter(|job| !job.has_succeeded).count();
    let since = window.last().map(|first| first.at).unwrap_or_default();
    JobCounts { failed: number(failed), counted: number(window.len()), since }
}

fn failing(window: &[CountedJob], counts: JobCounts) -> FailingJobs {
    let codes = window.iter().filter(|job| !job.has_succeeded).map(|job| job.code).collect();
    let severity = if counts.failed == counts.counted { Severity::Critical } else { Severity::Warning };
    FailingJobs { counts, codes, severity }
}

#[cfg(test)]
mod tests;
