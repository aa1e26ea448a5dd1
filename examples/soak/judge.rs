//! What the receivers heard, and whether that was everything, once.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context, ensure};
use minimax_watch::domain::alert::AlertKind;
use minimax_watch::domain::message::{Message, Reason};
use minimax_watch::simulator::Delivery;
use sqlx::{ConnectOptions, Connection};

use super::vendor::Rung;

/// What was heard. Only ids and rungs are kept, so that a year fits.
#[derive(Default)]
pub(super) struct Judge {
    seen: BTreeSet<String>,
    heard: BTreeMap<(&'static str, Rung), u32>,
}

impl Judge {
    pub(super) fn hears(&mut self, receiver: &'static str, delivery: &Delivery) -> anyhow::Result<()> {
        let id = delivery.header("webhook-id").context("a message without an id")?;
        if !self.seen.insert(id.to_owned()) {
            return Ok(());
        }
        let message: Message = serde_json::from_slice(&delivery.body)?;
        ensure!(
            message.data.truncated == 0,
            "more in one message than it can hold: {}",
            message.data.summary
        );
        for alert in message.data.alerts.iter().filter(|alert| alert.kind == AlertKind::Expiry) {
            let is_rung = matches!(alert.reason, Some(Reason::Opened | Reason::Escalated));
            if let (true, Some(account), Some(end), Some(stage)) =
                (is_rung, &alert.account, alert.expires_at, &alert.stage)
            {
                let stage = ["7d", "3d", "1d", "1h", "expired"].into_iter().find(|known| known == stage);
                let rung = (account.id.to_string(), end, stage.context("an unknown stage")?);
                *self.heard.entry((receiver, rung)).or_default() += 1;
            }
        }
        Ok(())
    }

    pub(super) fn messages(&self) -> usize {
        self.seen.len()
    }

    pub(super) fn rungs(&self) -> usize {
        self.heard.len()
    }

    pub(super) fn ends(&self) -> usize {
        self.heard.keys().map(|(_, (account, end, _))| (account, end)).collect::<BTreeSet<_>>().len()
    }

    /// Each of `rungs` was told to each receiver, once, and nothing else.
    pub(super) fn everything_was_told(
        &self,
        rungs: &[Rung],
        receivers: [&'static str; 2],
    ) -> anyhow::Result<()> {
        for rung in rungs {
            for receiver in receivers {
                let times = self.heard.get(&(receiver, rung.clone())).copied().unwrap_or_default();
                ensure!(times == 1, "{receiver} heard {times} times of {rung:?}");
            }
        }
        let heard = self.heard.len();
        ensure!(
            heard == rungs.len() * receivers.len(),
            "{heard} rungs were told, there were {}",
            rungs.len()
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
