//! What happened to an account: changes of its configuration, alerts, and who was notified when, newest first.
//!
//! Guarantees: reads and shows a bounded number of each, and says when there may be more.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use crate::domain::account::AccountKey;
use crate::domain::alerts::{Alert, AlertId};
use crate::domain::text;
use crate::domain::time::{Timestamp, in_words, minute, rfc3339};
use crate::report::{History, SnapshotReport};
use crate::store::{NotificationRecord, Store, StoreError};

/// The most alerts and the most entries that are shown.
const MAX_ALERTS: u32 = 100;
const MAX_ENTRIES: usize = 200;

/// The newest snapshots: each but the oldest has at least one entry, which needs the snapshot before.
pub(super) const MAX_SNAPSHOTS: u32 = 201;

/// The newest entries.
#[derive(Serialize)]
pub(super) struct Timeline {
    events: Vec<Event>,
    /// Whether there may be older ones.
    is_cut: bool,
}

/// One entry.
#[derive(Serialize)]
struct Event {
    #[serde(skip)]
    moment: Timestamp,
    at: String,
    time: String,
    /// `alert`, `escalated`, `resolved`, `notified`, `change` or `first seen`.
    what: &'static str,
    /// The class of its colour.
    tone: &'static str,
    text: String,
}

impl Event {
    fn new(moment: Timestamp, (what, tone): (&'static str, &'static str), text: String) -> Self {
        Self { moment, at: rfc3339(moment), time: minute(moment), what, tone, text }
    }
}

/// Loads the entries of `account` and of its subscription; `history` has the newest [`MAX_SNAPSHOTS`].
pub(super) async fn timeline(
    store: &Store,
    account: &AccountKey,
    history: &History,
) -> Result<Timeline, StoreError> {
    let mut alerts = store.newest_alerts_of(account, MAX_ALERTS).await?;
    let shared = store.newest_alerts_of(&AccountKey::listing(&account.subscription), MAX_ALERTS).await?;
    let most =
        [(history.snapshots.len(), MAX_SNAPSHOTS), (alerts.len(), MAX_ALERTS), (shared.len(), MAX_ALERTS)];
    let has_more = most.into_iter().any(|(count, most)| is_full(count, most));
    alerts.extend(shared);
    let ids: BTreeMap<&AlertId, &Alert> = alerts.iter().map(|alert| (&alert.id, alert)).collect();
    let notifications = store.notifications(ids.keys().copied()).await?;
    let mut events = snapshot_events(&history.snapshots);
    events.extend(alerts.iter().flat_map(alert_events));
    let notified = |record: &NotificationRecord| Some(notified(record, ids.get(&record.alert)?));
    events.extend(notifications.iter().filter_map(notified));
    events.sort_by_key(|event| Reverse(event.moment));
    let is_cut = has_more || events.len() > MAX_ENTRIES;
    events.truncate(MAX_ENTRIES);
    Ok(Timeline { events, is_cut })
}

fn is_full(count: usize, most: u32) -> bool {
    u32::try_from(count).is_ok_and(|count| count >= most)
}

/// What changed from each of the newest `snapshots` to the next. What the oldest of them changed is not known, unless it is the first one.
fn snapshot_events(snapshots: &[SnapshotReport]) -> Vec<Event> {
    let unknown = usize::from(is_full(snapshots.len(), MAX_SNAPSHOTS));
    snapshots.iter().skip(unknown).flat_map(changes).collect()
}

fn changes(snapshot: &SnapshotReport) -> Vec<Event> {
    let at = snapshot.first_seen_at;
    let Some(differences) = &snapshot.differences else {
        return vec![Event::new(
            at,
            ("first seen", "info"),
            "The first configuration that is stored.".to_owned(),
        )];
    };
    let event = |difference: &crate::report::Difference| {
        let tone = difference.severity.map_or("info", |severity| severity.as_str());
        let (before, after) = (value(&difference.before), value(&difference.after));
        Event::new(at, ("change", tone), format!("{}: {before} → {after}", text::name(&difference.field)))
    };
    differences.iter().map(event).collect()
}

/// When it opened, escalated and resolved. Only its present severity and detail are stored, so its opening shows neither once it escalated.
fn alert_events(alert: &Alert) -> Vec<Event> {
    let condition = &alert.condition;
    let (kind, severity) = (condition.kind.as_str(), condition.severity.as_str());
    let detail = text::one_line(&condition.detail);
    let is_as_opened = alert.resolved_at.is_none() && alert.reached_at == alert.opened_at;
    let opened = if is_as_opened {
        Event::new(alert.opened_at, ("alert", severity), format!("{kind}: {detail}"))
    } else {
        Event::new(alert.opened_at, ("alert", "info"), kind.to_owned())
    };
    let escalated = (alert.reached_at > alert.opened_at).then(|| {
        let stage = condition.stage.map(|stage| format!(" ({stage})")).unwrap_or_default();
        let detail = if alert.resolved_at.is_none() { format!(": {detail}") } else { String::new() };
        Event::new(alert.reached_at, ("escalated", severity), format!("{kind}{stage}{detail}"))
    });
    let resolved = alert.resolved_at.map(|at| {
        let lasted = in_words(at - alert.opened_at);
        Event::new(at, ("resolved", "ok"), format!("{kind} after {lasted}: {detail}"))
    });
    std::iter::once(opened).chain(escalated).chain(resolved).collect()
}

fn notified(record: &NotificationRecord, alert: &Alert) -> Event {
    let kind = alert.condition.kind.as_str();
    let stage = record.notification.stage.map(|stage| format!(" ({stage})")).unwrap_or_default();
    let delivery = record.state.map(|state| format!(", {}", state.as_str())).unwrap_or_default();
    let receiver = text::name(record.receiver.as_str());
    let text = format!("{receiver}: {kind}{stage} {}{delivery}", record.reason);
    Event::new(record.notification.at, ("notified", "muted"), text)
}

fn value(value: &Value) -> String {
    match value {
        Value::Null => "absent".to_owned(),
        Value::String(string) => text::quoted(string),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use chrono::{TimeDelta, TimeZone as _, Utc};

    use super::*;
    use crate::report::Difference;

    #[test]
    fn oldest_snapshot_that_was_read_is_shown_as_the_first_one_only_if_it_is() {
        let first_seen_at = Utc.with_ymd_and_hms(2026, 11, 23, 7, 15, 0).unwrap();
        let difference = Difference {
            field: "maxJobs".to_owned(),
            before: 1.into(),
            after: 2.into(),
            kind: None,
            severity: None,
        };
        let snapshot = |index: u32| SnapshotReport {
            first_seen_at: first_seen_at + TimeDelta::hours(index.into()),
            last_seen_at: first_seen_at + TimeDelta::hours(index.into()),
            checks: 1,
            configuration: BTreeMap::new(),
            differences: (index > 0).then(|| vec![difference.clone()]),
        };
        for (count, first, events) in [
            (0, None, 0),
            (3, Some("first seen"), 3),
            (200, Some("first seen"), 200),
            (201, Some("change"), 200),
        ] {
            let snapshots: Vec<_> = (0..count).map(snapshot).collect();
            let shown = snapshot_events(&snapshots);
            assert_eq!((shown.first().map(|event| event.what), shown.len()), (first, events), "{count}");
        }
    }
}
