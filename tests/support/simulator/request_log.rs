//! What a server received, in order, and a way to wait for it without sleeping.

use std::sync::Mutex;

use tokio::sync::watch;

use super::lock::lock;

/// An append-only list of received requests, mails or connections.
pub(crate) struct RequestLog<T> {
    entries: Mutex<Vec<T>>,
    /// Entries that were ever appended. Clearing does not lower it, so that a waiting task misses none.
    total: watch::Sender<usize>,
}

impl<T> Default for RequestLog<T> {
    fn default() -> Self {
        Self { entries: Mutex::default(), total: watch::Sender::new(0) }
    }
}

impl<T: Clone> RequestLog<T> {
    /// Appends, and returns the entry's number, counted from 1.
    pub(crate) fn append(&self, entry: T) -> usize {
        let mut entries = lock(&self.entries);
        entries.push(entry);
        self.total.send_modify(|total| *total += 1);
        self.total()
    }

    /// The entries since the last [`clear`](Self::clear).
    pub(crate) fn all(&self) -> Vec<T> {
        lock(&self.entries).clone()
    }

    /// How many were ever appended.
    pub(crate) fn total(&self) -> usize {
        *self.total.borrow()
    }

    /// Removes the entries and frees their memory; the total stays.
    pub(crate) fn clear(&self) {
        *lock(&self.entries) = Vec::new();
    }

    /// Returns once `total` entries were ever appended.
    pub(crate) async fn wait_for(&self, total: usize) {
        // The sender lives in `self`, so waiting cannot fail.
        let _ = self.total.subscribe().wait_for(|reached| *reached >= total).await;
    }
}
