//! Progress on stderr, when stderr is a terminal and the command takes long.

use std::borrow::Cow;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A line that appears only on a terminal.
pub(crate) struct Progress(ProgressBar);

impl Progress {
    /// Draws nothing yet.
    pub(crate) fn new() -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(5));
        if let Ok(style) = ProgressStyle::with_template("{msg}") {
            bar.set_style(style);
        }
        Self(bar)
    }

    /// Shows the progress, from one second on.
    pub(crate) fn show(&self, what: &'static str, done: usize, total: usize) {
        if self.0.elapsed() < Duration::from_secs(1) {
            return;
        }
        self.0.set_message(format!("{what} {done}/{total}"));
        self.0.tick();
    }

    /// Shows what the command is doing.
    pub(crate) fn say(&self, what: impl Into<Cow<'static, str>>) {
        self.0.set_message(what);
        self.0.tick();
    }

    /// Removes the line.
    pub(crate) fn finish(&self) {
        self.0.finish_and_clear();
    }
}
