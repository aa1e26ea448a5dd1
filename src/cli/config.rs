//! Commands of `config`.

use clap::{Args, Subcommand};

/// Commands of `config`.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Report every problem at once, with file, key and reason
    Check(ConfigCheckArgs),
    /// Print the effective configuration, secrets hidden
    #[command(after_help = "Examples:\n  minimax-watch config show\n  minimax-watch config show --json")]
    Show,
    /// Print a JSON Schema of the configuration file
    #[command(after_help = "\
It needs no configuration. An editor completes and checks a file whose first
line names the schema:

  #:schema ./minimax-watch.schema.json

Examples:
  minimax-watch config schema
  minimax-watch config schema > minimax-watch.schema.json")]
    Schema,
}

/// Arguments of `config check`.
#[derive(Clone, Copy, Debug, Args)]
#[command(after_help = "\
--probe asks the API for each subscription's list of accounts, once, and
connects to each receiver: to a mail server up to the login, to others up to the
TLS handshake; it asks Telegram whether token and chat are known, and looks for
the program of `exec`. It sends no message and stores nothing.

Examples:
  minimax-watch -c ./minimax-watch.toml config check
  minimax-watch config check --probe")]
pub struct ConfigCheckArgs {
    /// Also ask the API once per subscription and connect to each receiver
    #[arg(long)]
    pub probe: bool,
}
