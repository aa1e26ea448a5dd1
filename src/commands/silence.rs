//! `silence add|list|end`. A running service applies the changes within seconds.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;

use anyhow::Context;

use crate::cli::{GlobalOptions, SilenceAddArgs, SilenceCommand, SilenceListArgs};
use crate::clock;
use crate::config::Config;
use crate::domain::account::{AccountRef, SubscriptionName};
use crate::domain::duration;
use crate::domain::silence::{Effect, Matcher, Silence, SilenceId};
use crate::domain::text::one_line;
use crate::domain::time::{Timestamp, minute, relative};
use crate::domain::time_arg;
use crate::report::Silences;
use crate::setup::Session;
use crate::store::{NewSilence, Store};
use crate::{output, setup};

use super::names;

pub(super) async fn run(global: &GlobalOptions, command: &SilenceCommand) -> anyhow::Result<()> {
    match command {
        SilenceCommand::Add(options) => add(global, options).await,
        SilenceCommand::List(options) => list(global, options).await,
        SilenceCommand::End { ids } => end(global, ids).await,
    }
}

async fn add(global: &GlobalOptions, options: &SilenceAddArgs) -> anyhow::Result<()> {
    let config = setup::load(global, &[])?;
    let now = clock::now();
    let silence = parse(options, now)?;
    let existing = Store::open_existing(&config.store.path).await?;
    if !options.force {
        ensure_matches(&silence.matcher, existing.as_ref(), &config).await?;
    }
    // A silence may be added before the first run. The answer then names the new store, because a wrong path looks the same.
    let is_new = existing.is_none();
    let store = match existing {
        Some(store) => store,
        None => Store::open(&config.store.path).await?,
    };
    let mut writer = store.write().await?;
    let id = writer.add_silence(&silence, now).await?;
    writer.commit().await?;
    store.close().await;
    let NewSilence { matcher, until, even_critical, reason } = silence;
    let added = Silence { id, matcher, until, reason, even_critical, created_at: now, ended_at: None };
    let new_store: Option<&Path> = is_new.then_some(&config.store.path);
    let answer = Silences::new(std::slice::from_ref(&added), now);
    output::answer(&answer, global.json, |_| output::silence_added(&added, new_store, now))
}

fn parse(options: &SilenceAddArgs, now: Timestamp) -> anyhow::Result<NewSilence> {
    let SilenceAddArgs { accounts, kinds, subscriptions, until, length, reason, even_critical, .. } = options;
    let matcher = Matcher::new(accounts, kinds, subscriptions.iter().map(SubscriptionName::new))?;
    let effect = Effect::new(&matcher, *even_critical);
    let is_passed_by_critical = !even_critical && matcher.covers_critical();
    anyhow::ensure!(
        !effect.is_empty(),
        "this would silence nothing, because these are still sent: {}{}",
        effect.passing.join(", "),
        if is_passed_by_critical { "; use --even-critical to silence critical alerts too" } else { "" }
    );
    let until = match (until, length) {
        (Some(time), _) => time_arg::parse(time, now).context("--until")?,
        (None, Some(length)) => {
            let length = duration::parse(length).context("--for")?;
            now.checked_add_signed(length).context("--for: the length is too long")?
        }
        (None, None) => anyhow::bail!("a silence needs a length or an end: --for 4h, or --until TIME"),
    };
    anyhow::ensure!(
        until > now,
        "a silence cannot end {} ({}): give a time in the future, such as --for 4h",
        minute(until),
        relative(until, now)
    );
    let reason = one_line(reason);
    anyhow::ensure!(!reason.is_empty(), "a silence needs a reason: --reason 'who does what'");
    Ok(NewSilence { matcher, until, reason, even_critical: *even_critical })
}

/// Refuses a silence that matches no watched account: most likely a typing error.
async fn ensure_matches(matcher: &Matcher, store: Option<&Store>, config: &Config) -> anyhow::Result<()> {
    if matcher.globs().is_empty() && matcher.subscriptions().is_empty() {
        return Ok(());
    }
    let configured = || config.subscriptions.iter().map(|subscription| &subscription.name);
    if let Some(name) = matcher.subscriptions().iter().find(|name| configured().all(|known| known != *name)) {
        let error = names::unknown(
            "subscription",
            name.as_str(),
            "configured",
            configured().map(SubscriptionName::as_str),
        );
        anyhow::bail!("{error}; use --force to add the silence anyway");
    }
    let mut watched: Vec<(SubscriptionName, AccountRef)> = Vec::new();
    for subscription in &config.subscriptions {
        watched.extend(subscription.accounts.iter().map(|account| {
            (subscription.name.clone(), AccountRef { id: account.id.clone(), name: account.name.clone() })
        }));
    }
    if let Some(store) = store {
        let records = store.watched().await?.into_iter().filter(|record| !record.account.is_listing());
        watched.extend(records.map(|record| {
            (record.account.subscription, AccountRef { id: record.account.id, name: record.name })
        }));
    }
    if watched.iter().any(|(subscription, account)| matcher.covers_account(subscription, account)) {
        return Ok(());
    }
    let known: BTreeSet<String> =
        watched.iter().map(|(subscription, account)| format!("{} in {subscription}", account.name)).collect();
    anyhow::bail!(
        "no watched account matches `{matcher}`; watched: {}; use --force to add the silence anyway",
        names::list(known)
    )
}

async fn list(global: &GlobalOptions, options: &SilenceListArgs) -> anyhow::Result<()> {
    let Session { store, now, .. } = Session::open(global).await?;
    let silences =
        if options.all { store.all_silences().await? } else { store.silences_in_force(now).await? };
    store.close().await;
    output::answer(&Silences::new(&silences, now), global.json, |_| output::silences(&silences, now))
}

/// Ends all of these silences, or none if one of them is not in force.
async fn end(global: &GlobalOptions, ids: &[SilenceId]) -> anyhow::Result<()> {
    let Session { store, now, .. } = Session::open(global).await?;
    let in_force = store.silences_in_force(now).await?;
    let ids: BTreeSet<SilenceId> = ids.iter().copied().collect();
    let mut writer = store.write().await?;
    for id in &ids {
        if !writer.end_silence(*id, now).await? {
            let known = names::list(in_force.iter().map(|silence| silence.id.to_string()));
            anyhow::bail!("silence {id} is not in force; in force: {known}; nothing was ended");
        }
    }
    writer.commit().await?;
    let mut ended = store.all_silences().await?;
    ended.retain(|silence| ids.contains(&silence.id));
    store.close().await;
    output::answer(&Silences::new(&ended, now), global.json, |_| {
        let mut text = String::new();
        for Silence { id, matcher, .. } in &ended {
            let _ = writeln!(text, "silence {id} has ended: {matcher}");
        }
        text
    })
}
