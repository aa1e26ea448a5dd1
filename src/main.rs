//! Parse, set up, dispatch, exit status.

use std::io::ErrorKind;
use std::process::ExitCode;

use clap::Parser;
use minimax_watch::cli::Cli;
use minimax_watch::daemon::HeldSignals;
use minimax_watch::{commands, os_limits};

fn main() -> ExitCode {
    // First of all: a SIGHUP that comes while the service starts must not end it.
    let signals = HeldSignals::hold();
    os_limits::disable_core_dumps();
    match Cli::try_parse() {
        Ok(cli) => commands::main(cli, signals),
        Err(message) => {
            signals.release();
            // Help and version are answers; anything else is bad usage, which docs/contract.md, section 2 gives its own status.
            let status = if message.use_stderr() { commands::FAILED } else { 0 };
            match message.print() {
                // Whoever closed the pipe has read enough.
                Err(error) if error.kind() != ErrorKind::BrokenPipe => commands::unprinted(&error),
                _ => ExitCode::from(status),
            }
        }
    }
}
