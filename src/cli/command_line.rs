//! The program's arguments as a whole: the commands, and how their help pages are laid out.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};

use super::alerts::{AckArgs, AlertsArgs, DeliveriesArgs, ExplainArgs, ResendArgs, SimulateArgs};
use super::backup::BackupArgs;
use super::check::CheckArgs;
use super::config::ConfigCommand;
use super::global::GlobalOptions;
use super::history::{DiffArgs, HistoryArgs};
use super::init::InitArgs;
use super::packages::{CompletionsArgs, ManArgs};
use super::silence::SilenceCommand;
use super::usable::UsableArgs;
use super::webhook::WebhookCommand;

/// Watch MiniMax (Hailuo AI) accounts at useapi.net and send alerts before their tokens expire
#[derive(Debug, Parser)]
#[command(name = "minimax-watch", version, propagate_version = true, arg_required_else_help = true)]
#[command(max_term_width = 80)]
#[command(after_help = "\
A TIME is '2026-11-23 07:15' (UTC), '2026-11-23 08:15 Europe/Berlin', RFC 3339,
a date alone, or relative to now: -3d, +4h. For a past time, as in --since, 3d
means -3d. A LENGTH is 90s, 15m, 12h, 7d or 1h30m.

Begin with:
  USEAPI_TOKEN=… minimax-watch check   # no configuration: all accounts, once
  minimax-watch init                   # then write a configuration,
  minimax-watch config check           # check it after a change,
  minimax-watch notify test            # test its receivers,
  minimax-watch run                    # and start the service")]
pub struct Cli {
    /// Options of all commands.
    #[command(flatten)]
    pub global: GlobalOptions,
    /// The command to run.
    #[command(subcommand)]
    pub command: Command,
}

/// Parses the arguments of this process.
///
/// # Errors
/// On bad usage, and when help or the version was asked for: the error holds the text.
pub fn parse() -> Result<Cli, clap::Error> {
    Cli::from_arg_matches(&command().try_get_matches()?)
}

/// The help page of a sub-command.
const SUBCOMMAND_HELP: &str = "\
{before-help}{about-with-newline}
{usage-heading} {usage}

{all-args}

Options of all commands: --config, --log-level, --log-format, --color
(`minimax-watch --help` explains them, and how to write a TIME or LENGTH){after-help}";

/// The command line with short help pages for the sub-commands.
pub(super) fn command() -> clap::Command {
    let command = Cli::command();
    let global: Vec<clap::Arg> = command.get_arguments().filter(|arg| arg.is_global_set()).cloned().collect();
    command.mut_subcommands(|inner| shorten_help(inner, &global))
}

fn shorten_help(command: clap::Command, global: &[clap::Arg]) -> clap::Command {
    let takes_json = !command.has_subcommands() && !matches!(command.get_name(), "run" | "demo");
    // Global arguments are copied only into sub-commands that do not have them yet.
    let global_args =
        global.iter().map(|arg| arg.clone().hide(arg.get_id() != "json" || !takes_json).display_order(100));
    let command = command.args(global_args).help_template(SUBCOMMAND_HELP);
    command.mut_subcommands(|inner| shorten_help(inner, global))
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write a first configuration, after checking the token and a test message
    Init(InitArgs),
    /// Run the service: watch until SIGTERM or SIGINT; SIGHUP reloads the configuration
    #[command(after_help = "Example:\n  minimax-watch -c /etc/minimax-watch/minimax-watch.toml run")]
    Run,
    /// Check the accounts once, send the alerts that are due, exit with the verdict
    Check(CheckArgs),
    /// Show the last known state, from the store alone
    Status(StatusArgs),
    /// List the accounts that can take jobs now, best first, and why others cannot
    Usable(UsableArgs),
    /// Say whether the service is able to do its work; for containers and monitors
    #[command(after_help = "\
Healthy: the store is writable, a run has finished, and the last one is not
overdue (two intervals of the schedule, at least 15 minutes). Needs no [http].

Exit status: 0 if healthy, 1 with the reasons if not, 3 if the command failed

Example:
  minimax-watch health")]
    Health,
    /// Show the configurations of an account over time, and what changed between them
    History(HistoryArgs),
    /// Compare an account's configuration at two times
    Diff(DiffArgs),
    /// List open alerts: since when, and which receivers were notified
    Alerts(AlertsArgs),
    /// List messages: receiver, state, attempts, last error
    Deliveries(DeliveriesArgs),
    /// Send stored messages again, for example after a receiver lost them
    Resend(ResendArgs),
    /// Acknowledge an alert: no reminders until it escalates or resolves
    Ack(AckArgs),
    /// Explain why an account did or did not alert, and what comes next
    Explain(ExplainArgs),
    /// Forecast which messages would be sent if only time passed
    Simulate(SimulateArgs),
    /// Suppress notifications until a given time
    #[command(
        subcommand,
        after_help = "\
Examples:
  minimax-watch silence add 'studio-*' --for 4h --reason 'plan changes today'
  minimax-watch silence list
  minimax-watch silence end 1"
    )]
    Silence(SilenceCommand),
    /// Test notification delivery
    #[command(subcommand, after_help = "Example:\n  minimax-watch notify test ops-mail")]
    Notify(NotifyCommand),
    /// Tools for webhook receivers
    #[command(
        subcommand,
        after_help = "\
Example:
  minimax-watch webhook verify --receiver pager --id msg_01KB… \\
    --timestamp 1795418100 --signature 'v1,…' <body.json"
    )]
    Webhook(WebhookCommand),
    /// Show the next runs, in the schedule's time zone and in UTC
    Schedule(ScheduleArgs),
    /// Check or print the configuration
    #[command(subcommand, after_help = "Example:\n  minimax-watch config check")]
    Config(ConfigCommand),
    /// Write a consistent copy of the store while the service runs
    Backup(BackupArgs),
    /// Play a month in seconds with a simulated vendor; needs no account
    Demo(DemoArgs),
    /// Print a shell completion script, for packagers
    Completions(CompletionsArgs),
    /// Print the man pages, for packagers
    Man(ManArgs),
}

/// Arguments of `status`.
#[derive(Debug, Args)]
#[command(after_help = "\
Exit status: as `check`; UNKNOWN also when the last run is overdue

Examples:
  minimax-watch status
  minimax-watch status studio-a --json")]
pub struct StatusArgs {
    /// Names or ids of accounts [default: all]
    #[arg(value_name = "ACCOUNT")]
    pub accounts: Vec<String>,
}

/// Commands of `notify`.
#[derive(Debug, Subcommand)]
pub enum NotifyCommand {
    /// Send a marked test message as alerts are sent, and report each result
    #[command(after_help = "Example:\n  minimax-watch notify test ops-mail")]
    Test {
        /// Names of receivers [default: all]
        #[arg(value_name = "RECEIVER")]
        receivers: Vec<String>,
    },
}

/// Arguments of `schedule`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  minimax-watch schedule --next 3\n  minimax-watch schedule --json")]
pub struct ScheduleArgs {
    /// Number of runs
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = parse_runs)]
    pub next: u16,
}

fn parse_runs(typed: &str) -> Result<u16, &'static str> {
    typed.parse().ok().filter(|runs| (1..=1000).contains(runs)).ok_or("not a number from 1 to 1000")
}

fn parse_loopback(typed: &str) -> Result<SocketAddr, &'static str> {
    let address: SocketAddr =
        typed.parse().map_err(|_| "not an address with a port, such as 127.0.0.1:9464")?;
    if address.ip().is_loopback() {
        Ok(address)
    } else {
        Err("not on loopback: the page of the demo has no token")
    }
}

/// Arguments of `demo`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  minimax-watch demo\n  minimax-watch demo --serve")]
pub struct DemoArgs {
    /// When the month is over, two more things go wrong, and its status page is served at this loopback address until Ctrl-C
    /// [default: 127.0.0.1:9464]
    #[arg(long, value_name = "ADDRESS", num_args = 0..=1, default_missing_value = "127.0.0.1:9464", value_parser = parse_loopback)]
    pub serve: Option<SocketAddr>,
    /// New or empty folder for the demo's files [default: a new temporary folder, which is kept]
    #[arg(long, value_name = "FOLDER")]
    pub folder: Option<PathBuf>,
}
