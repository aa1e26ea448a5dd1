//! The service: the only loop. It sleeps until the earliest moment at which a step is due.
//!
//! Guarantees: the expiry clock never waits for a run, a run never for a receiver, a receiver never for another one. A store that
//! fails is tried again; one that is lost ends the service. A silence that a command adds or ends is applied within seconds, or at
//! the end of a run in progress. SIGTERM and SIGINT let what is in flight end. Leaves every decision to the steps.
//!
//! Remaining race: a process that dies after a receiver accepted a message and before that is recorded sends it again, with the
//! same id and bytes.

mod deliveries;
mod heartbeat;
mod reload;
mod run_state;
mod runs;
mod service;
mod signals;
mod start;
mod systemd;

pub use service::{Daemon, Exit};
pub use signals::HeldSignals;
pub use start::start;

#[cfg(test)]
mod tests;
