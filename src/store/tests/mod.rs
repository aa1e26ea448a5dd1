//! The store on real files: one test file for each table, and one each for opening, transactions and query plans.

mod accounts;
mod alerts;
mod backup;
mod changes;
mod credits;
mod digests;
mod notifications;
mod open;
mod outbox;
mod plans;
mod purge;
mod resend;
mod runs;
mod series;
mod silences;
mod snapshots;
mod totals;
mod transactions;
mod unchanged;
mod writable;

use std::path::PathBuf;

use chrono::{TimeDelta, TimeZone, Utc};
use tempfile::TempDir;

use super::{NotificationRow, NotificationSubject, StateRow, Store, Watched, Writer};
use crate::domain::account::{AccountId, AccountKey, ReceiverName, SubscriptionName};
use crate::domain::account_state::{AccountRecord, AccountState};
use crate::domain::alerts::{AlertId, AlertKind, Condition, Resolution, Resolved, Severity, Subject};
use crate::domain::configuration::Configuration;
use crate::domain::lead_times::Stage;
use crate::domain::message::{Content, Message, MessageData, MessageId, MessageType, Reason, Status};
use crate::domain::time::Timestamp;

/// An open store in a folder of its own, which is deleted when this is dropped.
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

    /// The number of rows of `table`.
    async fn count(&self, table: &str) -> i64 {
        let sql = sqlx::AssertSqlSafe(format!("SELECT COUNT(*) FROM {table}"));
        sqlx::query_scalar(sql).fetch_one(&self.store.read).await.unwrap()
    }
}

/// This many seconds after the start of the tests' day.
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

/// What is stored about an account.
async fn record(writer: &mut Writer, account: &AccountKey) -> Option<AccountRecord> {
    writer.accounts_by_key([account]).await.unwrap().remove(account)
}

fn receiver(name: &str) -> ReceiverName {
    ReceiverName::new(name)
}

/// A message with nothing but a summary.
fn content(summary: &str) -> Content {
    let data = MessageData {
        receiver: receiver("pager"),
        severity: Severity::Info,
        summary: summary.to_owned(),
        alerts: Vec::new(),
        changes: Vec::new(),
        truncated: 0,
        silenced: 0,
        digest: None,
    };
    let message = Message { kind: MessageType::Changed, timestamp: at(0), data };
    Content { message, thread: vec![MessageId::new("m0")] }
}

fn jobs(max_jobs: i64) -> Configuration {
    Configuration { max_jobs: Some(max_jobs), ..Configuration::default() }
}

/// An alert: the account's token expires at `end`.
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

/// A row of an account that is not stable.
const fn unstable_row<'a>(account: &'a AccountKey, account_state: &'a AccountState) -> StateRow<'a> {
    StateRow { account, account_state, checksum: None }
}

/// A row of a stable account.
const fn stable_row<'a>(
    account: &'a AccountKey,
    account_state: &'a AccountState,
    checksum: &'a str,
) -> StateRow<'a> {
    StateRow { account, account_state, checksum: Some(checksum) }
}

fn opened(id: &AlertId, condition: &Condition) -> (AlertId, Condition) {
    (id.clone(), condition.clone())
}

fn over(id: &AlertId, detail: &str, renewed_until: Option<Timestamp>) -> Resolved {
    Resolved { id: id.clone(), detail: detail.to_owned(), renewed_until, resolution: Resolution::Ended }
}

/// `to` was notified of the alert by `message`; its expiry was `end`.
fn notification(
    id: &str,
    status: Status,
    end: Option<Timestamp>,
    to: &str,
    message: &str,
) -> NotificationRow {
    let reason = if status == Status::Firing { Reason::Opened } else { Reason::Resolved };
    let stage = end.map(|_| Stage::Lead(TimeDelta::days(7)));
    NotificationRow {
        subject: NotificationSubject::Alert { id: AlertId::new(id), status, reason, stage, expires_at: end },
        severity: Severity::Warning,
        receiver: receiver(to),
        notified_at: at(0),
        message: MessageId::new(message),
    }
}
