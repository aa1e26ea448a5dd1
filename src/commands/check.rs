//! `check`: one unattended pass, then the verdict.

use std::collections::BTreeSet;

use crate::cli::{Check, Format, Global};
use crate::clock;
use crate::config::Config;
use crate::domain::account::AccountKey;
use crate::domain::verdict::Verdict;
use crate::engine::{Engine, Scope};
use crate::report::Report;
use crate::store::{Lock, Store};

use super::FAILED;
use crate::notify::Sender;
use crate::setup::StoreCopy;
use crate::{output, setup};

pub(super) async fn run(global: &Global, options: &Check) -> anyhow::Result<u8> {
    match look(global, options).await {
        Err(error) if options.format == Format::Nagios => {
            output::fail_as_plugin(&error)?;
            Ok(FAILED)
        }
        result => result,
    }
}

async fn look(global: &Global, options: &Check) -> anyhow::Result<u8> {
    let config = setup::load(global, &options.accounts)?;
    let path = config.store.path.clone();
    let looked = if options.dry_run {
        dry_run(global, options, config).await
    } else {
        real(global, options, config).await
    };
    looked.map_err(|error| setup::located(error, &path))
}

async fn real(global: &Global, options: &Check, config: Config) -> anyhow::Result<u8> {
    let holder = format!("`minimax-watch check`, process {}", std::process::id());
    let _lock = Lock::take(&config.store.path, &holder)?;
    let store = Store::open(&config.store.path).await?;
    let engine = setup::engine(config, store.clone())?;
    let wanted = pass(&engine, options).await?;
    engine.tell(clock::now()).await?;
    engine.purge(clock::now()).await?;
    let report = Report::of(&store, &engine.config, wanted.as_ref(), clock::now()).await?;
    store.close().await;
    conclude(global, options, &report)
}

/// The very same steps on a copy of the store that is thrown away; what would be sent is said instead.
async fn dry_run(global: &Global, options: &Check, config: Config) -> anyhow::Result<u8> {
    let copy = StoreCopy::of(config, Sender::rehearsal()).await?;
    let (engine, store) = (&copy.engine, &copy.engine.store);
    let waiting = store.pending_messages().await?.len();
    let wanted = pass(engine, options).await?;
    engine.announce(clock::now()).await?;
    let report = Report::of(store, &engine.config, wanted.as_ref(), clock::now()).await?;
    for (receiver, summary) in store.pending_messages().await?.into_iter().skip(waiting) {
        output::note(&format!("would tell {receiver}: {summary}"));
    }
    if !options.quiet {
        output::note("dry run: nothing was stored, nothing was sent");
    }
    store.close().await;
    conclude(global, options, &report)
}

/// Looks, waits out the doubts and looks again; gives the accounts that were asked for, if not all.
async fn pass(engine: &Engine, options: &Check) -> anyhow::Result<Option<BTreeSet<AccountKey>>> {
    engine.watch().await?;
    let wanted = if options.accounts.is_empty() {
        None
    } else {
        Some(setup::named(&options.accounts, &engine.store.watched().await?)?)
    };
    let scope = wanted.clone().map_or(Scope::Everything, Scope::Accounts);
    let progress = output::Progress::new();
    let pass =
        engine.check(&scope, clock::now(), &|done, total| progress.show("checking", done, total)).await?;
    if pass.doubts {
        progress.say("asking again about bad answers");
        clock::sleep_until(clock::now() + engine.config.alerts.confirm_after).await;
        engine
            .confirm(pass.run, clock::now(), &|done, total| progress.show("asking again", done, total))
            .await?;
    }
    progress.finish();
    Ok(wanted)
}

fn conclude(global: &Global, options: &Check, report: &Report) -> anyhow::Result<u8> {
    if !(options.quiet && report.verdict == Verdict::Ok) {
        output::report(report, options.format, global.color)?;
    }
    Ok(report.verdict.exit_status())
}
