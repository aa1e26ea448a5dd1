//! The command line: clap types and their help, nothing else.

mod alerts;
mod backup;
mod global;
mod history;
mod packages;
mod silence;
mod webhook;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub use alerts::{Ack, Alerts, Deliveries, Explain, Simulate};
pub use backup::Backup;
pub use global::{ColorChoice, Global, LogFormat, LogLevel};
pub use history::{Diff, History};
pub use packages::{Completions, Man, Page, pages};
pub use silence::{Silence, SilenceAdd, SilenceList};
pub use webhook::{Verify, Webhook};

use crate::domain::span;

/// Watches MiniMax (Hailuo AI) accounts at useapi.net and tells you before their tokens die.
#[derive(Debug, Parser)]
#[command(name = "minimax-watch", version, about, propagate_version = true, arg_required_else_help = true)]
#[command(after_help = "\
Begin with:
  USEAPI_TOKEN=… minimax-watch check        # no configuration: every account of the token, once
  minimax-watch config check                # then a file, and
  minimax-watch notify test                 # its receivers, and
  minimax-watch run                         # the service")]
pub struct Cli {
    /// Options for all commands.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// The service: watch until SIGTERM or SIGINT; SIGHUP reloads the configuration
    #[command(after_help = "Example:\n  minimax-watch --config /etc/minimax-watch/minimax-watch.toml run")]
    Run,
    /// One unattended pass: fetch, store, compare, alert, deliver what is due
    #[command(after_help = "\
Exit status: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN (no verdict, or the command itself failed)

Examples:
  minimax-watch check
  minimax-watch check studio-a --format json
  minimax-watch check --dry-run             # what would be told, and to whom
  minimax-watch check --format nagios --timeout 50s
  USEAPI_TOKEN=… minimax-watch check        # without any configuration")]
    Check(Check),
    /// The last known state, from the store alone
    #[command(after_help = "\
Exit status: as `check`

Examples:
  minimax-watch status
  minimax-watch status studio-a --json")]
    Status(Status),
    /// The configurations of an account over time, and what changed between them
    #[command(after_help = "\
Examples:
  minimax-watch history studio-a
  minimax-watch history studio-a --since 30d
  minimax-watch history studio-a --at -3d   # as it stood three days ago")]
    History(History),
    /// What differs in an account's configuration between two moments
    #[command(after_help = "\
Examples:
  minimax-watch diff studio-a               # the last change
  minimax-watch diff studio-a --from -7d --to -1d")]
    Diff(Diff),
    /// Open alerts: what, since when, and who was told
    #[command(after_help = "\
Examples:
  minimax-watch alerts
  minimax-watch alerts --all --json
  minimax-watch alerts --since 7d           # also those that ended since")]
    Alerts(Alerts),
    /// Messages: to whom, what became of them, how often they were tried
    #[command(after_help = "\
Examples:
  minimax-watch deliveries
  minimax-watch deliveries pager --since 30d
  minimax-watch deliveries --json")]
    Deliveries(Deliveries),
    /// Say that you know of an alert: no reminders until it gets graver or ends
    #[command(after_help = "\
An alert goes by its id, as `alerts` shows it; its last characters will do.

Examples:
  minimax-watch ack 01KAQ9Z0X0000000000000000 --reason 'renewed at eight'
  minimax-watch ack X0000000 --undo")]
    Ack(Ack),
    /// Why an account did or did not alert: every rule, who was told when, and what comes next
    #[command(after_help = "\
Examples:
  minimax-watch explain studio-a
  minimax-watch explain main/123456 --json")]
    Explain(Explain),
    /// Which messages would go out if nothing but time passed; sends and stores nothing
    #[command(after_help = "\
The real rules over a copy of the store, in virtual time: no account is looked
at, and every receiver takes what it is sent.

Examples:
  minimax-watch simulate
  minimax-watch simulate --for 90d --json")]
    Simulate(Simulate),
    /// What nobody is to hear of until a given moment
    #[command(
        subcommand,
        after_help = "\
Example:
  minimax-watch silence add 'studio-*' --for 4h --reason 'plan changes today'
  minimax-watch silence list
  minimax-watch silence end 1"
    )]
    Silence(Silence),
    /// The way messages take
    #[command(subcommand, after_help = "Example:\n  minimax-watch notify test ops-mail")]
    Notify(Notify),
    /// What a receiver of webhooks needs
    #[command(
        subcommand,
        after_help = "\
Example:
  minimax-watch webhook verify --receiver pager --id msg_01KB… \\
    --timestamp 1795418100 --signature 'v1,…' <body.json"
    )]
    Webhook(Webhook),
    /// The next runs, in the schedule's zone and in UTC
    #[command(after_help = "Examples:\n  minimax-watch schedule --next 3\n  minimax-watch schedule --json")]
    Schedule(Schedule),
    /// The configuration
    #[command(subcommand, after_help = "Example:\n  minimax-watch config check")]
    Config(ConfigCommand),
    /// A consistent copy of the store while the service runs
    Backup(Backup),
    /// A month in seconds, on loopback and in virtual time; needs no account
    #[command(after_help = "Example:\n  minimax-watch demo")]
    Demo(Demo),
    /// What a shell needs to complete commands and options, for packagers
    Completions(Completions),
    /// The man pages, for packagers
    Man(Man),
}

/// `check`
#[derive(Clone, Debug, Args)]
pub struct Check {
    /// Names or ids of the accounts to look at [default: all]
    #[arg(value_name = "ACCOUNT")]
    pub accounts: Vec<String>,
    /// Store nothing, send nothing; say what would be sent
    #[arg(long)]
    pub dry_run: bool,
    /// How the result is printed
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    pub format: Format,
    /// Print nothing when all is well; with receivers only what is new, and what could not be delivered
    #[arg(long, short)]
    pub quiet: bool,
    /// End by then with UNKNOWN and say what it was at; no single answer is waited for longer than a third of it
    #[arg(long, short, value_name = "LENGTH", value_parser = timeout)]
    pub timeout: Option<Duration>,
}

/// A length of time; a bare number is seconds, as monitoring plugins take them.
fn timeout(typed: &str) -> Result<Duration, String> {
    let is_number = !typed.is_empty() && typed.bytes().all(|byte| byte.is_ascii_digit());
    let length = if is_number { span::parse(&format!("{typed}s")) } else { span::parse(typed) };
    let length = length.map_err(|error| error.to_string())?;
    length
        .to_std()
        .ok()
        .filter(|length| !length.is_zero())
        .ok_or_else(|| format!("`{typed}` is no time at all"))
}

/// How a result is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    Table,
    /// For programs
    Json,
    /// For Nagios, Icinga and their kin: one line, performance data, details
    Nagios,
}

/// `status`
#[derive(Debug, Args)]
pub struct Status {
    /// Names or ids of accounts [default: all]
    #[arg(value_name = "ACCOUNT")]
    pub accounts: Vec<String>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `notify`
#[derive(Debug, Subcommand)]
pub enum Notify {
    /// Send a marked test message through the real path and report each result
    #[command(after_help = "Example:\n  minimax-watch notify test ops-mail")]
    Test {
        /// Names of receivers [default: all]
        #[arg(value_name = "RECEIVER")]
        receivers: Vec<String>,
    },
}

/// `schedule`
#[derive(Debug, Args)]
pub struct Schedule {
    /// How many runs
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub next: u16,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `config`
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Every problem at once, with file, key and reason
    #[command(after_help = "\
`--probe` asks the API for each subscription's list of accounts, once, and
greets each receiver: a mail server up to the log-in, a webhook up to the TLS
handshake. No message is sent and nothing is stored.

Examples:
  minimax-watch --config ./minimax-watch.toml config check
  minimax-watch config check --probe")]
    Check(ConfigCheck),
    /// What is in force, secrets redacted
    #[command(after_help = "Example:\n  minimax-watch config show")]
    Show,
}

/// `config check`
#[derive(Clone, Copy, Debug, Args)]
pub struct ConfigCheck {
    /// Also ask the API once per subscription and greet each receiver, all at once
    #[arg(long)]
    pub probe: bool,
    /// Print what was probed as JSON
    #[arg(long, requires = "probe")]
    pub json: bool,
}

/// `demo`
#[derive(Debug, Args)]
pub struct Demo {
    /// Where the store is laid [default: a new temporary folder, which is kept]
    #[arg(long, value_name = "FOLDER")]
    pub folder: Option<PathBuf>,
}
