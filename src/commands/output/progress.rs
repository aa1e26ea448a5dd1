//! Progress on stderr, when it is a terminal and the run is long.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A bar that appears only where somebody watches.
pub(crate) struct Progress(ProgressBar);

impl Progress {
    /// Prepares a bar; nothing is drawn yet.
    pub(crate) fn new() -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(5));
        if let Ok(style) = ProgressStyle::with_template("{msg}") {
            bar.set_style(style);
        }
        Self(bar)
    }

    /// Shows how far it is, from one second on.
    pub(crate) fn show(&self, what: &'static str, done: usize, total: usize) {
        if self.0.elapsed() < Duration::from_secs(1) {
            return;
        }
        self.0.set_message(format!("{what} {done}/{total}"));
        self.0.tick();
    }

    /// Says what goes on.
    pub(crate) fn say(&self, what: &'static str) {
        self.0.set_message(what);
        self.0.tick();
    }

    /// Takes the bar away.
    pub(crate) fn finish(&self) {
        self.0.finish_and_clear();
    }
}
