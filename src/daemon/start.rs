//! Starting: a start that a full disk prevents is tried again until there is room.
//!
//! Guarantees: signals work while it waits, and while a store is opened. Any other fault ends the start with its reason.

use anyhow::Context;

use super::service::{Daemon, Exit, RETRY_DELAY};
use super::signals::{HeldSignals, Signal, Signals};
use super::systemd;
use crate::clock;
use crate::engine::Engine;
use crate::output::reasons;
use crate::store::StoreError;

/// Calls `attempt` until it returns a service, then runs it; `reload` makes a new engine from the configuration as it is then.
pub async fn start(
    held: HeldSignals,
    attempt: impl AsyncFn() -> anyhow::Result<Daemon>,
    reload: impl Fn(&Daemon) -> anyhow::Result<Engine>,
) -> anyhow::Result<Exit> {
    let mut signals = Signals::listen(held).context("cannot listen for signals")?;
    loop {
        let Some((attempted, reload_requested)) = until_stopped(&attempt, &mut signals).await else {
            return Ok(Exit::Requested);
        };
        let error = match attempted {
            Ok(daemon) => return daemon.run(&mut signals, reload, reload_requested).await,
            Err(error) if is_full_disk(&error) => error,
            Err(error) => {
                systemd::failed(&format!("cannot start: {}", reasons(&error).join("; ")));
                return Err(error);
            }
        };
        tracing::error!("cannot start yet, will try again in {} s: {error}", RETRY_DELAY.num_seconds());
        systemd::waiting(&format!("cannot start yet: {error}"));
        let until = clock::now() + RETRY_DELAY;
        tokio::select! {
            () = clock::sleep_until(until) => {}
            signal = signals.next() => match signal {
                Signal::Stop(name) => {
                    tracing::info!(signal = name, "stopped before there was room");
                    return Ok(Exit::Requested);
                }
                // The new configuration may name another path.
                Signal::Reload => {}
            },
        }
    }
}

/// The result of `attempt`, and whether a reload was requested meanwhile; none when a stop was.
async fn until_stopped(
    attempt: &impl AsyncFn() -> anyhow::Result<Daemon>,
    signals: &mut Signals,
) -> Option<(anyhow::Result<Daemon>, bool)> {
    let mut attempt = Box::pin(attempt());
    let mut reload_requested = false;
    loop {
        tokio::select! {
            attempted = &mut attempt => return Some((attempted, reload_requested)),
            signal = signals.next() => match signal {
                Signal::Stop(name) => {
                    tracing::info!(signal = name, "stopped before the store was open");
                    // Never dropped: the store survives a kill, which this is to it. A drop would roll back and unlock while its
                    // own threads continue.
                    std::mem::forget(attempt);
                    return None;
                }
                Signal::Reload => reload_requested = true,
            },
        }
    }
}

fn is_full_disk(error: &anyhow::Error) -> bool {
    error.downcast_ref::<StoreError>().is_some_and(StoreError::is_full_disk)
}
