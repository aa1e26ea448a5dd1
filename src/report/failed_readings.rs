//! What is read beside the checks and cannot be: since when, and why.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;

use crate::config::Config;
use crate::domain::account::{AccountKey, SubscriptionName};
use crate::domain::failing_period::FailingPeriod;
use crate::domain::jobs::StatsReadings;
use crate::domain::plan::PlanState;
use crate::domain::text;
use crate::domain::time::{Timestamp, dated};
use crate::store::{FailedCreditsReading, Store, StoreError};

/// From this time after a reading was due on, its failure lasts.
const LASTING: TimeDelta = TimeDelta::hours(1);

/// What is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadingKind {
    /// The plan of a subscription.
    Plan,
    /// What became of its jobs.
    JobStatistics,
    /// The credits of so many of its accounts.
    Credits(usize),
}

/// A reading of one subscription that fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedReadingReport {
    /// The subscription.
    pub subscription: SubscriptionName,
    /// What is read.
    pub kind: ReadingKind,
    /// Since when it is not read; none when it never was.
    pub since: Option<Timestamp>,
    /// Whether it fails for so long, or in such a way, that a person should know.
    pub is_lasting: bool,
    /// Why the last reading failed.
    pub error: String,
}

impl FailedReadingReport {
    /// Loads those of the subscriptions of the accounts in `wanted`, and of all when it is absent. Of what is not watched nothing is read.
    pub(super) async fn load(
        store: &Store,
        config: &Config,
        wanted: Option<&BTreeSet<AccountKey>>,
        now: Timestamp,
    ) -> Result<Vec<Self>, StoreError> {
        let mut reports = Vec::new();
        if config.plan.watch {
            let failed = |(name, state): (SubscriptionName, PlanState)| {
                let failure = state.failure?;
                let (period, unclear) = (failure.period, failure.is_malformed);
                Some(Self::new((name, ReadingKind::Plan), (state.read_at, period), unclear, failure.error))
            };
            reports.extend(store.plan_states().await?.into_iter().filter_map(failed));
        }
        if config.jobs.watch {
            let failed = |(name, readings): (SubscriptionName, StatsReadings)| {
                let failure = readings.failure?;
                let (period, unclear) = (failure.period, failure.is_not_understood);
                let subject = (name, ReadingKind::JobStatistics);
                Some(Self::new(subject, (readings.read_at, period), unclear, failure.error))
            };
            reports.extend(store.stats_readings().await?.into_iter().filter_map(failed));
        }
        if config.credits.watch {
            let mut failed = store.failed_credits_readings().await?;
            failed.retain(|reading| wanted.is_none_or(|wanted| wanted.contains(&reading.account)));
            reports.extend(of_credits(failed, config.credits.every, now));
        }
        let is_configured = |name: &SubscriptionName| {
            config.subscriptions.iter().any(|subscription| subscription.name == *name)
        };
        let is_wanted = |name: &SubscriptionName| {
            wanted.is_none_or(|wanted| wanted.iter().any(|account| account.subscription == *name))
        };
        reports.retain(|report| is_configured(&report.subscription) && is_wanted(&report.subscription));
        Ok(reports)
    }

    fn new(
        (subscription, kind): (SubscriptionName, ReadingKind),
        (read_at, period): (Option<Timestamp>, Option<FailingPeriod>),
        is_unclear: bool,
        error: String,
    ) -> Self {
        Self {
            subscription,
            kind,
            since: period.map(|period| period.since).or(read_at),
            is_lasting: is_unclear || period.is_some_and(|period| period.lasts()),
            error,
        }
    }

    /// `The job statistics of main cannot be read since 2026-11-23 05:15 UTC (2 h ago): 502 Bad Gateway`
    pub fn sentence(&self, now: Timestamp) -> String {
        let name = text::name(self.subscription.as_str());
        let since = self.since.map(|at| dated(at, now));
        let what = match (self.kind, since) {
            (ReadingKind::Plan, since) => format!("The plan of {name} cannot be read{}", since_words(since)),
            (ReadingKind::JobStatistics, since) => {
                format!("The job statistics of {name} cannot be read{}", since_words(since))
            }
            (ReadingKind::Credits(count), since) => {
                let accounts = if count == 1 { "account" } else { "accounts" };
                let verb = since.map_or_else(
                    || "were never read".to_owned(),
                    |since| format!("cannot be read, last read {since}"),
                );
                format!("The credits of {count} {accounts} of {name} {verb}")
            }
        };
        format!("{what}: {}", text::one_line(&self.error).trim_end_matches('.'))
    }
}

fn since_words(since: Option<String>) -> String {
    since.map(|since| format!(" since {since}")).unwrap_or_default()
}

/// One report for each subscription, with the error of the account that was read longest ago.
fn of_credits(
    failed: Vec<FailedCreditsReading>,
    every: TimeDelta,
    now: Timestamp,
) -> Vec<FailedReadingReport> {
    let mut reports: BTreeMap<SubscriptionName, FailedReadingReport> = BTreeMap::new();
    for FailedCreditsReading { account, read_at, error, is_not_understood } in failed {
        let is_lasting = is_not_understood || read_at.is_none_or(|at| now - at >= every + LASTING);
        let report = reports.entry(account.subscription.clone()).or_insert_with(|| FailedReadingReport {
            subscription: account.subscription.clone(),
            kind: ReadingKind::Credits(0),
            since: read_at,
            is_lasting: false,
            error: error.clone(),
        });
        if let ReadingKind::Credits(count) = &mut report.kind {
            *count += 1;
        }
        report.is_lasting |= is_lasting;
        if read_at < report.since {
            (report.since, report.error) = (read_at, error);
        }
    }
    reports.into_values().collect()
}

#[cfg(test)]
mod tests {
    use chrono::{TimeZone as _, Utc};

    use super::*;
    use crate::domain::account::AccountId;

    fn now() -> Timestamp {
        Utc.with_ymd_and_hms(2026, 11, 23, 7, 15, 0).unwrap()
    }

    fn credits(id: &str, hours: Option<i64>) -> FailedCreditsReading {
        FailedCreditsReading {
            account: AccountKey::new(&SubscriptionName::new("main"), &AccountId::new(id)),
            read_at: hours.map(|hours| now() - TimeDelta::hours(hours)),
            error: format!("error of {id}."),
            is_not_understood: false,
        }
    }

    #[test]
    fn sentence_says_since_when_and_why() {
        let name = SubscriptionName::new("main");
        let report = |minutes| {
            let period = FailingPeriod { since: now() - TimeDelta::minutes(minutes), until: now() };
            let (subject, times) = ((name.clone(), ReadingKind::JobStatistics), (Some(now()), Some(period)));
            FailedReadingReport::new(subject, times, false, "502 Bad Gateway".to_owned())
        };
        assert_eq!(
            report(120).sentence(now()),
            "The job statistics of main cannot be read since 2026-11-23 05:15 UTC (2 h ago): 502 Bad Gateway"
        );
        assert_eq!([59, 60].map(|minutes| report(minutes).is_lasting), [false, true]);
    }

    #[test]
    fn credits_of_a_subscription_are_one_report_with_the_error_of_the_oldest_reading() {
        let every = TimeDelta::hours(1);
        let [report] = &of_credits(vec![credits("a", Some(1)), credits("b", Some(3))], every, now())[..]
        else {
            panic!("one report");
        };
        assert_eq!(
            report.sentence(now()),
            "The credits of 2 accounts of main cannot be read, last read 2026-11-23 04:15 UTC (3 h ago): error of b"
        );
        assert!(report.is_lasting);
        let [report] = &of_credits(vec![credits("a", Some(1))], every, now())[..] else {
            panic!("one report")
        };
        assert!(!report.is_lasting, "it may succeed the next time");
        let failed = vec![credits("a", Some(9)), credits("b", None)];
        assert_eq!(
            of_credits(failed, every, now())[0].sentence(now()),
            "The credits of 2 accounts of main were never read: error of b"
        );
    }
}
