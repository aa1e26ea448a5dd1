//! Options for all commands.

use std::ffi::OsStr;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// Options for all commands.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Options for all commands")]
pub struct Global {
    /// The configuration file [default: $MINIMAX_WATCH_CONFIG, ./minimax-watch.toml, /etc/minimax-watch/minimax-watch.toml]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// How much is logged [default: info for `run`, else warn]
    #[arg(long, global = true, value_name = "LEVEL")]
    pub log_level: Option<LogLevel>,
    /// How it is logged to stderr (default: text; under systemd to the journal, with its fields)
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
    /// What somebody must act on
    Error,
    /// What may need somebody
    Warn,
    /// One line a run, an alert and a delivery
    Info,
    /// Every look
    Debug,
    /// Everything
    Trace,
}

/// How it is logged.
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
    /// With what NO_COLOR says, which only an explicit choice overrides (no-color.org: any value but an empty one).
    #[must_use]
    pub fn settled(self, no_color: Option<&OsStr>) -> Self {
        match self {
            Self::Auto if no_color.is_some_and(|value| !value.is_empty()) => Self::Never,
            choice => choice,
        }
    }

    /// Whether to use colour on a stream that is, or is not, a terminal that may be coloured.
    pub const fn on(self, terminal: bool) -> bool {
        match self {
            Self::Auto => terminal,
            Self::Always => true,
            Self::Never => false,
        }
    }
}
