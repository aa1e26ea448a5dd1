//! Every rule of the watcher, and nothing else: what an answer means, what changed, what should fire, who should hear it.
//!
//! Promises: no I/O, no clock, no environment. `now` is an argument, so the same call gives the same answer at any hour.
//! Leaves to others: gathering the facts (`api`, `store`) and carrying out the decisions (`engine`, `notify`).

pub mod account;
pub mod account_glob;
pub mod alert;
pub mod announce;
pub mod assess;
pub mod backoff;
pub mod change;
pub mod clock;
pub mod configuration;
pub mod diff;
pub mod directory;
pub mod expiry;
pub mod expiry_tracking;
pub mod foresight;
pub mod message;
pub mod moment;
pub mod observation;
pub mod overdue;
pub mod pace;
pub mod policy;
pub mod retry_after;
pub mod route;
pub mod schedule;
pub mod severity;
pub mod silence;
pub mod span;
pub mod standing;
pub mod summary;
pub mod supervisor;
pub mod text;
pub mod time;
pub mod verdict;
