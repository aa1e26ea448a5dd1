//! `silence add|list|end`: beside a running service, which heeds them within seconds.

use std::fmt::Write;
use std::path::Path;

use anyhow::Context;

use crate::cli::{Global, Silence, SilenceAdd, SilenceList};
use crate::clock;
use crate::config::Config;
use crate::domain::account::{AccountRef, SubscriptionName};
use crate::domain::moment;
use crate::domain::silence::{Effect, Matcher, Silence as Made, SilenceId};
use crate::domain::span;
use crate::domain::text::{self, one_line};
use crate::domain::time::{Timestamp, minute, relative};
use crate::report::Silences;
use crate::store::{NewSilence, Store};

use crate::{output, setup};

pub(super) async fn run(global: &Global, command: &Silence) -> anyhow::Result<u8> {
    let config = setup::load(global, &[])?;
    match command {
        Silence::Add(options) => add(&config, options).await?,
        Silence::List(options) => list(&config, options).await?,
        Silence::End { ids } => end(&config, ids).await?,
    }
    Ok(0)
}

async fn add(config: &Config, options: &SilenceAdd) -> anyhow::Result<()> {
    let now = clock::now();
    let silence = read(options, now)?;
    let (store, is_new) = open(&config.store.path).await?;
    let unmatched = unmatched(&store, config, &silence.matcher).await?;
    let mut writer = store.write().await?;
    let id = writer.add_silence(&silence, now).await?;
    writer.commit().await?;
    store.close().await;
    if let Some(remark) = unmatched {
        output::note(&remark);
    }
    let NewSilence { matcher, until, even_critical, reason } = silence;
    let made = Made { id, matcher, until, reason, even_critical, created_at: now, ended_at: None };
    output::silence_added(&made, is_new.then_some(config.store.path.as_path()), now)
}

/// What was typed as a silence, or why it is none.
fn read(options: &SilenceAdd, now: Timestamp) -> anyhow::Result<NewSilence> {
    let SilenceAdd { accounts, kinds, subscriptions, until, length, reason, even_critical } = options;
    let matcher = Matcher::new(accounts, kinds, subscriptions.iter().map(SubscriptionName::new))?;
    anyhow::ensure!(
        !Effect::new(&matcher, *even_critical).is_empty(),
        "this would silence nothing: {} {} sent in spite of a silence; critical alerts are silenced with --even-critical only",
        kinds.join(", "),
        if kinds.len() == 1 { "is" } else { "are" }
    );
    let until = match (until, length) {
        (Some(moment), _) => moment::parse(moment, now).context("--until")?,
        (None, Some(length)) => {
            let length = span::parse(length).context("--for")?;
            now.checked_add_signed(length).context("--for: that is too long")?
        }
        (None, None) => anyhow::bail!("a silence needs an end: --for 4h, or --until TIME"),
    };
    anyhow::ensure!(
        until > now,
        "a silence cannot end {} ({}): give a moment to come, as --for 4h",
        minute(until),
        relative(until, now)
    );
    let reason = one_line(reason);
    anyhow::ensure!(!reason.is_empty(), "a silence needs a reason: --reason 'who does what'");
    Ok(NewSilence { matcher, until, reason, even_critical: *even_critical })
}

/// The store as it is, or a new one, and whether it is new: a silence may be made before the first run, but the answer must
/// name the store then, since a wrong path looks the same. An old one is upgraded by the service, not under its feet.
async fn open(path: &Path) -> anyhow::Result<(Store, bool)> {
    Ok(match Store::open_existing(path).await? {
        Some(store) => (store, false),
        None => (Store::open(path).await?, true),
    })
}

/// A remark when nothing that is watched is meant: most likely a slip, but the account may come later.
async fn unmatched(store: &Store, config: &Config, matcher: &Matcher) -> anyhow::Result<Option<String>> {
    if matcher.globs().is_empty() && matcher.subscriptions().is_empty() {
        return Ok(None);
    }
    let mut accounts: Vec<(SubscriptionName, AccountRef)> = Vec::new();
    for subscription in &config.subscriptions {
        let named = subscription.accounts.iter().map(|account| {
            (subscription.name.clone(), AccountRef { id: account.id.clone(), name: account.name.clone() })
        });
        accounts.extend(named);
    }
    for known in store.watched().await?.into_iter().filter(|known| !known.account.is_listing()) {
        accounts.push((known.account.subscription, AccountRef { id: known.account.id, name: known.name }));
    }
    if accounts.iter().any(|(subscription, account)| matcher.covers_account(subscription, account)) {
        return Ok(None);
    }
    let mut names: Vec<String> = accounts
        .iter()
        .map(|(subscription, account)| {
            format!("{} in {}", text::name(&account.name), text::name(subscription.as_str()))
        })
        .collect();
    names.sort();
    names.dedup();
    let more = if names.len() > 10 { ", …" } else { "" };
    names.truncate(10);
    let watched = if names.is_empty() { "none yet".to_owned() } else { names.join(", ") };
    Ok(Some(format!("note: no watched account is meant by this silence (watched: {watched}{more})")))
}

async fn list(config: &Config, options: &SilenceList) -> anyhow::Result<()> {
    let now = clock::now();
    let store = setup::existing_store(config).await?;
    let silences =
        if options.all { store.all_silences().await? } else { store.silences_in_force(now).await? };
    store.close().await;
    let answer = Silences::of(&silences, now);
    output::answer(&answer, options.json, |_| output::silences(&silences, now))
}

/// All of them or none: a number that is no silence in force is a slip.
async fn end(config: &Config, ids: &[SilenceId]) -> anyhow::Result<()> {
    let now = clock::now();
    let store = setup::existing_store(config).await.context("there are no silences yet")?;
    let in_force = store.silences_in_force(now).await?;
    let mut text = String::new();
    let mut writer = store.write().await?;
    for id in ids {
        if !writer.end_silence(*id, now).await? {
            let known: Vec<String> = in_force.iter().map(|silence| silence.id.to_string()).collect();
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            anyhow::bail!("{id} is no silence in force (there are: {known}); nothing was ended");
        }
        let words =
            in_force.iter().find(|silence| silence.id == *id).map(|silence| silence.matcher.to_string());
        writeln!(text, "silence {id} is over: {}", words.unwrap_or_default())?;
    }
    writer.commit().await?;
    store.close().await;
    output::print(&text)
}
