//! Logs: text for people or JSON for machines on stderr; under systemd the journal's own fields, such as `ACCOUNT=`.
//!
//! Guarantees: from `info` on, a sentence can be read without the fields, which are for machines. Libraries log from `warn` on only,
//! whatever level is asked for: their finer levels could show secrets of requests and sessions. Text and journal are escaped
//! (`escaped`); JSON holds values unchanged. Logging never waits: one thread writes a bounded queue, and lines that find no room are
//! dropped, counted and reported (`queue`).

mod escaped;
mod journal;
mod queue;

use std::ffi::OsStr;
use std::fmt;
use std::io::{self, IsTerminal, Write as _};
use std::sync::OnceLock;
use std::time::Duration;

use nix::sys::stat::fstat;
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::filter::{LevelFilter, Targets, filter_fn};
use tracing_subscriber::fmt::format::{Format, Writer};
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;

use crate::cli::{ColorChoice, LogFormat, LogLevel};
use crate::config::Environment;
use escaped::{EscapedFields, write_fields};
use journal::Journal;
use queue::{LogQueue, Target};

/// How long the end of the process waits for the log's reader. Together with the limits for deliveries and the store this is less than the
/// units' `TimeoutStopSec=`.
const FINAL_FLUSH: Duration = Duration::from_secs(2);

/// How long a result waits for earlier log lines, so that both come in order where they share a terminal.
const RESULT_FLUSH: Duration = Duration::from_millis(100);

/// The queue to stderr, once logging has started.
static QUEUE: OnceLock<LogQueue> = OnceLock::new();

/// How much a command logs when no level is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DefaultVerbosity {
    /// One line for each run, alert and delivery: the log is the only output.
    Service,
    /// Warnings. Alerts are the result of the command, so the log does not repeat them.
    Command,
    /// Errors.
    Quiet,
    /// Errors, except failed deliveries, which the result names.
    News,
}

/// Which events are logged: from `level` on, if one is given.
pub fn filter(level: Option<LogLevel>, verbosity: DefaultVerbosity) -> Targets {
    let usual = match verbosity {
        DefaultVerbosity::Service => LogLevel::Info,
        DefaultVerbosity::Command => LogLevel::Warn,
        DefaultVerbosity::Quiet | DefaultVerbosity::News => LogLevel::Error,
    };
    let ours = match level.unwrap_or(usual) {
        LogLevel::Off => LevelFilter::OFF,
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    };
    let theirs = ours.min(LevelFilter::WARN);
    let filter = Targets::new().with_target("minimax_watch", ours).with_default(theirs);
    if level.is_none() && verbosity == DefaultVerbosity::News {
        return filter.with_target("minimax_watch::engine::deliver", LevelFilter::OFF);
    }
    filter
}

/// Whether a library logs what the failed request says too: that a certificate is not trusted. The crate's warnings, about certificates of
/// authorities that cannot be read, are said nowhere else.
fn is_said_twice(metadata: &Metadata<'_>) -> bool {
    *metadata.level() == Level::ERROR && metadata.target().starts_with("rustls_platform_verifier")
}

/// Where the log goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogTarget {
    /// To stderr.
    Stderr(LogFormat),
    /// To the journal, with fields and priorities, where stderr is connected to it.
    Journal,
}

impl LogTarget {
    /// To stderr in the format that is asked for; else to the journal, where stderr is connected to it.
    pub fn new(asked: Option<LogFormat>, environment: &Environment) -> Self {
        match asked {
            Some(format) => Self::Stderr(format),
            None if is_journal(environment) => Self::Journal,
            None => Self::Stderr(LogFormat::Text),
        }
    }
}

/// Whether stderr is the stream in `JOURNAL_STREAM` (systemd.exec(5)): a process that the service started inherits the variable and may
/// have another stderr.
fn is_journal(environment: &Environment) -> bool {
    let stream = environment.variable("JOURNAL_STREAM").and_then(OsStr::to_str);
    let Ok(stderr) = fstat(io::stderr()) else { return false };
    stream.is_some_and(|stream| *stream == format!("{}:{}", stderr.st_dev, stderr.st_ino))
}

/// Starts logging, from `level` on, if one is given.
pub fn start(level: Option<LogLevel>, verbosity: DefaultVerbosity, target: LogTarget, color: ColorChoice) {
    let said_once = filter_fn(|metadata| !is_said_twice(metadata));
    let registry = tracing_subscriber::registry().with(filter(level, verbosity)).with(said_once);
    let (format, socket) = match target {
        // If the journal's socket cannot be reached from here, its stream can.
        LogTarget::Journal => (LogFormat::Text, journal::connect().ok()),
        LogTarget::Stderr(format) => (format, None),
    };
    let has_journal = socket.is_some();
    // Without another thread each event is written at once: that may block, and loses nothing.
    let queue = LogQueue::start(socket).ok();
    if let Some(queue) = &queue {
        let _ = QUEUE.set(queue.clone());
        if has_journal {
            return registry.with(Journal(queue.clone())).init();
        }
    }
    let ansi = color.on(io::stderr().is_terminal());
    let writer = move || match &queue {
        Some(queue) => Box::new(queue.clone()) as Box<dyn io::Write>,
        None => Box::new(io::stderr()),
    };
    let stderr = tracing_subscriber::fmt::layer().with_writer(writer);
    match format {
        LogFormat::Text => {
            let stderr = stderr.with_ansi(ansi).fmt_fields(EscapedFields);
            registry.with(stderr.event_format(HumanFormat::default())).init();
        }
        LogFormat::Json => registry.with(stderr.json().flatten_event(true)).init(),
    }
}

/// Writes a line to stderr, after what was logged before, without waiting for its reader.
pub(crate) fn write_line(text: &str) {
    let line = format!("{text}\n");
    match QUEUE.get() {
        Some(queue) => queue.push(Target::Stderr, line.into_bytes()),
        // A failure could only be reported on stderr.
        None => drop(io::stderr().write_all(line.as_bytes())),
    }
}

/// Writes a part of a line to stderr, after what was logged before: a question, behind which the answer is typed.
pub(crate) fn write_part(text: &str) {
    settle();
    // A failure could only be reported on stderr.
    drop(io::stderr().write_all(text.as_bytes()));
}

/// Waits a short time for earlier log lines to be written.
pub(crate) fn settle() {
    if let Some(queue) = QUEUE.get() {
        queue.flush(RESULT_FLUSH);
    }
}

/// Waits for the whole log to be written, within a bounded time.
pub(crate) fn finish() {
    if let Some(queue) = QUEUE.get() {
        queue.flush(FINAL_FLUSH);
    }
}

/// Sentences of this program without their fields, from `info` on; other events whole.
#[derive(Debug, Default)]
struct HumanFormat {
    whole: Format,
}

impl<S, N> FormatEvent<S, N> for HumanFormat
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let metadata = event.metadata();
        if *metadata.level() > Level::INFO || !metadata.target().starts_with("minimax_watch") {
            return self.whole.format_event(context, writer, event);
        }
        let (dim, paint, plain) = match (writer.has_ansi_escapes(), *metadata.level()) {
            (false, _) => ("", "", ""),
            (true, Level::ERROR) => ("\x1b[2m", "\x1b[31m", "\x1b[0m"),
            (true, Level::WARN) => ("\x1b[2m", "\x1b[33m", "\x1b[0m"),
            (true, _) => ("\x1b[2m", "\x1b[32m", "\x1b[0m"),
        };
        write!(writer, "{dim}")?;
        SystemTime.format_time(&mut writer)?;
        write!(writer, "{plain} {paint}{:>5}{plain} ", metadata.level())?;
        write_fields(writer.by_ref(), event, true)?;
        writeln!(writer)
    }
}
