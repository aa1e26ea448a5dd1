//! Notifications to systemd (sd_notify(3)): ready, reloading, status, watchdog. Without a service manager they have no effect.
//!
//! Guarantees: a watchdog ping is finished work. The loop asks for one with each tick, and it is sent when the store has released
//! its one writer. A loop or store that hangs sends none, and systemd restarts the service; a slow vendor changes nothing. A store
//! that another process holds, or whose disk is full, counts as working: a restart would not help.

use std::time::Duration;

use chrono::TimeDelta;
use sd_notify::NotifyState;
use tokio::task::JoinSet;

use crate::domain::text;
use crate::domain::time::Timestamp;
use crate::store::Store;

/// Characters of a status: `systemctl status` shows one line.
const MAX_STATUS: usize = 1_000;

/// By how much each notification extends the time of a start that waits for room on the disk.
const START_EXTENSION: Duration = Duration::from_mins(2);

/// The notifications to systemd.
#[derive(Debug)]
pub(super) struct Systemd {
    /// What `systemctl status` shows.
    status: String,
    /// How often a watchdog ping is due, if a watchdog is configured.
    interval: Option<TimeDelta>,
    /// When the next ping is due.
    due: Option<Timestamp>,
    /// The test of the store that precedes a ping.
    tests: JoinSet<()>,
}

impl Systemd {
    /// Sends nothing yet.
    pub(super) fn new(now: Timestamp) -> Self {
        // A third of the watchdog's time, so that one late ping does not end the service.
        let interval = sd_notify::watchdog_enabled().and_then(|time| TimeDelta::from_std(time / 3).ok());
        Self { status: String::new(), interval, due: interval.map(|_| now), tests: JoinSet::new() }
    }

    /// The service is ready, after its start or a reload.
    pub(super) fn ready(&mut self, status: String) {
        notify(&[NotifyState::Ready, NotifyState::Status(&status)]);
        self.status = status;
    }

    /// A new configuration is being read.
    pub(super) fn reloading() {
        match NotifyState::monotonic_usec_now() {
            Ok(since) => notify(&[NotifyState::Reloading, since]),
            Err(_) => notify(&[NotifyState::Reloading]),
        }
    }

    /// Sends the status if it changed.
    pub(super) fn set_status(&mut self, status: String) {
        if status != self.status {
            notify(&[NotifyState::Status(&status)]);
            self.status = status;
        }
    }

    /// When the next watchdog ping is due.
    pub(super) const fn due(&self) -> Option<Timestamp> {
        self.due
    }

    /// Tests the store and pings the watchdog, if that is due.
    pub(super) fn ping_watchdog(&mut self, store: &Store, now: Timestamp) {
        while self.tests.try_join_next().is_some() {}
        let (Some(interval), Some(due)) = (self.interval, self.due) else { return };
        // A clock that was set back must not delay it.
        if due > now && due <= now + interval {
            return;
        }
        self.due = Some(now + interval);
        if self.tests.is_empty() {
            let store = store.clone();
            self.tests.spawn(async move {
                if store.is_responsive().await {
                    notify(&[NotifyState::Watchdog]);
                }
            });
        }
    }
}

/// The service could not start, for this reason.
pub(super) fn failed(status: &str) {
    notify(&[NotifyState::Status(&one_line(status))]);
}

/// The service ends, for this reason.
pub(super) fn stopping(status: &str) {
    notify(&[NotifyState::Stopping, NotifyState::Status(&one_line(status))]);
}

/// The start waits, for this reason.
pub(super) fn waiting(status: &str) {
    let more = u32::try_from(START_EXTENSION.as_micros()).unwrap_or(u32::MAX);
    notify(&[NotifyState::Status(&one_line(status)), NotifyState::ExtendTimeoutUsec(more)]);
}

/// One line of bounded length, as systemd requires. The log has the full text.
pub(super) fn one_line(text: &str) -> String {
    text::shortened(&text::one_line(text), MAX_STATUS)
}

fn notify(states: &[NotifyState<'_>]) {
    // systemd acts on missing notifications itself.
    if let Err(error) = sd_notify::notify(states) {
        tracing::debug!(%error, "cannot notify the service manager");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn status_is_one_line_of_bounded_length() {
        assert_eq!(one_line("a\nb\tc"), "a b c");
        let long = one_line(&"é".repeat(5_000));
        assert!(long.len() < 4_096 && long.ends_with('…'), "{}", long.len());
    }
}
