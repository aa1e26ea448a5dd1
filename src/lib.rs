//! `minimax-watch` watches MiniMax accounts at useapi.net and sends alerts.
//!
//! Floors; imports point down only (checked by `tests/floors.rs`):
//!
//! ```text
//! 4 shell     cli commands daemon web demo setup output report telemetry clock os_limits
//! 3 engine    runs and checks, alerting, delivery, purging
//! 2 rooms     store | api | notify | simulator      never import each other
//! 1 config    loads and validates the configuration
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
pub mod trust;
pub mod web;
