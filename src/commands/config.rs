//! `config check`, `config show` and `config schema`.

use anyhow::Context;

use crate::cli::{ConfigCheckArgs, ConfigCommand, GlobalOptions};
use crate::clock;
use crate::config::{self, Environment, Loaded, Source};
use crate::domain::time::{Timestamp, minute};
use crate::report::{ConfigReport, EffectiveConfig};
use crate::{output, setup, store, trust};

use super::{probe, summary};

pub(super) async fn run(global: &GlobalOptions, command: &ConfigCommand) -> anyhow::Result<u8> {
    match command {
        ConfigCommand::Check(options) => check(global, *options).await,
        ConfigCommand::Show => show(global).map(|()| 0),
        ConfigCommand::Schema => output::json(&config::json_schema()).map(|()| 0),
    }
}

async fn check(global: &GlobalOptions, options: ConfigCheckArgs) -> anyhow::Result<u8> {
    let environment = Environment::from_process();
    let source = config::find(global.config.as_deref(), &environment)?;
    let now = clock::now();
    let loaded = setup::with_checked_templates(config::load(&source, &environment, now))?;
    let report = examine(&source, &loaded, now);
    if !options.probe {
        return output::answer(&report, global.json, |report| describe(report, &loaded)).map(|()| 0);
    }
    if global.json {
        setup::warn(&report.warnings);
    } else {
        // Printed before the probe, which may take a while: the configuration is valid whatever the probe shows.
        output::print(&describe(&report, &loaded))?;
    }
    probe::run(global, &loaded.config).await
}

fn examine(source: &Source, loaded: &Loaded, now: Timestamp) -> ConfigReport {
    let Loaded { config, warnings } = loaded;
    let (file, no_file) = match source {
        Source::File(path) => (Some(path.display().to_string()), None),
        // Valid, and a surprise to somebody who wrote a file elsewhere.
        Source::None => (None, Some(no_file())),
    };
    let advice = config::advice(config, file.as_deref().unwrap_or("the environment"));
    let built_in = (!trust::built_in_certificates().is_empty()).then(|| trust::USES_BUILT_IN.to_owned());
    let problems = no_file.into_iter().chain(built_in).chain(warnings.iter().map(ToString::to_string));
    let problems = problems.chain(store::permission_warnings(&config.store.path));
    ConfigReport {
        generated_at: now,
        subscriptions: config.subscriptions.len(),
        accounts: config.subscriptions.iter().map(|subscription| subscription.accounts.len()).sum(),
        discovering: config.subscriptions.iter().filter(|subscription| subscription.discover).count(),
        receivers: config.receivers.len(),
        next_run: config.schedule.schedule.next_after(now),
        warnings: problems.chain(advice.iter().map(ToString::to_string)).collect(),
        file,
    }
}

fn no_file() -> String {
    format!(
        "no configuration file: none is named with --config or {}, and there is neither {}; this is what the environment alone says",
        config::FILE_VARIABLE,
        config::USUAL_PLACES.join(" nor ")
    )
}

fn describe(report: &ConfigReport, loaded: &Loaded) -> String {
    let summary = format!(
        "{}: valid. {}, {}{}, {}; next run {}.",
        report.file.as_deref().unwrap_or("the environment"),
        output::pluralize(report.subscriptions, "subscription"),
        output::pluralize(report.accounts, "account"),
        if report.discovering > 0 { " and those that the API lists" } else { "" },
        output::pluralize(report.receivers, "receiver"),
        report.next_run.map_or_else(|| "never".to_owned(), minute),
    );
    let (watched, notified) = (summary::watched(&loaded.config), summary::notified(&loaded.config));
    let paragraphs = report.warnings.iter().map(|warning| format!("warning: {warning}"));
    let paragraphs = paragraphs.chain([summary, format!("Watched: {watched}. Notified: {notified}.")]);
    paragraphs.map(|text| output::paragraph(&text)).collect()
}

fn show(global: &GlobalOptions) -> anyhow::Result<()> {
    let shown = config::show(&setup::load(global, &[])?);
    if !global.json {
        return output::print(&shown);
    }
    let configuration = toml::from_str(&shown).context("cannot print the configuration as JSON")?;
    output::json(&EffectiveConfig { configuration })
}
