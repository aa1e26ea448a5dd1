//! Logs: text for people or JSON for machines on stderr; under systemd the journal's own fields, such as `ACCOUNT=`.
//!
//! Promises: from `info` on a sentence reads alone, so that people and the journal see it without the fields, which are for
//! machines. Only this program's own sentences. What libraries would log of requests and conversations at finer
//! levels could hold secrets, so they are heard from `warn` on only, whatever level is asked for. What people read, the text
//! and the journal, is escaped (`escaped`); JSON carries values unaltered. Logging never waits for whoever reads the log (see
//! `queue`), and neither does anything else that goes to stderr.

mod journal;
mod queue;

use std::ffi::OsStr;
use std::fmt;
use std::fs::File;
use std::io::{self, IsTerminal, Write as _};
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::sync::OnceLock;
use std::time::Duration;

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::format::{Format, Writer};
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;

use crate::cli::{ColorChoice, LogFormat, LogLevel};
use crate::config::Environment;
use crate::domain::text::one_line;
use journal::Journal;
use queue::{LogQueue, Target};

/// At the end of the process a log that nobody reads is waited for this long; with what the service gives to deliveries and to the
/// store that is less than the units' `TimeoutStopSec=`.
const FLUSH: Duration = Duration::from_secs(2);

/// Before a result is printed the log may take this long, so that both come in order where they share a terminal.
const ORDER: Duration = Duration::from_millis(100);

/// The way to stderr, once logging has started.
static QUEUE: OnceLock<LogQueue> = OnceLock::new();

mod escaped;

use escaped::Escaped;

/// How much a command says of itself when no level is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Voice {
    /// The log is all that there is: one line a run, an alert, a delivery.
    Service,
    /// What somebody should know beside the result. The alerts are the result, so the log does not repeat them.
    Command,
    /// Only what went wrong.
    Quiet,
    /// The same, where the result names the messages that were not delivered, so the log does not repeat them.
    News,
}

/// What is heard, at `level` if one was asked for.
pub fn filter(level: Option<LogLevel>, voice: Voice) -> Targets {
    let usual = match voice {
        Voice::Service => LogLevel::Info,
        Voice::Command => LogLevel::Warn,
        Voice::Quiet | Voice::News => LogLevel::Error,
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
    match (level, voice) {
        (None, Voice::Command) => filter.with_target("minimax_watch::engine::announce", LevelFilter::ERROR),
        (None, Voice::News) => filter.with_target("minimax_watch::engine::deliver", LevelFilter::OFF),
        _ => filter,
    }
}

/// Where the log goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// To stderr.
    Stderr(LogFormat),
    /// To the journal that stderr goes to anyway, with fields and priorities.
    Journal,
}

impl Way {
    /// As asked for; else to the journal, where stderr is one.
    pub fn of(asked: Option<LogFormat>, environment: &Environment) -> Self {
        match asked {
            Some(format) => Self::Stderr(format),
            None if is_journal(environment) => Self::Journal,
            None => Self::Stderr(LogFormat::Text),
        }
    }
}

/// Whether stderr is what `JOURNAL_STREAM` says (systemd.exec(5)): a process that was started by the service inherits the
/// variable, and may have another stderr.
fn is_journal(environment: &Environment) -> bool {
    let stderr = std::io::stderr().as_fd().try_clone_to_owned().map(File::from);
    let Ok(stderr) = stderr.and_then(|stderr| stderr.metadata()) else { return false };
    let stream = environment.variable("JOURNAL_STREAM").and_then(OsStr::to_str);
    stream.is_some_and(|stream| *stream == format!("{}:{}", stderr.dev(), stderr.ino()))
}

/// Starts logging, at `level` if one was asked for.
pub fn start(level: Option<LogLevel>, voice: Voice, way: Way, color: ColorChoice) {
    let registry = tracing_subscriber::registry().with(filter(level, voice));
    let socket = (way == Way::Journal).then(|| journal::connect().ok()).flatten();
    let has_journal = socket.is_some();
    // Without another thread the log is written where it arises: it may wait then, and is not lost.
    let queue = LogQueue::start(socket).ok();
    if let Some(queue) = &queue {
        let _ = QUEUE.set(queue.clone());
    }
    let format = match (way, &queue) {
        (Way::Journal, Some(queue)) if has_journal => {
            return registry.with(Escaped(Journal(queue.clone()))).init();
        }
        // Its socket cannot be reached from here, its stream can.
        (Way::Journal, _) => LogFormat::Text,
        (Way::Stderr(format), _) => format,
    };
    let ansi = color.on(io::stderr().is_terminal());
    let writer = move || match &queue {
        Some(queue) => Box::new(queue.clone()) as Box<dyn io::Write>,
        None => Box::new(io::stderr()),
    };
    let stderr = tracing_subscriber::fmt::layer().with_writer(writer);
    match format {
        LogFormat::Text => {
            registry.with(Escaped(stderr.with_ansi(ansi).event_format(ForPeople::default()))).init();
        }
        LogFormat::Json => registry.with(stderr.json().flatten_event(true)).init(),
    }
}

/// Writes a line to stderr, behind what was logged before, without waiting for its reader.
pub(crate) fn write_line(text: &str) {
    let line = format!("{text}\n");
    match QUEUE.get() {
        Some(queue) => queue.push(Target::Stderr, line.into_bytes()),
        // Nobody is left to be told when stderr is gone.
        None => drop(io::stderr().write_all(line.as_bytes())),
    }
}

/// Lets what was logged so far be written before something else is.
pub(crate) fn settle() {
    if let Some(queue) = QUEUE.get() {
        queue.flush(ORDER);
    }
}

/// Lets the log be written to its end, within a bounded time.
pub(crate) fn finish() {
    if let Some(queue) = QUEUE.get() {
        queue.flush(FLUSH);
    }
}

/// Our own sentences without their fields, from `info` on; everything else as it comes.
#[derive(Debug, Default)]
struct ForPeople {
    whole: Format,
}

impl<S, N> FormatEvent<S, N> for ForPeople
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
        let about = event.metadata();
        if *about.level() > Level::INFO || !about.target().starts_with("minimax_watch") {
            return self.whole.format_event(context, writer, event);
        }
        let mut sentence = Sentence(String::new());
        event.record(&mut sentence);
        let (dim, paint, plain) = match (writer.has_ansi_escapes(), *about.level()) {
            (false, _) => ("", "", ""),
            (true, Level::ERROR) => ("\x1b[2m", "\x1b[31m", "\x1b[0m"),
            (true, Level::WARN) => ("\x1b[2m", "\x1b[33m", "\x1b[0m"),
            (true, _) => ("\x1b[2m", "\x1b[32m", "\x1b[0m"),
        };
        write!(writer, "{dim}")?;
        SystemTime.format_time(&mut writer)?;
        writeln!(writer, "{plain} {paint}{:>5}{plain} {}", about.level(), one_line(&sentence.0))
    }
}

/// An event's message.
struct Sentence(String);

impl Visit for Sentence {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.0 = format!("{value:?}");
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "message" {
            value.clone_into(&mut self.0);
        }
    }
}
