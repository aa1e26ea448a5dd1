//! What the jobs of accounts say (docs/contract.md, "Counting jobs" and `usable`).

use std::collections::BTreeMap;

use chrono::TimeDelta;

use super::credits::Proof;
use super::{AlertVerdict, Moment, Severity, is_future};

/// As configured by default.
const WINDOW: TimeDelta = TimeDelta::hours(1);
const MIN_JOBS: usize = 3;
/// Jobs are reported up to this much later.
const DATA_DELAY: TimeDelta = TimeDelta::minutes(15);
const KEPT: TimeDelta = TimeDelta::days(30);
const MAX_AHEAD: TimeDelta = TimeDelta::days(1);

pub(super) const FAILING_KIND: &str = "jobs_failing";
pub(super) const OUT_KIND: &str = "out_of_credits";
/// The alerts that explain why jobs fail.
pub(super) const EXPLAINING_KINDS: [&str; 3] = ["account_error", "unauthorized", "subscription_lapsed"];

/// A job as the statistics show it.
#[derive(Clone, Debug)]
pub(crate) struct JobRow {
    pub(crate) number: usize,
    pub(crate) at: Moment,
    /// The account that it names, watched or not.
    pub(crate) account: Option<&'static str>,
    pub(crate) code: u16,
    /// Whether it asked for no work.
    pub(crate) is_read: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum JobResult {
    Failed,
    OutOfCredits,
    /// Of jobs at one moment, the last.
    Succeeded,
}

impl JobRow {
    fn result(&self) -> Option<JobResult> {
        match self.code {
            _ if self.is_read => None,
            200..=299 => Some(JobResult::Succeeded),
            400 | 401 | 402 | 404 | 422 | 429 => None,
            412 => Some(JobResult::OutOfCredits),
            _ => Some(JobResult::Failed),
        }
    }
}

/// What the answers so far showed.
#[derive(Clone, Debug, Default)]
pub(super) struct JobHistory {
    /// The account of each is a watched one, if it was watched when the job was read.
    known: BTreeMap<usize, JobRow>,
    read_at: Option<Moment>,
    /// How many rows of the last answer could not be read, and when more than before could not.
    unreadable: usize,
    unreadable_at: Option<Moment>,
    /// When alerts ended that explain why jobs fail: of which account, or of the subscription.
    explanations_ended: Vec<(Option<String>, Moment)>,
    /// The moment at which they are judged, if it is not the present one.
    judged_at: Option<Moment>,
}

impl JobHistory {
    /// Records an answer that could be read, except so many rows without a time.
    pub(super) fn read(
        &mut self,
        (rows, unreadable): (&[JobRow], usize),
        is_watched: impl Fn(&str) -> bool,
        now: Moment,
    ) {
        self.read_at = Some(now);
        let at = if unreadable > self.unreadable { Some(now) } else { self.unreadable_at };
        self.unreadable_at = at.filter(|_| unreadable > 0).map(|at| at.min(now));
        self.unreadable = unreadable;
        for row in rows.iter().filter(|row| row.at > now - KEPT && row.at < now + MAX_AHEAD) {
            let account = row.account.filter(|name| is_watched(name));
            let known = self.known.get(&row.number).and_then(|known| known.account);
            self.known.insert(row.number, JobRow { account: account.or(known), ..row.clone() });
        }
    }

    /// The same without the passing of time, for which no step wakes.
    pub(super) fn judged_at(&self, now: Moment) -> Self {
        Self { judged_at: Some(now), ..self.clone() }
    }

    pub(super) fn explanation_ended(&mut self, subject: &str, now: Moment) {
        let account = (!subject.starts_with("main(")).then(|| subject.to_owned());
        self.explanations_ended.push((account, now));
    }

    /// The jobs of an account that say something, newest first, all of them or those since its last explanation ended.
    fn results(&self, account: &str, all: bool, now: Moment) -> Vec<(Moment, JobResult)> {
        let now = self.judged_at.unwrap_or(now);
        let concerns = |(of, at): &&(Option<String>, Moment)| {
            of.as_ref().is_none_or(|of| of == account) && !is_future(*at, now)
        };
        let ended = self.explanations_ended.iter().filter(concerns).map(|(_, at)| *at).max().filter(|_| !all);
        let jobs = self.known.values().filter(|job| job.account == Some(account));
        let counted = jobs.filter(|job| job.at <= now && ended.is_none_or(|ended| job.at > ended));
        let mut results: Vec<_> = counted.filter_map(|job| Some((job.at, job.result()?))).collect();
        results.sort_by_key(|result| std::cmp::Reverse(*result));
        results
    }

    /// What the jobs say about `jobs_failing`.
    pub(super) fn failing_verdict(&self, account: &str, now: Moment) -> AlertVerdict {
        let (mut results, at) = (self.results(account, false, now), self.judged_at.unwrap_or(now));
        let verdict = failing(&results, at);
        let unreadable_at = self.unreadable_at.filter(|unreadable_at| *unreadable_at <= at);
        if let (AlertVerdict::Ends, Some(unreadable_at)) = (&verdict, unreadable_at) {
            // Each row that could not be read may be a job that failed.
            results.extend(vec![(unreadable_at, JobResult::Failed); self.unreadable]);
            results.sort_by_key(|result| std::cmp::Reverse(*result));
            if !matches!(failing(&results, at), AlertVerdict::Ends) {
                return AlertVerdict::SaysNothing;
            }
        }
        verdict
    }

    /// Whether a job may have failed since `at` that could not be read.
    pub(super) fn may_have_failed_since(&self, at: Moment) -> bool {
        self.unreadable_at >= Some(at)
    }

    /// What the newest job proves about `out_of_credits` that was refused for lack of credits, or succeeded.
    pub(super) fn proof(&self, account: &str, now: Moment) -> Option<Proof> {
        let results = self.results(account, false, now).into_iter();
        let mut proofs = results.filter(|(_, result)| *result != JobResult::Failed);
        proofs.next().map(|(at, result)| Proof { at, has_credits: result == JobResult::Succeeded })
    }

    /// Whether an account whose alert about jobs opened then may be tried.
    pub(super) fn is_trial_due(&self, account: &str, opened: Moment, now: Moment) -> bool {
        let newest = self.results(account, true, now).first().map(|(at, _)| *at);
        let unreadable_at = self.unreadable_at.map(|at| at.min(opened + WINDOW));
        let quiet_since = newest.max(unreadable_at).map_or(opened, |newest| newest.max(opened));
        self.read_at.is_some_and(|read_at| read_at <= now && read_at - quiet_since >= WINDOW)
    }
}

fn failing(results: &[(Moment, JobResult)], now: Moment) -> AlertVerdict {
    let counted: Vec<_> = results.iter().filter(|(_, result)| *result != JobResult::OutOfCredits).collect();
    let Some((newest, newest_result)) = counted.first() else { return AlertVerdict::SaysNothing };
    let start = (*newest).max(now - DATA_DELAY) - WINDOW;
    let window = counted.iter().filter(|(at, _)| *at > start);
    let succeeded = window.clone().filter(|(_, result)| *result == JobResult::Succeeded).count();
    let all = window.count();
    let reaches_share = (all - succeeded) * 2 >= all;
    let is_success = |(_, result): &&(Moment, JobResult)| *result == JobResult::Succeeded;
    if all >= MIN_JOBS && reaches_share && *newest_result == JobResult::Failed {
        return AlertVerdict::Fires(if succeeded == 0 { Severity::Critical } else { Severity::Warning });
    }
    let are_newest_good = counted.len() >= MIN_JOBS && counted[..MIN_JOBS].iter().all(is_success);
    if are_newest_good || (all >= MIN_JOBS && !reaches_share) {
        AlertVerdict::Ends
    } else {
        AlertVerdict::SaysNothing
    }
}
