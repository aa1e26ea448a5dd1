//! The steps: look, announce, deliver, purge. Each takes `now`, does its work once and returns.
//!
//! Promises: no loop that waits and no clock; network first, then one transaction, so no lock is held while waiting
//! for others. `run`, `check`, `demo` and the tests call the same steps. Leaves when to call them to the shell.

mod announce;
mod check;
mod deliver;
mod digest;
mod look;
mod purge;
mod record;
mod watch;

use std::sync::Arc;

pub use announce::Announced;
pub use check::{Pass, Progress, Scope};
pub use deliver::Delivery;

use crate::api::Client;
use crate::config::Config;
use crate::notify::Sender;
use crate::store::Store;

/// Everything that the steps need. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Engine {
    /// The operator's decisions.
    pub config: Arc<Config>,
    /// What is remembered.
    pub store: Store,
    /// Asks the vendor.
    pub client: Client,
    /// Reaches the receivers.
    pub sender: Sender,
}
