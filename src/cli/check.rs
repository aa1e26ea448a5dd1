//! Arguments of `check`.

use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::domain::duration;

/// Arguments of `check`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Exit status: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN (no conclusive check, or the
command failed)

Examples:
  minimax-watch check
  minimax-watch check studio-a --json
  minimax-watch check --dry-run             # what would be sent, and to whom
  minimax-watch check --format nagios --timeout 50s
  USEAPI_TOKEN=… minimax-watch check        # without any configuration")]
pub struct CheckArgs {
    /// Names or ids of the accounts to check [default: all]
    #[arg(value_name = "ACCOUNT")]
    pub accounts: Vec<String>,
    /// Store and send nothing; print what would be sent
    #[arg(long)]
    pub dry_run: bool,
    /// Output format; --json is short for --format json
    #[arg(long, value_name = "FORMAT", default_value = "table", conflicts_with = "json")]
    pub format: Format,
    /// Print nothing when all is well; with receivers, only what is new and what could not be delivered
    #[arg(long, short)]
    pub quiet: bool,
    /// Overall time limit; a bare number is in seconds. On expiry exit with UNKNOWN and print the current step. A single request may use at most a third of it
    #[arg(long, short, value_name = "LENGTH", value_parser = parse_timeout)]
    pub timeout: Option<Duration>,
}

/// A bare number is in seconds: monitoring plugins are called so.
fn parse_timeout(typed: &str) -> Result<Duration, String> {
    let unit = if typed.parse::<u64>().is_ok() { "s" } else { "" };
    let length = duration::parse(&format!("{typed}{unit}")).map_err(|error| error.to_string())?;
    length.to_std().ok().filter(|length| !length.is_zero()).ok_or_else(|| "must be longer than 0".to_owned())
}

/// How a result is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    Table,
    /// For programs
    Json,
    /// For Nagios, Icinga and similar monitors: one line, performance data, details
    Nagios,
}
