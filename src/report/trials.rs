//! Which accounts with an open alert about their jobs may be tried with one job; not those that MiniMax reports to have no credits.
//!
//! Leaves the rule to `domain::usable`.

use std::collections::{BTreeMap, BTreeSet};

use crate::config::Config;
use crate::domain::account::AccountKey;
use crate::domain::alerts::{Alert, AlertKind};
use crate::domain::credits::is_out_by_reading;
use crate::domain::time::Timestamp;
use crate::domain::usable::TrialFacts;
use crate::store::{Store, StoreError};

/// Those of the accounts of the open `alerts` for which a trial is due at `now`. Reads nothing when no alert is about jobs.
pub(super) async fn trials_due(
    store: &Store,
    config: &Config,
    alerts: &[Alert],
    now: Timestamp,
) -> Result<BTreeSet<AccountKey>, StoreError> {
    let mut opened: BTreeMap<&AccountKey, Timestamp> = BTreeMap::new();
    // What MiniMax itself reports needs no job to prove it.
    let is_by_reading = |alert: &&Alert| {
        alert.condition.kind == AlertKind::OutOfCredits && is_out_by_reading(&alert.condition.detail)
    };
    let read_empty: BTreeSet<&AccountKey> =
        alerts.iter().filter(is_by_reading).filter_map(|alert| alert.condition.subject.account()).collect();
    let about_jobs = alerts
        .iter()
        .filter(|alert| matches!(alert.condition.kind, AlertKind::JobsFailing | AlertKind::OutOfCredits));
    for alert in about_jobs {
        let Some(account) = alert.condition.subject.account() else { continue };
        if read_empty.contains(account) {
            continue;
        }
        let newest = opened.entry(account).or_insert(alert.opened_at);
        *newest = alert.opened_at.max(*newest);
    }
    let mut due = BTreeSet::new();
    let Some(policy) = config.jobs.in_force().filter(|_| !opened.is_empty()) else { return Ok(due) };
    let readings = store.stats_readings().await?;
    for (account, opened_at) in opened {
        let newest_job_at = store.newest_job_at(account, now).await?;
        let (read_at, unseen) = readings
            .get(&account.subscription)
            .map_or((None, None), |readings| (readings.read_at, readings.unseen));
        // A reading by a clock that ran ahead shows nothing about the time since.
        let read_at = read_at.filter(|read_at| *read_at <= now);
        let unseen_until = unseen.and_then(|unseen| unseen.until());
        if (TrialFacts { opened_at, newest_job_at, read_at, unseen_until }).is_trial_due(policy.window) {
            due.insert(account.clone());
        }
    }
    Ok(due)
}
