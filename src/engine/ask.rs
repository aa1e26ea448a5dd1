//! Asking: whom next, how many at once, and whom not yet.
//!
//! Promises: no more requests at once than the operator allows, and of one subscription no more than its vendor bears; who is
//! not asked, since the vendor asked to be left alone, is put off or recorded as such, never forgotten. Subscriptions take
//! turns. It waits for answers and for its own spread, never for the vendor's pauses.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::TimeDelta;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::mpsc::Sender;
use tokio::time::{Instant, sleep_until};

use super::Engine;
use super::look::{Roll, Sight, Sighting, look, read_out};
use crate::domain::account::{AccountId, AccountKey, SubscriptionName};
use crate::domain::observation::{Observation, Outcome};
use crate::domain::pace::Pace;
use crate::domain::time::Timestamp;
use crate::store::StoreError;

/// How many lists are held at once: one of them may be large.
const ROLLS: usize = 4;

/// Who is not asked within this time after a run began is left to the next one.
const LONGEST_RUN: TimeDelta = TimeDelta::minutes(5);

/// Accounts are asked for no further apart than this, however much time there is.
const WIDEST_GAP: Duration = Duration::from_millis(100);

/// Whom a pass did not ask, since their vendor asked to be left alone for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PutOff {
    /// When the first of them may be asked.
    pub until: Timestamp,
    /// Who.
    pub accounts: Vec<AccountKey>,
}

/// What is to be asked in one pass.
pub(super) struct Questions<'a> {
    pub(super) engine: &'a Engine,
    /// The lists, and the accounts that are asked for by themselves.
    pub(super) rolls: Vec<Roll>,
    pub(super) own: Vec<AccountKey>,
    pub(super) now: Timestamp,
    /// When the run began.
    pub(super) begun: Timestamp,
}

impl Questions<'_> {
    /// Asks for the lists, then for every account that none of them speaks for. Gives whom it put off.
    pub(super) async fn ask(self, sightings: Sender<Sighting>) -> Result<Option<PutOff>, StoreError> {
        let Self { engine, rolls, mut own, now, begun } = self;
        let started = Instant::now();
        let clock = || now + TimeDelta::from_std(started.elapsed()).unwrap_or_default();
        let mut left = Left { last: begun + LONGEST_RUN, put_off: None, skipped: Vec::new() };
        let mut open = Vec::new();
        for roll in rolls {
            match engine.pace(&roll.subscription).closed_at(now) {
                Some(until) => left.alone(until, roll.accounts()),
                None => open.push(roll),
            }
        }
        let concurrency = engine.config.api.concurrency;
        let lists = futures_util::stream::iter(open)
            .map(|roll| read_out(engine.clone(), roll, now))
            .buffer_unordered(concurrency.min(ROLLS));
        let mut lists = std::pin::pin!(lists);
        while let Some((roll, listing)) = lists.next().await {
            if complains(listing.outcome, listing.retry_after) {
                let mut pace = engine.pace(&roll.subscription);
                let until = pace.complained(listing.retry_after, 0, clock());
                engine.keep_pace(&roll.subscription, pace);
                if left.may_wait(until) {
                    left.alone(until, roll.accounts());
                    continue;
                }
            }
            own.extend(engine.hand_over((roll, listing), &sightings).await?);
        }
        let gap = gap(engine.spread, own.len());
        let mut lanes = Lanes::of(own, engine);
        let mut next_start = Instant::now();
        let mut under_way = FuturesUnordered::new();
        loop {
            while under_way.len() < concurrency && (gap.is_zero() || next_start <= Instant::now()) {
                let Some(target) = lanes.next(clock(), &mut left) else { break };
                under_way.push(look(engine.clone(), target, now));
                next_start += gap;
            }
            for skipped in left.skipped.drain(..) {
                if sightings.send(skipped).await.is_err() {
                    return Ok(None);
                }
            }
            let may_start = under_way.len() < concurrency && lanes.may_go_on();
            let sighting = tokio::select! {
                Some(sighting) = under_way.next() => sighting,
                () = sleep_until(next_start), if may_start => continue,
                else => break,
            };
            lanes.answered(&sighting, clock());
            if sightings.send(sighting).await.is_err() {
                return Ok(None);
            }
        }
        lanes.keep_pace(engine);
        Ok(left.put_off)
    }
}

/// Whether an answer says that too much is asked.
fn complains(outcome: Outcome, retry_after: Option<TimeDelta>) -> bool {
    outcome == Outcome::RateLimited || retry_after.is_some()
}

/// Who is not asked.
struct Left {
    /// Who cannot be asked by then is left to the next run.
    last: Timestamp,
    put_off: Option<PutOff>,
    skipped: Vec<Sighting>,
}

impl Left {
    fn may_wait(&self, until: Timestamp) -> bool {
        until <= self.last
    }

    /// Leaves `accounts` alone until then.
    fn alone(&mut self, until: Timestamp, accounts: impl IntoIterator<Item = AccountKey>) {
        if self.may_wait(until) {
            let put_off = self.put_off.get_or_insert(PutOff { until, accounts: Vec::new() });
            put_off.until = put_off.until.min(until);
            put_off.accounts.extend(accounts);
        } else {
            self.skipped.extend(accounts.into_iter().map(|account| (account, not_asked(until))));
        }
    }
}

/// The accounts of one subscription that are still to be asked, the next one last.
struct Lane {
    subscription: SubscriptionName,
    queue: Vec<AccountId>,
    under_way: usize,
    pace: Pace,
}

/// All of them, and whose turn it is.
struct Lanes {
    lanes: Vec<Lane>,
    turn: usize,
}

impl Lanes {
    fn of(accounts: Vec<AccountKey>, engine: &Engine) -> Self {
        let mut queues: BTreeMap<SubscriptionName, Vec<AccountId>> = BTreeMap::new();
        for AccountKey { subscription, id } in accounts.into_iter().rev() {
            queues.entry(subscription).or_default().push(id);
        }
        let lanes = queues.into_iter().map(|(subscription, queue)| {
            let pace = engine.pace(&subscription);
            Lane { subscription, queue, under_way: 0, pace }
        });
        Self { lanes: lanes.collect(), turn: 0 }
    }

    /// The next account that may be asked. Who may not be for now is left.
    fn next(&mut self, now: Timestamp, left: &mut Left) -> Option<AccountKey> {
        for _ in 0..self.lanes.len() {
            self.turn = (self.turn + 1) % self.lanes.len();
            let lane = &mut self.lanes[self.turn];
            if lane.queue.is_empty() {
                continue;
            }
            if let Some(until) = lane.pace.closed_at(now) {
                let queue = std::mem::take(&mut lane.queue).into_iter().rev();
                left.alone(until, queue.map(|id| AccountKey::new(&lane.subscription, &id)));
            } else if lane.under_way < lane.pace.width()
                && let Some(id) = lane.queue.pop()
            {
                lane.under_way += 1;
                return Some(AccountKey::new(&lane.subscription, &id));
            }
        }
        None
    }

    fn may_go_on(&self) -> bool {
        self.lanes.iter().any(|lane| lane.under_way < lane.pace.width() && !lane.queue.is_empty())
    }

    fn answered(&mut self, (account, sight): &Sighting, now: Timestamp) {
        let lane = self.lanes.iter_mut().find(|lane| lane.subscription == account.subscription);
        let Some(lane) = lane else { return };
        lane.under_way -= 1;
        match sight {
            Sight::Other(seen) if complains(seen.outcome, seen.retry_after) => {
                lane.pace.complained(seen.retry_after, lane.under_way, now);
            }
            Sight::Healthy(_) | Sight::Other(_) => lane.pace.answered(),
        }
    }

    fn keep_pace(self, engine: &Engine) {
        for Lane { subscription, pace, .. } in self.lanes {
            engine.keep_pace(&subscription, pace);
        }
    }
}

/// How far apart so many accounts are asked for.
fn gap(spread: Duration, accounts: usize) -> Duration {
    (spread / u32::try_from(accounts.max(1)).unwrap_or(u32::MAX)).min(WIDEST_GAP)
}

fn not_asked(until: Timestamp) -> Sight {
    let why = format!("not asked: the vendor asked to be left alone until {}", until.format("%H:%M:%S UTC"));
    Sight::Other(Box::new(Observation::failed(Outcome::RateLimited, why)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_are_spread_evenly_and_not_too_far_apart() {
        let ms = Duration::from_millis;
        for (spread, accounts, apart) in [
            (Duration::ZERO, 5, Duration::ZERO),
            (ms(60_000), 10_000, ms(6)),
            (ms(60_000), 3, ms(100)),
            (ms(60_000), 0, ms(100)),
        ] {
            assert_eq!(gap(spread, accounts), apart, "{accounts} over {spread:?}");
        }
    }
}
