//! `status`: the last known state, from the store alone.

use crate::cli::{Format, GlobalOptions, StatusArgs};
use crate::clock;
use crate::config::Config;
use crate::domain::time::Timestamp;
use crate::domain::verdict::Verdict;
use crate::report::Report;
use crate::store::Store;
use crate::{output, setup};

use super::names::find_watched;

/// Below the note that there is no store, which says what to do.
const NOTHING_KNOWN: &str = "UNKNOWN: nothing was checked yet\n";

pub(super) async fn run(global: &GlobalOptions, options: &StatusArgs) -> anyhow::Result<u8> {
    let config = setup::load(global, &[])?;
    let now = clock::now();
    let report = report(&config, &options.accounts, now)
        .await
        .map_err(|error| setup::with_path(error, &config.store.path))?;
    let format = if global.json { Format::Json } else { Format::Table };
    if report.is_none() {
        output::note(&format!("minimax-watch: {}", setup::missing_store(&config)));
        if format == Format::Table {
            output::print(NOTHING_KNOWN)?;
            return Ok(Verdict::Unknown.exit_status());
        }
    }
    let report = report.unwrap_or_else(|| Report::empty(now));
    output::report(&report, format, global.color)?;
    Ok(report.verdict.exit_status())
}

/// None when there is no store.
async fn report(config: &Config, names: &[String], now: Timestamp) -> anyhow::Result<Option<Report>> {
    let Some(store) = Store::open_existing(&config.store.path).await? else { return Ok(None) };
    let accounts = match names {
        [] => None,
        names => Some(find_watched(names, &store.watched().await?)?),
    };
    let report = Report::last_known(&store, config, accounts.as_ref(), now).await?;
    store.close().await;
    Ok(Some(report))
}
