//! `check --timeout`: the command ends in time, whatever it is doing.
//!
//! Guarantees: the deadline holds also while something blocks. Work in progress is neither waited for nor cancelled: it ends with
//! the process, which the store survives like a kill. Cancelling would roll back transactions and release the lock while other
//! parts still run.

use std::borrow::Cow;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use anyhow::Context;
use chrono::TimeDelta;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::config::Config;
use crate::domain::duration;

/// One request may take this part of the time: one for the API, one for a receiver, and one for everything else.
const SHARE: u32 = 3;

/// Printing gets at least this much, also when no time is left.
const MIN_PRINT_TIME: Duration = Duration::from_secs(1);

/// What a check is doing, for the error message at the deadline.
#[derive(Clone, Debug, Default)]
pub(super) struct CurrentStep(watch::Sender<Cow<'static, str>>);

impl CurrentStep {
    pub(super) fn set(&self, step: impl Into<Cow<'static, str>>) {
        self.0.send_replace(step.into());
    }
}

/// Shortens the time-outs of single requests, so that time is left to store the outcome and to notify: an answer that never comes
/// is an outcome, too.
pub(super) fn shorten(config: &mut Config, length: Duration) {
    let max = length / SHARE;
    config.api.timeout = config.api.timeout.min(max);
    for receiver in &mut config.receivers {
        let timeout = receiver.channel.timeout_mut();
        *timeout = max.min(*timeout);
    }
    if let Some(heartbeat) = &mut config.heartbeat {
        heartbeat.timeout = heartbeat.timeout.min(max);
    }
}

/// How long a check may wait for rate limits, once before and once during confirmation.
pub(super) fn rate_limit_budget(length: Duration) -> TimeDelta {
    TimeDelta::from_std(length / (2 * SHARE)).unwrap_or(TimeDelta::MAX)
}

/// How long a check may wait for what is read beside its checks, once before and once during confirmation.
pub(super) fn reading_time(length: Duration) -> Duration {
    length / (2 * SHARE)
}

/// The result of `work`, if it ends within `length`.
///
/// # Errors
/// When it does not. Then it may still run, and the process must end.
pub(super) async fn within<T: Send + 'static>(
    length: Option<Duration>,
    work: impl Future<Output = anyhow::Result<T>> + Send + 'static,
    step: &CurrentStep,
) -> anyhow::Result<T> {
    // A task of its own, so that work that blocks does not hold up the time-out.
    let mut task = JoinSet::new();
    task.spawn(work);
    let length = length.unwrap_or(Duration::MAX);
    if let Ok(done) = tokio::time::timeout(length, task.join_next()).await {
        return done.context("the check ended without a result")??;
    }
    task.detach_all();
    let length = TimeDelta::from_std(length).map(duration::text).unwrap_or_default();
    let step = step.0.borrow().clone();
    anyhow::bail!(
        "no result within {length} (--timeout) while {step}; what was stored is kept, and the next check continues from there"
    )
}

/// The result of `print`. With a deadline it is waited for only as long as is `left`, since stdout may be a pipe that nobody reads.
///
/// # Errors
/// When it does not end; then it may still go on, and the process must end.
pub(super) fn print_within(
    left: Option<Duration>,
    print: impl FnOnce() -> anyhow::Result<u8> + Send + 'static,
) -> anyhow::Result<u8> {
    let Some(left) = left else { return print() };
    let (sender, printed) = mpsc::sync_channel(1);
    thread::Builder::new()
        .spawn(move || drop(sender.send(print())))
        .context("cannot start the thread that prints the result")?;
    match printed.recv_timeout(left.max(MIN_PRINT_TIME)) {
        Ok(status) => status,
        Err(_) => anyhow::bail!("the result could not be printed in time: nobody reads stdout"),
    }
}
