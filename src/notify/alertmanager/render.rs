//! Alerts and changes as series, and series as the JSON that Alertmanager takes (`postableAlerts` of its API v2).

use std::collections::BTreeMap;

use chrono::TimeDelta;
use serde::Serialize;

use crate::domain::account::{ReceiverName, SubscriptionName};
use crate::domain::message::{AlertEntry, ChangeEntry, Message, Status};
use crate::domain::series::{
    ACCOUNT, ALERTNAME, ALERTNAME_VALUE, FIELD, KIND, Labels, Push, RECEIVER, SEVERITY, SUBSCRIPTION, Series,
};
use crate::domain::summary;
use crate::domain::text::{one_line, shortened};
use crate::domain::time::{Timestamp, rfc3339};
use crate::notify::message::{RenderError, SETUP_PAGE};

/// How long the test alert fires.
const TEST_LIFE: TimeDelta = TimeDelta::minutes(5);

/// Characters of one annotation: texts of the vendor can be long.
const MAX_ANNOTATION: usize = 1_000;

/// One alert as Alertmanager takes it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PostableAlert<'a> {
    labels: &'a Labels,
    annotations: &'a BTreeMap<String, String>,
    starts_at: String,
    ends_at: String,
    #[serde(rename = "generatorURL")]
    generator_url: &'static str,
}

impl<'a> PostableAlert<'a> {
    fn new(series: &'a Series, ends_at: Timestamp) -> Self {
        Self {
            labels: &series.labels,
            annotations: &series.annotations,
            starts_at: rfc3339(series.starts_at),
            ends_at: rfc3339(ends_at),
            generator_url: SETUP_PAGE,
        }
    }
}

/// The series that says that `alert` fires. `more` are the labels of the configuration.
pub fn alert_series(alert: &AlertEntry, more: &Labels) -> Series {
    let account = alert.account.as_ref();
    let labels = [
        (KIND, Some(alert.kind.as_str())),
        (SEVERITY, Some(alert.severity.as_str())),
        (SUBSCRIPTION, alert.subscription.as_ref().map(SubscriptionName::as_str)),
        (ACCOUNT, account.map(|account| account.id.as_str())),
        (RECEIVER, alert.receiver.as_ref().map(ReceiverName::as_str)),
    ];
    let annotations = [
        ("summary", Some(summary::lasting_line(alert))),
        ("description", Some(alert.detail.clone())),
        ("name", account.map(|account| account.name.clone())),
        ("stage", alert.stage.clone()),
        ("expires_at", alert.expires_at.map(rfc3339)),
    ];
    series(labels, annotations, alert.opened_at, more)
}

/// The series that says that `change` was seen.
pub fn change_series(change: &ChangeEntry, more: &Labels) -> Series {
    let labels = [
        (KIND, Some(change.kind.as_str())),
        (FIELD, Some(change.field.as_str())),
        (SEVERITY, Some(change.severity.as_str())),
        (SUBSCRIPTION, Some(change.subscription.as_str())),
        (ACCOUNT, Some(change.account.id.as_str())),
    ];
    let [before, after] = [&change.before, &change.after].map(summary::value_words);
    let annotations = [
        ("summary", Some(summary::change_line(change))),
        ("description", Some(format!("{} changed from {before} to {after}.", change.field))),
        ("name", Some(change.account.name.clone())),
    ];
    series(labels, annotations, change.at, more)
}

/// The message of `notify test` as short-lived alerts; a message about alerts and changes as a snapshot of them.
pub(in crate::notify) fn render(message: &Message, more: &Labels) -> Result<Vec<u8>, RenderError> {
    let now = message.timestamp;
    let alerts = message.data.alerts.iter().map(|alert| {
        let is_resolved = alert.status == Status::Resolved;
        (alert_series(alert, more), if is_resolved { now.max(alert.opened_at) } else { now + TEST_LIFE })
    });
    let changes = message.data.changes.iter().map(|change| (change_series(change, more), now + TEST_LIFE));
    let mut all: Vec<(Series, Timestamp)> = alerts.chain(changes).collect();
    if all.is_empty() {
        let labels = [(KIND, Some("test")), (SEVERITY, Some(message.data.severity.as_str()))];
        let annotations = [("summary", Some(message.data.summary.clone()))];
        all.push((series(labels, annotations, now, more), now + TEST_LIFE));
    }
    let alerts: Vec<_> = all.iter().map(|(series, ends_at)| PostableAlert::new(series, *ends_at)).collect();
    Ok(serde_json::to_vec(&alerts)?)
}

/// The body of a push.
pub(in crate::notify) fn body(pushes: &[Push]) -> Result<Vec<u8>, serde_json::Error> {
    let alerts: Vec<_> =
        pushes.iter().map(|push| PostableAlert::new(&push.stored.series, push.ends_at)).collect();
    serde_json::to_vec(&alerts)
}

fn series<const L: usize, const A: usize>(
    labels: [(&str, Option<&str>); L],
    annotations: [(&str, Option<String>); A],
    starts_at: Timestamp,
    more: &Labels,
) -> Series {
    let labels = labels.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned())));
    let annotations = annotations
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), shortened(&one_line(&value?), MAX_ANNOTATION))));
    let our_name = (ALERTNAME.to_owned(), ALERTNAME_VALUE.to_owned());
    let setup_page = ("setup_page".to_owned(), SETUP_PAGE.to_owned());
    let more = more.iter().map(|(name, value)| (name.clone(), value.clone()));
    Series {
        // Alertmanager drops an empty label, and then names the series differently from what was sent.
        labels: more.chain(labels).chain([our_name]).filter(|(_, value)| !value.is_empty()).collect(),
        annotations: annotations.chain([setup_page]).filter(|(_, value)| !value.is_empty()).collect(),
        starts_at,
    }
}
