//! The rules checked against the contract: tables, and a reference model over random sequences of runs.

mod credits;
mod expiries;
mod jobs;
mod kinds;
mod plans;
mod properties;
mod refusals;
pub(in crate::domain) mod world;
