//! Where the service stands with its runs.

use crate::domain::time::Timestamp;
use crate::engine::Run;

/// At most one run is in progress. The next one starts when it has ended, or while it waits for its confirmation.
#[derive(Debug)]
pub(super) enum RunState {
    /// No run is in progress.
    Idle {
        /// When outcomes that the last run could not confirm are checked again.
        recheck: Option<(Timestamp, Run)>,
    },
    /// The last run did not end, because of a crash, a reload or a failing store, or there was none. The next one is due.
    Interrupted,
    /// Checks are in flight, in a task of their own.
    Checking,
    /// The run waits until then.
    Waiting(Timestamp, Run),
}

/// A finished run whose alerts are not stored yet.
#[derive(Clone, Copy, Debug)]
pub(super) struct UnreportedRun {
    pub(super) is_success: bool,
    /// Whether it was reported that they cannot be.
    pub(super) is_failure_reported: bool,
}

impl RunState {
    /// Whether the accounts may be half checked: then alerts move by time alone, since one cause would raise many alerts.
    pub(super) const fn is_incomplete(&self) -> bool {
        !matches!(self, Self::Idle { .. })
    }

    pub(super) const fn is_checking(&self) -> bool {
        matches!(self, Self::Checking)
    }

    /// When there is something to check, if `next_run` is due by the schedule.
    pub(super) fn wakes_at(&self, next_run: Option<Timestamp>) -> Option<Timestamp> {
        match self {
            Self::Idle { recheck } => {
                let recheck = recheck.as_ref().map(|(due, _)| *due);
                [next_run, recheck].into_iter().flatten().min()
            }
            Self::Interrupted => next_run,
            Self::Checking => None,
            Self::Waiting(until, run) => {
                let next_run = next_run.filter(|_| run.awaits_confirmation());
                Some(next_run.map_or(*until, |next| next.min(*until)))
            }
        }
    }

    /// Lets no wait last beyond `latest`, after the clock was set back.
    pub(super) fn limit_wait(&mut self, latest: Timestamp) {
        match self {
            Self::Waiting(due, _) | Self::Idle { recheck: Some((due, _)) } => *due = latest.min(*due),
            Self::Idle { recheck: None } | Self::Interrupted | Self::Checking => {}
        }
    }
}
