//! Alerts: at most one firing for each subject and kind, kept by the schema.

use futures_util::{StreamExt, TryStreamExt};
use sqlx::SqliteConnection;

use super::rows::{count, millis, millis_of, moment, moment_of, severity, to_json, unreadable, word};
use super::{Store, StoreError, Writer};
use crate::domain::account::{AccountId, AccountKey, ReceiverName, SubscriptionName};
use crate::domain::alert::{Alert, AlertId, AlertKind, Condition, Resolution, Subject};
use crate::domain::expiry::SAME_WITHIN;
use crate::domain::time::Timestamp;

/// An alert whose life begins.
#[derive(Clone, Debug)]
pub struct Opened {
    /// Its id.
    pub id: AlertId,
    /// Its content.
    pub condition: Condition,
}

/// An alert whose life ends.
#[derive(Clone, Debug)]
pub struct Resolved {
    /// Its id.
    pub id: AlertId,
    /// Why, in one sentence.
    pub detail: String,
    /// The end that replaced the one that was near; `expiry` only.
    pub renewed_until: Option<Timestamp>,
    /// Why, for programs.
    pub resolution: Resolution,
}

#[derive(sqlx::FromRow)]
struct AlertRow {
    id: String,
    subscription: String,
    account: String,
    receiver: String,
    kind: String,
    stage: Option<String>,
    severity: String,
    expires_at: Option<i64>,
    detail: String,
    affected: i64,
    opened_at: i64,
    resolved_at: Option<i64>,
    renewed_until: Option<i64>,
    reached_at: i64,
    resolution: Option<String>,
}

impl AlertRow {
    fn read(self) -> Result<Alert, StoreError> {
        let subscription = SubscriptionName::new(self.subscription);
        let subject = match (self.receiver.is_empty(), self.account.is_empty()) {
            (false, _) => Subject::Receiver(ReceiverName::new(self.receiver)),
            (true, false) => Subject::Account(AccountKey { subscription, id: AccountId::new(self.account) }),
            (true, true) => Subject::Subscription(subscription),
        };
        let stage = self
            .stage
            .map(|stage| stage.parse().map_err(|_| unreadable("alerts.stage", stage)))
            .transpose()?;
        let condition = Condition {
            subject,
            kind: word("alerts.kind", &self.kind, AlertKind::from_word)?,
            stage,
            severity: severity("alerts.severity", &self.severity)?,
            expires_at: moment_of("alerts.expires_at", self.expires_at)?,
            detail: self.detail,
            affected: count("alerts.affected", self.affected)?,
        };
        Ok(Alert {
            id: AlertId::new(self.id),
            condition,
            opened_at: moment("alerts.opened_at", self.opened_at)?,
            resolved_at: moment_of("alerts.resolved_at", self.resolved_at)?,
            renewed_until: moment_of("alerts.renewed_until", self.renewed_until)?,
            reached_at: moment("alerts.reached_at", self.reached_at)?,
            resolution: self
                .resolution
                .map(|resolution| word("alerts.resolution", &resolution, Resolution::from_name))
                .transpose()?,
        })
    }
}

/// A subject as its three columns hold it: subscription, account, receiver.
fn columns(subject: &Subject) -> [&str; 3] {
    match subject {
        Subject::Account(account) => [account.subscription.as_str(), account.id.as_str(), ""],
        Subject::Subscription(name) => [name.as_str(), "", ""],
        Subject::Receiver(name) => ["", "", name.as_str()],
    }
}

/// The columns of [`AlertRow`], as a literal so that each query stays one.
macro_rules! alerts {
    ($tail:literal) => {
        concat!(
            "SELECT id, subscription, account, receiver, kind, stage, severity, expires_at, detail, affected,
             opened_at, resolved_at, renewed_until, reached_at, resolution FROM alerts ",
            $tail
        )
    };
}

async fn unsettled(connection: &mut SqliteConnection) -> Result<Vec<Alert>, StoreError> {
    let rows = sqlx::query_as(alerts!("WHERE settled = 0 ORDER BY id")).fetch(connection);
    rows.map(|row: Result<AlertRow, _>| row?.read()).try_collect().await
}

impl Writer {
    /// Every alert that fires, or whose end somebody may not have heard of.
    pub async fn unsettled_alerts(&mut self) -> Result<Vec<Alert>, StoreError> {
        unsettled(self.connection()).await
    }

    /// Begins alerts' lives.
    pub async fn open_alerts(&mut self, opened: &[Opened], now: Timestamp) -> Result<(), StoreError> {
        if opened.is_empty() {
            return Ok(());
        }
        let row = |Opened { id, condition }: &Opened| {
            let stage = condition.stage.map(|stage| stage.to_string());
            let content = (condition.kind.as_str(), stage, condition.severity.as_str(), condition.affected);
            (
                id.to_string(),
                columns(&condition.subject).map(str::to_owned),
                content,
                millis_of(condition.expires_at),
                condition.detail.clone(),
            )
        };
        let rows: Vec<_> = opened.iter().map(row).collect();
        sqlx::query(
            "INSERT INTO alerts (id, subscription, account, receiver, kind, stage, severity, affected, expires_at, detail, opened_at, reached_at)
             SELECT value ->> 0, value ->> '$[1][0]', value ->> '$[1][1]', value ->> '$[1][2]', value ->> '$[2][0]',
                    value ->> '$[2][1]', value ->> '$[2][2]', value ->> '$[2][3]', value ->> 3, value ->> 4, ?2, ?2
             FROM json_each(?1)",
        )
        .bind(to_json("alerts", &rows)?)
        .bind(millis(now))
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// Lets the alert of the same subject and kind that a later end resolved fire on, when this end was its own or was told as
    /// its own, and gives it. An end that comes back is not news: what was told of it stays told. An
    /// account that comes back is: its alert ended because nobody watched it.
    pub async fn reopen_alert(&mut self, condition: &Condition) -> Result<Option<Alert>, StoreError> {
        let [subscription, account, receiver] = columns(&condition.subject);
        // As `Alert::returns_with`, and what was told besides.
        let row: Option<AlertRow> = sqlx::query_as(
            "UPDATE alerts SET resolved_at = NULL, renewed_until = NULL, settled = 0
             WHERE id = (SELECT id FROM alerts a WHERE subscription = ?1 AND account = ?2 AND receiver = ?3 AND kind = ?4
                         AND renewed_until IS NOT NULL
                         AND ((abs(expires_at - ?5) < ?6 AND abs(renewed_until - expires_at) >= ?6) OR EXISTS (
                             SELECT 1 FROM announcements t WHERE t.alert = a.id AND abs(t.expires_at - ?5) < ?6))
                         ORDER BY opened_at DESC, id DESC LIMIT 1)
             RETURNING id, subscription, account, receiver, kind, stage, severity, expires_at, detail, affected,
                       opened_at, resolved_at, renewed_until, reached_at, resolution",
        )
        .bind(subscription)
        .bind(account)
        .bind(receiver)
        .bind(condition.kind.as_str())
        .bind(millis_of(condition.expires_at))
        .bind(SAME_WITHIN.num_milliseconds())
        .fetch_optional(self.connection())
        .await?;
        row.map(AlertRow::read).transpose()
    }

    /// Gives a firing alert another content, whose severity and stage were reached at `reached_at`; its subject and kind stay.
    pub async fn update_alert(
        &mut self,
        id: &AlertId,
        condition: &Condition,
        reached_at: Timestamp,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE alerts SET stage = ?, severity = ?, expires_at = ?, detail = ?, affected = ?, reached_at = ? WHERE id = ?",
        )
        .bind(condition.stage.map(|stage| stage.to_string()))
        .bind(condition.severity.as_str())
        .bind(millis_of(condition.expires_at))
        .bind(&condition.detail)
        .bind(condition.affected)
        .bind(millis(reached_at))
        .bind(id.as_str())
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// Ends alerts, and with each that somebody acknowledged it: it may come back.
    pub async fn resolve_alerts(&mut self, resolved: &[Resolved], now: Timestamp) -> Result<(), StoreError> {
        if resolved.is_empty() {
            return Ok(());
        }
        let row = |Resolved { id, detail, renewed_until, resolution }: &Resolved| {
            (id.to_string(), detail.clone(), millis_of(*renewed_until), resolution.as_str())
        };
        let rows: Vec<_> = resolved.iter().map(row).collect();
        let rows = to_json("alerts", &rows)?;
        sqlx::query(
            "UPDATE alerts SET resolved_at = ?2, detail = e.value ->> 1, renewed_until = e.value ->> 2,
                               resolution = e.value ->> 3
             FROM json_each(?1) e WHERE alerts.id = e.value ->> 0 AND alerts.resolved_at IS NULL",
        )
        .bind(&rows)
        .bind(millis(now))
        .execute(self.connection())
        .await?;
        sqlx::query("DELETE FROM acks WHERE alert IN (SELECT value ->> 0 FROM json_each(?))")
            .bind(&rows)
            .execute(self.connection())
            .await?;
        Ok(())
    }

    /// Lets go of alerts that are over and of which no receiver believes that they fire. What counts as told is what counts for
    /// [`Writer::told`]: a firing that nobody received does not, an end whose message failed permanently does.
    pub async fn settle_alerts(&mut self) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE alerts SET settled = 1 WHERE settled = 0 AND resolved_at IS NOT NULL AND NOT EXISTS (
                 SELECT 1 FROM announcements t WHERE t.alert = alerts.id AND t.status = 'firing'
                 AND t.id = (SELECT MAX(l.id) FROM announcements l WHERE l.alert = alerts.id AND l.receiver = t.receiver
                             AND NOT EXISTS (SELECT 1 FROM messages f WHERE f.id = l.message AND l.status = 'firing'
                                             AND f.state = 'failed' AND f.accepted_by IS NULL)))",
        )
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// Lets go of alerts that were over before `before` and that only receivers other than `receivers` believe in: nobody is
    /// there to be told.
    pub async fn settle_orphans(&mut self, receivers: &[&str], before: Timestamp) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE alerts SET settled = 1 WHERE settled = 0 AND resolved_at < ?1 AND NOT EXISTS (
                 SELECT 1 FROM announcements t WHERE t.alert = alerts.id AND t.status = 'firing'
                 AND t.receiver IN (SELECT value FROM json_each(?2))
                 AND t.id = (SELECT MAX(l.id) FROM announcements l WHERE l.alert = alerts.id AND l.receiver = t.receiver
                             AND NOT EXISTS (SELECT 1 FROM messages f WHERE f.id = l.message AND l.status = 'firing'
                                             AND f.state = 'failed' AND f.accepted_by IS NULL)))",
        )
        .bind(millis(before))
        .bind(to_json("receivers", &receivers)?)
        .execute(self.connection())
        .await?;
        Ok(())
    }
}

impl Store {
    /// The alerts that fire, oldest first.
    pub async fn firing_alerts(&self) -> Result<Vec<Alert>, StoreError> {
        let mut alerts = Vec::new();
        self.each_firing(|alert| alerts.push(alert)).await?;
        Ok(alerts)
    }

    /// Whether any alert fires.
    pub async fn is_any_firing(&self) -> Result<bool, StoreError> {
        let is_any = sqlx::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM alerts WHERE settled = 0 AND resolved_at IS NULL)",
        )
        .fetch_one(&self.read)
        .await?;
        Ok(is_any)
    }

    /// Gives each alert that fires to `take`, oldest first: many are much.
    pub async fn each_firing(&self, mut take: impl FnMut(Alert)) -> Result<(), StoreError> {
        // What fires is never settled; saying so spares a walk through everything that ever fired.
        let mut rows = sqlx::query_as(alerts!("WHERE settled = 0 AND resolved_at IS NULL ORDER BY id"))
            .fetch(&self.read)
            .map(|row: Result<AlertRow, _>| row?.read());
        while let Some(alert) = rows.try_next().await? {
            take(alert);
        }
        Ok(())
    }

    /// Every alert that fires, or whose end somebody may not have heard of.
    pub async fn unsettled_alerts(&self) -> Result<Vec<Alert>, StoreError> {
        unsettled(&mut *self.read.acquire().await?).await
    }

    /// The alerts that fire, and those that ended at `since` or later, oldest first.
    pub async fn alerts_since(&self, since: Timestamp) -> Result<Vec<Alert>, StoreError> {
        let mut alerts = Vec::new();
        self.each_since(since, |alert| alerts.push(alert)).await?;
        Ok(alerts)
    }

    /// The same, each given to `take`: many are much.
    pub async fn each_since(&self, since: Timestamp, mut take: impl FnMut(Alert)) -> Result<(), StoreError> {
        let mut rows = sqlx::query_as(alerts!(
            "WHERE id IN (
                 SELECT id FROM alerts INDEXED BY alerts_unsettled
                 WHERE settled = 0 AND (resolved_at IS NULL OR resolved_at >= ?1)
                 UNION ALL SELECT id FROM alerts INDEXED BY alerts_over WHERE settled = 1 AND resolved_at >= ?1)
             ORDER BY id"
        ))
        .bind(millis(since))
        .fetch(&self.read)
        .map(|row: Result<AlertRow, _>| row?.read());
        while let Some(alert) = rows.try_next().await? {
            take(alert);
        }
        Ok(())
    }

    /// Every alert that was ever about `subject` and is still remembered, oldest first.
    pub async fn alerts_about(&self, subject: &Subject) -> Result<Vec<Alert>, StoreError> {
        let [subscription, account, receiver] = columns(subject);
        let rows: Vec<AlertRow> = sqlx::query_as(alerts!(
            "WHERE subscription = ? AND account = ? AND receiver = ? ORDER BY opened_at, id"
        ))
        .bind(subscription)
        .bind(account)
        .bind(receiver)
        .fetch_all(&self.read)
        .await?;
        rows.into_iter().map(AlertRow::read).collect()
    }

    /// Every alert, oldest first.
    pub async fn all_alerts(&self) -> Result<Vec<Alert>, StoreError> {
        let rows: Vec<AlertRow> = sqlx::query_as(alerts!("ORDER BY id")).fetch_all(&self.read).await?;
        rows.into_iter().map(AlertRow::read).collect()
    }
}
