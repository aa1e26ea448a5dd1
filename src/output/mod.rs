//! The only place that writes to stdout and, besides the log, to stderr.
//!
//! Promises: a closed stdout ends the command quietly; colour is never the only carrier of a meaning. Nothing that comes from
//! outside drives the terminal or hides: names and texts are escaped where a line is composed, and once more where it is
//! printed (`guard`). JSON and bytes for programs carry values unaltered.

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

use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::Path;

use anyhow::Context;

pub(crate) use lines::{counted, sized};
pub(crate) use progress::Progress;

use crate::cli::{ColorChoice, Format};
use crate::config::Problems;
use crate::domain::silence::Silence;
use crate::domain::text::one_line;
use crate::domain::time::Timestamp;
use crate::report::{
    Alerts, ConfigurationAt, Deliveries, Diff, Explanation, History, News, Probe, Report, ScheduleReport,
    Simulation,
};
use crate::telemetry;
use paint::Paint;

/// `text` broken into lines of a terminal's width.
pub(crate) fn paragraph(text: &str) -> String {
    lines::wrapped(text, 0)
}

/// Prints a result.
pub(crate) fn print(text: &str) -> anyhow::Result<()> {
    bytes(guard::guarded(text).as_bytes())
}

/// Prints a result for another program.
pub(crate) fn bytes(bytes: &[u8]) -> anyhow::Result<()> {
    written(|stdout| stdout.write_all(bytes))
}

/// Prints a result as it is made, since that of many accounts is long.
fn written(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> anyhow::Result<()> {
    telemetry::settle();
    let mut stdout = BufWriter::new(io::stdout().lock());
    match write(&mut stdout).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result.context("cannot write the result to stdout"),
    }
}

fn json(answer: &impl serde::Serialize) -> anyhow::Result<()> {
    written(|stdout| {
        serde_json::to_writer_pretty(&mut *stdout, answer)?;
        stdout.write_all(b"\n")
    })
}

/// Prints a remark beside the result.
pub(crate) fn note(text: &str) {
    telemetry::write_line(&guard::guarded(text));
}

/// Prints why a command failed, with its causes.
pub(crate) fn complain(error: &anyhow::Error) {
    note(&format!("minimax-watch: {}", in_words(error)));
}

/// Says why a command failed where a monitor looks for it.
pub(crate) fn fail_as_plugin(error: &anyhow::Error) -> anyhow::Result<()> {
    print(&nagios::failure(&in_words(error)))
}

/// The same, each problem by itself: a log line must not hold another.
pub(crate) fn reasons(error: &anyhow::Error) -> Vec<String> {
    match error.downcast_ref::<Problems>() {
        Some(problems) => problems.iter().map(ToString::to_string).collect(),
        None => vec![in_words(error)],
    }
}

/// An error with its causes, none of them twice; the problems of a configuration one a line.
fn in_words(error: &anyhow::Error) -> String {
    if let Some(problems) = error.downcast_ref::<Problems>()
        && problems.iter().len() > 1
    {
        return format!("{} with the configuration:\n{problems}", counted(problems.iter().len(), "problem"));
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

/// Prints how things stand.
pub(crate) fn report(report: &Report, format: Format, color: ColorChoice) -> anyhow::Result<()> {
    match format {
        Format::Table => written(|stdout| {
            let mut stdout = guard::Guard(stdout);
            table::render(report, color.on(io::stdout().is_terminal()), &mut stdout)
        }),
        Format::Json => json(report),
        Format::Nagios => print(&nagios::render(report)),
    }
}

/// Prints what a check brought.
pub(crate) fn news(news: &News) -> anyhow::Result<()> {
    print(&news::render(news))
}

/// Prints an answer as JSON, or for people.
pub(crate) fn answer<T: serde::Serialize>(
    answer: &T,
    as_json: bool,
    for_people: impl FnOnce(&T) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    if as_json { json(answer) } else { for_people(answer) }
}

/// Prints what a new silence does, for people; `new_store` is the store that was made for it, if it was.
pub(crate) fn silence_added(
    silence: &Silence,
    new_store: Option<&Path>,
    now: Timestamp,
) -> anyhow::Result<()> {
    print(&silences::added(silence, new_store, now))
}

/// Prints silences for people.
pub(crate) fn silences(silences: &[Silence], now: Timestamp) -> anyhow::Result<()> {
    print(&silences::table(silences, now))
}

/// Prints alerts for people; `all`: also those that are over were asked for.
pub(crate) fn alerts(alerts: &Alerts, all: bool, color: ColorChoice) -> anyhow::Result<()> {
    print(&alerts::render(alerts, all, paint(color)))
}

/// Prints what became of messages, for people.
pub(crate) fn deliveries(deliveries: &Deliveries) -> anyhow::Result<()> {
    print(&deliveries::render(deliveries))
}

/// Prints why an account did or did not alert, for people.
pub(crate) fn explanation(explanation: &Explanation, color: ColorChoice) -> anyhow::Result<()> {
    print(&explanation::render(explanation, paint(color)))
}

/// Prints the configurations of an account over time, for people.
pub(crate) fn history(history: &History) -> anyhow::Result<()> {
    print(&history::history(history))
}

/// Prints a configuration as it stood, for people.
pub(crate) fn configuration_at(answer: &ConfigurationAt) -> anyhow::Result<()> {
    print(&history::configuration_at(answer))
}

/// Prints what differs between two moments, for people.
pub(crate) fn diff(diff: &Diff) -> anyhow::Result<()> {
    print(&history::diff(diff))
}

/// Prints the next runs, for people.
pub(crate) fn schedule(schedule: &ScheduleReport) -> anyhow::Result<()> {
    print(&schedule::render(schedule))
}

/// Prints what would be told, for people.
pub(crate) fn simulation(simulation: &Simulation) -> anyhow::Result<()> {
    print(&simulation::render(simulation))
}

/// Prints what answered and what did not, for people.
pub(crate) fn probe(probe: &Probe, color: ColorChoice) -> anyhow::Result<()> {
    print(&probe::render(probe, paint(color)))
}

fn paint(color: ColorChoice) -> Paint {
    Paint(color.on(io::stdout().is_terminal()))
}
