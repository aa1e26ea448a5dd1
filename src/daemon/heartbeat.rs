//! The heartbeat after each run.
//!
//! Guarantees: a run is reported once, by its result; a request that fails is repeated until the next run is due, and never after it. No
//! run and no delivery waits for it.

use std::time::Duration;

use super::service::Daemon;
use crate::clock;
use crate::domain::time::Timestamp;
use crate::engine::Run;

/// The pauses after failed requests; the last one repeats.
const PAUSES: [Duration; 3] = [Duration::from_secs(5), Duration::from_secs(30), Duration::from_mins(1)];

impl Daemon {
    /// Reports `run`, in place of an earlier one that is still being reported.
    pub(super) fn send_heartbeat(&mut self, run: &Run, is_success: bool) {
        let Some(heartbeat) = self.engine.config.heartbeat.clone() else { return };
        let started_at = run.started_at();
        // A later confirmation belongs to the run that it confirms.
        if started_at.is_some() && self.last_heartbeat == started_at {
            return;
        }
        self.last_heartbeat = started_at;
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
