//! `status`: the last known state, from the store alone.

use crate::cli::{Format, GlobalOptions, StatusArgs};
use crate::clock;
use crate::config::Config;
use crate::domain::time::Timestamp;
use crate::report::Report;
use crate::store::Store;
use crate::{output, setup};

use super::names::find_watched;

pub(super) async fn run(global: &GlobalOptions, options: &StatusArgs) -> anyhow::Result<u8> {
    let config = setup::load(global, &[])?;
    let report = report(&config, &options.accounts, clock::now())
        .await
        .map_err(|error| setup::with_path(error, &config.store.path))?;
    let format = if global.json { Format::Json } else { Format::Table };
    output::report(&report, format, global.color)?;
    Ok(report.verdict.exit_status())
}

async fn report(config: &Config, names: &[String], now: Timestamp) -> anyhow::Result<Report> {
    let Some(store) = Store::open_existing(&config.store.path).await? else {
        output::note(&format!("minimax-watch: {}", setup::missing_store(config)));
        return Ok(Report::empty(now));
    };
    let accounts = match names {
        [] => None,
        names => Some(find_watched(names, &store.watched().await?)?),
    };
    let report = Report::last_known(&store, config, accounts.as_ref(), now).await?;
    store.close().await;
    Ok(report)
}
