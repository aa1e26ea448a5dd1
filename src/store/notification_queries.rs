//! Notifications as commands show them: what each receiver was sent, and what happened to the message.

use schemars::JsonSchema;
use serde::Serialize;

use super::columns::{Columns, from_row, to_json};
use super::deliveries::DeliveryState;
use super::{Store, StoreError};
use crate::domain::account::ReceiverName;
use crate::domain::alerts::AlertId;
use crate::domain::message::{MessageId, Reason};
use crate::domain::notification::Notification;
use crate::domain::time::{Timestamp, seconds};

/// One notification of one alert to one receiver, and what happened to its message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotificationRecord {
    /// The alert.
    pub alert: AlertId,
    /// The receiver.
    pub receiver: ReceiverName,
    /// Why it was sent.
    pub reason: Reason,
    /// What it said of the alert.
    pub notification: Notification,
    /// Its message.
    pub message: MessageId,
    /// The state of the message; none when that is purged.
    pub state: Option<DeliveryState>,
    /// When the message was delivered or failed permanently.
    pub finished_at: Option<Timestamp>,
}

/// How often one receiver was notified of one alert, and the last time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct LatestNotification {
    /// The alert.
    #[serde(skip)]
    pub alert: AlertId,
    /// The receiver.
    pub receiver: ReceiverName,
    /// How often; notifications older than `[store].keep` are not counted.
    pub times: u32,
    /// When last.
    #[serde(serialize_with = "seconds::serialize")]
    pub last_at: Timestamp,
    /// Why it was notified then.
    pub last_reason: Reason,
    /// The state of that message; `null` when it was purged.
    pub last_state: Option<DeliveryState>,
}

from_row! {
    NotificationRecord:
        "notifications" get(alert, receiver, message) parse(reason) nested(notification);
        "messages" parse_optional(state) optional_timestamp(finished_at)
}

from_row! {
    LatestNotification:
        "notifications" get(alert, receiver) count(times) timestamp(last_at) parse(last_reason);
        "messages" parse_optional(last_state)
}

/// Selects [`NotificationRecord`]s; a literal, so that each query is one.
macro_rules! records {
    ($tail:literal) => {
        concat!(
            "SELECT n.alert, n.receiver, n.reason, n.status, n.stage, n.severity, n.expires_at, n.notified_at, n.message,
                    m.state, m.finished_at FROM notifications n LEFT JOIN messages m ON m.id = n.message ",
            $tail
        )
    };
}

fn ids_json<'a>(alerts: impl IntoIterator<Item = &'a AlertId>) -> sqlx::Result<String> {
    to_json(&alerts.into_iter().collect::<Vec<_>>())
}

impl Store {
    /// All notifications of `alerts`, oldest first for each alert and receiver.
    pub async fn notifications<'a>(
        &self,
        alerts: impl IntoIterator<Item = &'a AlertId>,
    ) -> Result<Vec<NotificationRecord>, StoreError> {
        let query = sqlx::query_as(records!(
            "WHERE n.alert IN (SELECT value FROM json_each(?)) ORDER BY n.alert, n.receiver, n.id"
        ));
        Ok(query.bind(ids_json(alerts)?).fetch_all(&self.read).await?)
    }

    /// The notifications of alerts in one message, in the order in which they were decided.
    pub async fn notifications_in_message(
        &self,
        message: &MessageId,
    ) -> Result<Vec<NotificationRecord>, StoreError> {
        let query = sqlx::query_as(records!("WHERE n.message = ? AND n.alert IS NOT NULL ORDER BY n.id"));
        Ok(query.bind(message.as_str()).fetch_all(&self.read).await?)
    }

    /// How often, and when last, each receiver was notified of each of `alerts`.
    pub async fn latest_notifications<'a>(
        &self,
        alerts: impl IntoIterator<Item = &'a AlertId>,
    ) -> Result<Vec<LatestNotification>, StoreError> {
        // Beside MAX, the other columns are those of the greatest row (SQLite, "Bare columns in an aggregate query").
        let query = sqlx::query_as(
            "SELECT n.alert, n.receiver, COUNT(*) AS times, n.notified_at AS last_at, n.reason AS last_reason,
                    m.state AS last_state, MAX(n.id)
             FROM json_each(?) CROSS JOIN notifications n ON n.alert = json_each.value LEFT JOIN messages m ON m.id = n.message
             GROUP BY n.alert, n.receiver ORDER BY n.alert, n.receiver",
        );
        Ok(query.bind(ids_json(alerts)?).fetch_all(&self.read).await?)
    }
}
