//! Parses the command line, runs the command and returns its exit status.

use std::io::ErrorKind;
use std::process::ExitCode;

use minimax_watch::cli;
use minimax_watch::daemon::HeldSignals;
use minimax_watch::{commands, os_limits};

fn main() -> ExitCode {
    // Before anything else: a SIGHUP during the start must not end the service.
    let signals = HeldSignals::hold();
    os_limits::disable_core_dumps();
    match cli::parse() {
        Ok(cli) => commands::main(cli, signals),
        Err(message) => {
            signals.release();
            // Help and version are results; the rest is bad usage, with its own status (docs/contract.md, section 2).
            let status = if message.use_stderr() { commands::FAILED } else { 0 };
            match message.print() {
                // A closed pipe means that the reader has enough.
                Err(error) if error.kind() != ErrorKind::BrokenPipe => commands::report_write_error(&error),
                _ => ExitCode::from(status),
            }
        }
    }
}
