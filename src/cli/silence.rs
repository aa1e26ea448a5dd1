//! Commands of `silence`.

use clap::{Args, Subcommand};

/// Commands of `silence`.
#[derive(Debug, Subcommand)]
pub enum SilenceCommand {
    /// Suppress alerts, reminders and changes for a while; when it ends, changes and alerts that still fire are sent
    Add(SilenceAddArgs),
    /// List the silences in force
    List(SilenceListArgs),
    /// End silences early: the service sends suppressed changes, and alerts that still fire, at once; else the next `check` does
    #[command(after_help = "Example:\n  minimax-watch silence end 3")]
    End {
        /// Numbers, as `silence list` prints them
        #[arg(value_name = "ID", required = true, value_parser = parse_id)]
        ids: Vec<i64>,
    },
}

fn parse_id(typed: &str) -> Result<i64, &'static str> {
    typed.parse().map_err(|_| "not the number of a silence: `silence list` prints them")
}

/// Arguments of `silence add`.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("end").required(true))]
#[command(override_usage = "\
minimax-watch silence add [OPTIONS] --reason <TEXT>
       <--until <TIME>|--for <LENGTH>> [ACCOUNT]...")]
#[command(after_help = "\
Accounts, kinds and subscriptions must all match, each by any of its values. An
alert of a whole subscription is silenced if every account of the subscription
matches. Critical alerts are still sent, also alerts that become critical later;
use --even-critical to silence those too. The answer lists what is silenced and
what is not.

Examples:
  minimax-watch silence add studio-a --for 4h --reason 'being renewed'
  minimax-watch silence add 'studio-*' --kind expiry --until +3d --reason leave
  minimax-watch silence add --subscription main --reason 'plan changes' \\
    --until '2026-11-24 08:00' --even-critical")]
pub struct SilenceAddArgs {
    /// Names or ids of accounts; globs such as 'studio-*'
    #[arg(value_name = "ACCOUNT")]
    pub accounts: Vec<String>,
    /// A kind of alert or change, such as expiry; several with commas
    #[arg(long = "kind", value_name = "KIND", value_delimiter = ',')]
    pub kinds: Vec<String>,
    /// Only alerts and changes of this subscription; can be repeated
    #[arg(long = "subscription", value_name = "NAME")]
    pub subscriptions: Vec<String>,
    /// When it ends, such as +3d or '2026-11-24 08:00'
    #[arg(long, value_name = "TIME", group = "end", allow_hyphen_values = true)]
    pub until: Option<String>,
    /// How long it lasts, such as 4h
    #[arg(long = "for", value_name = "LENGTH", group = "end")]
    pub length: Option<String>,
    /// Why, for those who read the list
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// Silence critical alerts too
    #[arg(long)]
    pub even_critical: bool,
    /// Add it even if it matches no watched account or names an unknown subscription
    #[arg(long)]
    pub force: bool,
}

/// Arguments of `silence list`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  minimax-watch silence list
  minimax-watch silence list --all --json")]
pub struct SilenceListArgs {
    /// Include silences that have ended
    #[arg(long)]
    pub all: bool,
}
