//! The store on real files: one test file per table, and one each for opening, transactions and query plans.
//!
//! Leaves what the steps make of it to the engine's tests.

mod accounts;
mod alerts;
mod announcements;
mod backup;
mod changes;
mod looks;
mod open;
mod outbox;
mod plans;
mod purge;
mod runs;
mod silences;
mod snapshots;
mod transactions;

use std::path::PathBuf;

use chrono::{TimeDelta, TimeZone, Utc};
use tempfile::TempDir;

use super::{Announced, Announcement, Opened, Resolved, Store, Taught, Watched, Writer};
use crate::domain::account::{AccountId, AccountKey, ReceiverName, SubscriptionName};
use crate::domain::alert::{AlertId, AlertKind, Condition, Resolution, Severity, Subject};
use crate::domain::configuration::Configuration;
use crate::domain::expiry::Stage;
use crate::domain::message::{Content, Message, MessageData, MessageId, MessageType, Reason, Status};
use crate::domain::standing::Standing;
use crate::domain::time::Timestamp;

/// An open store in a folder of its own, which goes when this is dropped.
struct Home {
    folder: TempDir,
    store: Store,
}

impl Home {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("watch.db")).await.unwrap();
        Self { folder, store }
    }

    /// A store in which the accounts of these ids are watched.
    async fn watching(ids: &[&str]) -> Self {
        let home = Self::new().await;
        let wanted: Vec<Watched> = ids.iter().map(|id| named(id, id)).collect();
        let mut writer = home.write().await;
        writer.watch(&wanted).await.unwrap();
        writer.commit().await.unwrap();
        home
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("watch.db")
    }

    async fn write(&self) -> Writer {
        self.store.write().await.unwrap()
    }

    /// How many rows of `table` there are.
    async fn count(&self, table: &str) -> i64 {
        let sql = sqlx::AssertSqlSafe(format!("SELECT COUNT(*) FROM {table}"));
        sqlx::query_scalar(sql).fetch_one(&self.store.read).await.unwrap()
    }
}

/// So many seconds after the day on which everything here happens begins.
fn at(seconds: i64) -> Timestamp {
    Utc.with_ymd_and_hms(2026, 11, 23, 7, 15, 0).unwrap() + TimeDelta::seconds(seconds)
}

fn days(days: i64) -> Timestamp {
    at(days * 86_400)
}

fn main_subscription() -> SubscriptionName {
    SubscriptionName::new("main")
}

fn account(id: &str) -> AccountKey {
    AccountKey::new(&main_subscription(), &AccountId::new(id))
}

fn named(id: &str, name: &str) -> Watched {
    Watched { account: account(id), name: name.to_owned(), discovered: false }
}

fn receiver(name: &str) -> ReceiverName {
    ReceiverName::new(name)
}

/// A message that says nothing but `summary`.
fn content(summary: &str) -> Content {
    let data = MessageData {
        receiver: receiver("pager"),
        severity: Severity::Info,
        summary: summary.to_owned(),
        alerts: Vec::new(),
        changes: Vec::new(),
        truncated: 0,
        withheld: 0,
    };
    let message = Message { kind: MessageType::Changed, timestamp: at(0), data };
    Content { message, thread: vec![MessageId::new("m0")] }
}

fn jobs(max_jobs: i64) -> Configuration {
    Configuration { max_jobs: Some(max_jobs), ..Configuration::default() }
}

/// That the account's token ends at `end`.
fn ending(id: &str, end: Timestamp) -> Condition {
    Condition {
        subject: Subject::Account(account(id)),
        kind: AlertKind::Expiry,
        stage: Some(Stage::Lead(TimeDelta::days(7))),
        severity: Severity::Warning,
        expires_at: Some(end),
        detail: "token ends soon".to_owned(),
        affected: 1,
    }
}

fn broken(subject: Subject, kind: AlertKind) -> Condition {
    Condition {
        subject,
        kind,
        stage: None,
        severity: Severity::Critical,
        expires_at: None,
        detail: "it does not work".to_owned(),
        affected: 3,
    }
}

/// What a look taught about an account that is not calm.
const fn taught<'a>(account: &'a AccountKey, standing: &'a Standing) -> Taught<'a> {
    Taught { account, standing, digest: None }
}

/// And about one that is.
const fn calmed<'a>(account: &'a AccountKey, standing: &'a Standing, digest: &'a str) -> Taught<'a> {
    Taught { account, standing, digest: Some(digest) }
}

fn opened(id: &AlertId, condition: &Condition) -> Opened {
    Opened { id: id.clone(), condition: condition.clone() }
}

fn over(id: &AlertId, detail: &str, renewed_until: Option<Timestamp>) -> Resolved {
    Resolved { id: id.clone(), detail: detail.to_owned(), renewed_until, resolution: Resolution::Ended }
}

/// That `receiver` was told of the alert by `message`, with the end that it had then.
fn telling(id: &str, status: Status, end: Option<Timestamp>, to: &str, message: &str) -> Announcement {
    let reason = if status == Status::Firing { Reason::Opened } else { Reason::Resolved };
    let stage = end.map(|_| Stage::Lead(TimeDelta::days(7)));
    Announcement {
        what: Announced::Alert { id: AlertId::new(id), status, reason, stage, expires_at: end },
        severity: Severity::Warning,
        receiver: receiver(to),
        told_at: at(0),
        message: MessageId::new(message),
    }
}
