//! Runs: when one starts, goes on and ends.
//!
//! Guarantees: one run at a time, and one message of it per receiver, however often it has to check. Requests are spread over part
//! of the time until the next run. Leaves what a run does to the engine.

use std::time::Duration;

use chrono::TimeDelta;

use super::run_state::RunState;
use super::service::{Daemon, RECHECK_RETRY, RETRY_DELAY};
use crate::domain::time::{Timestamp, in_words, minute};
use crate::engine::{NextStep, Run, RunSummary, Scope, WaitReason};
use crate::output::pluralize;
use crate::store::{RunCounts, StoreError};

/// A run is spread over this at most, since its alerts wait for its end.
const MAX_SPREAD: TimeDelta = TimeDelta::minutes(1);

/// And over one part in this many of the time until the next run.
const SPREAD_SHARE: i32 = 10;

impl Daemon {
    /// Starts or continues the run that is due.
    pub(super) fn start_due_checks(&mut self, now: Timestamp) {
        if self.run.is_checking() || self.run.wakes_at(self.next_run).is_none_or(|due| due > now) {
            return;
        }
        if matches!(self.run, RunState::Waiting(due, _) if due > now) {
            // The next run became due after `end_overtaken_run`: the next tick ends this one first.
            return;
        }
        let mut run = match std::mem::replace(&mut self.run, RunState::Checking) {
            RunState::Waiting(due, run) | RunState::Idle { recheck: Some((due, run)) } if due <= now => run,
            earlier => {
                self.plan_next_run(now);
                let run = Run::start(Scope::Everything);
                if let RunState::Idle { recheck: Some((due, _)) } = earlier {
                    run.confirm_by(due)
                } else {
                    run
                }
            }
        };
        let mut engine = self.engine.clone();
        engine.spread = if run.is_confirming() { Duration::ZERO } else { spread(self.next_run, now) };
        self.checks.spawn(async move {
            let step = run.advance(&engine, now, &|_, _| {}).await;
            (run, step)
        });
    }

    /// Ends a run that only waits for its confirmation when the next one is due, which takes the confirmation over. What the run showed is
    /// evaluated first: the next one may no longer show it.
    pub(super) fn end_overtaken_run(&mut self, now: Timestamp) {
        let is_due = self.next_run.is_some_and(|due| due <= now);
        if let RunState::Waiting(due, run) = &self.run
            && is_due
            && *due > now
            && run.awaits_confirmation()
        {
            let run = run.clone();
            self.run = RunState::Idle { recheck: Some((*due, run.clone().into_recheck())) };
            self.next_evaluation = Some(now);
            self.report_with_alerts(&run, run.counts().any_conclusive());
        }
    }

    pub(super) fn plan_next_run(&mut self, now: Timestamp) {
        let schedule = &self.engine.config.schedule;
        self.next_run = schedule.schedule.next_after(now).map(|next| next + jitter(schedule.jitter, now));
        if self.next_run.is_none() {
            tracing::error!(
                "the schedule has no run after {}: is the clock of this machine right?",
                minute(now)
            );
        }
    }

    pub(super) fn on_checks_done(
        &mut self,
        (run, step): (Run, Result<NextStep, StoreError>),
        now: Timestamp,
    ) {
        match step {
            Ok(NextStep::WaitUntil(until, reason)) => {
                log_wait(until, reason, run.counts());
                self.next_evaluation = [self.next_evaluation, run.next_stage()].into_iter().flatten().min();
                self.run = RunState::Waiting(until, run);
            }
            Ok(NextStep::Finished(summary)) => {
                log_end(summary);
                self.warn_if_overrun(&run, now);
                if summary.is_complete {
                    self.report_with_alerts(&run, summary.counts.any_conclusive());
                }
                self.run = if summary.is_complete {
                    let due = summary.next_recheck.map(|due| due.max(now + RECHECK_RETRY));
                    RunState::Idle { recheck: due.map(|due| (due, run.into_recheck())) }
                } else {
                    RunState::Interrupted
                };
                self.next_evaluation = Some(now);
            }
            Err(error) => {
                self.failed(error, "the run could not be stored, will try again");
                self.report_failed(&run);
                self.run = RunState::Interrupted;
                let retry = now + RETRY_DELAY;
                self.next_run = Some(self.next_run.map_or(retry, |next| next.min(retry)));
            }
        }
    }

    /// Runs that were due while this one went on are left out.
    fn warn_if_overrun(&self, run: &Run, now: Timestamp) {
        let (busy, started_at) = (run.busy(), run.started_at().unwrap_or(now));
        if let Some(due) = self.next_run.filter(|due| *due <= now && busy > *due - started_at) {
            tracing::warn!(
                took_s = busy.num_seconds(),
                "the checks of the run took {}: the next run was due at {} and starts now; a longer interval in the schedule, a \
                 larger [api].concurrency or [api].fetch = \"list\" would help",
                in_words(busy),
                due.format("%H:%M:%S UTC")
            );
        }
    }
}

fn log_wait(until: Timestamp, reason: WaitReason, counts: RunCounts) {
    match reason {
        WaitReason::RateLimited { accounts } => tracing::info!(
            accounts,
            "run paused: {} rate-limited, retrying at {}",
            pluralize(accounts, "account"),
            until.format("%H:%M:%S UTC")
        ),
        WaitReason::Confirmation => {
            tracing::info!(
                checked = counts.checked,
                ok = counts.ok,
                "{} checked, {} ok; confirming failures at {}",
                accounts(counts.checked),
                counts.ok,
                until.format("%H:%M:%S UTC")
            );
        }
    }
}

fn accounts(count: u32) -> String {
    pluralize(usize::try_from(count).unwrap_or(usize::MAX), "account")
}

fn log_end(RunSummary { id, counts, next_recheck, is_complete }: RunSummary) {
    let needs_recheck = next_recheck.is_some();
    let inconclusive = match counts.inconclusive {
        0 => String::new(),
        some => format!(", {some} inconclusive"),
    };
    tracing::info!(
        run = id,
        checked = counts.checked,
        ok = counts.ok,
        inconclusive = counts.inconclusive,
        needs_recheck,
        "run {}: {} checked, {} ok{inconclusive}{}",
        if is_complete { "finished" } else { "interrupted" },
        accounts(counts.checked),
        counts.ok,
        if needs_recheck { "; some failures could not be confirmed yet" } else { "" }
    );
}

/// The time over which a run that starts at `now` is spread.
pub(super) fn spread(next_run: Option<Timestamp>, now: Timestamp) -> Duration {
    let share = next_run.map_or(MAX_SPREAD, |next| (next - now) / SPREAD_SHARE);
    share.min(MAX_SPREAD).to_std().unwrap_or_default()
}

/// A delay below `max` that is computed from the moment: it differs from run to run and from machine to machine.
fn jitter(max: TimeDelta, now: Timestamp) -> TimeDelta {
    let range = max.num_milliseconds();
    if range == 0 {
        TimeDelta::zero()
    } else {
        TimeDelta::milliseconds((now.timestamp_millis().wrapping_mul(2_654_435_761)).rem_euclid(range))
    }
}
