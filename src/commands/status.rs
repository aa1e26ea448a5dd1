//! `status`: the last known state, from the store alone.

use crate::cli::{Format, Global, Status};
use crate::clock;
use crate::config::Config;
use crate::domain::time::Timestamp;
use crate::report::Report;
use crate::store::Store;

use crate::{output, setup};

pub(super) async fn run(global: &Global, options: &Status) -> anyhow::Result<u8> {
    let config = setup::load(global, &[])?;
    let now = clock::now();
    let report =
        report(&config, options, now).await.map_err(|error| setup::located(error, &config.store.path))?;
    let format = if options.json { Format::Json } else { Format::Table };
    output::report(&report, format, global.color)?;
    Ok(report.verdict.exit_status())
}

async fn report(config: &Config, options: &Status, now: Timestamp) -> anyhow::Result<Report> {
    Ok(match Store::open_existing(&config.store.path).await? {
        None => {
            output::note(&format!("minimax-watch: {}", setup::missing_store(config)));
            Report::empty(now)
        }
        Some(store) => {
            let wanted = if options.accounts.is_empty() {
                None
            } else {
                Some(setup::named(&options.accounts, &store.watched().await?)?)
            };
            let report = Report::last_known(&store, config, wanted.as_ref(), now).await?;
            store.close().await;
            report
        }
    })
}
