//! Announcements: what each receiver has been told. One row per telling, written together with its message.

use std::collections::BTreeMap;

use futures_util::TryStreamExt;
use serde::Serialize;

use super::rows::{millis, millis_of, moment, moment_of, severity, to_json, unreadable, word};
use super::{AT_ONCE, StoreError, Writer};
use crate::domain::account::ReceiverName;
use crate::domain::alert::{AlertId, Severity};
use crate::domain::announce::{Telling, Told};
use crate::domain::expiry::Stage;
use crate::domain::message::{MessageId, Reason, Status};
use crate::domain::time::Timestamp;

/// What is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Announced {
    /// An alert, in this condition.
    Alert {
        /// Which.
        id: AlertId,
        /// Firing or ended.
        status: Status,
        /// Why it is told.
        reason: Reason,
        /// How near its end is.
        stage: Option<Stage>,
        /// The token's end.
        expires_at: Option<Timestamp>,
    },
    /// A change, by its number.
    Change(i64),
}

/// One receiver is told one thing by one message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Announcement {
    /// What.
    pub what: Announced,
    /// How grave it was.
    pub severity: Severity,
    /// Whom.
    pub receiver: ReceiverName,
    /// When.
    pub told_at: Timestamp,
    /// By which message.
    pub message: MessageId,
}

const fn status_word(status: Status) -> &'static str {
    match status {
        Status::Firing => "firing",
        Status::Resolved => "resolved",
    }
}

pub(super) fn status(text: &str) -> Option<Status> {
    [Status::Firing, Status::Resolved].into_iter().find(|status| status_word(*status) == text)
}

pub(super) fn reason(text: &str) -> Option<Reason> {
    Reason::ALL.into_iter().find(|reason| reason.as_str() == text)
}

#[derive(sqlx::FromRow)]
struct ToldRow {
    alert: String,
    receiver: String,
    status: String,
    told_at: i64,
    stage: Option<String>,
    severity: String,
    expires_at: Option<i64>,
    present_end: Option<i64>,
    reached_at: i64,
}

impl ToldRow {
    fn telling(&self) -> Result<Telling, StoreError> {
        let stage = self
            .stage
            .as_ref()
            .map(|stage| stage.parse().map_err(|_| unreadable("announcements.stage", stage)));
        Ok(Telling {
            status: word("announcements.status", &self.status, status)?,
            at: moment("announcements.told_at", self.told_at)?,
            stage: stage.transpose()?,
            severity: severity("announcements.severity", &self.severity)?,
            expires_at: moment_of("announcements.expires_at", self.expires_at)?,
        })
    }
}

/// An announcement by the names of the columns.
#[derive(Default, Serialize)]
struct Row {
    alert: Option<AlertId>,
    change: Option<i64>,
    status: Option<&'static str>,
    reason: Option<&'static str>,
    stage: Option<String>,
    expires_at: Option<i64>,
    severity: &'static str,
    receiver: String,
    told_at: i64,
    message: String,
}

impl Row {
    fn of(Announcement { what, severity, receiver, told_at, message }: Announcement) -> Self {
        let row = Self {
            severity: severity.as_str(),
            receiver: receiver.to_string(),
            told_at: millis(told_at),
            message: message.to_string(),
            ..Self::default()
        };
        match what {
            Announced::Alert { id, status, reason, stage, expires_at } => Self {
                alert: Some(id),
                status: Some(status_word(status)),
                reason: Some(reason.as_str()),
                stage: stage.map(|stage| stage.to_string()),
                expires_at: millis_of(expires_at),
                ..row
            },
            Announced::Change(id) => Self { change: Some(id), ..row },
        }
    }
}

/// What one receiver was told of one alert, oldest first.
struct Tellings {
    alert: String,
    receiver: String,
    /// The alert's present end, and when its stage was reached.
    present: (Option<Timestamp>, Timestamp),
    all: Vec<Telling>,
}

impl Tellings {
    fn told(self, now: Timestamp) -> Option<((AlertId, ReceiverName), Told)> {
        let told = Told::of(self.all, self.present, now)?;
        Some(((AlertId::new(self.alert), ReceiverName::new(self.receiver)), told))
    }
}

impl Writer {
    /// Keeps what messages tell, in this order.
    pub async fn record_announcements(
        &mut self,
        announcements: impl IntoIterator<Item = Announcement>,
    ) -> Result<(), StoreError> {
        let mut announcements = announcements.into_iter();
        loop {
            let rows: Vec<Row> = announcements.by_ref().take(AT_ONCE).map(Row::of).collect();
            if rows.is_empty() {
                return Ok(());
            }
            sqlx::query(
                "INSERT INTO announcements (alert, change, status, reason, stage, expires_at, severity, receiver, told_at, message)
                 SELECT value ->> 'alert', value ->> 'change', value ->> 'status', value ->> 'reason', value ->> 'stage',
                        value ->> 'expires_at', value ->> 'severity', value ->> 'receiver', value ->> 'told_at', value ->> 'message'
                 FROM json_each(?)",
            )
            .bind(to_json("announcements", &rows)?)
            .execute(self.connection())
            .await?;
        }
    }

    /// What each receiver has been told of each unsettled alert, as it counts at `now`.
    ///
    /// A fire in a message that failed permanently does not count once its alert ended (who never got the fire is not told
    /// the end), nor once the receiver took a later message: then it is due again. It is sent again once: when that failed
    /// permanently too, only something new about the alert is sent. A mail that some of its recipients took counts once the alert
    /// ended: they are told the end.
    pub async fn told(
        &mut self,
        now: Timestamp,
    ) -> Result<BTreeMap<(AlertId, ReceiverName), Told>, StoreError> {
        // INDEXED BY and CROSS JOIN begin with the few unsettled alerts; SQLite would rather walk through all that was ever
        // told, to save itself the sorting.
        let mut rows = sqlx::query_as(
            "SELECT t.alert, t.receiver, t.status, t.told_at, t.stage, t.severity, t.expires_at, a.expires_at AS present_end, a.reached_at
             FROM alerts a INDEXED BY alerts_unsettled CROSS JOIN announcements t ON t.alert = a.id
             WHERE a.settled = 0 AND NOT EXISTS (
                 SELECT 1 FROM messages f WHERE f.id = t.message AND f.state = 'failed' AND t.status = 'firing'
                 AND CASE WHEN a.resolved_at IS NOT NULL THEN f.accepted_by IS NULL ELSE
                     EXISTS (SELECT 1 FROM messages d WHERE d.receiver = f.receiver AND d.seq > f.seq
                             AND d.state <> 'pending' AND d.state = 'delivered')
                     AND NOT EXISTS (
                         SELECT 1 FROM announcements e CROSS JOIN messages g ON g.id = e.message
                         CROSS JOIN messages d ON d.receiver = g.receiver AND d.seq > g.seq AND d.seq < f.seq
                         WHERE e.alert = t.alert AND e.receiver = t.receiver AND e.id < t.id AND e.stage IS t.stage
                         AND e.severity = t.severity AND g.state = 'failed' AND d.state <> 'pending' AND d.state = 'delivered')
                 END)
             ORDER BY a.id, t.receiver, t.id",
        )
        .fetch(self.connection());
        let mut told = BTreeMap::new();
        let mut one: Option<Tellings> = None;
        while let Some(row) = rows.try_next().await? {
            let row: ToldRow = row;
            let telling = row.telling()?;
            match &mut one {
                Some(one) if one.alert == row.alert && one.receiver == row.receiver => {
                    one.all.push(telling);
                }
                other => {
                    told.extend(other.take().and_then(|one| one.told(now)));
                    let reached_at = moment("alerts.reached_at", row.reached_at)?;
                    let present = (moment_of("announcements.expires_at", row.present_end)?, reached_at);
                    let ToldRow { alert, receiver, .. } = row;
                    *other = Some(Tellings { alert, receiver, present, all: vec![telling] });
                }
            }
        }
        told.extend(one.and_then(|one| one.told(now)));
        Ok(told)
    }

    /// The first message that told `receiver` of each of `alerts`, in their order: what a mail's thread hangs on.
    pub async fn first_messages(
        &mut self,
        receiver: &ReceiverName,
        alerts: &[AlertId],
    ) -> Result<Vec<MessageId>, StoreError> {
        let mut first = Vec::new();
        for alert in alerts {
            let message: Option<String> = sqlx::query_scalar(
                "SELECT message FROM announcements WHERE alert = ? AND receiver = ? ORDER BY id LIMIT 1",
            )
            .bind(alert.as_str())
            .bind(receiver.as_str())
            .fetch_optional(self.connection())
            .await?;
            first.extend(message.map(MessageId::new).filter(|id| !first.contains(id)));
        }
        Ok(first)
    }
}
