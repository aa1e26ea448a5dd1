//! `backup`, as it is typed.

use std::path::PathBuf;

use clap::Args;

/// `backup`
#[derive(Debug, Args)]
#[command(after_help = "\
To restore: stop the service, move the store and its -wal and -shm away, copy
the backup to the store's place, start the service. Whatever was told since the
backup may be told once more.

Examples:
  minimax-watch backup before-upgrade.db
  minimax-watch backup /var/backups/minimax-watch-$(date +%F).db")]
pub struct Backup {
    /// Where the copy goes; a file that is there already is left as it is, and that is an error
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}
