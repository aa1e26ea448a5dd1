//! What came in, in order, and a way to wait for it without sleeping.

use std::sync::Mutex;

use tokio::sync::watch;

use super::lock;

/// An append-only list that can be waited on.
pub(super) struct Ledger<T> {
    entries: Mutex<Vec<T>>,
    /// How many were ever appended; forgetting does not lower it, so that a waiter never misses one.
    total: watch::Sender<usize>,
}

impl<T: Clone> Ledger<T> {
    pub(super) fn new() -> Self {
        Self { entries: Mutex::new(Vec::new()), total: watch::Sender::new(0) }
    }

    /// Appends, and returns the entry's ordinal from 1.
    pub(super) fn append(&self, entry: T) -> usize {
        let mut entries = lock(&self.entries);
        entries.push(entry);
        let mut ordinal = 0;
        self.total.send_modify(|total| {
            *total += 1;
            ordinal = *total;
        });
        ordinal
    }

    pub(super) fn all(&self) -> Vec<T> {
        lock(&self.entries).clone()
    }

    pub(super) fn matching(&self, wanted: impl Fn(&T) -> bool) -> Vec<T> {
        lock(&self.entries).iter().filter(|entry| wanted(entry)).cloned().collect()
    }

    /// How many were ever appended.
    pub(super) fn total(&self) -> usize {
        *self.total.borrow()
    }

    /// Empties the list; the total stays.
    pub(super) fn forget(&self) {
        *lock(&self.entries) = Vec::new();
    }

    /// Returns once `total` entries were ever appended.
    pub(super) async fn reach(&self, total: usize) {
        // The sender lives in `self`, so waiting cannot fail.
        let _ = self.total.subscribe().wait_for(|reached| *reached >= total).await;
    }
}
