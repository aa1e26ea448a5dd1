//! Starting: what a full disk prevents is tried again until there is room.
//!
//! Promises: signals work while it waits, and while a store is opened; whatever else prevents the start ends it, with its reason.

use anyhow::Context;

use super::signals::{HeldSignals, Signal, Signals};
use super::{AFTER_FAULT, Daemon, End, systemd};
use crate::clock;
use crate::engine::Engine;
use crate::output::reasons;
use crate::store::{LockError, StoreError};

/// Carries `attempt` out until it yields a service, then lets that watch; `reload` makes a new engine as the configuration is then.
pub async fn start(
    held: HeldSignals,
    attempt: impl AsyncFn() -> anyhow::Result<Daemon>,
    reload: impl Fn(&Daemon) -> anyhow::Result<Engine>,
) -> anyhow::Result<End> {
    let mut signals = Signals::listen(held).context("cannot listen for signals")?;
    loop {
        let Some((attempted, reload_requested)) = until_stopped(&attempt, &mut signals).await else {
            return Ok(End::Told);
        };
        let error = match attempted {
            Ok(daemon) => return daemon.run(&mut signals, reload, reload_requested).await,
            Err(error) if is_full_disk(&error) => error,
            Err(error) => {
                systemd::failed(&format!("cannot start: {}", reasons(&error).join("; ")));
                return Err(error);
            }
        };
        tracing::error!("cannot start yet, will try again in {} s: {error}", AFTER_FAULT.num_seconds());
        systemd::waiting(&format!("cannot start yet: {error}"));
        let until = clock::now() + AFTER_FAULT;
        tokio::select! {
            () = clock::sleep_until(until) => {}
            signal = signals.next() => match signal {
                Signal::Stop(name) => {
                    tracing::info!(signal = name, "stopped before there was room");
                    return Ok(End::Told);
                }
                // The new configuration may name another place.
                Signal::Reload => {}
            },
        }
    }
}

/// What `attempt` gives, and whether a reload was requested meanwhile; nothing when a stop was.
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
                    // Never dropped: to the store this is a kill, which it is made for. A drop would roll back and unlock by
                    // code that goes on running.
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
        || error.downcast_ref::<LockError>().is_some_and(LockError::is_full_disk)
}
