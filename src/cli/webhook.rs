//! `webhook`, as it is typed.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// `webhook`
#[derive(Debug, Subcommand)]
pub enum Webhook {
    /// Check the signature of a delivery whose body is on stdin
    #[command(after_help = "\
The body must be byte for byte what came in: no line break more, nothing
formatted. The secret is never an argument, since anybody can read those.

Exit status: 0 valid; 3 not valid, with the reason, or the command failed

Examples:
  minimax-watch webhook verify --receiver pager --id msg_01KB… \\
    --timestamp 1795418100 --signature 'v1,…' <body.json
  minimax-watch webhook verify --secret-file webhook-secret --id msg_01KB… \\
    --timestamp 1795418100 --signature 'v1,… v1,…' --tolerance 0 <body.json")]
    Verify(Verify),
}

/// `webhook verify`
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("secret").required(true))]
pub struct Verify {
    /// The header webhook-id
    #[arg(long, value_name = "ID")]
    pub id: String,
    /// The header webhook-timestamp
    #[arg(long, value_name = "SECONDS", allow_hyphen_values = true)]
    pub timestamp: String,
    /// The header webhook-signature
    #[arg(long, value_name = "SIGNATURES", allow_hyphen_values = true)]
    pub signature: String,
    /// A file with the signing secret; during a rotation several, one a line
    #[arg(long, value_name = "FILE", group = "secret")]
    pub secret_file: Option<PathBuf>,
    /// An environment variable with the same
    #[arg(long, value_name = "NAME", group = "secret")]
    pub secret_env: Option<String>,
    /// The receiver of the configuration whose secret it is
    #[arg(long, value_name = "NAME", group = "secret")]
    pub receiver: Option<String>,
    /// How far from now it may have been signed; 0: whenever
    #[arg(long, value_name = "LENGTH", default_value = "5m")]
    pub tolerance: String,
}
