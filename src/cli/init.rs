//! Arguments of `init`.

use std::path::PathBuf;

use clap::Args;

/// Arguments of `init`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Asks for what the options and the environment do not give, if it is started in
a terminal. It checks the API token and sends a test message first, then writes
./minimax-watch.toml (or --config) and one file for each secret beside it, all
readable by you only. It writes all of them or none, and overwrites nothing.
In a folder with a subfolder `secrets`, such as /etc/minimax-watch, the secrets
go there, and the configuration is readable by all, as systemd's units need it.

The API token: --token-file, else $USEAPI_TOKEN, else the file that
$USEAPI_TOKEN_FILE names. Receivers: $MINIMAX_WATCH_TELEGRAM_TOKEN with
$MINIMAX_WATCH_TELEGRAM_CHAT_ID, $MINIMAX_WATCH_NTFY_URL,
$MINIMAX_WATCH_DISCORD_URL, $MINIMAX_WATCH_SLACK_URL,
$MINIMAX_WATCH_WEBHOOK_URL, or $MINIMAX_WATCH_SMTP_URL with
$MINIMAX_WATCH_MAIL_FROM and $MINIMAX_WATCH_MAIL_TO; each also with _FILE.

Exit status: 0 if the files were written, else 3, and nothing was changed,
unless it says that the files were written

Examples:
  minimax-watch init
  USEAPI_TOKEN=… MINIMAX_WATCH_NTFY_URL=https://ntfy.sh/… minimax-watch init
  minimax-watch init --token-file token --account 123456=studio-a --no-receiver")]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of the command line")]
pub struct InitArgs {
    /// File that holds the API token
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// An account to watch, and your name for it; repeatable [default: all]
    #[arg(long = "account", value_name = "ID[=NAME]")]
    pub accounts: Vec<String>,
    /// Watch every account that the API lists, also later ones
    #[arg(long)]
    pub discover: bool,
    /// Notify nobody: only `status` and the exit status of `check` report alerts
    #[arg(long)]
    pub no_receiver: bool,
    /// Send no test message
    #[arg(long)]
    pub skip_test: bool,
    /// Ask nothing, also in a terminal
    #[arg(long)]
    pub no_input: bool,
}
