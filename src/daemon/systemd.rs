//! What the service tells systemd (sd_notify(3)): that it is ready, how it stands, that it works. Where no service manager
//! listens, all of it goes nowhere.
//!
//! Promises: a sign of life is finished work. The loop asks for one with each pass, and it is given when the store has let
//! its one writer go: a loop or a store that is stuck gives none and is started anew, a vendor that is slow changes nothing.
//! A store that others hold, or that has no room, answers too: a new start would not mend that.

use std::time::Duration;

use chrono::TimeDelta;
use sd_notify::NotifyState;
use tokio::task::JoinSet;

use crate::domain::text;
use crate::domain::time::Timestamp;
use crate::store::Store;

/// Longer is more than `systemctl status` can show in use.
const LONGEST_STATUS: usize = 1_000;

/// How much more time a start is asked for that waits for room on the disk.
const PATIENCE: Duration = Duration::from_mins(2);

/// The line to systemd.
#[derive(Debug)]
pub(super) struct Systemd {
    /// What `systemctl status` shows.
    status: String,
    /// How often a sign of life is due, where a watchdog waits for it.
    every: Option<TimeDelta>,
    /// When the next one is.
    due: Option<Timestamp>,
    /// The question to the store.
    asking: JoinSet<()>,
}

impl Systemd {
    /// Nothing is told yet.
    pub(super) fn new(now: Timestamp) -> Self {
        // A third of the watchdog's time, so that one late answer is no end.
        let every = sd_notify::watchdog_enabled().and_then(|time| TimeDelta::from_std(time / 3).ok());
        Self { status: String::new(), every, due: every.map(|_| now), asking: JoinSet::new() }
    }

    /// The service watches, again or for the first time.
    pub(super) fn ready(&mut self, status: String) {
        tell(&[NotifyState::Ready, NotifyState::Status(&status)]);
        self.status = status;
    }

    /// A new configuration is being read.
    pub(super) fn reloading() {
        match NotifyState::monotonic_usec_now() {
            Ok(since) => tell(&[NotifyState::Reloading, since]),
            Err(_) => tell(&[NotifyState::Reloading]),
        }
    }

    /// How the service stands, when that is news.
    pub(super) fn stands(&mut self, status: String) {
        if status != self.status {
            tell(&[NotifyState::Status(&status)]);
            self.status = status;
        }
    }

    /// When the next sign of life is due.
    pub(super) const fn due(&self) -> Option<Timestamp> {
        self.due
    }

    /// Asks for a sign of life, if one is due.
    pub(super) fn live(&mut self, store: &Store, now: Timestamp) {
        while self.asking.try_join_next().is_some() {}
        let (Some(every), Some(due)) = (self.every, self.due) else { return };
        // A clock that was set back must not put it off.
        if due > now && due <= now + every {
            return;
        }
        self.due = Some(now + every);
        if self.asking.is_empty() {
            let store = store.clone();
            self.asking.spawn(async move {
                if store.answers().await {
                    tell(&[NotifyState::Watchdog]);
                }
            });
        }
    }
}

/// It never was a service, for this reason.
pub(super) fn failed(status: &str) {
    tell(&[NotifyState::Status(&one_line(status))]);
}

/// The service ends, for this reason.
pub(super) fn stopping(status: &str) {
    tell(&[NotifyState::Stopping, NotifyState::Status(&one_line(status))]);
}

/// The start waits, for this reason, and is not stuck.
pub(super) fn waiting(status: &str) {
    let more = u32::try_from(PATIENCE.as_micros()).unwrap_or(u32::MAX);
    tell(&[NotifyState::Status(&one_line(status)), NotifyState::ExtendTimeoutUsec(more)]);
}

/// One line of bounded length: systemd takes no other. What is cut off stands in the log.
pub(super) fn one_line(text: &str) -> String {
    text::shortened(&text::one_line(text), LONGEST_STATUS)
}

fn tell(news: &[NotifyState<'_>]) {
    // What it waits for in vain is systemd's to act on.
    if let Err(error) = sd_notify::notify(news) {
        tracing::debug!(%error, "cannot tell the service manager");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_one_line_that_systemd_takes() {
        assert_eq!(one_line("a\nb\tc"), "a b c");
        let long = one_line(&"é".repeat(5_000));
        assert!(long.len() < 4_096 && long.ends_with('…'), "{}", long.len());
    }
}
