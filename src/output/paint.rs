//! Colour by severity on terminals. The word is always there as well.

use std::io::{self, IsTerminal};

use crate::cli::ColorChoice;
use crate::domain::alerts::Severity;

/// Whether to use colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Paint(pub(super) bool);

impl Paint {
    pub(crate) fn on_stdout(color: ColorChoice) -> Self {
        Self(color.on(io::stdout().is_terminal()))
    }
}

/// The severity in capitals, coloured if enabled.
pub(super) fn severity(severity: Severity, paint: Paint) -> String {
    let code = match severity {
        Severity::Info => "36",
        Severity::Warning => "33",
        Severity::Critical => "31",
    };
    coloured(&severity.as_str().to_uppercase(), code, paint)
}

/// A heading, bold if enabled.
pub(super) fn bold(text: &str, paint: Paint) -> String {
    coloured(text, "1", paint)
}

fn coloured(text: &str, code: &str, Paint(on): Paint) -> String {
    if on { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
}
