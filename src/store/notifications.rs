//! Notifications: what each receiver was sent about alerts and changes. A row is written together with its message.

use std::collections::BTreeMap;

use futures_util::TryStreamExt;
use sqlx::FromRow;
use sqlx::sqlite::SqliteRow;

use super::columns::{Columns, from_row, millis, to_json};
use super::{ROWS_PER_STATEMENT, StoreError, Writer};
use crate::domain::account::ReceiverName;
use crate::domain::alerts::{AlertId, Severity};
use crate::domain::lead_times::Stage;
use crate::domain::message::{MessageId, Reason, Status};
use crate::domain::notification::{Notification, NotifiedState};
use crate::domain::time::Timestamp;

/// What a notification is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotificationSubject {
    /// An alert, as the message describes it.
    Alert {
        /// The alert.
        id: AlertId,
        /// Firing or resolved.
        status: Status,
        /// Why it is sent.
        reason: Reason,
        /// The stage of an `expiry` alert.
        stage: Option<Stage>,
        /// The expiry of the token.
        expires_at: Option<Timestamp>,
    },
    /// A change, by its number.
    Change(i64),
}

/// One receiver is notified of one alert or change by one message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotificationRow {
    /// The alert or change.
    pub subject: NotificationSubject,
    /// Its severity.
    pub severity: Severity,
    /// The receiver.
    pub receiver: ReceiverName,
    /// When this was decided.
    pub notified_at: Timestamp,
    /// The message.
    pub message: MessageId,
}

from_row! {
    Notification: "notifications"
        parse(status, severity) parse_optional(stage) timestamp(at = "notified_at") optional_timestamp(expires_at)
}

/// The notifications of one alert to one receiver, oldest first.
struct Group {
    alert: AlertId,
    receiver: ReceiverName,
    /// The present expiry of the alert, and when its stage was reached.
    present: (Option<Timestamp>, Timestamp),
    notifications: Vec<Notification>,
}

impl Group {
    fn new(row: &SqliteRow) -> sqlx::Result<Self> {
        let (columns, alert) = (Columns::new("notifications", row), Columns::new("alerts", row));
        Ok(Self {
            alert: columns.get("alert")?,
            receiver: columns.get("receiver")?,
            present: (alert.optional_timestamp("present_expiry")?, alert.timestamp("reached_at")?),
            notifications: vec![Notification::from_row(row)?],
        })
    }

    fn notified(self, now: Timestamp) -> Option<((AlertId, ReceiverName), NotifiedState)> {
        let notified = NotifiedState::fold(self.notifications, self.present, now)?;
        Some(((self.alert, self.receiver), notified))
    }
}

impl Writer {
    /// Adds notifications, in their order.
    pub async fn insert_notifications(
        &mut self,
        notifications: impl IntoIterator<Item = NotificationRow>,
    ) -> Result<(), StoreError> {
        let row = |NotificationRow { subject, severity, receiver, notified_at, message }| {
            let (alert, change) = match subject {
                NotificationSubject::Alert { id, status, reason, stage, expires_at } => {
                    let stage = stage.map(|stage: Stage| stage.to_string());
                    let alert = (id, <&str>::from(status), reason.as_str(), stage, expires_at.map(millis));
                    (Some(alert), None)
                }
                NotificationSubject::Change(id) => (None, Some(id)),
            };
            (alert, change, Severity::as_str(severity), receiver, millis(notified_at), message)
        };
        let mut notifications = notifications.into_iter();
        loop {
            let rows: Vec<_> = notifications.by_ref().take(ROWS_PER_STATEMENT).map(row).collect();
            if rows.is_empty() {
                return Ok(());
            }
            let statement = sqlx::query(
                "INSERT INTO notifications (alert, status, reason, stage, expires_at, change, severity, receiver, notified_at, message)
                 SELECT value ->> '$[0][0]', value ->> '$[0][1]', value ->> '$[0][2]', value ->> '$[0][3]', value ->> '$[0][4]',
                        value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5
                 FROM json_each(?)",
            );
            self.execute(statement.bind(to_json(&rows)?)).await?;
        }
    }

    /// What each receiver was notified of, for each alert that is not closed, as it counts at `now`.
    ///
    /// A `firing` in a message that failed permanently does not count once its alert resolved (a receiver that did
    /// not get it is not sent the resolution), nor once the receiver accepted a later message: then it is due again.
    /// It is sent again once: when that failed permanently too, only an escalation of the alert is sent. A mail that
    /// some of its recipients accepted counts once the alert resolved: they are sent the resolution.
    pub async fn notified(
        &mut self,
        now: Timestamp,
    ) -> Result<BTreeMap<(AlertId, ReceiverName), NotifiedState>, StoreError> {
        // INDEXED BY and CROSS JOIN start with the few alerts that are not closed; to save the sorting, SQLite would walk
        // through all notifications.
        let mut rows = sqlx::query(
            "SELECT n.alert, n.receiver, n.status, n.notified_at, n.stage, n.severity, n.expires_at, a.expires_at AS present_expiry, a.reached_at
             FROM alerts a INDEXED BY alerts_unclosed CROSS JOIN notifications n ON n.alert = a.id
             WHERE a.closed = 0 AND NOT EXISTS (
                 SELECT 1 FROM messages failed WHERE failed.id = n.message AND failed.state = 'failed' AND n.status = 'firing'
                 AND CASE WHEN a.resolved_at IS NOT NULL THEN failed.accepted_by IS NULL ELSE
                     EXISTS (SELECT 1 FROM messages later WHERE later.receiver = failed.receiver AND later.seq > failed.seq
                             AND later.state <> 'pending' AND later.state = 'delivered')
                     AND NOT EXISTS (
                         SELECT 1 FROM notifications earlier CROSS JOIN messages m ON m.id = earlier.message
                         CROSS JOIN messages between_them
                         ON between_them.receiver = m.receiver AND between_them.seq > m.seq AND between_them.seq < failed.seq
                         WHERE earlier.alert = n.alert AND earlier.receiver = n.receiver AND earlier.id < n.id
                         AND earlier.stage IS n.stage AND earlier.severity = n.severity AND m.state = 'failed'
                         AND between_them.state <> 'pending' AND between_them.state = 'delivered')
                 END)
             ORDER BY a.id, n.receiver, n.id",
        )
        .fetch(self.connection());
        let mut notified = BTreeMap::new();
        let mut last: Option<Group> = None;
        while let Some(row) = rows.try_next().await? {
            let group = Group::new(&row)?;
            match &mut last {
                Some(last) if last.alert == group.alert && last.receiver == group.receiver => {
                    last.notifications.extend(group.notifications);
                }
                last => notified.extend(last.replace(group).and_then(|last| last.notified(now))),
            }
        }
        notified.extend(last.and_then(|last| last.notified(now)));
        Ok(notified)
    }

    /// The first message that notified `receiver` of each of `alerts`, in their order: a mail's thread refers to
    /// them.
    pub async fn first_messages(
        &mut self,
        receiver: &ReceiverName,
        alerts: &[AlertId],
    ) -> Result<Vec<MessageId>, StoreError> {
        let mut first = Vec::new();
        for alert in alerts {
            let message: Option<MessageId> = sqlx::query_scalar(
                "SELECT message FROM notifications WHERE alert = ? AND receiver = ? ORDER BY id LIMIT 1",
            )
            .bind(alert.as_str())
            .bind(receiver.as_str())
            .fetch_optional(self.connection())
            .await?;
            first.extend(message.filter(|id| !first.contains(id)));
        }
        Ok(first)
    }
}
