//! `run`: the service.

use crate::cli::Global;
use crate::daemon::Daemon;
use crate::store::{Lock, Store};

use crate::setup;

pub(super) async fn run(global: &Global) -> anyhow::Result<u8> {
    let config = setup::load(global, &[])?;
    let _lock =
        Lock::take(&config.store.path, &format!("`minimax-watch run`, process {}", std::process::id()))?;
    let store = Store::open(&config.store.path).await?;
    let engine = setup::engine(config, store.clone())?;
    let reload = || setup::load(global, &[]).and_then(|config| setup::engine(config, store.clone()));
    Daemon::new(engine).await?.run(reload).await?;
    store.close().await;
    Ok(0)
}
