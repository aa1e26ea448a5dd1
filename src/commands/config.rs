//! `config check` and `config show`.

use std::fmt::{self, Write};
use std::path::Path;

use crate::cli::{ConfigCheck, ConfigCommand, Global};
use crate::clock;
use crate::config::{self, Channel, Config, Environment, Loaded, Receiver, Source};
use crate::domain::alert::Severity;
use crate::domain::route::Kinds;
use crate::domain::text;
use crate::domain::time::rfc3339;

use super::probe;
use crate::{output, setup, store};

pub(super) async fn run(global: &Global, command: &ConfigCommand) -> anyhow::Result<u8> {
    match command {
        ConfigCommand::Check(options) => check(global, *options).await,
        ConfigCommand::Show => {
            output::print(&config::show(&setup::load(global, &[])?))?;
            Ok(0)
        }
    }
}

async fn check(global: &Global, options: ConfigCheck) -> anyhow::Result<u8> {
    let environment = Environment::of_process();
    let source = config::locate(global.config.as_deref(), &environment)?;
    let Source::File(path) = &source else {
        anyhow::bail!(
            "no configuration file: none was named with --config or {}, and there is neither {}",
            config::FILE_VARIABLE,
            config::USUAL_PLACES.join(" nor ")
        );
    };
    let loaded = config::load(&source, &environment, clock::now())?;
    if options.json {
        let advice = config::advice(&loaded.config, &path.display().to_string());
        for warning in loaded.warnings.iter().chain(&advice) {
            tracing::warn!("{warning}");
        }
    } else {
        // Before anything is asked: it holds whatever the network does.
        output::print(&in_words(path, &loaded)?)?;
    }
    if options.probe { probe::run(global, &loaded.config, options.json).await } else { Ok(0) }
}

/// That the file is good, and what is odd about it.
fn in_words(path: &Path, loaded: &Loaded) -> Result<String, fmt::Error> {
    let config = &loaded.config;
    let accounts: usize = config.subscriptions.iter().map(|subscription| subscription.accounts.len()).sum();
    let discovering = config.subscriptions.iter().filter(|subscription| subscription.discover).count();
    let mut text = String::new();
    for warning in &loaded.warnings {
        writeln!(text, "warning: {warning}")?;
    }
    for finding in store::exposure(&config.store.path) {
        writeln!(text, "warning: {finding}")?;
    }
    let also = if discovering > 0 { " and those that the API lists" } else { "" };
    let next = config.schedule.schedule.next_after(clock::now());
    writeln!(
        text,
        "{}: good. {}, {}{also}, {}; next run {}.",
        path.display(),
        output::counted(config.subscriptions.len(), "subscription"),
        output::counted(accounts, "account"),
        output::counted(config.receivers.len(), "receiver"),
        next.map_or_else(|| "never".to_owned(), rfc3339),
    )?;
    for warning in config::advice(config, &path.display().to_string()) {
        text.push_str(&output::paragraph(&format!("warning: {warning}")));
    }
    text.push_str(&output::paragraph(&who_is_notified(config)));
    Ok(text)
}

/// Accounts, receivers and globs that are named before the rest is counted.
const NAMED: usize = 10;

/// What is watched, and who is notified of what: one line.
fn who_is_notified(config: &Config) -> String {
    let accounts = config.subscriptions.iter().flat_map(|subscription| &subscription.accounts);
    let mut watched = named(accounts.map(|account| account.name.as_str()));
    let lists = config.subscriptions.iter().filter(|subscription| subscription.discover);
    let lists = named(lists.map(|subscription| subscription.name.as_str()));
    if !lists.is_empty() {
        let and = if watched.is_empty() { "" } else { ", and " };
        watched = format!("{watched}{and}every account that the API lists for {lists}");
    }
    let receivers: Vec<String> = config.receivers.iter().take(NAMED).map(notified_of).collect();
    let more = config.receivers.len().saturating_sub(NAMED);
    let more = if more > 0 { format!("; and {more} more") } else { String::new() };
    let notified = if receivers.is_empty() { "nobody".to_owned() } else { receivers.join("; ") };
    format!("Watched: {watched}. Notified: {notified}{more}.")
}

fn notified_of(receiver: &Receiver) -> String {
    let kind = match &receiver.channel {
        Channel::Email(_) => "email",
        Channel::Webhook(_) => "webhook",
    };
    let what = match &receiver.route.kinds {
        Kinds::All => "everything".to_owned(),
        Kinds::Only { alerts, changes } => {
            let alerts = alerts.iter().map(|kind| kind.as_str());
            alerts.chain(changes.iter().map(|kind| kind.as_str())).collect::<Vec<_>>().join(", ")
        }
    };
    let severity = match receiver.route.min_severity {
        Severity::Info => "",
        Severity::Warning => " from warning on",
        Severity::Critical => " that is critical",
    };
    let all = receiver.accounts.iter().any(|glob| glob == "*");
    let accounts = named(receiver.accounts.iter().map(String::as_str));
    let accounts = if all { String::new() } else { format!(" of {accounts}") };
    format!("{} ({kind}) of {what}{severity}{accounts}", text::name(receiver.name.as_str()))
}

/// The first of these names, and how many more there are.
fn named<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let all: Vec<&str> = names.collect();
    let more = all.len().saturating_sub(NAMED);
    let first = text::names(all.into_iter().take(NAMED));
    if more > 0 { format!("{first} and {more} more") } else { first }
}
