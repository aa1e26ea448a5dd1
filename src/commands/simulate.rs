//! `simulate`: which messages would go out if nothing but time passed.

use anyhow::Context;
use chrono::TimeDelta;

use crate::cli::{Global, Simulate};
use crate::clock;
use crate::domain::span;
use crate::notify::Sender;
use crate::report::Simulation;
use crate::setup::StoreCopy;

use crate::{output, setup};

/// Farther ahead nothing is known: tokens live for a month.
const LONGEST: TimeDelta = TimeDelta::days(3_660);

pub(super) async fn run(global: &Global, options: &Simulate) -> anyhow::Result<u8> {
    let config = setup::load(global, &[])?;
    let path = config.store.path.clone();
    let length = span::parse(&options.length).context("--for")?;
    anyhow::ensure!(
        length > TimeDelta::zero() && length <= LONGEST,
        "--for: a length between 1s and {} days is wanted",
        LONGEST.num_days()
    );
    let simulation = simulate(config, length).await.map_err(|error| setup::located(error, &path))?;
    output::answer(&simulation, options.json, output::simulation)?;
    Ok(0)
}

async fn simulate(config: crate::config::Config, length: TimeDelta) -> anyhow::Result<Simulation> {
    let copy = StoreCopy::of(config, Sender::rehearsal()).await?;
    copy.engine.watch().await?;
    let now = clock::now();
    let progress = output::Progress::new();
    let total = usize::try_from(length.num_days()).unwrap_or_default();
    let passed = |at: crate::domain::time::Timestamp| {
        progress.show("days passed", usize::try_from((at - now).num_days()).unwrap_or_default(), total);
    };
    let simulation = Simulation::of(&copy.engine, now, now + length, &passed).await?;
    progress.finish();
    copy.engine.store.close().await;
    Ok(simulation)
}
