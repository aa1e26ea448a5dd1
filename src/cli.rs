//! The command line: clap types and their help, nothing else.

use std::ffi::OsStr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

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

/// Options for all commands.
#[derive(Debug, Args)]
#[command(next_help_heading = "Options for all commands")]
pub struct Global {
    /// The configuration file [default: $MINIMAX_WATCH_CONFIG, ./minimax-watch.toml, /etc/minimax-watch/minimax-watch.toml]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// How much is logged [default: info for `run`, else warn]
    #[arg(long, global = true, value_name = "LEVEL")]
    pub log_level: Option<LogLevel>,
    /// How it is logged
    #[arg(long, global = true, value_name = "FORMAT", default_value = "text")]
    pub log_format: LogFormat,
    /// When to use colour
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub color: ColorChoice,
}

/// How much is logged.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum LogLevel {
    /// Nothing
    Off,
    /// What somebody must act on
    Error,
    /// What may need somebody
    Warn,
    /// One line a run, an alert and a delivery
    Info,
    /// Every look
    Debug,
    /// Everything
    Trace,
}

/// How it is logged.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum LogFormat {
    /// For people
    Text,
    /// For machines, one object a line
    Json,
}

/// When to use colour.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum ColorChoice {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

impl ColorChoice {
    /// With what NO_COLOR says, which only an explicit choice overrides (no-color.org: any value but an empty one).
    #[must_use]
    pub fn settled(self, no_color: Option<&OsStr>) -> Self {
        match self {
            Self::Auto if no_color.is_some_and(|value| !value.is_empty()) => Self::Never,
            choice => choice,
        }
    }

    /// Whether to use colour on a stream that is, or is not, a terminal that may be coloured.
    pub const fn on(self, terminal: bool) -> bool {
        match self {
            Self::Auto => terminal,
            Self::Always => true,
            Self::Never => false,
        }
    }
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
  USEAPI_TOKEN=… minimax-watch check        # without any configuration")]
    Check(Check),
    /// The last known state, from the store alone
    #[command(after_help = "\
Exit status: as `check`

Examples:
  minimax-watch status
  minimax-watch status studio-a --json")]
    Status(Status),
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
    /// The next runs, in the schedule's zone and in UTC
    #[command(after_help = "Example:\n  minimax-watch schedule --next 3")]
    Schedule(Schedule),
    /// The configuration
    #[command(subcommand, after_help = "Example:\n  minimax-watch config check")]
    Config(ConfigCommand),
    /// A month in seconds, on loopback and in virtual time; needs no account
    #[command(after_help = "Example:\n  minimax-watch demo")]
    Demo(Demo),
}

/// `check`
#[derive(Debug, Args)]
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
    /// Print nothing when all is well
    #[arg(long, short)]
    pub quiet: bool,
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

/// `silence`
#[derive(Debug, Subcommand)]
pub enum Silence {
    /// Withhold fires, reminders and changes; ends are told, and what is left is told when the silence ends
    #[command(after_help = "\
All that is given must hold: accounts, kinds, subscriptions. An alert of a
whole subscription is withheld when each of its accounts is meant. That a token
expired or was refused is told all the same, but with --even-critical.

Examples:
  minimax-watch silence add studio-a --for 4h --reason 'being renewed'
  minimax-watch silence add 'studio-*' --kind expiry --until +3d --reason leave
  minimax-watch silence add --subscription main --reason 'plan changes' \\
    --until 2026-11-24T08:00:00Z --even-critical")]
    Add(SilenceAdd),
    /// The silences in force
    #[command(after_help = "\
Examples:
  minimax-watch silence list
  minimax-watch silence list --all --json")]
    List(SilenceList),
    /// End silences before their time; what they withheld is told at once
    #[command(after_help = "Example:\n  minimax-watch silence end 3")]
    End {
        /// Their numbers, as `silence list` shows them
        #[arg(value_name = "ID", required = true)]
        ids: Vec<i64>,
    },
}

/// `silence add`
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("end").required(true))]
pub struct SilenceAdd {
    /// Globs over names and ids of accounts
    #[arg(value_name = "ACCOUNT")]
    pub accounts: Vec<String>,
    /// A kind of alert or change, as in messages; can be given again
    #[arg(long = "kind", value_name = "KIND", value_delimiter = ',')]
    pub kinds: Vec<String>,
    /// A subscription by its name; can be given again
    #[arg(long = "subscription", value_name = "NAME")]
    pub subscriptions: Vec<String>,
    /// When it ends: RFC 3339, or relative as +4h
    #[arg(long, value_name = "TIME", group = "end", allow_hyphen_values = true)]
    pub until: Option<String>,
    /// How long it lasts
    #[arg(long = "for", value_name = "LENGTH", group = "end")]
    pub length: Option<String>,
    /// Why, for whoever meets it later
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// Withhold also that a token expired or was refused (stage `expired`, kind `unauthorized`)
    #[arg(long)]
    pub even_critical: bool,
}

/// `silence list`
#[derive(Debug, Args)]
pub struct SilenceList {
    /// Also those that are over
    #[arg(long)]
    pub all: bool,
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
}

/// `config`
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Every problem at once, with file, key and reason
    #[command(after_help = "Example:\n  minimax-watch --config ./minimax-watch.toml config check")]
    Check,
    /// What is in force, secrets redacted
    #[command(after_help = "Example:\n  minimax-watch config show")]
    Show,
}

/// `demo`
#[derive(Debug, Args)]
pub struct Demo {
    /// Where the store is laid [default: a new temporary folder, which is kept]
    #[arg(long, value_name = "FOLDER")]
    pub folder: Option<PathBuf>,
}
