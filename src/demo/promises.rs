//! The demo judges itself: what the program promises, held against what the receivers really got.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use chrono::TimeDelta;

use super::scene::Scene;
use crate::domain::alert::{AlertId, AlertKind};
use crate::domain::message::{AlertEntry, Message, Reason};
use crate::domain::time::Timestamp;
use crate::simulator::Signature;

/// Each promise, and whether it was kept.
pub(super) struct Verdict(Vec<(&'static str, bool)>);

impl Verdict {
    /// Whether all were.
    pub(super) fn kept(&self) -> bool {
        self.0.iter().all(|(_, kept)| *kept)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (promise, kept) in &self.0 {
            writeln!(f, "  {}  {promise}", if *kept { "kept  " } else { "BROKEN" })?;
        }
        let close =
            if self.kept() { "Every promise of this demo was kept." } else { "A promise was broken." };
        writeln!(f, "{close}")
    }
}

/// Judges by what arrived.
pub(super) async fn judge(scene: &Scene, start: Timestamp) -> anyhow::Result<Verdict> {
    let deliveries = scene.pager.deliveries();
    let mut messages = Vec::new();
    for delivery in &deliveries {
        messages.push((delivery.at, serde_json::from_slice::<Message>(&delivery.body)?));
    }
    let entries: Vec<&AlertEntry> = messages.iter().flat_map(|(_, message)| &message.data.alerts).collect();
    let ids: BTreeSet<_> = deliveries.iter().filter_map(|delivery| delivery.header("webhook-id")).collect();
    let waiting = scene.engine.store.pending_messages().await?;
    Ok(Verdict(vec![
        (
            "every webhook carries a valid signature",
            deliveries.iter().all(|delivery| delivery.signature == Signature::Valid),
        ),
        ("no message came twice", ids.len() == deliveries.len()),
        (
            "ops-mail heard what the pager heard, and of the pager's own failure and recovery",
            scene.mailbox.count() == deliveries.len() + 2,
        ),
        ("nothing waits in the outbox", waiting.is_empty()),
        (
            "messages came in the order in which they were decided",
            messages.is_sorted_by_key(|(_, message)| message.timestamp),
        ),
        (
            "each alert was told as opened once, and its end once",
            lives(&entries).values().all(|life| is_whole(life)),
        ),
        (
            "the coming end was told at 7 d, 3 d, 1 d, 1 h and as expired, once each",
            rungs(&entries) == ["7d", "3d", "1d", "1h", "expired"],
        ),
        (
            "the expiry was told in its very second, with the API down",
            expired_at(&messages) == Some(start + TimeDelta::days(9)),
        ),
        ("a 401 for three accounts was one alert", refusals(&entries) == [(None, 3)]),
    ]))
}

fn lives(entries: &[&AlertEntry]) -> BTreeMap<AlertId, Vec<Reason>> {
    let mut lives: BTreeMap<AlertId, Vec<Reason>> = BTreeMap::new();
    for entry in entries {
        lives.entry(entry.id.clone()).or_default().extend(entry.reason);
    }
    lives
}

fn is_whole(life: &[Reason]) -> bool {
    let count = |reason| life.iter().filter(|told| **told == reason).count();
    life.first() == Some(&Reason::Opened)
        && life.last() == Some(&Reason::Resolved)
        && count(Reason::Opened) == 1
        && count(Reason::Resolved) == 1
}

fn rungs(entries: &[&AlertEntry]) -> Vec<String> {
    let told = entries
        .iter()
        .filter(|entry| entry.kind == AlertKind::Expiry && entry.reason != Some(Reason::Resolved));
    told.filter_map(|entry| entry.stage.clone()).collect()
}

fn expired_at(messages: &[(Timestamp, Message)]) -> Option<Timestamp> {
    let tells =
        |message: &Message| message.data.alerts.iter().any(|entry| entry.stage.as_deref() == Some("expired"));
    messages.iter().find(|(_, message)| tells(message)).map(|(at, _)| *at)
}

fn refusals(entries: &[&AlertEntry]) -> Vec<(Option<String>, u32)> {
    let opened =
        |entry: &&&AlertEntry| entry.kind == AlertKind::Unauthorized && entry.reason == Some(Reason::Opened);
    entries
        .iter()
        .filter(opened)
        .map(|entry| (entry.account.as_ref().map(|account| account.name.clone()), entry.affected))
        .collect()
}
