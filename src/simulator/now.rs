//! The time in the simulated world, which only its driver moves.

use std::sync::{Arc, Mutex};

use chrono::TimeDelta;

use super::lock::lock;
use crate::domain::clock::Clock;
use crate::domain::time::Timestamp;

/// The current time of the simulated world. Clones share it, so one driver moves several servers at once.
#[derive(Clone, Debug)]
pub struct VirtualNow(Arc<Mutex<Timestamp>>);

impl VirtualNow {
    /// Starts at `now` and stays there until it is moved.
    pub fn new(now: Timestamp) -> Self {
        Self(Arc::new(Mutex::new(now)))
    }

    /// Moves to `now`.
    pub fn set(&self, now: Timestamp) {
        *lock(&self.0) = now;
    }

    /// Moves by `by`.
    pub fn advance(&self, by: TimeDelta) {
        *lock(&self.0) += by;
    }

    /// The clock of this world, for steps that wait.
    pub fn clock(&self) -> Clock {
        let now = self.clone();
        Clock::new(move || now.now())
    }

    /// The current time.
    pub fn now(&self) -> Timestamp {
        *lock(&self.0)
    }
}
