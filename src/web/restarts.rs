//! A listener that panicked starts again.
//!
//! Guarantees: at most one start each [`RESTART_DELAY`]; meanwhile the log and [`Problem`] say why it does not listen. A panic of one
//! connection ends that connection only: its task catches it.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use super::problem::Problem;
use crate::domain::text;

/// How long a start waits after a panic.
pub(super) const RESTART_DELAY: Duration = Duration::from_secs(5);

/// Calls `serve` with the time that it waits first, until it returns without a panic.
pub(super) fn serve_again_after_panics(problem: &Problem, mut serve: impl FnMut(Duration)) {
    let mut delay = Duration::ZERO;
    // What an attempt shares with the one before stays whole: the problem, whose lock outlives a panic, and the store, to which each opens
    // connections of its own.
    while let Err(panic) = catch_unwind(AssertUnwindSafe(|| serve(delay))) {
        delay = RESTART_DELAY;
        let reason = text::one_line(message(panic.as_ref()));
        tracing::error!(
            "the HTTP listener panicked: {reason}; watching goes on, and it starts again in {} s: report this as a bug",
            delay.as_secs()
        );
        problem.set(Some(format!("stopped by a panic ({reason}); it starts again in {} s", delay.as_secs())));
    }
}

fn message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listener_that_panics_starts_again_after_a_delay_and_says_why_meanwhile() {
        let problem = Problem::default();
        let mut seen = Vec::new();
        serve_again_after_panics(&problem, |delay| {
            seen.push((delay, problem.reason()));
            match seen.len() {
                1 => panic!("injected"),
                2 => panic!("injected {}", "again"),
                _ => problem.set(None),
            }
        });
        let said = |reason| Some(format!("stopped by a panic ({reason}); it starts again in 5 s"));
        assert_eq!(
            seen,
            [
                (Duration::ZERO, None),
                (RESTART_DELAY, said("injected")),
                (RESTART_DELAY, said("injected again"))
            ]
        );
        assert_eq!(problem.reason(), None);
    }
}
