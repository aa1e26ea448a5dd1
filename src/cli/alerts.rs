//! Arguments of `alerts`, `deliveries`, `resend`, `ack`, `explain` and `simulate`.

use clap::Args;

/// Arguments of `alerts`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  minimax-watch alerts
  minimax-watch alerts --all --json
  minimax-watch alerts --since 7d           # also those resolved since then")]
pub struct AlertsArgs {
    /// Include resolved alerts
    #[arg(long)]
    pub all: bool,
    /// Include alerts that resolved since then, such as 7d
    #[arg(long, value_name = "TIME", conflicts_with = "all", allow_hyphen_values = true)]
    pub since: Option<String>,
}

/// Arguments of `deliveries`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  minimax-watch deliveries
  minimax-watch deliveries pager --since 30d
  minimax-watch deliveries --json")]
pub struct DeliveriesArgs {
    /// Names of receivers [default: all]
    #[arg(value_name = "RECEIVER")]
    pub receivers: Vec<String>,
    /// Start of the list, such as 30d; pending messages are always listed
    #[arg(long, value_name = "TIME", default_value = "7d", allow_hyphen_values = true)]
    pub since: String,
}

/// Arguments of `resend`.
#[derive(Debug, Args)]
#[command(after_help = "\
A message that failed permanently is sent under its id. A delivered one is sent
as a new message with a new id, or with --same-id under its id: a receiver that
drops ids that it has seen then drops it, unless it lost it. A pending message
is refused: it is tried in any case. All are sent or none.

Messages keep their order, behind those that wait. The running service sends
them within a minute; without it, the next `check` does. A delivered message
that is sent again changes neither alerts nor reminders.

`deliveries` prints the ids; four or more of the first or last characters of an
id suffice.

Examples:
  minimax-watch resend msg_01KAQ9Z0X0000000000000000
  minimax-watch resend 01KAQ9Z0X0 01KAQB77VM --same-id")]
pub struct ResendArgs {
    /// Ids of messages
    #[arg(value_name = "MESSAGE", required = true)]
    pub messages: Vec<String>,
    /// Send delivered messages under the ids that they have
    #[arg(long)]
    pub same_id: bool,
}

/// Arguments of `ack`.
#[derive(Debug, Args)]
#[command(after_help = "\
An account's name (or a subscription's, or a receiver's) stands for its alert
if exactly one is open. Otherwise give the alert's id, as `alerts` prints it;
four or more of its first or last characters suffice.

Examples:
  minimax-watch ack studio-a --reason 'renewed at eight'
  minimax-watch ack 01KAQ9Z0X0000000000000000 --undo")]
pub struct AckArgs {
    /// Names of accounts, or ids of alerts
    #[arg(value_name = "ALERT", required = true)]
    pub alerts: Vec<String>,
    /// A note: what is being done
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    pub reason: String,
    /// Remove the acknowledgement: reminders are sent again
    #[arg(long, conflicts_with = "reason")]
    pub undo: bool,
}

/// Arguments of `simulate`.
#[derive(Debug, Args)]
#[command(after_help = "\
Applies the real rules to a copy of the store, in virtual time, and assumes that
no check changes anything and that every delivery succeeds. Sends and stores
nothing.

Examples:
  minimax-watch simulate
  minimax-watch simulate --for 90d --json")]
pub struct SimulateArgs {
    /// Length of the forecast
    #[arg(long = "for", value_name = "LENGTH", default_value = "30d")]
    pub length: String,
}

/// Arguments of `explain`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  minimax-watch explain studio-a
  minimax-watch explain main/123456 --json")]
pub struct ExplainArgs {
    /// The name or id of an account, or SUBSCRIPTION/ID
    #[arg(value_name = "ACCOUNT")]
    pub account: String,
}
