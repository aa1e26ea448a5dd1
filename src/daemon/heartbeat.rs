//! The heartbeat after each run.
//!
//! Guarantees: a run is reported once, by its result, when its alerts are stored; one whose alerts cannot be stored is reported as failed
//! first. A request that fails is repeated until the next run is due, and never after it. No run and no delivery waits for it.

use std::time::Duration;

use super::run_state::UnreportedRun;
use super::service::Daemon;
use crate::clock;
use crate::domain::time::Timestamp;
use crate::engine::Run;

/// The pauses after failed requests; the last one repeats.
const PAUSES: [Duration; 3] = [Duration::from_secs(5), Duration::from_secs(30), Duration::from_mins(1)];

impl Daemon {
    /// Reports `run` with the next evaluation.
    pub(super) fn report_with_alerts(&mut self, run: &Run, is_success: bool) {
        if self.is_new(run) {
            self.unreported_run = Some(UnreportedRun { is_success, is_failure_reported: false });
        }
    }

    /// Reports that `run` failed.
    pub(super) fn report_failed(&mut self, run: &Run) {
        if self.is_new(run) {
            self.unreported_run = None;
            self.send_heartbeat(false);
        }
    }

    /// The alerts of the last finished run are stored, or cannot be.
    pub(super) fn report_evaluated(&mut self, is_stored: bool) {
        match &mut self.unreported_run {
            Some(UnreportedRun { is_success, .. }) if is_stored => {
                let is_success = *is_success;
                self.unreported_run = None;
                self.send_heartbeat(is_success);
            }
            Some(run) if !run.is_failure_reported => {
                run.is_failure_reported = true;
                self.send_heartbeat(false);
            }
            _ => {}
        }
    }

    /// Whether `run` was not reported before: a later confirmation belongs to the run that it confirms.
    fn is_new(&mut self, run: &Run) -> bool {
        let started_at = run.started_at();
        started_at.is_none() || std::mem::replace(&mut self.last_heartbeat, started_at) != started_at
    }

    /// Reports a run, in place of an earlier one that is still being reported.
    fn send_heartbeat(&mut self, is_success: bool) {
        let Some(heartbeat) = self.engine.config.heartbeat.clone() else { return };
        self.heartbeat.abort_all();
        while self.heartbeat.try_join_next().is_some() {}
        let until = self.engine.config.schedule.schedule.next_after(self.now());
        let sender = self.engine.sender.clone();
        self.heartbeat.spawn(async move {
            let mut pauses = PAUSES.into_iter();
            let mut pause = Duration::ZERO;
            let mut is_reported = false;
            while let Err(error) = sender.send_heartbeat(&heartbeat, is_success).await {
                if is_reported {
                    tracing::debug!("the heartbeat was not accepted: {error}");
                } else {
                    tracing::warn!(
                        "the heartbeat was not accepted, and is repeated until the next run: {error}"
                    );
                }
                is_reported = true;
                pause = pauses.next().unwrap_or(pause);
                tokio::time::sleep(pause).await;
                if is_over(until) {
                    return;
                }
            }
        });
    }
}

fn is_over(until: Option<Timestamp>) -> bool {
    until.is_some_and(|until| until <= clock::now())
}
