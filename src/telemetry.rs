//! Logs: to stderr, as text for people or JSON for machines.
//!
//! Promises: only this program's own sentences. What libraries would log of requests and conversations at finer
//! levels could hold secrets, so they are heard from `warn` on only, whatever level is asked for.

use std::io::IsTerminal;

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::cli::{ColorChoice, LogFormat, LogLevel};

/// What is heard at `level`.
pub fn filter(level: LogLevel) -> Targets {
    let ours = match level {
        LogLevel::Off => LevelFilter::OFF,
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    };
    let theirs = ours.min(LevelFilter::WARN);
    Targets::new().with_target("minimax_watch", ours).with_default(theirs)
}

/// Starts logging.
pub fn start(level: LogLevel, format: LogFormat, color: ColorChoice) {
    let ansi = color.on(std::io::stderr().is_terminal());
    let registry = tracing_subscriber::registry().with(filter(level));
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
