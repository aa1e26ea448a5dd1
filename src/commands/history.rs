//! `history` and `diff`: one account over time, its configuration and its jobs.

use anyhow::Context;

use crate::cli::{DiffArgs, GlobalOptions, HistoryArgs};
use crate::domain::text;
use crate::domain::time::{Timestamp, minute, relative};
use crate::domain::time_arg;
use crate::report::{self, AccountIdentity, AccountSeries, ConfigurationAt, ConfigurationState};
use crate::setup::Session;
use crate::store::Snapshot;

use crate::output;

use super::names::find_account;

pub(super) async fn history(global: &GlobalOptions, options: &HistoryArgs) -> anyhow::Result<()> {
    let Session { config, store, now } = Session::open(global).await?;
    let since = options.since.as_ref().map(|since| time_arg::since(since, now).context("--since"));
    let since = since.transpose()?;
    let at = options.at.as_ref().map(|at| past_time(at, "--at", now)).transpose()?;
    let record = find_account(&options.account, &store).await?;
    let snapshots = store.snapshots(&record.account).await?;
    let series = AccountSeries::load(&store, &record.account, since, now).await?;
    store.close().await;
    if let Some(at) = at {
        let policy = config.policy();
        let expiry = (policy.source, policy.lead_times(&record.account));
        let state = ConfigurationState::new(&snapshots, expiry, at);
        let answer = ConfigurationAt { generated_at: now, account: AccountIdentity::new(&record), state };
        output::answer(&answer, global.json, output::configuration_at)
    } else {
        let history = report::History::new(&record, (&snapshots, &series), since, now);
        output::answer(&history, global.json, output::history)
    }
}

pub(super) async fn diff(global: &GlobalOptions, options: &DiffArgs) -> anyhow::Result<()> {
    let Session { config, store, now } = Session::open(global).await?;
    let to = options.to.as_ref().map(|to| past_time(to, "--to", now)).transpose()?.unwrap_or(now);
    let from = options.from.as_ref().map(|from| past_time(from, "--from", now)).transpose()?;
    let record = find_account(&options.account, &store).await?;
    let snapshots = store.snapshots(&record.account).await?;
    store.close().await;
    let from = from
        .or_else(|| previous_last_seen(&snapshots, to))
        .with_context(|| nothing_to_compare(&options.account, &snapshots, to))?;
    anyhow::ensure!(from <= to, "--from {} is later than --to {}: swap them", minute(from), minute(to));
    let policy = config.policy();
    let expiry = (policy.source, policy.lead_times(&record.account));
    let diff = report::Diff::new(&record, &snapshots, expiry, [from, to], now);
    output::answer(&diff, global.json, output::diff)
}

/// A time that has passed: nothing is stored of later ones.
fn past_time(typed: &str, option: &'static str, now: Timestamp) -> anyhow::Result<Timestamp> {
    let at = time_arg::since(typed, now).context(option)?;
    anyhow::ensure!(
        at <= now,
        "{option}: {} is in the future ({}): give a time that has passed, such as -3d",
        minute(at),
        relative(at, now)
    );
    Ok(at)
}

/// When the configuration before that of `to` was last seen.
fn previous_last_seen(snapshots: &[Snapshot], to: Timestamp) -> Option<Timestamp> {
    Some(report::split_at_time(snapshots, to).0.iter().nth_back(1)?.last_seen_at)
}

/// Why no configuration before that of `to` is stored.
fn nothing_to_compare(account: &str, snapshots: &[Snapshot], to: Timestamp) -> String {
    let account = text::quoted(account);
    let Some(first) = snapshots.first() else {
        return format!("no configuration of {account} is stored yet: `minimax-watch explain` shows why");
    };
    let (first_seen, last_seen) = (minute(first.first_seen_at), minute(first.last_seen_at.min(to)));
    if first.first_seen_at > to {
        return format!(
            "the first stored configuration of {account} is from {first_seen}, after --to {}: give a later --to",
            minute(to)
        );
    }
    format!(
        "nothing to compare: the configuration of {account} did not change from {first_seen} to {last_seen}; \
         `minimax-watch history` shows it"
    )
}
