//! What receivers were told, for whoever asks.

use super::announcements::{reason, status};
use super::deliveries::DeliveryState;
use super::rows::{moment, moment_of, severity, to_json, unreadable, word};
use super::{Store, StoreError};
use crate::domain::account::ReceiverName;
use crate::domain::alert::AlertId;
use crate::domain::announce::Telling;
use crate::domain::message::{MessageId, Reason};
use crate::domain::time::Timestamp;

/// One telling of one alert to one receiver, and what became of its message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredTelling {
    /// The alert.
    pub alert: AlertId,
    /// Who was told.
    pub receiver: ReceiverName,
    /// Why.
    pub reason: Reason,
    /// What it was told.
    pub telling: Telling,
    /// By which message.
    pub message: MessageId,
    /// What became of the message; none when it is forgotten.
    pub state: Option<DeliveryState>,
    /// When it was delivered or given up.
    pub finished_at: Option<Timestamp>,
}

/// How often one receiver was told of one alert, and the last time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastTold {
    /// The alert.
    pub alert: AlertId,
    /// Who was told.
    pub receiver: ReceiverName,
    /// How often; reminders that are forgotten are not counted.
    pub times: u32,
    /// When last.
    pub at: Timestamp,
    /// Why then.
    pub reason: Reason,
    /// What became of that message; none when it is forgotten.
    pub state: Option<DeliveryState>,
}

#[derive(sqlx::FromRow)]
struct TellingRow {
    alert: String,
    receiver: String,
    reason: String,
    status: String,
    stage: Option<String>,
    severity: String,
    expires_at: Option<i64>,
    told_at: i64,
    message: String,
    state: Option<String>,
    finished_at: Option<i64>,
}

impl TellingRow {
    fn read(self) -> Result<StoredTelling, StoreError> {
        let stage = self
            .stage
            .map(|stage| stage.parse().map_err(|_| unreadable("announcements.stage", stage)))
            .transpose()?;
        let telling = Telling {
            status: word("announcements.status", &self.status, status)?,
            at: moment("announcements.told_at", self.told_at)?,
            stage,
            severity: severity("announcements.severity", &self.severity)?,
            expires_at: moment_of("announcements.expires_at", self.expires_at)?,
        };
        Ok(StoredTelling {
            alert: AlertId::new(self.alert),
            receiver: ReceiverName::new(self.receiver),
            reason: word("announcements.reason", &self.reason, reason)?,
            telling,
            message: MessageId::new(self.message),
            state: state(self.state)?,
            finished_at: moment_of("messages.finished_at", self.finished_at)?,
        })
    }
}

#[derive(sqlx::FromRow)]
struct LastRow {
    alert: String,
    receiver: String,
    times: u32,
    told_at: i64,
    reason: String,
    state: Option<String>,
}

impl LastRow {
    fn read(self) -> Result<LastTold, StoreError> {
        Ok(LastTold {
            alert: AlertId::new(self.alert),
            receiver: ReceiverName::new(self.receiver),
            times: self.times,
            at: moment("announcements.told_at", self.told_at)?,
            reason: word("announcements.reason", &self.reason, reason)?,
            state: state(self.state)?,
        })
    }
}

fn state(column: Option<String>) -> Result<Option<DeliveryState>, StoreError> {
    column.map(|text| word("messages.state", &text, DeliveryState::from_word)).transpose()
}

fn ids<'a>(alerts: impl IntoIterator<Item = &'a AlertId>) -> Result<String, StoreError> {
    let ids: Vec<&str> = alerts.into_iter().map(AlertId::as_str).collect();
    to_json("alerts", &ids)
}

impl Store {
    /// Everything that anybody was told of `alerts`, oldest first for each alert and receiver.
    pub async fn tellings<'a>(
        &self,
        alerts: impl IntoIterator<Item = &'a AlertId>,
    ) -> Result<Vec<StoredTelling>, StoreError> {
        let rows: Vec<TellingRow> = sqlx::query_as(
            "SELECT t.alert, t.receiver, t.reason, t.status, t.stage, t.severity, t.expires_at, t.told_at, t.message,
                    m.state, m.finished_at
             FROM json_each(?) CROSS JOIN announcements t ON t.alert = json_each.value LEFT JOIN messages m ON m.id = t.message
             ORDER BY t.alert, t.receiver, t.id",
        )
        .bind(ids(alerts)?)
        .fetch_all(&self.read)
        .await?;
        rows.into_iter().map(TellingRow::read).collect()
    }

    /// What a message told of alerts, in the order in which it was decided.
    pub async fn told_by(&self, message: &MessageId) -> Result<Vec<StoredTelling>, StoreError> {
        let rows: Vec<TellingRow> = sqlx::query_as(
            "SELECT t.alert, t.receiver, t.reason, t.status, t.stage, t.severity, t.expires_at, t.told_at, t.message,
                    m.state, m.finished_at
             FROM announcements t JOIN messages m ON m.id = t.message
             WHERE t.message = ? AND t.alert IS NOT NULL ORDER BY t.id",
        )
        .bind(message.as_str())
        .fetch_all(&self.read)
        .await?;
        rows.into_iter().map(TellingRow::read).collect()
    }

    /// How often, and when last, each receiver was told of each of `alerts`.
    pub async fn last_told<'a>(
        &self,
        alerts: impl IntoIterator<Item = &'a AlertId>,
    ) -> Result<Vec<LastTold>, StoreError> {
        // Beside MAX, the other columns are those of the greatest row (SQLite, "Bare columns in an aggregate query").
        let rows: Vec<LastRow> = sqlx::query_as(
            "SELECT t.alert, t.receiver, COUNT(*) AS times, t.told_at, t.reason, m.state, MAX(t.id)
             FROM json_each(?) CROSS JOIN announcements t ON t.alert = json_each.value LEFT JOIN messages m ON m.id = t.message
             GROUP BY t.alert, t.receiver ORDER BY t.alert, t.receiver",
        )
        .bind(ids(alerts)?)
        .fetch_all(&self.read)
        .await?;
        rows.into_iter().map(LastRow::read).collect()
    }
}
