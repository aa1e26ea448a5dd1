//! The parts of `minimax-watch`, a watcher of MiniMax accounts at useapi.net.
//!
//! Floors, imports point down only (kept by `tests/floors.rs`):
//!
//! ```text
//! 4 shell     cli commands daemon demo setup output report telemetry clock os_limits
//! 3 engine    check announce deliver purge
//! 2 rooms     store | api | notify | simulator      never each other
//! 1 config    loads and validates once, then plain data
//! 0 domain    pure rules; no I/O, no clock
//! ```

pub mod api;
pub mod cli;
pub mod clock;
pub mod commands;
pub mod config;
pub mod daemon;
pub mod demo;
pub mod domain;
pub mod engine;
pub mod notify;
pub mod os_limits;
mod output;
pub mod report;
mod setup;
pub mod simulator;
pub mod store;
pub mod telemetry;
#[cfg(test)]
mod tests;
