//! `alerts`, `deliveries`, `ack`, `explain` and `simulate`, as they are typed.

use clap::Args;

/// `alerts`
#[derive(Debug, Args)]
pub struct Alerts {
    /// Also those that are over
    #[arg(long)]
    pub all: bool,
    /// Also those that ended since: RFC 3339, or relative as 7d
    #[arg(long, value_name = "TIME", conflicts_with = "all", allow_hyphen_values = true)]
    pub since: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `deliveries`
#[derive(Debug, Args)]
pub struct Deliveries {
    /// Names of receivers [default: all]
    #[arg(value_name = "RECEIVER")]
    pub receivers: Vec<String>,
    /// From when on: RFC 3339, or relative as 7d; what waits is shown in any case
    #[arg(long, value_name = "TIME", default_value = "7d", allow_hyphen_values = true)]
    pub since: String,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `ack`
#[derive(Debug, Args)]
pub struct Ack {
    /// The ids of alerts, or their last characters
    #[arg(value_name = "ALERT", required = true)]
    pub alerts: Vec<String>,
    /// What is being done, for whoever meets it later
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    pub reason: String,
    /// Take it back: reminders come again
    #[arg(long, conflicts_with = "reason")]
    pub undo: bool,
}

/// `simulate`
#[derive(Debug, Args)]
pub struct Simulate {
    /// How much time is let pass
    #[arg(long = "for", value_name = "LENGTH", default_value = "30d")]
    pub length: String,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `explain`
#[derive(Debug, Args)]
pub struct Explain {
    /// The name or id of an account, or SUBSCRIPTION/ID
    #[arg(value_name = "ACCOUNT")]
    pub account: String,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}
