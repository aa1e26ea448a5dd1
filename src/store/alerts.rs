//! Alerts. The schema guarantees that at most one fires for each subject and kind.

use sqlx::FromRow;
use sqlx::sqlite::SqliteRow;

use super::columns::{Columns, from_row, millis, to_json};
use super::{Store, StoreError, Writer};
use crate::domain::account::{AccountId, AccountKey, ReceiverName, SubscriptionName};
use crate::domain::alerts::{Alert, AlertId, Condition, Resolved, Subject};
use crate::domain::lead_times::SAME_WITHIN;
use crate::domain::time::Timestamp;

from_row! {
    Alert: "alerts"
        get(id) nested(condition) timestamp(opened_at, reached_at) optional_timestamp(resolved_at, renewed_until)
        parse_optional(resolution)
}

from_row! {
    Condition: "alerts"
        nested(subject) parse(kind, severity) parse_optional(stage) optional_timestamp(expires_at) get(detail)
        count(affected)
}

impl FromRow<'_, SqliteRow> for Subject {
    fn from_row(row: &SqliteRow) -> sqlx::Result<Self> {
        let columns = Columns::new("alerts", row);
        let [subscription, account, receiver]: [String; 3] =
            [columns.get("subscription")?, columns.get("account")?, columns.get("receiver")?];
        let subscription = SubscriptionName::new(subscription);
        Ok(match (receiver.as_str(), account.as_str()) {
            ("", "") => Self::Subscription(subscription),
            ("", id) => Self::Account(AccountKey::new(&subscription, &AccountId::new(id))),
            (name, _) => Self::Receiver(ReceiverName::new(name)),
        })
    }
}

/// The three columns of a subject: subscription, account, receiver.
fn subject_columns(subject: &Subject) -> [&str; 3] {
    match subject {
        Subject::Account(account) => [account.subscription.as_str(), account.id.as_str(), ""],
        Subject::Subscription(name) => [name.as_str(), "", ""],
        Subject::Receiver(name) => ["", "", name.as_str()],
    }
}

/// Selects [`Alert`]s; a literal, so that each query is one.
macro_rules! alerts {
    ($tail:literal) => {
        concat!(
            "SELECT id, subscription, account, receiver, kind, stage, severity, expires_at, detail, affected,
             opened_at, resolved_at, renewed_until, reached_at, resolution FROM alerts ",
            $tail
        )
    };
}

impl Writer {
    /// The alerts that fire, or whose resolution some receivers may not have been sent.
    pub async fn unclosed_alerts(&mut self) -> Result<Vec<Alert>, StoreError> {
        Ok(sqlx::query_as(alerts!("WHERE closed = 0 ORDER BY id")).fetch_all(self.connection()).await?)
    }

    /// Opens alerts.
    pub async fn open_alerts(
        &mut self,
        opened: &[(AlertId, Condition)],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        if opened.is_empty() {
            return Ok(());
        }
        let rows = opened.iter().map(|(id, condition)| {
            let Condition { subject, kind, stage, severity, expires_at, detail, affected } = condition;
            let content = (*kind, stage.map(|stage| stage.to_string()), *severity, *affected);
            (id.clone(), subject_columns(subject), content, expires_at.map(millis), detail.as_str())
        });
        let rows: Vec<_> = rows.collect();
        let statement = sqlx::query(
            "INSERT INTO alerts (id, subscription, account, receiver, kind, stage, severity, affected, expires_at, detail, opened_at, reached_at)
             SELECT value ->> 0, value ->> '$[1][0]', value ->> '$[1][1]', value ->> '$[1][2]', value ->> '$[2][0]',
                    value ->> '$[2][1]', value ->> '$[2][2]', value ->> '$[2][3]', value ->> 3, value ->> 4, ?2, ?2
             FROM json_each(?1)",
        );
        self.execute(statement.bind(to_json(&rows)?).bind(millis(now))).await
    }

    /// Opens the resolved alert of the same subject and kind again, and returns it, if a renewal resolved it and the
    /// expiry of `condition` is the one that it had, or was notified with. An expiry that comes back is not news: its
    /// notifications still count. An account that comes back is: its alert resolved because the account was no longer
    /// watched.
    pub async fn reopen_alert(&mut self, condition: &Condition) -> Result<Option<Alert>, StoreError> {
        let [subscription, account, receiver] = subject_columns(&condition.subject);
        // An expiry that moved back in steps of less than an hour did not come back.
        Ok(sqlx::query_as(
            "UPDATE alerts SET resolved_at = NULL, renewed_until = NULL, closed = 0
             WHERE id = (SELECT id FROM alerts a WHERE subscription = ?1 AND account = ?2 AND receiver = ?3 AND kind = ?4
                         AND renewed_until IS NOT NULL
                         AND ((abs(expires_at - ?5) < ?6 AND abs(renewed_until - expires_at) >= ?6) OR EXISTS (
                             SELECT 1 FROM notifications n WHERE n.alert = a.id AND abs(n.expires_at - ?5) < ?6))
                         ORDER BY opened_at DESC, id DESC LIMIT 1)
             RETURNING id, subscription, account, receiver, kind, stage, severity, expires_at, detail, affected,
                       opened_at, resolved_at, renewed_until, reached_at, resolution",
        )
        .bind(subscription)
        .bind(account)
        .bind(receiver)
        .bind(condition.kind.as_str())
        .bind(condition.expires_at.map(millis))
        .bind(SAME_WITHIN.num_milliseconds())
        .fetch_optional(self.connection())
        .await?)
    }

    /// Updates the content of a firing alert, whose severity and stage were reached at `reached_at`; its subject and
    /// kind stay.
    pub async fn update_alert(
        &mut self,
        id: &AlertId,
        condition: &Condition,
        reached_at: Timestamp,
    ) -> Result<(), StoreError> {
        let statement = sqlx::query(
            "UPDATE alerts SET stage = ?, severity = ?, expires_at = ?, detail = ?, affected = ?, reached_at = ? WHERE id = ?",
        )
        .bind(condition.stage.map(|stage| stage.to_string()))
        .bind(condition.severity.as_str())
        .bind(condition.expires_at.map(millis))
        .bind(&condition.detail)
        .bind(condition.affected)
        .bind(millis(reached_at))
        .bind(id.as_str());
        self.execute(statement).await
    }

    /// Resolves alerts and removes their acknowledgements: an alert may open again.
    pub async fn resolve_alerts(&mut self, resolved: &[Resolved], now: Timestamp) -> Result<(), StoreError> {
        if resolved.is_empty() {
            return Ok(());
        }
        let row = |Resolved { id, detail, renewed_until, resolution }: &Resolved| {
            (id.to_string(), detail.clone(), renewed_until.map(millis), resolution.as_str())
        };
        let rows = to_json(&resolved.iter().map(row).collect::<Vec<_>>())?;
        let statement = sqlx::query(
            "UPDATE alerts SET resolved_at = ?2, detail = e.value ->> 1, renewed_until = e.value ->> 2,
                               resolution = e.value ->> 3
             FROM json_each(?1) e WHERE alerts.id = e.value ->> 0 AND alerts.resolved_at IS NULL",
        );
        self.execute(statement.bind(&rows).bind(millis(now))).await?;
        let statement = sqlx::query("DELETE FROM acks WHERE alert IN (SELECT value ->> 0 FROM json_each(?))");
        self.execute(statement.bind(&rows)).await
    }

    /// Closes the resolved alerts of which no receiver's last notification says that they fire. What counts is what
    /// counts for [`Writer::notified`]: a `firing` that no receiver got does not, a resolution whose message failed
    /// permanently does.
    pub async fn close_notified_alerts(&mut self) -> Result<(), StoreError> {
        self.close_alerts(None, None).await
    }

    /// Closes the alerts that resolved before `before` and of which only receivers other than `receivers` still need
    /// to be notified: those left the configuration.
    pub async fn close_orphans(&mut self, receivers: &[&str], before: Timestamp) -> Result<(), StoreError> {
        self.close_alerts(Some(before), Some(to_json(&receivers)?)).await
    }

    async fn close_alerts(
        &mut self,
        resolved_before: Option<Timestamp>,
        receivers: Option<String>,
    ) -> Result<(), StoreError> {
        let statement = sqlx::query(
            "UPDATE alerts SET closed = 1
             WHERE closed = 0 AND resolved_at IS NOT NULL AND (?1 IS NULL OR resolved_at < ?1) AND NOT EXISTS (
                 SELECT 1 FROM notifications n WHERE n.alert = alerts.id AND n.status = 'firing'
                 AND (?2 IS NULL OR n.receiver IN (SELECT value FROM json_each(?2)))
                 AND n.id = (SELECT MAX(other.id) FROM notifications other
                             WHERE other.alert = alerts.id AND other.receiver = n.receiver
                             AND NOT EXISTS (SELECT 1 FROM messages m WHERE m.id = other.message AND other.status = 'firing'
                                             AND m.state = 'failed' AND m.accepted_by IS NULL)))",
        );
        self.execute(statement.bind(resolved_before.map(millis)).bind(receivers)).await
    }
}

impl Store {
    /// The firing alerts, oldest first.
    pub async fn firing_alerts(&self) -> Result<Vec<Alert>, StoreError> {
        let mut alerts = Vec::new();
        self.each_firing(|alert| alerts.push(alert)).await?;
        Ok(alerts)
    }

    /// Whether any alert fires.
    pub async fn is_any_firing(&self) -> Result<bool, StoreError> {
        Ok(sqlx::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM alerts WHERE closed = 0 AND resolved_at IS NULL)",
        )
        .fetch_one(&self.read)
        .await?)
    }

    /// Passes each firing alert to `take`, oldest first, one at a time: all at once would take much memory.
    pub async fn each_firing(&self, take: impl FnMut(Alert)) -> Result<(), StoreError> {
        // A firing alert is never closed; with this, SQLite need not walk through every alert.
        let alerts = sqlx::query_as(alerts!("WHERE closed = 0 AND resolved_at IS NULL ORDER BY id"));
        self.read.each_row(alerts, take).await
    }

    /// The alerts that fire, or that resolved at `since` or later, oldest first.
    pub async fn alerts_since(&self, since: Timestamp) -> Result<Vec<Alert>, StoreError> {
        let mut alerts = Vec::new();
        self.each_since(since, |alert| alerts.push(alert)).await?;
        Ok(alerts)
    }

    /// As [`Store::alerts_since`], but passes them to `take` one at a time.
    pub async fn each_since(&self, since: Timestamp, take: impl FnMut(Alert)) -> Result<(), StoreError> {
        let alerts = sqlx::query_as(alerts!(
            "WHERE id IN (
                 SELECT id FROM alerts INDEXED BY alerts_unclosed
                 WHERE closed = 0 AND (resolved_at IS NULL OR resolved_at >= ?1)
                 UNION ALL SELECT id FROM alerts INDEXED BY alerts_closed WHERE closed = 1 AND resolved_at >= ?1)
             ORDER BY id"
        ))
        .bind(millis(since));
        self.read.each_row(alerts, take).await
    }

    /// The newest `most` alerts about `account`, newest first.
    pub async fn newest_alerts_of(&self, account: &AccountKey, most: u32) -> Result<Vec<Alert>, StoreError> {
        let query =
            sqlx::query_as(alerts!("WHERE subscription = ? AND account = ? ORDER BY id DESC LIMIT ?"));
        let query = query.bind(account.subscription.as_str()).bind(account.id.as_str());
        Ok(query.bind(most).fetch_all(&self.read).await?)
    }

    /// Every alert, oldest first.
    pub async fn all_alerts(&self) -> Result<Vec<Alert>, StoreError> {
        Ok(sqlx::query_as(alerts!("ORDER BY id")).fetch_all(&self.read).await?)
    }
}
