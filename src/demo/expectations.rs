//! The demo checks itself: what is promised to users against the messages that arrived.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use chrono::TimeDelta;

use super::scene::Scene;
use super::story;
use super::timeline::Played;
use crate::domain::alerts::{AlertId, AlertKind, Severity};
use crate::domain::message::{AlertEntry, Message, Reason};
use crate::domain::time::Timestamp;

/// What is promised, and whether it was kept.
type Promise = (&'static str, bool);

/// A message, and when it arrived.
type Arrived = (Timestamp, Message);

/// Each promise, and whether it was kept.
pub(super) struct Verdict(Vec<Promise>);

impl Verdict {
    /// Whether all of them were kept.
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

/// Checks each promise against the messages that arrived.
pub(super) async fn verify(scene: &Scene, start: Timestamp, played: &Played) -> anyhow::Result<Verdict> {
    let deliveries = scene.pager.deliveries();
    let mut messages = Vec::new();
    for delivery in &deliveries {
        messages.push((delivery.at, serde_json::from_slice::<Message>(&delivery.body)?));
    }
    let entries: Vec<&AlertEntry> = messages.iter().flat_map(|(_, message)| &message.data.alerts).collect();
    let ids: BTreeSet<_> = deliveries.iter().map(|delivery| &delivery.id).collect();
    let pending = scene.engine.store.pending_messages().await?;
    let mut promises = vec![
        ("every webhook carries a valid signature", deliveries.iter().all(|delivery| delivery.is_signed)),
        ("no webhook arrived twice", ids.len() == deliveries.len()),
        (
            "ops-mail received as many messages as the pager, and the failure and recovery of the pager",
            scene.mailbox.mails().len() == deliveries.len() + 2,
        ),
        (
            "telegram and phone got every critical alert, and nothing twice",
            chats_are_complete(scene, &entries),
        ),
        ("no message is pending", pending.is_empty()),
        (
            "messages arrived in the order in which they were decided",
            messages.is_sorted_by_key(|(_, message)| message.timestamp),
        ),
    ];
    promises.extend(account_promises(&messages, &entries, start));
    promises.extend(job_promises(&messages, &entries, (start, played)));
    Ok(Verdict(promises))
}

fn account_promises(messages: &[Arrived], entries: &[&AlertEntry], start: Timestamp) -> Vec<Promise> {
    vec![
        (
            "each alert was opened once and resolved once",
            lives(entries).values().all(|life| is_complete(life)),
        ),
        (
            "the expiry was announced at 7 d, 3 d, 1 d, 1 h and when it expired, once each",
            stages(entries) == ["7d", "3d", "1d", "1h", "expired"],
        ),
        (
            "the expiry alert came to the second, with the API down",
            expired_at(messages) == Some(start + TimeDelta::days(9)),
        ),
        (
            "an outage of useapi.net raised one alert for each of the two subscriptions",
            opened(entries, AlertKind::Unreachable) == [(None, 1), (None, 3)],
        ),
        (
            "a 401 for three accounts raised one alert",
            opened(entries, AlertKind::Unauthorized) == [(None, 3)],
        ),
    ]
}

fn job_promises(
    messages: &[Arrived],
    entries: &[&AlertEntry],
    (start, played): (Timestamp, &Played),
) -> Vec<Promise> {
    vec![
        (
            "a week of refused jobs raised one alert within 2 h, which resolved within 2 h of its end",
            is_week_of_refused_jobs(messages, start),
        ),
        (
            "`usable` left out the account whose jobs were refused, and listed it when they succeeded",
            is_refused_account_left_out(played),
        ),
        (
            "credits that ran out raised a warning first, and then one critical alert",
            [AlertKind::CreditsLow, AlertKind::OutOfCredits]
                .iter()
                .all(|kind| opened(entries, *kind) == [(Some(story::SPENDING.to_owned()), 1)])
                && entries.iter().map(|entry| entry.kind).find(|kind| is_about_credits(*kind))
                    == Some(AlertKind::CreditsLow),
        ),
    ]
}

fn is_about_credits(kind: AlertKind) -> bool {
    matches!(kind, AlertKind::CreditsLow | AlertKind::OutOfCredits)
}

/// Whether the account whose jobs are refused was not usable in that week, and usable after it.
fn is_refused_account_left_out(played: &Played) -> bool {
    let lists_it = |usable: &Vec<String>| usable.iter().any(|name| name == story::REFUSED);
    played.usable.iter().map(lists_it).eq([false, true])
}

/// Whether the one alert about jobs came soon after the week of refused jobs had begun, and resolved soon after its end.
fn is_week_of_refused_jobs(messages: &[(Timestamp, Message)], start: Timestamp) -> bool {
    let entries =
        messages.iter().flat_map(|(at, message)| message.data.alerts.iter().map(move |entry| (*at, entry)));
    let life = entries.filter(|(_, entry)| entry.kind == AlertKind::JobsFailing).map(|(at, entry)| {
        let is_account = entry.account.as_ref().is_some_and(|account| account.name == story::REFUSED);
        (at, entry.reason.filter(|_| is_account))
    });
    let is_soon = |at: Timestamp, since: TimeDelta| {
        (TimeDelta::zero()..=TimeDelta::hours(2)).contains(&(at - start - since))
    };
    let [begin, end] = story::REFUSED_BETWEEN;
    match life.collect::<Vec<_>>()[..] {
        [(opened, Some(Reason::Opened)), (resolved, Some(Reason::Resolved))] => {
            is_soon(opened, begin) && is_soon(resolved, end)
        }
        _ => false,
    }
}

/// Whether both chats showed the same, each message once, and every critical alert of `entries`, which the command in its text names.
fn chats_are_complete(scene: &Scene, entries: &[&AlertEntry]) -> bool {
    let (telegram, phone) = (scene.telegram.messages(), scene.ntfy.messages());
    // Telegram's text has word joiners, which keep it from making links of words.
    let shown: Vec<(&str, String)> =
        telegram.iter().map(|one| (one.title.as_str(), one.text.replace('\u{2060}', ""))).collect();
    let same = phone
        .iter()
        .map(|one| (one.title.as_str(), one.text.as_str()))
        .eq(shown.iter().map(|(title, text)| (*title, text.as_str())));
    let distinct: BTreeSet<_> = telegram.iter().map(|one| (one.at, &one.title)).collect();
    let is_critical =
        |entry: &&&AlertEntry| entry.severity == Severity::Critical && entry.reason != Some(Reason::Resolved);
    let is_shown = |entry: &&AlertEntry| shown.iter().any(|(_, text)| text.contains(entry.id.as_str()));
    same && distinct.len() == telegram.len() && entries.iter().filter(is_critical).all(is_shown)
}

fn lives(entries: &[&AlertEntry]) -> BTreeMap<AlertId, Vec<Reason>> {
    let mut lives: BTreeMap<AlertId, Vec<Reason>> = BTreeMap::new();
    for entry in entries {
        lives.entry(entry.id.clone()).or_default().extend(entry.reason);
    }
    lives
}

fn is_complete(life: &[Reason]) -> bool {
    let is_end = |reason: &Reason| matches!(reason, Reason::Opened | Reason::Resolved);
    matches!(life, [Reason::Opened, between @ .., Reason::Resolved] if !between.iter().any(is_end))
}

fn stages(entries: &[&AlertEntry]) -> Vec<String> {
    let firing = entries
        .iter()
        .filter(|entry| entry.kind == AlertKind::Expiry && entry.reason != Some(Reason::Resolved));
    firing.filter_map(|entry| entry.stage.clone()).collect()
}

fn expired_at(messages: &[(Timestamp, Message)]) -> Option<Timestamp> {
    let is_expired =
        |message: &Message| message.data.alerts.iter().any(|entry| entry.stage.as_deref() == Some("expired"));
    messages.iter().find(|(_, message)| is_expired(message)).map(|(at, _)| *at)
}

/// The account and the number of accounts of each alert of this kind that was opened.
fn opened(entries: &[&AlertEntry], kind: AlertKind) -> Vec<(Option<String>, u32)> {
    let is_opened = |entry: &&&AlertEntry| entry.kind == kind && entry.reason == Some(Reason::Opened);
    entries
        .iter()
        .filter(is_opened)
        .map(|entry| (entry.account.as_ref().map(|account| account.name.clone()), entry.affected))
        .collect()
}
