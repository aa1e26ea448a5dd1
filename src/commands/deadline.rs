//! `check --timeout`: the end of the time given, whatever goes on then.
//!
//! Promises: it is kept also while something blocks. What is under way is neither waited for nor cancelled: it ends with the
//! process, in the middle of whatever it is, so that the store meets nothing but what a kill does to it, which it is made for.
//! Cancelling would be something else: transactions rolled back and the lock let go of by code that still runs.

use std::fmt;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use anyhow::Context;
use chrono::TimeDelta;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::config::{Channel, Config};
use crate::domain::span;

/// How much of the time one answer may take: the vendor's, a receiver's, and a rest for everything else.
const SHARE: u32 = 3;

/// Printing may take at least this long, also when no time is left.
const LEAST_FOR_PRINTING: Duration = Duration::from_secs(1);

/// What a check is at.
#[derive(Clone, Copy, Debug, Default)]
pub(super) enum Step {
    #[default]
    Beginning,
    Opening,
    /// A total of zero is not known yet.
    Looking {
        done: usize,
        total: usize,
    },
    LeavingAlone,
    Doubting,
    Asking {
        done: usize,
        total: usize,
    },
    Telling,
    Closing,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Beginning => f.write_str("reading the configuration"),
            Self::Opening => f.write_str("opening the store"),
            Self::Looking { total: 0, .. } => f.write_str("looking at the accounts"),
            Self::Looking { done, total } => write!(f, "looking at the accounts, {done} of {total} done"),
            Self::LeavingAlone => f.write_str("waiting as long as the API asked for (429)"),
            Self::Doubting => f.write_str("waiting to ask again about bad answers (confirm_after)"),
            Self::Asking { done, total } => {
                write!(f, "asking again about bad answers, {done} of {total} done")
            }
            Self::Telling => f.write_str("telling the receivers"),
            Self::Closing => f.write_str("putting the result together"),
        }
    }
}

/// Where what a check is at is said and read.
#[derive(Clone, Debug, Default)]
pub(super) struct At(watch::Sender<Step>);

impl At {
    /// Goes on to `step`.
    pub(super) fn step(&self, step: Step) {
        self.0.send_replace(step);
    }
}

/// Lets no single answer take so long that nothing is left for storing and telling it: an answer that never comes is
/// an observation, too.
pub(super) fn shorten(config: &mut Config, length: Duration) {
    let most = length / SHARE;
    config.api.timeout = config.api.timeout.min(most);
    for receiver in &mut config.receivers {
        match &mut receiver.channel {
            Channel::Webhook(webhook) => webhook.timeout = webhook.timeout.min(most),
            // Each of its stages. The answer to the final dot has its own limit: who cuts it sends the mail twice.
            Channel::Email(email) => email.smtp.timeout = email.smtp.timeout.min(most),
        }
    }
}

/// How much of the time each of a check's two looks may spend on leaving the vendor alone.
pub(super) fn patience(length: Duration) -> TimeDelta {
    TimeDelta::from_std(length / (2 * SHARE)).unwrap_or(TimeDelta::MAX)
}

/// What `work` gives, if it does so within `length`, where there is one.
///
/// # Errors
/// When it does not; then it may still go on, and the process must end.
pub(super) async fn keep<T: Send + 'static>(
    length: Option<Duration>,
    work: impl Future<Output = anyhow::Result<T>> + Send + 'static,
    at: &At,
) -> anyhow::Result<T> {
    // A task of its own, so that what blocks holds up itself alone, and that works where its connections do.
    let mut task = JoinSet::new();
    task.spawn(work);
    let Some(length) = length else {
        return task.join_next().await.context("the check ended without a result")??;
    };
    match tokio::time::timeout(length, task.join_next()).await {
        Ok(Some(done)) => done?,
        Ok(None) => anyhow::bail!("the check ended without a result"),
        Err(_) => {
            task.detach_all();
            let length = TimeDelta::from_std(length).map(span::text).unwrap_or_default();
            let step = *at.0.borrow();
            anyhow::bail!(
                "no result within {length}: it was {step}. What was stored stays, the next check goes on from there"
            )
        }
    }
}

/// What `print` gives; with a deadline it is waited for only as long as is `left`, since nobody may be reading stdout.
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
    match printed.recv_timeout(left.max(LEAST_FOR_PRINTING)) {
        Ok(status) => status,
        Err(_) => anyhow::bail!("the result could not be printed in time: nobody reads stdout"),
    }
}
