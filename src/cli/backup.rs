//! Arguments of `backup`.

use std::path::PathBuf;

use clap::Args;

/// Arguments of `backup`.
#[derive(Debug, Args)]
#[command(after_help = "\
To restore: stop the service, move the store and its -wal and -shm files away,
copy the backup to the store's path, start the service. Notifications that were
sent after the backup may be sent again.

Examples:
  minimax-watch backup before-upgrade.db
  minimax-watch backup /var/backups/minimax-watch-$(date +%F).db")]
pub struct BackupArgs {
    /// The file to write; an existing file is never overwritten
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}
