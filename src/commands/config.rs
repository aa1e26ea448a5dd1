//! `config check` and `config show`.

use std::fmt::Write;

use crate::cli::{ConfigCommand, Global};
use crate::clock;
use crate::config::{self, Environment, Source};
use crate::domain::time::rfc3339;

use super::{output, setup};

pub(super) fn run(global: &Global, command: &ConfigCommand) -> anyhow::Result<u8> {
    match command {
        ConfigCommand::Check => check(global),
        ConfigCommand::Show => {
            output::print(&config::show(&setup::load(global, &[])?))?;
            Ok(0)
        }
    }
}

fn check(global: &Global) -> anyhow::Result<u8> {
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
    let config = &loaded.config;
    let accounts: usize = config.subscriptions.iter().map(|subscription| subscription.accounts.len()).sum();
    let discovering = config.subscriptions.iter().filter(|subscription| subscription.discover).count();
    let mut text = String::new();
    for warning in &loaded.warnings {
        writeln!(text, "warning: {warning}")?;
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
    output::print(&text)?;
    Ok(0)
}
