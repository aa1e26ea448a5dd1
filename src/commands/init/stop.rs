//! Signals that end the command: what it holds is given back first.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// Ctrl-C, Ctrl-\, a terminal that is closed, and SIGTERM.
pub(super) struct StopSignals {
    interrupt: Signal,
    quit: Signal,
    hangup: Signal,
    terminate: Signal,
}

impl StopSignals {
    pub(super) fn listen() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            quit: signal(SignalKind::quit())?,
            hangup: signal(SignalKind::hangup())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    /// Waits for one of them.
    pub(super) async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.quit.recv() => {}
            _ = self.hangup.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
