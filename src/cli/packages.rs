//! What packagers ask for: completions of shells and man pages, made from the same definitions as the help.
//!
//! Promises: nothing of this machine and no date is in them, so that a package can be built again to the same bytes.

use std::io;
use std::path::PathBuf;

use clap::{Args, CommandFactory};
use clap_complete::Shell;
use clap_mangen::Man as Manual;

use super::Cli;

/// `completions`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  minimax-watch completions bash \\
    >/usr/share/bash-completion/completions/minimax-watch
  minimax-watch completions zsh >/usr/share/zsh/site-functions/_minimax-watch
  minimax-watch completions fish \\
    >/usr/share/fish/vendor_completions.d/minimax-watch.fish")]
pub struct Completions {
    /// The shell
    #[arg(value_name = "SHELL")]
    pub shell: Shell,
}

impl Completions {
    /// The shell's script.
    pub fn script(&self) -> Vec<u8> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), env!("CARGO_PKG_NAME"), &mut script);
        match String::from_utf8(script) {
            // Else bash completes nothing behind the first word: of a program with a hyphen in its name, the labels are spelt
            // another way than what they are compared with (<https://github.com/clap-rs/clap/issues/6421>).
            Ok(script) => script.replace("minimax__subcmd__watch", "minimax__watch").into_bytes(),
            Err(script) => script.into_bytes(),
        }
    }
}

/// `man`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  minimax-watch man | man -l -
  minimax-watch man --folder /usr/share/man/man1")]
pub struct Man {
    /// Write a page for each command into this folder, instead of the main page to stdout
    #[arg(long, value_name = "DIR")]
    pub folder: Option<PathBuf>,
}

/// What no definition of a command knows, at the end of the main page.
const MORE: &str = r".SH EXIT STATUS
\fBcheck\fR and \fBstatus\fR: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN (no verdict, or the command itself failed).
Every other command: 0, or 3 when it failed. Bad usage: 3.
.SH ENVIRONMENT
.TP
\fBMINIMAX_WATCH_CONFIG\fR
The configuration file, unless \fB\-\-config\fR names one.
.TP
\fBMINIMAX_WATCH__\fR\fISECTION\fR\fB__\fR\fIKEY\fR
Overrides a scalar of the configuration.
.TP
\fBUSEAPI_TOKEN\fR
The API token when there is no configuration file.
.TP
\fBCREDENTIALS_DIRECTORY\fR, \fBSTATE_DIRECTORY\fR
Where secrets are looked for first, and where the store lies, as systemd sets them.
.TP
\fBNO_COLOR\fR
No colour, unless \fB\-\-color\fR says otherwise.
.SH FILES
.TP
\fI./minimax-watch.toml\fR, \fI/etc/minimax-watch/minimax-watch.toml\fR
The configuration.
.TP
\fI~/.local/state/minimax-watch/minimax-watch.db\fR
The store, unless the configuration or \fBSTATE_DIRECTORY\fR says otherwise.
";

/// A man page.
#[derive(Clone, Debug)]
pub struct Page {
    /// Its file: `minimax-watch-silence-add.1`.
    pub file: String,
    /// Its text, for troff.
    pub text: Vec<u8>,
}

/// The page of each command, the main one first.
///
/// # Errors
/// When a page cannot be made.
pub fn pages() -> io::Result<Vec<Page>> {
    let mut main = Cli::command().disable_help_subcommand(true);
    main.build();
    let mut pages = Vec::new();
    let mut commands = vec![main];
    while let Some(command) = commands.pop() {
        commands.extend(command.get_subcommands().filter(|inner| !inner.is_hide_set()).cloned());
        let version = concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION"));
        let manual = Manual::new(command).manual("minimax-watch").source(version);
        let mut text = Vec::new();
        manual.render(&mut text)?;
        if pages.is_empty() {
            text.extend_from_slice(MORE.as_bytes());
        }
        pages.push(Page { file: manual.get_filename(), text });
    }
    Ok(pages)
}
