//! Which accounts a watcher is blind to: what it knows of them is too old to say that an alert about them still fires.
//!
//! Another watcher may see what this one does not. So a blind watcher keeps alive what fires at the server, and marks the rest.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;

use super::labels::{ACCOUNT, KIND, Labels, SUBSCRIPTION};
use super::timing::PushTimes;
use crate::domain::account::{AccountId, AccountKey, SubscriptionName};
use crate::domain::alerts::AlertKind;
use crate::domain::time::Timestamp;

/// When a watched account was last checked with a conclusive result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastConclusive {
    /// The account.
    pub account: AccountKey,
    /// The last conclusive check.
    pub last_conclusive_at: Option<Timestamp>,
    /// The first of the inconclusive checks since.
    pub unreachable_since: Option<Timestamp>,
}

/// The accounts and subscriptions that a watcher is blind to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Blindness {
    accounts: BTreeSet<AccountKey>,
    subscriptions: BTreeSet<SubscriptionName>,
}

impl Blindness {
    /// An account is blind after `unreachable_after` of inconclusive checks; or without a conclusive check for that time, once the second
    /// run since was due: checks that are not due yet make nobody blind. A subscription is blind when each of its accounts is. `newest`
    /// has the newest conclusive check of each subscription.
    pub fn new(
        accounts: impl IntoIterator<Item = LastConclusive>,
        newest: &BTreeMap<SubscriptionName, Option<Timestamp>>,
        (unreachable_after, times): (TimeDelta, PushTimes<'_>),
        now: Timestamp,
    ) -> Self {
        let is_overdue = |at| times.second_run_after(at).is_some_and(|run| run <= now);
        let is_old =
            |at: Option<Timestamp>| at.is_none_or(|at| now - at >= unreachable_after && is_overdue(at));
        let is_blind = |account: &LastConclusive| {
            let fails = account.unreachable_since.is_some_and(|since| now - since >= unreachable_after);
            fails || is_old(account.last_conclusive_at)
        };
        Self {
            accounts: accounts.into_iter().filter(is_blind).map(|account| account.account).collect(),
            subscriptions: newest
                .iter()
                .filter(|(_, at)| is_old(**at))
                .map(|(subscription, _)| subscription.clone())
                .collect(),
        }
    }

    /// Whether what the series says is known from before only. That useapi.net or a receiver cannot be reached, a watcher knows itself.
    pub fn covers(&self, labels: &Labels) -> bool {
        let kind = labels.get(KIND).and_then(|kind| kind.parse::<AlertKind>().ok());
        if kind.is_none_or(|kind| matches!(kind, AlertKind::Unreachable | AlertKind::DeliveryFailing)) {
            return false;
        }
        let Some(subscription) = labels.get(SUBSCRIPTION).map(SubscriptionName::new) else { return false };
        match labels.get(ACCOUNT) {
            Some(id) => self.accounts.contains(&AccountKey::new(&subscription, &AccountId::new(id))),
            None => self.subscriptions.contains(&subscription),
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::{TimeZone as _, Utc};

    use super::*;
    use crate::domain::schedule::Schedule;
    use crate::domain::time_zone::TimeZone;

    fn schedule(cron: &str) -> Schedule {
        Schedule::parse(cron, TimeZone::UTC, at(0)).unwrap()
    }

    fn times(schedule: &Schedule) -> (TimeDelta, PushTimes<'_>) {
        (TimeDelta::hours(1), PushTimes { schedule, jitter: TimeDelta::zero() })
    }

    fn at(minutes: i64) -> Timestamp {
        Utc.with_ymd_and_hms(2026, 11, 23, 7, 0, 0).unwrap() + TimeDelta::minutes(minutes)
    }

    fn labels(pairs: &[(&str, &str)]) -> Labels {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn account_is_blind_after_failed_checks_or_when_two_checks_are_overdue() {
        let main = SubscriptionName::new("main");
        let account = AccountKey::new(&main, &AccountId::new("1"));
        let quarterly = schedule("*/15 * * * *");
        let daily = schedule("0 7 * * *");
        // Its last run of the first day is at 18:45, the first ones of the next day at 8:00 and 8:15.
        let by_day = schedule("*/15 8-18 * * *");
        let (last, next) = (11 * 60 + 45, 25 * 60);
        for (last, failing, schedule, now, expected) in [
            (Some(0), None, &quarterly, 59, false),
            (Some(0), None, &quarterly, 60, true),
            (None, None, &quarterly, 0, true),
            (Some(10), Some(0), &quarterly, 60, true),
            (Some(0), None, &daily, 26 * 60, false),
            (Some(0), None, &daily, 48 * 60, true),
            (Some(0), Some(1), &daily, 61, true),
            (Some(600), None, &quarterly, 0, false),
            (Some(last), None, &by_day, last + 61, false),
            (Some(last), None, &by_day, next + 14, false),
            (Some(last), None, &by_day, next + 15, true),
        ] {
            let record = LastConclusive {
                account: account.clone(),
                last_conclusive_at: last.map(at),
                unreachable_since: failing.map(at),
            };
            let blindness = Blindness::new([record], &BTreeMap::new(), times(schedule), at(now));
            let series = labels(&[(KIND, "expiry"), (SUBSCRIPTION, "main"), (ACCOUNT, "1")]);
            assert_eq!(blindness.covers(&series), expected, "{last:?} {failing:?} at {now}");
            let unreachable = labels(&[(KIND, "unreachable"), (SUBSCRIPTION, "main"), (ACCOUNT, "1")]);
            assert!(!blindness.covers(&unreachable));
        }
    }

    #[test]
    fn subscription_is_blind_when_its_newest_check_is_old() {
        let main = SubscriptionName::new("main");
        let series = labels(&[(KIND, "unauthorized"), (SUBSCRIPTION, "main")]);
        for (newest, expected) in [(Some(at(0)), true), (Some(at(30)), false), (None, true)] {
            let newest = BTreeMap::from([(main.clone(), newest)]);
            let quarterly = schedule("*/15 * * * *");
            assert_eq!(Blindness::new([], &newest, times(&quarterly), at(60)).covers(&series), expected);
        }
    }
}
