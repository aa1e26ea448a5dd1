//! The deciding rules held against the contract: tables, and a reference model over random stories.

mod expiries;
mod kinds;
mod properties;
mod refusals;
pub(in crate::domain) mod rehearsal;
