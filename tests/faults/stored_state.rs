//! Reads the store that a process left, while no process writes to it.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, SqliteConnection};

use crate::report::Stop;
use crate::simulator::StoredMessage;

/// What had to be sent, according to the store.
#[derive(Debug, Default)]
pub(crate) struct StoredState {
    pub(crate) alerts: Vec<String>,
    pub(crate) changes: Vec<Change>,
    /// The ids of each receiver's messages, in their order.
    pub(crate) outbox: BTreeMap<String, Vec<String>>,
    pub(crate) firing: i64,
    pub(crate) undelivered: i64,
}

/// A change as a text: with everything that webhooks carry, and with what mails show.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub(crate) whole: String,
    pub(crate) brief: String,
}

impl Change {
    pub(crate) fn new(
        [subscription, account, field]: [&str; 3],
        before: &Value,
        after: &Value,
        at: i64,
    ) -> Self {
        let brief = format!("{account}, subscription {subscription} {field}");
        Self { whole: format!("{brief} {before} {after} {at}"), brief }
    }
}

async fn open(path: &Path) -> Result<SqliteConnection, sqlx::Error> {
    SqliteConnectOptions::new().filename(path).connect().await
}

/// Examines a copy of the store and its log, so that the program itself has to recover the original.
pub(crate) async fn examine(store: &Path) -> Result<(), Stop> {
    if !store.exists() {
        return Ok(());
    }
    let findings = async {
        let folder = tempfile::tempdir()?;
        let copy = folder.path().join("copy.db");
        std::fs::copy(store, &copy)?;
        let log = store.with_extension("db-wal");
        if log.exists() {
            std::fs::copy(&log, folder.path().join("copy.db-wal"))?;
        }
        let mut connection = open(&copy).await?;
        let mut findings: Vec<String> =
            sqlx::query_scalar("PRAGMA integrity_check").fetch_all(&mut connection).await?;
        findings.retain(|finding| finding != "ok");
        let orphans = sqlx::query("PRAGMA foreign_key_check").fetch_all(&mut connection).await?;
        findings.extend(orphans.iter().map(|_| "a row refers to a missing row".to_owned()));
        connection.close().await?;
        Ok::<_, Box<dyn std::error::Error + Send + Sync>>(findings)
    };
    match findings.await {
        Ok(findings) if findings.is_empty() => Ok(()),
        Ok(findings) => Err(Stop::Violation(format!("the store is damaged: {}", findings.join("; ")))),
        Err(error) => Err(Stop::Violation(format!("the store cannot be read: {error}"))),
    }
}

/// Makes every pending message and every read of credits due now: the real pauses are hours. Nothing else is changed.
pub(crate) async fn let_pauses_pass(store: &Path) {
    if store.exists() {
        let mut connection = open(store).await.unwrap();
        let due = "UPDATE messages SET next_attempt_at = created_at WHERE state = 'pending';
                   UPDATE credits SET answered_at = NULL, paused_until = NULL";
        // A kill during the creation of the store leaves a file without tables.
        let _ = sqlx::raw_sql(due).execute(&mut connection).await;
        connection.close().await.unwrap();
    }
}

/// The messages to one receiver, in the order of the outbox.
pub(crate) async fn messages(store: &Path, receiver: &str) -> Vec<StoredMessage> {
    if !store.exists() {
        return Vec::new();
    }
    let mut connection = open(store).await.unwrap();
    let messages = "SELECT id, body, content FROM messages WHERE receiver = ? ORDER BY seq";
    let messages: Vec<(String, Option<Vec<u8>>, String)> =
        sqlx::query_as(messages).bind(receiver).fetch_all(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    let message = |(id, body, content): (String, Option<Vec<u8>>, String)| StoredMessage {
        id,
        body: body.unwrap_or_default(),
        content: serde_json::from_str::<Value>(&content).unwrap()["message"].clone(),
    };
    messages.into_iter().map(message).collect()
}

impl StoredState {
    pub(crate) async fn read(store: &Path) -> Self {
        let mut connection = open(store).await.unwrap();
        // Alerts about receivers are left out: the failing receiver does not get them.
        let alerts = "SELECT id FROM alerts WHERE receiver = '' ORDER BY id";
        let alerts = sqlx::query_scalar(alerts).fetch_all(&mut connection).await.unwrap();
        let changes: Vec<(String, String, String, String, String, i64)> = sqlx::query_as(
            "SELECT a.subscription, a.id, c.field, c.before_value, c.after_value, c.at / 1000
             FROM changes c JOIN accounts a ON a.key = c.account ORDER BY c.id",
        )
        .fetch_all(&mut connection)
        .await
        .unwrap();
        let value = |text: &str| serde_json::from_str::<Value>(text).unwrap();
        let change = |(subscription, account, field, before, after, at): &(
            String,
            String,
            String,
            String,
            String,
            i64,
        )| {
            Change::new([subscription, account, field], &value(before), &value(after), *at)
        };
        let messages: Vec<(String, String)> =
            sqlx::query_as("SELECT receiver, id FROM messages ORDER BY seq")
                .fetch_all(&mut connection)
                .await
                .unwrap();
        let mut outbox: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (receiver, id) in messages {
            outbox.entry(receiver).or_default().push(id);
        }
        let (firing, undelivered) = sqlx::query_as(
            "SELECT (SELECT COUNT(*) FROM alerts WHERE resolved_at IS NULL),
                    (SELECT COUNT(*) FROM messages WHERE state <> 'delivered')",
        )
        .fetch_one(&mut connection)
        .await
        .unwrap();
        connection.close().await.unwrap();
        Self { alerts, changes: changes.iter().map(change).collect(), outbox, firing, undelivered }
    }
}
