//! Reads beside the checks of a step: of whole subscriptions the plan, and what became of the jobs; of accounts the credits.
//!
//! Guarantees: one request for each, about credits one at a time. A subscription that is rate-limited is left out. The alerts of the checks
//! wait for no request that begins later than [`GRACE_PERIOD`] after them, and for none longer than until then, or until
//! [`Engine::max_reading_time`] after the step began if that is later; what is not answered by then counts as failed. A stop ends the wait. Leaves what an answer means to `plans`, `jobs` and `credits`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;
use std::time::Duration;

use futures_util::future::{FusedFuture, join};
use futures_util::{FutureExt, StreamExt};
use tokio::time::Instant;

use super::Engine;
use super::credits::CreditsAnswers;
use super::jobs::StatsAnswer;
use crate::api::JobStatsAnswer;
use crate::domain::account::{AccountId, AccountKey, SubscriptionName};
use crate::domain::observation::{Observation, Outcome};
use crate::domain::plan::{PlanFailure, PlanReading};

/// Requests at once.
const MAX_CONCURRENT: usize = 4;

/// How long after its checks a step begins more requests, and waits in any case.
const GRACE_PERIOD: Duration = Duration::from_secs(2);

/// What is read.
#[derive(Debug, Default)]
pub(super) struct ReadsBeside {
    /// The subscriptions whose plan is read.
    pub(super) plans: BTreeSet<SubscriptionName>,
    /// The subscriptions whose jobs are read, and the accounts that jobs are assigned to.
    pub(super) jobs: BTreeMap<SubscriptionName, Vec<AccountId>>,
    /// The accounts whose credits are read, in this order.
    pub(super) credits: Vec<AccountKey>,
}

/// What was answered.
#[derive(Debug, Default)]
pub(super) struct AnswersBeside {
    pub(super) plans: Vec<(SubscriptionName, PlanReading)>,
    pub(super) jobs: Vec<StatsAnswer>,
    pub(super) credits: CreditsAnswers,
}

/// Why a read was abandoned.
pub(super) fn abandoned_text() -> String {
    "no answer by the time the checks were evaluated".to_owned()
}

/// One answer; none when there was no request.
enum Answer {
    Plan(Option<PlanReading>),
    Jobs(Option<JobStatsAnswer>),
    /// The request could no longer begin.
    TooLate,
}

impl Engine {
    /// Makes `checks`, and `reads` beside them.
    pub(super) async fn read_beside<T>(
        &self,
        reads: &ReadsBeside,
        checks: impl Future<Output = T>,
    ) -> (T, AnswersBeside) {
        let longest = Instant::now() + self.max_reading_time;
        // Known when the checks are done.
        let last_beginning = OnceLock::new();
        let may_begin = || last_beginning.get().is_none_or(|end| Instant::now() < *end);
        let mut read = AnswersBeside::default();
        let mut credits = CreditsAnswers::default();
        let mut plans: BTreeSet<_> = reads.plans.iter().collect();
        let mut jobs: BTreeSet<_> = reads.jobs.keys().collect();
        let mut requests = Vec::new();
        for name in &reads.plans {
            requests.push(self.read(name, None, &may_begin).boxed());
        }
        for (name, ids) in &reads.jobs {
            requests.push(self.read(name, Some(ids), &may_begin).boxed());
        }
        let checked = {
            let mut answers = futures_util::stream::iter(requests).buffer_unordered(MAX_CONCURRENT);
            let collecting = async {
                while let Some((name, answer)) = answers.next().await {
                    match answer {
                        Answer::TooLate => {}
                        Answer::Plan(answer) => {
                            plans.remove(name);
                            read.plans.extend(answer.map(|answer| (name.clone(), answer)));
                        }
                        Answer::Jobs(answer) => {
                            jobs.remove(name);
                            read.jobs.extend(answer.map(|answer| (name.clone(), answer)));
                        }
                    }
                }
            };
            let collecting = join(collecting, self.read_credits(&reads.credits, &may_begin, &mut credits));
            let mut collecting = std::pin::pin!(collecting.fuse());
            let mut checks = std::pin::pin!(checks);
            let checked = tokio::select! {
                checked = &mut checks => checked,
                _ = &mut collecting => checks.await,
            };
            if !collecting.is_terminated() {
                let end = *last_beginning.get_or_init(|| Instant::now() + GRACE_PERIOD);
                // What is not answered by then stays in `plans` and `jobs`.
                tokio::select! {
                    biased;
                    () = self.stopped() => {}
                    _ = tokio::time::timeout_at(end.max(longest), collecting) => {}
                }
            }
            checked
        };
        read.credits = credits;
        let no_plan = || PlanReading::Failed(PlanFailure::new(abandoned_text(), false));
        read.plans.extend(plans.into_iter().map(|name| (name.clone(), no_plan())));
        let no_jobs = || JobStatsAnswer::Failed(Observation::failed(Outcome::Unavailable, abandoned_text()));
        read.jobs.extend(jobs.into_iter().map(|name| (name.clone(), no_jobs())));
        (checked, read)
    }

    /// Reads the jobs of these accounts, else the plan, unless the subscription is rate-limited or the program stops.
    async fn read<'r>(
        &self,
        name: &'r SubscriptionName,
        ids: Option<&[AccountId]>,
        may_begin: &(dyn Fn() -> bool + Sync),
    ) -> (&'r SubscriptionName, Answer) {
        if !may_begin() {
            return (name, Answer::TooLate);
        }
        let is_blocked = self.limit(name).blocked_until(self.clock.now()).is_some();
        let subscription = self.subscription(name).filter(|_| !is_blocked && !self.is_stopping());
        let answer = match (subscription, ids) {
            (None, None) => Answer::Plan(None),
            (None, Some(_)) => Answer::Jobs(None),
            (Some(subscription), None) => {
                let token = self.tokens.current(subscription);
                Answer::Plan(Some(self.client.account_info(&token, &self.clock).await))
            }
            (Some(subscription), Some(ids)) => Answer::Jobs(Some(self.read_jobs(subscription, ids).await)),
        };
        (name, answer)
    }
}
