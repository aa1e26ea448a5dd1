//! Commands of `webhook`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// Commands of `webhook`.
#[derive(Debug, Subcommand)]
pub enum WebhookCommand {
    /// Check the signature of a delivery whose body is on stdin
    Verify(VerifyArgs),
}

/// Arguments of `webhook verify`.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("secret").required(true))]
#[command(override_usage = "\
minimax-watch webhook verify [OPTIONS] --id <ID>
       --timestamp <SECONDS> --signature <SIGNATURES>
       <--secret-file <FILE>|--secret-env <NAME>|--receiver <NAME>>")]
#[command(after_help = "\
The body must be byte for byte as received: not formatted, no line break added.
The secret is never an argument, because other users can read those.

Exit status: 0 valid; 3 not valid, with the reason, or the command failed

Examples:
  minimax-watch webhook verify --receiver pager --id msg_01KB… \\
    --timestamp 1795418100 --signature 'v1,…' <body.json
  minimax-watch webhook verify --secret-file webhook-secret --id msg_01KB… \\
    --timestamp 1795418100 --signature 'v1,… v1,…' --tolerance 0 <body.json")]
pub struct VerifyArgs {
    /// The header webhook-id
    #[arg(long, value_name = "ID")]
    pub id: String,
    /// The header webhook-timestamp
    #[arg(long, value_name = "SECONDS", allow_hyphen_values = true)]
    pub timestamp: String,
    /// The header webhook-signature
    #[arg(long, value_name = "SIGNATURES", allow_hyphen_values = true)]
    pub signature: String,
    /// A file with the signing secret; several during a rotation, one per line
    #[arg(long, value_name = "FILE", group = "secret")]
    pub secret_file: Option<PathBuf>,
    /// An environment variable that holds the signing secret
    #[arg(long, value_name = "NAME", group = "secret")]
    pub secret_env: Option<String>,
    /// A receiver of the configuration whose secret is used
    #[arg(long, value_name = "NAME", group = "secret")]
    pub receiver: Option<String>,
    /// Largest accepted age of the timestamp; 0 accepts any
    #[arg(long, value_name = "LENGTH", default_value = "5m")]
    pub tolerance: String,
}
