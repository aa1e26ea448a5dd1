//! Signals: stop, or reload.
//!
//! Guarantees: [`HeldSignals`], made first of all, keeps the three signals pending until the service listens to them, or until
//! another command leaves them to their default action. So none is lost, and SIGHUP never ends the service.

use std::io;

use nix::sys::signal::{SigSet, Signal as Number};
use tokio::signal::unix::{SignalKind, signal};

/// What the service was told.
pub(super) enum Signal {
    /// End in order.
    Stop(&'static str),
    /// Read the configuration anew.
    Reload,
}

/// SIGTERM, SIGINT and SIGHUP, held back by the system.
#[derive(Debug)]
pub struct HeldSignals(SigSet);

impl HeldSignals {
    /// Holds them back from here on, in this thread and in those that it starts.
    pub fn hold() -> Self {
        let signals = SigSet::from_iter([Number::SIGTERM, Number::SIGINT, Number::SIGHUP]);
        // Where that is refused, they act as they always did.
        let _ = signals.thread_block();
        Self(signals)
    }

    /// Lets them through: those that came meanwhile act now.
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
