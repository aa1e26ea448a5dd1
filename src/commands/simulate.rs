//! `simulate`: which messages would be sent if only time passed.

use anyhow::Context;
use chrono::TimeDelta;

use crate::cli::{GlobalOptions, SimulateArgs};
use crate::clock;
use crate::config::Config;
use crate::domain::duration;
use crate::domain::time::Timestamp;
use crate::report::Simulation;

use crate::{output, setup};

/// Far beyond any expiry: tokens live for a month.
const MAX_LENGTH: TimeDelta = TimeDelta::days(3_660);

pub(super) async fn run(global: &GlobalOptions, options: &SimulateArgs) -> anyhow::Result<()> {
    let config = setup::load(global, &[])?;
    let path = config.store.path.clone();
    let length = duration::parse(&options.length).context("--for")?;
    anyhow::ensure!(
        length > TimeDelta::zero() && length <= MAX_LENGTH,
        "--for: the length must be between 1s and {} days",
        MAX_LENGTH.num_days()
    );
    let simulation = simulate(config, length).await.map_err(|error| setup::with_path(error, &path))?;
    output::answer(&simulation, global.json, output::simulation)
}

async fn simulate(config: Config, length: TimeDelta) -> anyhow::Result<Simulation> {
    setup::existing_store(&config).await?.close().await;
    let folder = setup::temporary_folder()?;
    let engine = setup::engine_on_copy(config, folder.path()).await?;
    engine.watch().await?;
    let now = clock::now();
    let progress = output::Progress::new();
    let total = usize::try_from(length.num_days()).unwrap_or_default();
    let show_progress = |at: Timestamp| {
        progress.show("days passed", usize::try_from((at - now).num_days()).unwrap_or_default(), total);
    };
    let simulation = Simulation::run(&engine, now, now + length, &show_progress).await?;
    progress.finish();
    engine.store.close().await;
    Ok(simulation)
}
