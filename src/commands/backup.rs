//! `backup`: a consistent copy of the store. A running service is not interrupted.

use std::io;

use anyhow::Context;
use tokio::signal::unix::{SignalKind, signal};

use crate::cli::{BackupArgs, GlobalOptions};
use crate::clock;
use crate::domain::time::minute;
use crate::report::BackupReport;
use crate::store::Store;
use crate::{output, setup};

pub(super) async fn run(global: &GlobalOptions, options: &BackupArgs) -> anyhow::Result<()> {
    let config = setup::load(global, &[])?;
    let path = &config.store.path;
    let now = clock::now();
    let store = Store::open_to_copy(path).await?.with_context(|| setup::missing_store(&config))?;
    let copied = tokio::select! {
        copied = store.back_up(&options.file) => copied.map_err(|error| setup::with_path(error.into(), path))?,
        stopped = stop_requested() => {
            stopped?;
            anyhow::bail!("stopped before the backup was complete; the unfinished file was removed");
        }
    };
    store.close().await;
    let report = BackupReport {
        generated_at: now,
        file: options.file.display().to_string(),
        bytes: copied.bytes,
        accounts: copied.accounts,
    };
    let (size, accounts) = (output::format_bytes(copied.bytes), usize::try_from(copied.accounts)?);
    output::answer(&report, global.json, |report| {
        let accounts = output::pluralize(accounts, "account");
        format!("{}: {size}, {accounts}, as of {}\n", report.file, minute(now))
    })
}

/// Waits for a signal to stop: a copy can be abandoned at any moment, but its unfinished file must be removed.
async fn stop_requested() -> io::Result<()> {
    let (mut term, mut int) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tokio::select! {
        _ = term.recv() => Ok(()),
        _ = int.recv() => Ok(()),
    }
}
