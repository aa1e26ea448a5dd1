//! `silence`, as it is typed.

use clap::{Args, Subcommand};

/// `silence`
#[derive(Debug, Subcommand)]
pub enum Silence {
    /// Withhold fires, reminders and changes; ends are told, and what is left is told when the silence ends
    #[command(after_help = "\
All that is given must hold: accounts, kinds, subscriptions. An alert of a
whole subscription is silenced when each of its accounts is meant. Critical
alerts are still sent, also one that becomes critical meanwhile; use
--even-critical to silence those too. The answer lists what is silenced and
what is not.

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
    /// Silence critical alerts too
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
