//! Arguments of `completions` and `man`.

use std::path::PathBuf;

use clap::Args;
use clap_complete::Shell;

/// Arguments of `completions`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  minimax-watch completions bash \\
    >/usr/share/bash-completion/completions/minimax-watch
  minimax-watch completions zsh >/usr/share/zsh/site-functions/_minimax-watch
  minimax-watch completions fish \\
    >/usr/share/fish/vendor_completions.d/minimax-watch.fish")]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_name = "SHELL")]
    pub shell: Shell,
}

/// Arguments of `man`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  minimax-watch man | man -l -
  minimax-watch man --folder /usr/share/man/man1")]
pub struct ManArgs {
    /// Write a page for each command into this folder, instead of the main page to stdout
    #[arg(long, value_name = "DIR")]
    pub folder: Option<PathBuf>,
}
