//! Signals: stop, or reload.

use std::io;

use tokio::signal::unix::{SignalKind, signal};

/// What the service was told.
pub(super) enum Signal {
    /// End in order.
    Stop(&'static str),
    /// Read the configuration anew.
    Reload,
}

/// Listens to SIGTERM, SIGINT and SIGHUP.
pub(super) struct Signals {
    term: tokio::signal::unix::Signal,
    int: tokio::signal::unix::Signal,
    hup: tokio::signal::unix::Signal,
}

impl Signals {
    pub(super) fn listen() -> io::Result<Self> {
        Ok(Self {
            term: signal(SignalKind::terminate())?,
            int: signal(SignalKind::interrupt())?,
            hup: signal(SignalKind::hangup())?,
        })
    }

    pub(super) async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.term.recv() => Signal::Stop("SIGTERM"),
            _ = self.int.recv() => Signal::Stop("SIGINT"),
            _ = self.hup.recv() => Signal::Reload,
        }
    }
}
