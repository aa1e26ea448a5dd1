//! `run`: the service.

use crate::cli::Global;
use crate::config::Environment;
use crate::daemon::{self, Daemon, End, HeldSignals};
use crate::store::{Lock, Store};

use super::FAILED;
use crate::setup;

pub(super) async fn run(global: &Global, signals: HeldSignals) -> anyhow::Result<u8> {
    let end = daemon::start(
        signals,
        async || begin(global).await,
        |daemon| {
            let config = setup::load(global, &[])?;
            if Environment::of_process().path("CREDENTIALS_DIRECTORY").is_some() {
                // systemd.exec(5): they are loaded when a service starts, and stay as they were then.
                tracing::info!("credentials are those of the last start; for new ones: systemctl restart");
            }
            setup::engine(config, daemon.store().clone())
        },
    )
    .await?;
    Ok(match end {
        End::Told => 0,
        End::StoreLost => FAILED,
    })
}

/// Everything that the service needs, as the configuration and the disk are now.
async fn begin(global: &Global) -> anyhow::Result<Daemon> {
    let config = setup::load(global, &[])?;
    let path = config.store.path.clone();
    let lock = Lock::take(&path, &format!("`minimax-watch run`, process {}", std::process::id()))?;
    let store = Store::open(&path).await?;
    setup::warn_of_exposure(&path);
    let engine = setup::engine(config, store)?;
    Daemon::new(engine, lock).await.map_err(|error| setup::located(error, &path))
}
