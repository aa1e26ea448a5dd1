//! Runs: when one begins, goes on, is asked again, and when what it saw is told.
//!
//! Promises: one run is one message, however often it has to ask; a run that is not over when the next is due is ended first, and
//! said so; accounts are asked one after the other over part of the time until the next run, not all at once.

use std::time::Duration;

use chrono::TimeDelta;

use super::{AFTER_FAULT, Daemon};
use crate::domain::time::{Timestamp, in_words, minute};
use crate::engine::{Pass, Scope};
use crate::output::counted;
use crate::store::StoreError;

/// A second question that got no verdict is asked again after this.
pub(super) const STILL_IN_DOUBT: TimeDelta = TimeDelta::minutes(1);

/// A run's questions are spread over this at the most: what it sees must not wait for long to be told.
const WIDEST_SPREAD: TimeDelta = TimeDelta::minutes(1);

/// And over this part of the time until the next run.
const SPREAD: i32 = 10;

/// Which of a run's two looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// At everything, or at whom that had to put off.
    First,
    /// At what was in doubt.
    Again,
}

impl Daemon {
    /// Begins the run or the second question that is due.
    pub(super) fn look(&mut self, now: Timestamp) {
        let mut engine = self.engine.clone();
        if let Some((put_off, run)) = self.put_off.take_if(|(put_off, _)| put_off.until <= now) {
            engine.spread = spread(self.next_run, now);
            self.looking
                .spawn(async move { (Look::First, engine.resume(run, &put_off, now, &|_, _| {}).await) });
        } else if self.put_off.is_some() {
            // The run is not over: neither its second look nor the next run overtakes it.
        } else if let Some((_, run)) = self.question.filter(|(due, _)| *due <= now && !self.is_half_seen) {
            self.question = None;
            self.looking
                .spawn(async move { (Look::Again, engine.confirm(run, None, now, &|_, _| {}).await) });
        } else if self.next_run.is_some_and(|due| due <= now) {
            self.plan_next_run(now);
            self.run_began = now;
            engine.spread = spread(self.next_run, now);
            self.looking
                .spawn(async move { (Look::First, engine.check(&Scope::Everything, now, &|_, _| {}).await) });
        }
    }

    pub(super) fn plan_next_run(&mut self, now: Timestamp) {
        let timetable = &self.engine.config.schedule;
        self.next_run = timetable.schedule.next_after(now).map(|next| next + jitter(timetable.jitter, now));
        if self.next_run.is_none() {
            tracing::error!(
                "the schedule has no run after {}: is the clock of this machine right?",
                minute(now)
            );
        }
    }

    /// A run ended: with doubts, what it has to say waits for the second answer, so that one run is one message.
    pub(super) fn looked(&mut self, (look, pass): (Look, Result<Pass, StoreError>), now: Timestamp) {
        match pass {
            Ok(pass) => {
                let counts = pass.counts;
                tracing::info!(
                    run = pass.run,
                    checked = counts.checked,
                    ok = counts.ok,
                    no_verdict = counts.no_verdict,
                    doubts = pass.doubts,
                    "run done: {} checked, {} ok{}{}",
                    counted(usize::try_from(counts.checked).unwrap_or(usize::MAX), "account"),
                    counts.ok,
                    match counts.no_verdict {
                        0 => String::new(),
                        none => format!(", {none} without a verdict"),
                    },
                    match (&pass.put_off, pass.doubts) {
                        (Some(put_off), _) => format!(
                            ", {} to be asked from {} on as the API wants",
                            put_off.accounts.len(),
                            put_off.until.format("%H:%M:%S UTC")
                        ),
                        (None, true) => ", some to be asked again".to_owned(),
                        (None, false) => String::new(),
                    }
                );
                let again = pass.put_off.as_ref().map(|put_off| put_off.until);
                if look == Look::First {
                    self.put_off = pass.put_off.map(|put_off| (put_off, pass.run));
                    // A reload cut it short: the next one, which is due at once, sees everything.
                    self.is_half_seen = self.next_engine.is_some();
                }
                self.say_if_late(look, now);
                let waits = self.put_off.is_some() || pass.doubts && look == Look::First;
                let pause = self.engine.config.alerts.confirm_after;
                let earlier = self.question.map(|(due, _)| due);
                let due = match (pass.doubts, look) {
                    (false, _) => None,
                    // With runs closer together than the pause, each one would put the second look off for ever, and with
                    // it every word.
                    (true, Look::First) => Some(earlier.map_or(now + pause, |due| due.min(now + pause))),
                    (true, Look::Again) => Some(again.unwrap_or(now).max(now + pause.max(STILL_IN_DOUBT))),
                };
                self.question = due.map(|due| (due, pass.run));
                self.next_word = if waits {
                    [self.next_word, pass.next_rung].into_iter().flatten().min()
                } else {
                    Some(now)
                };
            }
            Err(error) => {
                self.failed(error, "the run could not be stored, will try again");
                self.is_half_seen |= look == Look::First;
                let again = now + AFTER_FAULT;
                self.next_run = Some(self.next_run.map_or(again, |next| next.min(again)));
            }
        }
    }

    /// A run that took longer than the schedule allows leaves out those that fell due meanwhile.
    fn say_if_late(&self, look: Look, now: Timestamp) {
        let is_over = look == Look::First && self.put_off.is_none();
        if let Some(due) = self.next_run.filter(|due| *due <= now && is_over) {
            let took_s = (now - self.run_began).num_seconds();
            tracing::warn!(
                took_s,
                "the run took {}: the next one was due at {} and begins now; unless the API asked for pauses, a schedule with \
                 longer ones, a larger [api].concurrency or [api].fetch = \"list\" would help",
                in_words(now - self.run_began),
                due.format("%H:%M:%S UTC")
            );
        }
    }
}

/// Over how long the questions of a run are spread that begins at `now`.
pub(super) fn spread(next_run: Option<Timestamp>, now: Timestamp) -> Duration {
    let pause = next_run.map_or(WIDEST_SPREAD, |next| (next - now) / SPREAD);
    pause.min(WIDEST_SPREAD).to_std().unwrap_or_default()
}

/// Up to `most` later: spread by the moment itself, which differs from run to run and from machine to machine.
fn jitter(most: TimeDelta, now: Timestamp) -> TimeDelta {
    let range = most.num_milliseconds();
    if range == 0 {
        TimeDelta::zero()
    } else {
        TimeDelta::milliseconds((now.timestamp_millis().wrapping_mul(2_654_435_761)).rem_euclid(range))
    }
}
