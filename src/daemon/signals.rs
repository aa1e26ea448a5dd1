//! Signals: stop, or reload.
//!
//! Guarantees: [`HeldSignals`], made first of all, keeps the three signals pending until the service listens to them, or until
//! another command leaves them to their default action. So none is lost, and SIGHUP never ends the service.

use std::io;

use nix::sys::signal::{SigSet, Signal as Number};
use tokio::signal::unix::{SignalKind, signal};

/// What a signal requests.
pub(super) enum Signal {
    /// Stop in order; with the signal's name.
    Stop(&'static str),
    /// Read the configuration again.
    Reload,
}

/// SIGTERM, SIGINT and SIGHUP, blocked.
#[derive(Debug)]
pub struct HeldSignals(SigSet);

impl HeldSignals {
    /// Blocks them in this thread and in those that it starts.
    pub fn hold() -> Self {
        let signals = SigSet::from_iter([Number::SIGTERM, Number::SIGINT, Number::SIGHUP]);
        // If that fails, they have their default action.
        let _ = signals.thread_block();
        Self(signals)
    }

    /// Unblocks them: pending ones act now.
    pub fn release(self) {
        let _ = self.0.thread_unblock();
    }
}

/// Listens to SIGTERM, SIGINT and SIGHUP.
pub(super) struct Signals {
    term: tokio::signal::unix::Signal,
    int: tokio::signal::unix::Signal,
    hup: tokio::signal::unix::Signal,
}

impl Signals {
    pub(super) fn listen(held: HeldSignals) -> io::Result<Self> {
        let signals = Self {
            term: signal(SignalKind::terminate())?,
            int: signal(SignalKind::interrupt())?,
            hup: signal(SignalKind::hangup())?,
        };
        held.release();
        Ok(signals)
    }

    pub(super) async fn next(&mut self) -> Signal {
        tokio::select! {
            // A stop goes before a reload that came with it.
            biased;
            _ = self.term.recv() => Signal::Stop("SIGTERM"),
            _ = self.int.recv() => Signal::Stop("SIGINT"),
            _ = self.hup.recv() => Signal::Reload,
        }
    }
}
