//! Every rule of the watcher, and nothing else: what an answer means, what changed, what should fire, who should hear it.
//!
//! Promises: no I/O, no clock, no environment. `now` is an argument, so the same call gives the same answer at any hour.
//! Leaves to others: gathering the facts (`api`, `store`) and carrying out the decisions (`engine`, `notify`).

pub mod account;
pub mod alert;
pub mod change;
pub mod configuration;
pub mod expiry;
pub mod message;
pub mod observation;
pub mod route;
pub mod schedule;
pub mod span;
pub mod time;
