//! Logs: to stderr, as text for people or JSON for machines.
//!
//! Promises: only this program's own sentences. What libraries would log of requests and conversations at finer
//! levels could hold secrets, so they are heard from `warn` on only, whatever level is asked for.

use std::io::IsTerminal;

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::cli::{ColorChoice, LogFormat, LogLevel};

/// How much a command says of itself when no level is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Voice {
    /// The log is all that there is: one line a run, an alert, a delivery.
    Service,
    /// What somebody should know beside the result. The alerts are the result, so the log does not repeat them.
    Command,
    /// Only what went wrong.
    Quiet,
}

/// What is heard, at `level` if one was asked for.
pub fn filter(level: Option<LogLevel>, voice: Voice) -> Targets {
    let usual = match voice {
        Voice::Service => LogLevel::Info,
        Voice::Command => LogLevel::Warn,
        Voice::Quiet => LogLevel::Error,
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
    if level.is_none() && voice == Voice::Command {
        filter.with_target("minimax_watch::engine::announce", LevelFilter::ERROR)
    } else {
        filter
    }
}

/// Starts logging, at `level` if one was asked for.
pub fn start(level: Option<LogLevel>, voice: Voice, format: LogFormat, color: ColorChoice) {
    let ansi = color.on(std::io::stderr().is_terminal());
    let registry = tracing_subscriber::registry().with(filter(level, voice));
    match format {
        LogFormat::Text => registry
            .with(
                tracing_subscriber::fmt::layer()
                    .with_writer(std::io::stderr)
                    .with_ansi(ansi)
                    .with_target(false),
            )
            .init(),
        LogFormat::Json => registry
            .with(tracing_subscriber::fmt::layer().json().flatten_event(true).with_writer(std::io::stderr))
            .init(),
    }
}
