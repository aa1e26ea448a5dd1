//! One line that says it all.

use super::message::{AlertEntry, ChangeEntry};
use super::time::Timestamp;

/// The whole message in one line.
pub fn headline(alerts: &[AlertEntry], changes: &[ChangeEntry], now: Timestamp) -> String {
    let _ = now;
    format!("{} alerts, {} changes", alerts.len(), changes.len())
}
