//! Fetching: the order of the requests, how many run at once, and which checks are deferred.
//!
//! Guarantees: at most `[api].concurrency` requests at once, and for one subscription at most what its [`ConcurrencyLimit`]
//! allows; subscriptions take turns. A check that a rate limit forbids is deferred, or recorded as rate-limited when the run may
//! not wait that long: no account is forgotten. Waits for answers and for its own spread, never for a rate limit.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::TimeDelta;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::mpsc::Sender;
use tokio::time::{Instant, sleep_until};

use super::Engine;
use super::account_check::{CheckOutcome, CheckResult, ListRequest, check_account, fetch_list};
use crate::api::LastAnswers;
use crate::config::FetchMode;
use crate::domain::account::{AccountId, AccountKey, SubscriptionName};
use crate::domain::account_state::RunId;
use crate::domain::concurrency_limit::ConcurrencyLimit;
use crate::domain::observation::{Observation, Outcome};
use crate::domain::time::Timestamp;
use crate::store::StoreError;

/// Lists held at once, since one of them may be large.
const MAX_CONCURRENT_LISTS: usize = 4;

/// The longest time between two requests of a run that is spread.
const MAX_INTERVAL: Duration = Duration::from_millis(100);

/// Checks that wait for the end of a rate limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DeferredChecks {
    /// When they were deferred.
    pub(super) since: Timestamp,
    /// When the first of them may be made.
    pub(super) until: Timestamp,
    pub(super) accounts: Vec<AccountKey>,
}

/// With which account of each subscription a run begins, as a part of their number in 2^32nds; by default with the first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct StartOffset(u32);

impl StartOffset {
    /// A different offset for each run, whatever the schedule.
    pub(super) fn for_run(run: RunId) -> Self {
        // Multiples of the golden ratio spread evenly (Knuth, The Art of Computer Programming, 6.4). The number of a run is its
        // start in milliseconds, which a schedule makes too regular.
        let scattered = run.unsigned_abs().wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
        Self(u32::try_from(scattered).unwrap_or_default())
    }

    fn index(self, length: usize) -> usize {
        let index = (u128::from(self.0) * u128::try_from(length).unwrap_or_default()) >> 32;
        usize::try_from(index).unwrap_or_default()
    }
}

/// Sends the requests of one step of a run.
pub(super) struct Fetcher<'a> {
    pub(super) engine: &'a Engine,
    pub(super) lists: Vec<ListRequest>,
    /// The last healthy answers of each subscription, as far as they are known.
    pub(super) last: &'a BTreeMap<SubscriptionName, LastAnswers>,
    /// The accounts that are requested one by one.
    pub(super) single: Vec<AccountKey>,
    pub(super) first: StartOffset,
    /// How long the run has waited for rate limits already.
    pub(super) waited: TimeDelta,
}

impl Fetcher<'_> {
    /// Requests the lists, then every account that no list answers for. Returns the checks that it deferred.
    pub(super) async fn fetch(
        mut self,
        results: Sender<CheckResult>,
    ) -> Result<Option<DeferredChecks>, StoreError> {
        let budget = self.engine.rate_limit_budget - self.waited;
        let mut backlog = Backlog { budget, deferred: None, skipped: Vec::new() };
        self.fetch_lists(&mut backlog, &results).await?;
        self.fetch_single(&mut backlog, &results).await;
        let now = self.engine.clock.now();
        Ok(backlog.deferred.map(|deferred| DeferredChecks { since: now, ..deferred }))
    }

    async fn fetch_lists(
        &mut self,
        backlog: &mut Backlog,
        results: &Sender<CheckResult>,
    ) -> Result<(), StoreError> {
        let engine = self.engine;
        let now = || engine.clock.now();
        let mut open = Vec::new();
        for list in self.lists.drain(..) {
            match engine.limit(&list.subscription).blocked_until(now()) {
                Some(until) => backlog.defer(until, now(), list.accounts()),
                None => open.push(list),
            }
        }
        let at_once = match engine.config.api.fetch {
            FetchMode::Each => engine.config.api.concurrency,
            FetchMode::List => engine.config.api.concurrency.min(MAX_CONCURRENT_LISTS),
        };
        let (last, none) = (self.last, LastAnswers::new());
        let requests = open.into_iter().map(|list| {
            let last = last.get(&list.subscription).unwrap_or(&none);
            fetch_list(engine, list, last)
        });
        let mut answers = std::pin::pin!(futures_util::stream::iter(requests).buffer_unordered(at_once));
        while let Some((list, listing)) = answers.next().await {
            if engine.is_stopping() {
                self.single.clear();
                return Ok(());
            }
            if is_throttled(listing.outcome, listing.retry_after) {
                let mut limit = engine.limit(&list.subscription);
                let until = limit.on_throttled(listing.retry_after, 0, now());
                engine.save_limit(&list.subscription, limit);
                if backlog.fits_budget(until, now()) {
                    backlog.defer(until, now(), list.accounts());
                    continue;
                }
            }
            self.single.extend(engine.apply_list((list, listing), results).await?);
        }
        Ok(())
    }

    async fn fetch_single(&mut self, backlog: &mut Backlog, results: &Sender<CheckResult>) {
        let engine = self.engine;
        let (concurrency, now) = (engine.config.api.concurrency, || engine.clock.now());
        let interval = interval(engine.spread, self.single.len());
        let mut queues = SubscriptionQueues::new(std::mem::take(&mut self.single), self.first, engine);
        let mut next_start = Instant::now();
        let mut in_flight = FuturesUnordered::new();
        loop {
            if engine.is_stopping() {
                queues.clear();
            }
            while in_flight.len() < concurrency && (interval.is_zero() || next_start <= Instant::now()) {
                let Some(target) = queues.next(now(), backlog) else { break };
                let last = self.last.get(&target.subscription).and_then(|last| last.get(&target.id)).copied();
                in_flight.push(check_account(engine, target, last));
                next_start += interval;
            }
            for skipped in backlog.skipped.drain(..) {
                // The channel is closed only when storing failed, which is reported there.
                let _ = results.send(skipped).await;
            }
            let may_start = in_flight.len() < concurrency && queues.any_ready();
            let result = tokio::select! {
                Some(result) = in_flight.next() => result,
                () = sleep_until(next_start), if may_start => continue,
                else => break,
            };
            queues.on_answer(&result, now());
            if results.send(result).await.is_err() {
                break;
            }
        }
        queues.save_limits(engine);
    }
}

/// Whether an answer asks for fewer requests.
fn is_throttled(outcome: Outcome, retry_after: Option<TimeDelta>) -> bool {
    outcome == Outcome::RateLimited || retry_after.is_some()
}

/// The checks that a rate limit forbids.
struct Backlog {
    /// How long the run may still wait for rate limits.
    budget: TimeDelta,
    deferred: Option<DeferredChecks>,
    skipped: Vec<CheckResult>,
}

impl Backlog {
    fn fits_budget(&self, until: Timestamp, now: Timestamp) -> bool {
        until - now <= self.budget
    }

    /// Defers `accounts` until then, or records them as not checked where that is too long for this run.
    fn defer(&mut self, until: Timestamp, now: Timestamp, accounts: impl IntoIterator<Item = AccountKey>) {
        if self.fits_budget(until, now) {
            let none = || DeferredChecks { since: now, until, accounts: Vec::new() };
            let deferred = self.deferred.get_or_insert_with(none);
            deferred.until = deferred.until.min(until);
            deferred.accounts.extend(accounts);
        } else {
            self.skipped.extend(accounts.into_iter().map(|account| (account, not_checked(until))));
        }
    }
}

fn not_checked(until: Timestamp) -> CheckOutcome {
    let why = format!("not checked: rate-limited until {}", until.format("%H:%M:%S UTC"));
    CheckOutcome::Other(Box::new(Observation::failed(Outcome::RateLimited, why)))
}

/// The accounts of one subscription that are still to be checked, the next one last.
struct SubscriptionQueue {
    subscription: SubscriptionName,
    accounts: Vec<AccountId>,
    in_flight: usize,
    limit: ConcurrencyLimit,
}

impl SubscriptionQueue {
    fn has_room(&self) -> bool {
        self.in_flight < self.limit.width() && !self.accounts.is_empty()
    }
}

/// The queues of all subscriptions, which take turns.
struct SubscriptionQueues {
    queues: Vec<SubscriptionQueue>,
    turn: usize,
}

impl SubscriptionQueues {
    fn new(accounts: Vec<AccountKey>, first: StartOffset, engine: &Engine) -> Self {
        let mut by_subscription: BTreeMap<SubscriptionName, Vec<AccountId>> = BTreeMap::new();
        for AccountKey { subscription, id } in accounts.into_iter().rev() {
            by_subscription.entry(subscription).or_default().push(id);
        }
        let queues = by_subscription.into_iter().map(|(subscription, mut accounts)| {
            // The queue is taken from its end.
            let first = first.index(accounts.len());
            accounts.rotate_right(first);
            let limit = engine.limit(&subscription);
            SubscriptionQueue { subscription, accounts, in_flight: 0, limit }
        });
        Self { queues: queues.collect(), turn: 0 }
    }

    /// The next account that may be checked. The queue of a subscription that is rate-limited moves to the backlog.
    fn next(&mut self, now: Timestamp, backlog: &mut Backlog) -> Option<AccountKey> {
        for _ in 0..self.queues.len() {
            self.turn = (self.turn + 1) % self.queues.len();
            let queue = self.queues.get_mut(self.turn).filter(|queue| !queue.accounts.is_empty());
            let Some(queue) = queue else { continue };
            if let Some(until) = queue.limit.blocked_until(now) {
                let accounts = std::mem::take(&mut queue.accounts).into_iter().rev();
                backlog.defer(until, now, accounts.map(|id| AccountKey::new(&queue.subscription, &id)));
            } else if queue.has_room()
                && let Some(id) = queue.accounts.pop()
            {
                queue.in_flight += 1;
                return Some(AccountKey::new(&queue.subscription, &id));
            }
        }
        None
    }

    fn clear(&mut self) {
        for queue in &mut self.queues {
            queue.accounts.clear();
        }
    }

    fn any_ready(&self) -> bool {
        self.queues.iter().any(SubscriptionQueue::has_room)
    }

    fn on_answer(&mut self, (account, outcome): &CheckResult, now: Timestamp) {
        let queue = self.queues.iter_mut().find(|queue| queue.subscription == account.subscription);
        let Some(queue) = queue else { return };
        queue.in_flight = queue.in_flight.saturating_sub(1);
        match outcome {
            CheckOutcome::Other(seen) if is_throttled(seen.outcome, seen.retry_after) => {
                queue.limit.on_throttled(seen.retry_after, queue.in_flight, now);
            }
            CheckOutcome::Unchanged(_) | CheckOutcome::Healthy(..) | CheckOutcome::Other(_) => {
                queue.limit.on_success();
            }
        }
    }

    fn save_limits(self, engine: &Engine) {
        for queue in self.queues {
            engine.save_limit(&queue.subscription, queue.limit);
        }
    }
}

/// The time between the starts of two requests when so many accounts are spread over `spread`.
fn interval(spread: Duration, accounts: usize) -> Duration {
    (spread / u32::try_from(accounts.max(1)).unwrap_or(u32::MAX)).min(MAX_INTERVAL)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_account_is_the_first_one_before_long_whatever_the_schedule() {
        let start = 1_764_054_000_000_i64;
        for (minutes, length) in
            [1, 5, 15, 60, 1_440].into_iter().flat_map(|of| [1, 2, 3, 4, 7, 60, 96].map(|n| (of, n)))
        {
            let firsts: BTreeSet<usize> = (0..20 * i64::try_from(length).unwrap())
                .map(|run| StartOffset::for_run(start + run * minutes * 60_000).index(length))
                .collect();
            assert_eq!(
                firsts.into_iter().collect::<Vec<_>>(),
                (0..length).collect::<Vec<_>>(),
                "each {minutes} minutes"
            );
        }
        assert_eq!(StartOffset::default().index(5), 0);
    }

    #[test]
    fn requests_are_spread_evenly_and_not_too_far_apart() {
        let ms = Duration::from_millis;
        for (spread, accounts, apart) in [
            (Duration::ZERO, 5, Duration::ZERO),
            (ms(60_000), 10_000, ms(6)),
            (ms(60_000), 3, ms(100)),
            (ms(60_000), 0, ms(100)),
        ] {
            assert_eq!(interval(spread, accounts), apart, "{accounts} over {spread:?}");
        }
    }
}
