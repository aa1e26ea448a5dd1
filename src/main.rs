//! Parse, set up, dispatch, exit status.

use std::process::ExitCode;

use clap::Parser;
use minimax_watch::cli::Cli;
use minimax_watch::commands;

fn main() -> ExitCode {
    match Cli::try_parse() {
        Ok(cli) => commands::main(cli),
        Err(message) => {
            // Help and version are answers; anything else is bad usage, which contract 2 gives its own status.
            let status = if message.use_stderr() { commands::FAILED } else { 0 };
            if message.print().is_err() {
                return ExitCode::from(commands::FAILED);
            }
            ExitCode::from(status)
        }
    }
}
