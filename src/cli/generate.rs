//! Shell completions and man pages, generated from the definitions of the command line.
//!
//! They contain no date and nothing of this machine, so that builds are reproducible.

use std::io;

use clap::CommandFactory;
use clap_complete::Shell;
use clap_mangen::Man;

use super::command_line::{Cli, command};
use crate::report::GeneratedFile;

/// The completion script for `shell`.
pub fn completion_script(shell: Shell) -> GeneratedFile {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), env!("CARGO_PKG_NAME"), &mut script);
    // Without this, bash completes no sub-commands: for a program with a hyphen in its name, clap_complete spells the labels
    // differently where it compares them (<https://github.com/clap-rs/clap/issues/6421>).
    let text = String::from_utf8_lossy(&script).replace("minimax__subcmd__watch", "minimax__watch");
    GeneratedFile { name: shell.to_string(), text }
}

/// The end of the main page: sections that the definitions of the commands do not contain.
const MAIN_PAGE_END: &str = include_str!("main_page_end.roff");

/// The end of every other page.
const SUBCOMMAND_PAGE_END: &str = r".SH OPTIONS OF ALL COMMANDS
\fB\-\-config\fR, \fB\-\-log\-level\fR, \fB\-\-log\-format\fR, \fB\-\-color\fR: see \fBminimax\-watch\fR(1).
";

/// The page of each command, the main one first.
///
/// # Errors
/// When a page cannot be generated.
pub fn man_pages() -> io::Result<Vec<GeneratedFile>> {
    let mut main = command().disable_help_subcommand(true);
    main.build();
    let mut pages = Vec::new();
    let mut commands = vec![main];
    while let Some(command) = commands.pop() {
        commands.extend(command.get_subcommands().filter(|inner| !inner.is_hide_set()).cloned());
        let version = concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION"));
        let manual = Man::new(command).manual("minimax-watch").source(version);
        let mut text = Vec::new();
        manual.render(&mut text)?;
        let end = if pages.is_empty() { MAIN_PAGE_END } else { SUBCOMMAND_PAGE_END };
        let text = String::from_utf8_lossy(&text).into_owned() + end;
        pages.push(GeneratedFile { name: manual.get_filename(), text });
    }
    Ok(pages)
}
