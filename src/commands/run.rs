//! `run`: the service.

use crate::cli::GlobalOptions;
use crate::config::Environment;
use crate::daemon::{self, Daemon, Exit, HeldSignals};

use super::exit_status::FAILED;
use super::summary;
use crate::setup;

pub(super) async fn run(global: &GlobalOptions, signals: HeldSignals) -> anyhow::Result<u8> {
    let exit = daemon::start(
        signals,
        async || prepare(global).await,
        |daemon| {
            let config = setup::load(global, &[])?;
            if Environment::from_process().path("CREDENTIALS_DIRECTORY").is_some() {
                // systemd.exec(5): credentials are loaded when a service starts.
                tracing::info!("systemd credentials are those of the last start; to load new ones: systemctl restart minimax-watch");
            }
            setup::engine(config, daemon.store().clone())
        },
    )
    .await?;
    Ok(match exit {
        Exit::Requested => 0,
        Exit::StoreLost => FAILED,
    })
}

async fn prepare(global: &GlobalOptions) -> anyhow::Result<Daemon> {
    let config = setup::load(global, &[])?;
    let path = config.store.path.clone();
    let (lock, store) = setup::locked_store(&config, "run").await?;
    let (watched, notified) = (summary::watched(&config), summary::notified(&config));
    let engine = setup::engine(config, store)?;
    let daemon = Daemon::new(engine, lock).await.map_err(|error| setup::with_path(error, &path))?;
    tracing::info!("watched: {watched}");
    tracing::info!("notified: {notified}");
    Ok(daemon)
}
