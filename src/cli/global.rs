//! Options of all commands.

use std::ffi::OsStr;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// Options of all commands.
#[derive(Clone, Debug, Args)]
pub struct GlobalOptions {
    /// Configuration file [default: $MINIMAX_WATCH_CONFIG, else ./minimax-watch.toml, else /etc/minimax-watch/minimax-watch.toml, else none: the token in $USEAPI_TOKEN]
    #[arg(short, long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Print the result as JSON
    #[arg(long, global = true)]
    pub json: bool,
    /// Log level [default: info for `run`, else warn]
    #[arg(long, global = true, value_name = "LEVEL")]
    pub log_level: Option<LogLevel>,
    /// Log format on stderr [default: text; under systemd the journal's own, with fields]
    #[arg(long, global = true, value_name = "FORMAT")]
    pub log_format: Option<LogFormat>,
    /// When to use colour
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub color: ColorChoice,
}

/// How much is logged.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum LogLevel {
    /// Nothing
    Off,
    /// Errors that need action
    Error,
    /// Warnings
    Warn,
    /// One line for each run, alert and delivery
    Info,
    /// Every check
    Debug,
    /// Everything
    Trace,
}

/// How the log is written.
#[derive(Clone, Copy, Debug, ValueEnum, PartialEq, Eq)]
pub enum LogFormat {
    /// For people
    Text,
    /// For machines, one object a line
    Json,
}

/// When to use colour.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum ColorChoice {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

impl ColorChoice {
    /// Applies NO_COLOR, which only an explicit choice overrides (no-color.org: any value that is not empty).
    #[must_use]
    pub fn resolve(self, no_color: Option<&OsStr>) -> Self {
        match self {
            Self::Auto if no_color.is_some_and(|value| !value.is_empty()) => Self::Never,
            choice => choice,
        }
    }

    /// Whether to use colour on a stream; `terminal` says whether it is a terminal that shows colours.
    pub const fn on(self, terminal: bool) -> bool {
        match self {
            Self::Auto => terminal,
            Self::Always => true,
            Self::Never => false,
        }
    }
}
