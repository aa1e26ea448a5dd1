//! Colour by severity, where a terminal is watched. Never the only carrier: the word is there as well.

use crate::domain::alert::Severity;

/// Whether to use colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Paint(pub(super) bool);

/// The severity's word in capitals, coloured where that is wanted.
pub(super) fn severity(severity: Severity, paint: Paint) -> String {
    let code = match severity {
        Severity::Info => "36",
        Severity::Warning => "33",
        Severity::Critical => "31",
    };
    coloured(&severity.as_str().to_uppercase(), code, paint)
}

/// A headline.
pub(super) fn bold(text: &str, paint: Paint) -> String {
    coloured(text, "1", paint)
}

fn coloured(text: &str, code: &str, Paint(on): Paint) -> String {
    if on { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
}
