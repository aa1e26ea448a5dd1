//! The only place that writes to stdout and, besides the log, to stderr.
//!
//! Guarantees: a closed stdout ends the command quietly; no meaning is carried by colour alone. No text from outside can control
//! the terminal or hide: names and texts are escaped where a line is composed, and again where it is printed (`guard`). JSON and
//! bytes for programs carry values unaltered.

mod alerts;
mod deliveries;
mod explanation;
mod guard;
mod history;
mod lines;
mod nagios;
mod news;
mod paint;
mod probe;
mod progress;
mod schedule;
mod silences;
mod simulation;
mod table;
mod usable;

use std::io::{self, BufWriter, Write};

use anyhow::Context;

pub(crate) use alerts::render as alerts;
pub(crate) use deliveries::render as deliveries;
pub(crate) use explanation::render as explanation;
pub(crate) use history::{configuration_at, diff, history};
pub(crate) use lines::{format_bytes, pluralize};
pub(crate) use news::render as news;
pub(crate) use paint::Paint;
pub(crate) use probe::render as probe;
pub(crate) use progress::Progress;
pub(crate) use schedule::render as schedule;
pub(crate) use silences::{added as silence_added, table as silences};
pub(crate) use simulation::render as simulation;
pub(crate) use usable::render as usable;

use crate::cli::{ColorChoice, Format};
use crate::config::Problems;
use crate::domain::text::one_line;
use crate::report::Report;
use crate::telemetry;

/// `text` wrapped to 80 columns.
pub(crate) fn paragraph(text: &str) -> String {
    lines::wrap(text, 0)
}

/// Prints a result.
pub(crate) fn print(text: &str) -> anyhow::Result<()> {
    bytes(guard::guarded(text).as_bytes())
}

/// Prints a result for another program.
pub(crate) fn bytes(bytes: &[u8]) -> anyhow::Result<()> {
    write_stdout(|stdout| stdout.write_all(bytes))
}

/// Prints a result while it is composed: with many accounts it is long.
fn write_stdout(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> anyhow::Result<()> {
    telemetry::settle();
    let mut stdout = BufWriter::new(io::stdout().lock());
    match write(&mut stdout).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result.context("cannot write the result to stdout"),
    }
}

pub(crate) fn json(answer: &impl serde::Serialize) -> anyhow::Result<()> {
    write_stdout(|stdout| {
        serde_json::to_writer_pretty(&mut *stdout, answer)?;
        stdout.write_all(b"\n")
    })
}

/// Prints a note to stderr.
pub(crate) fn note(text: &str) {
    telemetry::write_line(&guard::guarded(text));
}

/// Prints a question to stderr, and leaves the cursor behind it.
pub(crate) fn question(text: &str) {
    telemetry::write_part(&guard::guarded(text));
}

/// Prints why a command failed, with all causes.
pub(crate) fn print_error(error: &anyhow::Error) {
    note(&format!("minimax-watch: {}", describe(error)));
}

/// Prints why a command failed to stdout, where a monitor reads it.
pub(crate) fn print_plugin_error(error: &anyhow::Error) -> anyhow::Result<()> {
    print(&nagios::failure(&describe(error)))
}

/// Why a command failed, as single lines for the log.
pub(crate) fn reasons(error: &anyhow::Error) -> Vec<String> {
    match error.downcast_ref::<Problems>() {
        Some(problems) => problems.iter().map(ToString::to_string).collect(),
        None => vec![describe(error)],
    }
}

/// An error with its causes, each once; the problems of a configuration, one per line.
fn describe(error: &anyhow::Error) -> String {
    if let Some(problems) = error.downcast_ref::<Problems>()
        && problems.iter().len() > 1
    {
        return format!(
            "{} with the configuration:\n{problems}",
            pluralize(problems.iter().len(), "problem")
        );
    }
    let mut text = one_line(&error.to_string());
    for cause in error.chain().skip(1) {
        let cause = one_line(&cause.to_string());
        if !text.contains(&cause) {
            text.push_str(": ");
            text.push_str(&cause);
        }
    }
    text
}

/// Prints the state of all accounts.
pub(crate) fn report(report: &Report, format: Format, color: ColorChoice) -> anyhow::Result<()> {
    match format {
        Format::Table => write_stdout(|stdout| {
            let mut stdout = guard::Guard(stdout);
            table::render(report, Paint::on_stdout(color).0, &mut stdout)
        }),
        Format::Json => json(report),
        Format::Nagios => print(&nagios::render(report)),
    }
}

/// Prints a result: as JSON with `--json`, else the text that `for_people` makes of it.
pub(crate) fn answer<T: serde::Serialize>(
    answer: &T,
    as_json: bool,
    for_people: impl FnOnce(&T) -> String,
) -> anyhow::Result<()> {
    if as_json { json(answer) } else { print(&for_people(answer)) }
}
