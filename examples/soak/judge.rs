//! What the receivers heard, and whether that was everything, once.
//!
//! Kept in a file while the soak goes on: a judge who remembers a year would be taken for a program that grows.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use minimax_watch::domain::alert::AlertKind;
use minimax_watch::domain::message::{Message, Reason};
use minimax_watch::simulator::Delivery;
use sqlx::{ConnectOptions, Connection};

use super::vendor::Rung;

/// Writes down what is heard.
pub(super) struct Judge {
    path: PathBuf,
    notes: BufWriter<File>,
}

/// Everything that was heard.
pub(super) struct Heard {
    /// Different messages.
    pub(super) messages: usize,
    /// How often each receiver heard of each rung.
    rungs: BTreeMap<(String, Rung), u32>,
}

impl Judge {
    pub(super) fn new(path: PathBuf) -> anyhow::Result<Self> {
        let notes = BufWriter::new(File::create(&path)?);
        Ok(Self { path, notes })
    }

    /// Notes a message and its rungs.
    pub(super) fn hears(&mut self, receiver: &str, delivery: &Delivery) -> anyhow::Result<()> {
        let id = delivery.header("webhook-id").context("a message without an id")?;
        let message: Message = serde_json::from_slice(&delivery.body)?;
        ensure!(
            message.data.truncated == 0,
            "more in one message than it can hold: {}",
            message.data.summary
        );
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

    /// Reads it all back. A message that came several times counts once: it was not taken the first time.
    pub(super) fn end(mut self) -> anyhow::Result<Heard> {
        self.notes.flush()?;
        let notes = fs::read_to_string(&self.path)?;
        let (mut seen, mut rungs) = (BTreeSet::new(), BTreeMap::new());
        for line in notes.lines() {
            let mut words = line.split(' ');
            let (Some(receiver), Some(id)) = (words.next(), words.next()) else { continue };
            if seen.insert(id) {
                for rung in words {
                    *rungs.entry((receiver.to_owned(), rung.to_owned())).or_default() += 1;
                }
            }
        }
        Ok(Heard { messages: seen.len(), rungs })
    }
}

impl Heard {
    /// How many rungs were told, to whomever.
    pub(super) fn rungs(&self) -> usize {
        self.rungs.len()
    }

    /// Each of `rungs` was told to each receiver, once, and nothing else.
    pub(super) fn everything_was_told(&self, rungs: &[Rung], receivers: [&str; 2]) -> anyhow::Result<()> {
        for rung in rungs {
            for receiver in receivers {
                let times = self.rungs.get(&(receiver.to_owned(), rung.clone())).copied().unwrap_or_default();
                ensure!(times == 1, "{receiver} heard {times} times of {rung}");
            }
        }
        let heard = self.rungs.len();
        ensure!(
            heard == rungs.len() * receivers.len(),
            "{heard} rungs were told, there were {}",
            rungs.len() * receivers.len()
        );
        Ok(())
    }
}

/// SQLite's own judgement of the file.
pub(super) async fn integrity(path: &Path) -> anyhow::Result<()> {
    let mut connection = sqlx::sqlite::SqliteConnectOptions::new().filename(path).connect().await?;
    let found: Vec<String> = sqlx::query_scalar("PRAGMA integrity_check").fetch_all(&mut connection).await?;
    connection.close().await?;
    ensure!(found == ["ok"], "the store is damaged: {found:?}");
    Ok(())
}

/// How many pages the store has, those that wait in the WAL included.
pub(super) async fn pages(path: &Path) -> anyhow::Result<i64> {
    let mut connection = sqlx::sqlite::SqliteConnectOptions::new().filename(path).connect().await?;
    let pages = sqlx::query_scalar("PRAGMA page_count").fetch_one(&mut connection).await?;
    connection.close().await?;
    Ok(pages)
}
