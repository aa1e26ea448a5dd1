//! `backup`: a consistent copy of the store, beside a running service and without a pause of it.

use std::io;

use anyhow::Context;
use tokio::signal::unix::{SignalKind, signal};

use crate::cli::{Backup, Global};
use crate::clock;
use crate::domain::time::minute;
use crate::store::Store;

use crate::{output, setup};

pub(super) async fn run(global: &Global, options: &Backup) -> anyhow::Result<u8> {
    let config = setup::load(global, &[])?;
    let path = &config.store.path;
    let now = clock::now();
    let store = Store::open_to_copy(path).await?.with_context(|| setup::missing_store(&config))?;
    let copied = tokio::select! {
        copied = store.back_up(&options.file) => copied.map_err(|error| setup::located(error.into(), path))?,
        stopped = told_to_stop() => {
            stopped?;
            anyhow::bail!("stopped before the backup was whole; nothing of it is left");
        }
    };
    store.close().await;
    output::print(&format!(
        "{}: {}, {}, as of {}\n",
        options.file.display(),
        output::sized(copied.bytes),
        output::counted(usize::try_from(copied.accounts)?, "account"),
        minute(now),
    ))?;
    Ok(0)
}

/// A copy only reads, so that it may be left at any moment; what there is of it must not stay behind.
async fn told_to_stop() -> io::Result<()> {
    let (mut term, mut int) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tokio::select! {
        _ = term.recv() => Ok(()),
        _ = int.recv() => Ok(()),
    }
}
