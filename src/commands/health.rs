//! `health`: whether the service is able to do its work, from the store alone; for containers.

use std::fmt::Write as _;

use crate::cli::GlobalOptions;
use crate::clock;
use crate::config::Config;
use crate::domain::time::{Timestamp, minute, relative};
use crate::report::Health;
use crate::store::Store;
use crate::{output, setup};

/// The service is not able to do its work.
const UNHEALTHY: u8 = 1;

pub(super) async fn run(global: &GlobalOptions) -> anyhow::Result<u8> {
    let config = setup::load(global, &[])?;
    let loaded = load(&config, clock::now()).await;
    let health = loaded.map_err(|error| setup::with_path(error, &config.store.path))?;
    output::answer(&health, global.json, for_people)?;
    Ok(if health.healthy { 0 } else { UNHEALTHY })
}

async fn load(config: &Config, now: Timestamp) -> anyhow::Result<Health> {
    let Some(store) = Store::open_existing(&config.store.path).await? else {
        return Ok(Health::without_store(now));
    };
    let health = Health::load(&store, config, now).await?;
    store.close().await;
    Ok(health)
}

fn for_people(health: &Health) -> String {
    let mut text = String::new();
    for reason in &health.reasons {
        let _ = writeln!(text, "unhealthy: {reason}");
    }
    if let Some(last) = health.last_finished_at.filter(|_| health.healthy) {
        let _ = writeln!(
            text,
            "healthy: the last run finished {} ({})",
            minute(last),
            relative(last, health.generated_at)
        );
    }
    text
}
