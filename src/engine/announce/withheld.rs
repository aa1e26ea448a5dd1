//! What silences withhold now. They do not name receivers, so it is the same for each.

use std::collections::BTreeMap;

use crate::domain::alert::{Alert, AlertId};
use crate::domain::directory::Directory;
use crate::domain::silence::{self, Silence};
use crate::domain::time::Timestamp;
use crate::store::StoredChange;

/// The alerts and changes that are withheld, and until when.
pub(super) struct Withheld {
    alerts: BTreeMap<AlertId, Timestamp>,
    changes: BTreeMap<i64, Timestamp>,
}

impl Withheld {
    /// What `silences` withhold at `now`.
    pub(super) fn by(
        silences: &[Silence],
        alerts: &[Alert],
        changes: &[StoredChange],
        directory: &Directory,
        now: Timestamp,
    ) -> Self {
        if silences.is_empty() {
            return Self { alerts: BTreeMap::new(), changes: BTreeMap::new() };
        }
        let alert = |alert: &Alert| Some((alert.id.clone(), directory.withheld(silences, alert, now)?));
        let change = |stored: &StoredChange| {
            let account = directory.account(&stored.change.account);
            Some((stored.id, silence::change_withheld(silences, &stored.change, &account, now)?))
        };
        Self {
            alerts: alerts.iter().filter_map(alert).collect(),
            changes: changes.iter().filter_map(change).collect(),
        }
    }

    /// Until when this alert is withheld, if it is.
    pub(super) fn alert(&self, id: &AlertId) -> Option<Timestamp> {
        self.alerts.get(id).copied()
    }

    /// Until when this change is withheld, if it is.
    pub(super) fn change(&self, id: i64) -> Option<Timestamp> {
        self.changes.get(&id).copied()
    }
}
