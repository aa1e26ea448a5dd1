//! The only place that writes to stdout and, besides the log, to stderr.
//!
//! Promises: a closed stdout ends the command quietly; colour is never the only carrier of a meaning.

mod nagios;
mod progress;
mod table;

use std::io::{self, IsTerminal, Write};

pub(super) use progress::Progress;

use crate::cli::{ColorChoice, Format};
use crate::report::Report;

/// Prints a result.
pub(crate) fn print(text: &str) -> anyhow::Result<()> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => Ok(result?),
    }
}

/// Prints a remark beside the result.
pub(super) fn note(text: &str) {
    // Nobody is left to be told when stderr is gone.
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Prints why a command failed, with its causes.
pub(super) fn complain(error: &anyhow::Error) {
    let mut text = format!("minimax-watch: {error}");
    for cause in error.chain().skip(1) {
        let cause = cause.to_string();
        if !text.contains(&cause) {
            text.push_str(": ");
            text.push_str(&cause);
        }
    }
    note(&text);
}

/// Prints how things stand.
pub(super) fn report(report: &Report, format: Format, color: ColorChoice) -> anyhow::Result<()> {
    let text = match format {
        Format::Table => table::render(report, color.on(io::stdout().is_terminal())),
        Format::Json => serde_json::to_string_pretty(report)? + "\n",
        Format::Nagios => nagios::render(report),
    };
    print(&text)
}
