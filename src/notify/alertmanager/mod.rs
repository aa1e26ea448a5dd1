//! `alertmanager`: alerts as series that are kept alive at `/api/v2/alerts` of one or several Alertmanagers.
//!
//! Guarantees: rendering is pure; the labels are the same on every watcher of the same accounts. 2xx is the only success: everything
//! else is tried again with the next push. Leaves to `domain::series` what is pushed when, and the exchange to `notify::http`.

mod client;
#[cfg(any(test, fuzzing))]
#[path = "tests/properties.rs"]
pub(super) mod properties;
mod render;
#[cfg(test)]
mod tests;

pub(super) use self::client::{active, probe, push, send};
pub(super) use self::render::render;
pub use self::render::{alert_series, change_series};
