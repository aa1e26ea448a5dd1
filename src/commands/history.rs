//! `history` and `diff`: one account's configuration over time.

use anyhow::Context;

use crate::cli::{Diff, Global, History};
use crate::clock;
use crate::config::Config;
use crate::domain::moment;
use crate::domain::standing::Known;
use crate::domain::time::{Timestamp, minute, relative};
use crate::report;
use crate::store::Snapshot;

use crate::{output, setup};

pub(super) async fn history(global: &Global, options: &History) -> anyhow::Result<u8> {
    let config = setup::load(global, &[])?;
    let now = clock::now();
    let since = match &options.since {
        Some(since) => moment::since(since, now).context("--since")?,
        None => Timestamp::UNIX_EPOCH,
    };
    let at = options.at.as_ref().map(|at| past(at, "--at", now)).transpose()?;
    let (known, snapshots) = seen(&config, &options.account).await?;
    let Some(at) = at else {
        let history = report::History::of(&known, &snapshots, since, now);
        output::answer(&history, options.json, output::history)?;
        return Ok(0);
    };
    let policy = config.policy();
    let expiry = (policy.source, policy.ladder(&known.account));
    let stood = report::Standpoint::of(&snapshots, expiry, at);
    let answer = report::ConfigurationAt { generated_at: now, account: report::Whose::of(&known), stood };
    output::answer(&answer, options.json, output::configuration_at)?;
    Ok(0)
}

pub(super) async fn diff(global: &Global, options: &Diff) -> anyhow::Result<u8> {
    let config = setup::load(global, &[])?;
    let now = clock::now();
    let to = options.to.as_ref().map(|to| past(to, "--to", now)).transpose()?.unwrap_or(now);
    let from = options.from.as_ref().map(|from| past(from, "--from", now)).transpose()?;
    let (known, snapshots) = seen(&config, &options.account).await?;
    let from = match from {
        Some(from) => from,
        None => before(&snapshots, to).with_context(|| {
            format!(
                "no other configuration of `{}` is remembered from before {}; `minimax-watch history` lists them",
                options.account,
                minute(to)
            )
        })?,
    };
    anyhow::ensure!(from <= to, "--from {} is later than --to {}", minute(from), minute(to));
    let policy = config.policy();
    let expiry = (policy.source, policy.ladder(&known.account));
    let diff = report::Diff::of(&known, &snapshots, expiry, [from, to], now);
    output::answer(&diff, options.json, output::diff)?;
    Ok(0)
}

/// A moment that is no moment to come: of those nothing was seen yet.
fn past(text: &str, option: &'static str, now: Timestamp) -> anyhow::Result<Timestamp> {
    let at = moment::since(text, now).context(option)?;
    anyhow::ensure!(at <= now, "{option}: {} is still to come ({})", minute(at), relative(at, now));
    Ok(at)
}

/// When the configuration before the one of `to` was last seen.
fn before(snapshots: &[Snapshot], to: Timestamp) -> Option<Timestamp> {
    let present = snapshots.partition_point(|snapshot| snapshot.first_seen_at <= to).checked_sub(1)?;
    Some(snapshots.get(present.checked_sub(1)?)?.last_seen_at)
}

async fn seen(config: &Config, account: &str) -> anyhow::Result<(Known, Vec<Snapshot>)> {
    let store = setup::existing_store(config).await?;
    let known = setup::account(account, &store).await?;
    let snapshots = store.snapshots(&known.account).await?;
    store.close().await;
    Ok((known, snapshots))
}
