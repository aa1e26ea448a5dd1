//! Arguments of `history` and `diff`.

use clap::Args;

/// Arguments of `history`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  minimax-watch history studio-a
  minimax-watch history studio-a --since 30d
  minimax-watch history studio-a --at -3d   # as it was three days ago")]
pub struct HistoryArgs {
    /// The name or id of an account, or SUBSCRIPTION/ID
    #[arg(value_name = "ACCOUNT")]
    pub account: String,
    /// Only the configuration at that time, such as -3d
    #[arg(long, value_name = "TIME", conflicts_with = "since", allow_hyphen_values = true)]
    pub at: Option<String>,
    /// Only configurations seen since then, such as 30d
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub since: Option<String>,
}

/// Arguments of `diff`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  minimax-watch diff studio-a               # the last change
  minimax-watch diff studio-a --from -7d --to -1d")]
pub struct DiffArgs {
    /// The name or id of an account, or SUBSCRIPTION/ID
    #[arg(value_name = "ACCOUNT")]
    pub account: String,
    /// The earlier time, such as -7d [default: when the previous configuration was last seen]
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub from: Option<String>,
    /// The later time [default: now]
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub to: Option<String>,
}
