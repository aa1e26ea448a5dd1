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
use crate::config::Fetch;
use crate::domain::account::{AccountId, AccountKey, SubscriptionName};
use crate::domain::observation::{Observation, Outcome};
use crate::domain::pace::Pace;
use crate::domain::standing::RunId;
use crate::domain::time::Timestamp;
use crate::store::StoreError;

/// How many lists are held at once: one of them may be large.
const ROLLS: usize = 4;

/// Accounts are asked for no further apart than this, however much time there is.
const WIDEST_GAP: Duration = Duration::from_millis(100);

/// Whom a pass did not ask, since their vendor asked to be left alone for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PutOff {
    /// When that was found.
    pub since: Timestamp,
    /// When the first of them may be asked.
    pub until: Timestamp,
    /// Who.
    pub accounts: Vec<AccountKey>,
    /// How long the run had waited for vendors before.
    pub waited: TimeDelta,
}

impl PutOff {
    /// How long the run has waited by `now`. A clock that was set back adds nothing.
    pub(super) fn waited_by(&self, now: Timestamp) -> TimeDelta {
        self.waited + (now - self.since).max(TimeDelta::zero())
    }
}

/// Where in a row of accounts a pass begins, as a part of its length in 2^32nds; by default with the first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Beginning(u32);

impl Beginning {
    /// Elsewhere for each run, whatever the schedule.
    pub(super) fn elsewhere(run: RunId) -> Self {
        // Multiples of the golden ratio leave no gap open for long (Knuth, The Art of Computer Programming, 6.4); a run's number is
        // its millisecond, of which the schedule decides too much.
        let scattered = run.unsigned_abs().wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
        Self(u32::try_from(scattered).unwrap_or_default())
    }

    fn of(self, length: usize) -> usize {
        let at = (u128::from(self.0) * u128::try_from(length).unwrap_or_default()) >> 32;
        usize::try_from(at).unwrap_or_default()
    }
}

/// What is to be asked in one pass.
pub(super) struct Questions<'a> {
    pub(super) engine: &'a Engine,
    /// The lists, and the accounts that are asked for by themselves.
    pub(super) rolls: Vec<Roll>,
    pub(super) own: Vec<AccountKey>,
    /// With which account of each subscription to begin.
    pub(super) first: Beginning,
    /// How long the run has waited for vendors already.
    pub(super) waited: TimeDelta,
}

impl Questions<'_> {
    /// Asks for the lists, then for every account that none of them speaks for. Gives whom it put off.
    pub(super) async fn ask(self, sightings: Sender<Sighting>) -> Result<Option<PutOff>, StoreError> {
        let Self { engine, rolls, mut own, first, waited } = self;
        let clock = || engine.clock.now();
        let mut left = Left { patience: engine.patience - waited, put_off: None, skipped: Vec::new() };
        let mut open = Vec::new();
        for roll in rolls {
            match engine.pace(&roll.subscription).closed_at(clock()) {
                Some(until) => left.alone(until, clock(), roll.accounts()),
                None => open.push(roll),
            }
        }
        let concurrency = engine.config.api.concurrency;
        let at_once = match engine.config.api.fetch {
            Fetch::Each => concurrency,
            Fetch::List => concurrency.min(ROLLS),
        };
        let lists =
            futures_util::stream::iter(open).map(|roll| read_out(engine, roll)).buffer_unordered(at_once);
        let mut lists = std::pin::pin!(lists);
        while let Some((roll, listing)) = lists.next().await {
            if engine.is_halted() {
                return Ok(None);
            }
            if complains(listing.outcome, listing.retry_after) {
                let mut pace = engine.pace(&roll.subscription);
                let until = pace.complained(listing.retry_after, 0, clock());
                engine.keep_pace(&roll.subscription, pace);
                if left.may_wait(until, clock()) {
                    left.alone(until, clock(), roll.accounts());
                    continue;
                }
            }
            own.extend(engine.hand_over((roll, listing), &sightings).await?);
        }
        let gap = gap(engine.spread, own.len());
        let mut lanes = Lanes::of(own, first, engine);
        let mut next_start = Instant::now();
        let mut under_way = FuturesUnordered::new();
        loop {
            if engine.is_halted() {
                lanes.stop();
            }
            while under_way.len() < concurrency && (gap.is_zero() || next_start <= Instant::now()) {
                let Some(target) = lanes.next(clock(), &mut left) else { break };
                under_way.push(look(engine, target));
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
        Ok(left.put_off.map(|put_off| PutOff { since: clock(), waited, ..put_off }))
    }
}

/// Whether an answer says that too much is asked.
fn complains(outcome: Outcome, retry_after: Option<TimeDelta>) -> bool {
    outcome == Outcome::RateLimited || retry_after.is_some()
}

/// Who is not asked.
struct Left {
    /// How long the run may still wait; who cannot be asked by then is left to the next one.
    patience: TimeDelta,
    put_off: Option<PutOff>,
    skipped: Vec<Sighting>,
}

impl Left {
    fn may_wait(&self, until: Timestamp, now: Timestamp) -> bool {
        until - now <= self.patience
    }

    /// Leaves `accounts` alone until then.
    fn alone(&mut self, until: Timestamp, now: Timestamp, accounts: impl IntoIterator<Item = AccountKey>) {
        if self.may_wait(until, now) {
            let nobody = PutOff { since: now, until, accounts: Vec::new(), waited: TimeDelta::zero() };
            let put_off = self.put_off.get_or_insert(nobody);
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
    fn of(accounts: Vec<AccountKey>, first: Beginning, engine: &Engine) -> Self {
        let mut queues: BTreeMap<SubscriptionName, Vec<AccountId>> = BTreeMap::new();
        for AccountKey { subscription, id } in accounts.into_iter().rev() {
            queues.entry(subscription).or_default().push(id);
        }
        let lanes = queues.into_iter().map(|(subscription, mut queue)| {
            // Its end is where it begins.
            let first = first.of(queue.len());
            queue.rotate_right(first);
            let pace = engine.pace(&subscription);
            Lane { subscription, queue, under_way: 0, pace }
        });
        Self { lanes: lanes.collect(), turn: 0 }
    }

    /// The next account that may be asked. Who may not be for now is left.
    fn next(&mut self, now: Timestamp, left: &mut Left) -> Option<AccountKey> {
        for _ in 0..self.lanes.len() {
            self.turn = (self.turn + 1) % self.lanes.len();
            let Some(lane) = self.lanes.get_mut(self.turn).filter(|lane| !lane.queue.is_empty()) else {
                continue;
            };
            if let Some(until) = lane.pace.closed_at(now) {
                let queue = std::mem::take(&mut lane.queue).into_iter().rev();
                left.alone(until, now, queue.map(|id| AccountKey::new(&lane.subscription, &id)));
            } else if lane.under_way < lane.pace.width()
                && let Some(id) = lane.queue.pop()
            {
                lane.under_way += 1;
                return Some(AccountKey::new(&lane.subscription, &id));
            }
        }
        None
    }

    /// Whoever is not asked by now is not asked any more.
    fn stop(&mut self) {
        for lane in &mut self.lanes {
            lane.queue.clear();
        }
    }

    fn may_go_on(&self) -> bool {
        self.lanes.iter().any(|lane| lane.under_way < lane.pace.width() && !lane.queue.is_empty())
    }

    fn answered(&mut self, (account, sight): &Sighting, now: Timestamp) {
        let lane = self.lanes.iter_mut().find(|lane| lane.subscription == account.subscription);
        let Some(lane) = lane else { return };
        // Its own question, which was counted when it was begun.
        lane.under_way = lane.under_way.saturating_sub(1);
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
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_account_is_soon_the_first_whatever_the_schedule() {
        let begin = 1_764_054_000_000_i64;
        for (minutes, length) in
            [1, 5, 15, 60, 1_440].into_iter().flat_map(|of| [1, 2, 3, 4, 7, 60, 96].map(|n| (of, n)))
        {
            let firsts: BTreeSet<usize> = (0..20 * i64::try_from(length).unwrap())
                .map(|run| Beginning::elsewhere(begin + run * minutes * 60_000).of(length))
                .collect();
            assert_eq!(
                firsts.into_iter().collect::<Vec<_>>(),
                (0..length).collect::<Vec<_>>(),
                "each {minutes} minutes"
            );
        }
        assert_eq!(Beginning::default().of(5), 0);
    }

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
