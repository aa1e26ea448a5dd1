//! `config check` and `config show`.

use std::fmt::{self, Write};
use std::path::Path;

use crate::cli::{ConfigCheck, ConfigCommand, Global};
use crate::clock;
use crate::config::{self, Environment, Loaded, Source};
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
        for warning in &loaded.warnings {
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
    Ok(text)
}
