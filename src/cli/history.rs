//! `history` and `diff`, as they are typed.

use clap::Args;

/// `history`
#[derive(Debug, Args)]
pub struct History {
    /// The name or id of an account, or SUBSCRIPTION/ID
    #[arg(value_name = "ACCOUNT")]
    pub account: String,
    /// The configuration as it stood then: RFC 3339, or relative as -3d
    #[arg(long, value_name = "TIME", conflicts_with = "since", allow_hyphen_values = true)]
    pub at: Option<String>,
    /// Only what was seen since: RFC 3339, or relative as 7d
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub since: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `diff`
#[derive(Debug, Args)]
pub struct Diff {
    /// The name or id of an account, or SUBSCRIPTION/ID
    #[arg(value_name = "ACCOUNT")]
    pub account: String,
    /// The one moment: RFC 3339, or relative as -3d [default: when the configuration before was last seen]
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub from: Option<String>,
    /// The other [default: now]
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub to: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}
