//! The events of the accounts: tokens expire and are renewed, some too late; settings change; an account is missing for a while.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use minimax_watch::domain::time::Timestamp;

use crate::simulator::{Answer, NotFoundBody, Record, Subscription};

/// The lifetime of a token.
pub(super) const LIFE: TimeDelta = TimeDelta::days(30);

/// When the first token expires: later than the first lead time.
pub(super) const FIRST: TimeDelta = TimeDelta::days(8);

/// An account's id, which is its name too.
pub(super) fn id(account: usize) -> String {
    format!("{:06}", 100_000 + account)
}

struct Account {
    end: Timestamp,
    jobs: i64,
}

/// The accounts and their planned events.
pub(super) struct Vendor {
    subscription: Subscription,
    accounts: Vec<Account>,
    renewals: BTreeSet<(Timestamp, usize)>,
    /// Every expiry that was renewed: account, expiry, time of the renewal.
    lives: Vec<(usize, Timestamp, Timestamp)>,
    today: i64,
    gone: Option<(usize, Timestamp)>,
    /// The state of a pseudo-random generator, the same in each soak.
    random_state: usize,
}

/// One stage that must be notified, as `account/expiry/stage`.
pub(super) type StageKey = String;

impl Vendor {
    /// Spreads the expiries evenly over a token's lifetime, none before the first lead time.
    pub(super) fn new(subscription: Subscription, accounts: usize, start: Timestamp) -> Self {
        let mut vendor = Self {
            subscription,
            accounts: Vec::new(),
            renewals: BTreeSet::new(),
            lives: Vec::new(),
            today: -1,
            gone: None,
            random_state: 1,
        };
        let step = LIFE / i32::try_from(accounts.max(1)).unwrap_or(i32::MAX);
        for account in 0..accounts {
            let end = start + FIRST + step * i32::try_from(account).unwrap_or(i32::MAX);
            vendor.accounts.push(Account { end, jobs: 2 });
            vendor.plan_renewal(account);
            vendor.put(account);
        }
        vendor
    }

    fn put(&self, account: usize) {
        if self.gone.is_some_and(|(gone, _)| gone == account) {
            return;
        }
        let Account { end, jobs } = self.accounts[account];
        self.subscription.put(Record::ending(id(account), end).max_jobs(jobs).flag("supportMusic", jobs > 1));
    }

    /// Two days before the expiry, or a day too late for one account in ten.
    fn plan_renewal(&mut self, account: usize) {
        let end = self.accounts[account].end;
        let at = if account.is_multiple_of(10) { end + TimeDelta::days(1) } else { end - TimeDelta::days(2) };
        self.renewals.insert((at, account));
    }

    /// Applies the events up to `now`; `changing` per cent of the accounts change each day.
    pub(super) fn happen(&mut self, now: Timestamp, changing: usize) {
        while let Some(&(at, account)) = self.renewals.first() {
            if at > now {
                break;
            }
            self.renewals.pop_first();
            self.lives.push((account, self.accounts[account].end, now));
            self.accounts[account].end = now + LIFE;
            self.plan_renewal(account);
            self.put(account);
        }
        if let Some((account, _)) = self.gone.take_if(|(_, until)| *until <= now) {
            self.put(account);
        }
        let day = now.timestamp() / 86_400;
        if day != self.today {
            self.today = day;
            for _ in 0..(self.accounts.len() * changing).div_ceil(100) {
                let account = self.random_account();
                self.accounts[account].jobs = 1 + self.accounts[account].jobs % 3;
                self.put(account);
            }
            let account = self.random_account();
            if self.gone.is_none() {
                self.subscription.set_answer(&id(account), Answer::not_found(NotFoundBody::Json));
                self.gone = Some((account, now + TimeDelta::hours(5)));
            }
        }
    }

    fn random_account(&mut self) -> usize {
        self.random_state =
            self.random_state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.random_state >> 33) % self.accounts.len()
    }

    /// Every stage that was reached by `now`.
    pub(super) fn stages(&self, now: Timestamp) -> Vec<StageKey> {
        let current = self.accounts.iter().enumerate().map(|(account, present)| (account, present.end, now));
        let lives = self.lives.iter().copied().chain(current);
        let lead_times = [(7 * 24, "7d"), (3 * 24, "3d"), (24, "1d"), (1, "1h"), (0, "expired")];
        lives
            .flat_map(|(account, end, until)| {
                let reached =
                    lead_times.into_iter().filter(move |(hours, _)| end - TimeDelta::hours(*hours) <= until);
                reached.map(move |(_, stage)| format!("{}/{}/{stage}", id(account), end.timestamp()))
            })
            .collect()
    }
}
