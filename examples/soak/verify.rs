//! Records what the receivers got, and verifies that it was everything, once.
//!
//! The records are kept in a file: in memory, a year of them would look like a program that grows.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use minimax_watch::domain::alerts::AlertKind;
use minimax_watch::domain::message::{Message, Reason};
use sqlx::{ConnectOptions, Connection};

use super::vendor::StageKey;
use crate::simulator::Delivery;

/// Records the received messages.
pub(super) struct Verifier {
    path: PathBuf,
    notes: BufWriter<File>,
}

/// Everything that was received.
pub(super) struct Received {
    /// Different messages.
    pub(super) messages: usize,
    /// How often each receiver was notified of each stage.
    stages: BTreeMap<(String, StageKey), u32>,
}

impl Verifier {
    pub(super) fn new(path: PathBuf) -> anyhow::Result<Self> {
        let notes = BufWriter::new(File::create(&path)?);
        Ok(Self { path, notes })
    }

    /// Records a message and its stages.
    pub(super) fn record(&mut self, receiver: &str, delivery: &Delivery) -> anyhow::Result<()> {
        let id = delivery.header("webhook-id").context("a message without an id")?;
        let message: Message = serde_json::from_slice(&delivery.body)?;
        ensure!(message.data.truncated == 0, "a message was truncated: {}", message.data.summary);
        write!(self.notes, "{receiver} {id}")?;
        for alert in message.data.alerts.iter().filter(|alert| alert.kind == AlertKind::Expiry) {
            let is_rung = matches!(alert.reason, Some(Reason::Opened | Reason::Escalated));
            if let (true, Some(account), Some(end), Some(stage)) =
                (is_rung, &alert.account, alert.expires_at, &alert.stage)
            {
                write!(self.notes, " {}/{}/{stage}", account.id, end.timestamp())?;
            }
        }
        Ok(writeln!(self.notes)?)
    }

    /// Reads the records back. A message that came several times counts once: its first attempts failed.
    pub(super) fn finish(mut self) -> anyhow::Result<Received> {
        self.notes.flush()?;
        let notes = fs::read_to_string(&self.path)?;
        let (mut seen, mut stages) = (BTreeSet::new(), BTreeMap::new());
        for line in notes.lines() {
            let mut words = line.split(' ');
            let (Some(receiver), Some(id)) = (words.next(), words.next()) else { continue };
            if seen.insert(id) {
                for stage_key in words {
                    *stages.entry((receiver.to_owned(), stage_key.to_owned())).or_default() += 1;
                }
            }
        }
        Ok(Received { messages: seen.len(), stages })
    }
}

impl Received {
    /// The number of notified stages, over all receivers.
    pub(super) fn stages(&self) -> usize {
        self.stages.len()
    }

    /// Verifies that each receiver was notified of each of `stages` once, and of nothing else.
    pub(super) fn verify_stages(&self, stages: &[StageKey], receivers: [&str; 2]) -> anyhow::Result<()> {
        for stage_key in stages {
            for receiver in receivers {
                let times =
                    self.stages.get(&(receiver.to_owned(), stage_key.clone())).copied().unwrap_or_default();
                ensure!(times == 1, "{receiver} was notified {times} times of {stage_key}");
            }
        }
        let notified = self.stages.len();
        ensure!(
            notified == stages.len() * receivers.len(),
            "{notified} stages were notified, expected {}",
            stages.len() * receivers.len()
        );
        Ok(())
    }
}

/// Verifies the file with `PRAGMA integrity_check`.
pub(super) async fn integrity(path: &Path) -> anyhow::Result<()> {
    let mut connection = sqlx::sqlite::SqliteConnectOptions::new().filename(path).connect().await?;
    let found: Vec<String> = sqlx::query_scalar("PRAGMA integrity_check").fetch_all(&mut connection).await?;
    connection.close().await?;
    ensure!(found == ["ok"], "the store is damaged: {found:?}");
    Ok(())
}

/// The number of pages of the store, including those in the WAL.
pub(super) async fn pages(path: &Path) -> anyhow::Result<i64> {
    let mut connection = sqlx::sqlite::SqliteConnectOptions::new().filename(path).connect().await?;
    let pages = sqlx::query_scalar("PRAGMA page_count").fetch_one(&mut connection).await?;
    connection.close().await?;
    Ok(pages)
}
