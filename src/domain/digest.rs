//! Digests: when a receiver is due one, and what it shows.
//!
//! Guarantees: at most one digest at a time, however many of its times were missed; none for times before the schedule was first
//! seen; the lists hold at most [`LIMIT`] entries, the rest is counted. Of the receiver's route only `accounts` counts: a digest shows
//! the state, whatever `min_severity`, `kinds` and silences say about notifications. Storing and rendering are left to others.

use std::cmp::Ordering;

use chrono::TimeDelta;
use globset::GlobSet;

use super::account::{AccountRef, ReceiverName};
use super::account_glob;
use super::account_state::AccountRecord;
use super::alerts::{Alert, Severity};
use super::change::Change;
use super::clock_skew::was_recorded_ahead;
use super::message::{
    ChangeEntry, Digest, DigestAccount, DigestExpiry, DigestTotals, FailedMessage, LIMIT, Message,
    MessageData, MessageType,
};
use super::notification::change_entry;
use super::policy::Policy;
use super::schedule::Schedule;
use super::summary;
use super::time::Timestamp;
use super::verdict::Verdict;

/// Tokens that expire within this time are listed as expiring.
const EXPIRING_WITHIN: TimeDelta = TimeDelta::days(14);

/// What is stored about the digests of one receiver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DigestRecord {
    /// The receiver.
    pub receiver: ReceiverName,
    /// The schedule that its next time follows from, as [`schedule_text`] writes it.
    pub schedule: String,
    /// The next digest is due at the first time of the schedule after this: the last digest, or when the schedule was first seen.
    pub waits_since: Timestamp,
    /// The last digest, or when digests were first configured. The next one reports what failed since then.
    pub reported_until: Timestamp,
    /// The number of the newest change that needs no report any longer.
    pub last_change: i64,
}

/// Whether a receiver is sent a digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DigestDecision {
    /// The schedule is new, or a clock that ran ahead wrote the record: its next time is counted from now.
    Begin,
    /// A digest is due since this time of the schedule, the first of those that were missed.
    Due(Timestamp),
    /// None is due.
    NotDue,
}

/// The expression and the zone of `schedule`. Another text is another schedule, of which no time has passed yet.
pub fn schedule_text(schedule: &Schedule) -> String {
    format!("{} {}", schedule.expression().trim(), schedule.zone().name())
}

/// Decides about the receiver with this `schedule`, of which `record` is stored.
pub fn decide(schedule: &Schedule, record: Option<&DigestRecord>, now: Timestamp) -> DigestDecision {
    let is_same = |record: &&DigestRecord| record.schedule == schedule_text(schedule);
    match record.filter(is_same) {
        Some(record) if !was_recorded_ahead(record.waits_since, now) => {
            match schedule.next_after(record.waits_since) {
                Some(due) if due <= now => DigestDecision::Due(due),
                _ => DigestDecision::NotDue,
            }
        }
        _ => DigestDecision::Begin,
    }
}

/// Whether a digest that is due since `due` waits for the run that is about to begin: no run has begun since then, so that after an
/// outage it would show the state from before. It waits for one run only, also when runs follow one another without a pause.
pub fn awaits_run(due: Timestamp, last_run: Option<Timestamp>) -> bool {
    last_run.is_none_or(|started_at| started_at < due)
}

/// The first [`LIMIT`] of many entries by their order, and how many there were. Holds few of them at a time.
struct Listed<T> {
    order: fn(&T, &T) -> Ordering,
    entries: Vec<T>,
    total: usize,
}

impl<T> Listed<T> {
    const fn new(order: fn(&T, &T) -> Ordering) -> Self {
        Self { order, entries: Vec::new(), total: 0 }
    }

    fn add(&mut self, entry: T) {
        self.total += 1;
        self.entries.push(entry);
        if self.entries.len() >= 2 * LIMIT {
            self.cut();
        }
    }

    fn cut(&mut self) {
        self.entries.sort_by(self.order);
        self.entries.truncate(LIMIT);
    }

    fn into_entries(mut self) -> Vec<T> {
        self.cut();
        self.entries
    }
}

/// A digest in the making.
pub struct DigestDraft<'a> {
    accepted: &'a GlobSet,
    policy: &'a Policy,
    since: Timestamp,
    now: Timestamp,
    accounts: Listed<DigestAccount>,
    attention: usize,
    expiring: Listed<DigestExpiry>,
    changes: Listed<ChangeEntry>,
    failed: Listed<FailedMessage>,
}

impl<'a> DigestDraft<'a> {
    /// An empty digest about the accounts that `accepted` matches, for the time since `since`.
    pub const fn new(accepted: &'a GlobSet, policy: &'a Policy, since: Timestamp, now: Timestamp) -> Self {
        Self {
            accepted,
            policy,
            since,
            now,
            accounts: Listed::new(by_verdict),
            attention: 0,
            expiring: Listed::new(by_expiry),
            changes: Listed::new(by_severity),
            failed: Listed::new(newest_first),
        }
    }

    /// Adds a watched account with its `open` alerts, those of its subscription included; lists of accounts are left out.
    pub fn add_account(&mut self, record: &AccountRecord, open: &[&Alert]) {
        let key = &record.account;
        let account = AccountRef { id: key.id.clone(), name: record.name.clone() };
        if key.is_listing() || !account_glob::matches(self.accepted, &account) {
            return;
        }
        let severities = open.iter().map(|alert| alert.condition.severity);
        let verdict = record.verdict(severities, self.policy, self.now);
        self.attention += usize::from(verdict != Verdict::Ok);
        let expires_at = record.expires_at(self.policy);
        self.accounts.add(DigestAccount {
            subscription: key.subscription.clone(),
            id: key.id.clone(),
            name: record.name.clone(),
            outcome: record.account_state.outcome,
            verdict,
            expires_at,
            alerts: open.iter().map(|alert| alert.condition.kind).collect(),
        });
        let is_near =
            |expires_at: &Timestamp| *expires_at > self.now && *expires_at - self.now <= EXPIRING_WITHIN;
        if let Some(expires_at) = expires_at.filter(is_near) {
            self.expiring.add(DigestExpiry { subscription: key.subscription.clone(), account, expires_at });
        }
    }

    /// Adds a change of the account of this name.
    pub fn add_change(&mut self, change: &Change, name: &str) {
        let entry = change_entry(change, |_| name.to_owned());
        if account_glob::matches(self.accepted, &entry.account) {
            self.changes.add(entry);
        }
    }

    /// Adds a message, to whichever receiver, that was not delivered.
    pub fn add_failed(&mut self, failed: FailedMessage) {
        self.failed.add(failed);
    }

    /// The message to `receiver`. It is there also when all is well.
    pub fn into_message(self, receiver: &ReceiverName) -> Message {
        let totals = DigestTotals {
            accounts: self.accounts.total,
            attention: self.attention,
            expiring: self.expiring.total,
            changes: self.changes.total,
            failed: self.failed.total,
        };
        let digest = Digest {
            since: self.since,
            accounts: self.accounts.into_entries(),
            expiring: self.expiring.into_entries(),
            changes: self.changes.into_entries(),
            failed: self.failed.into_entries(),
            totals,
        };
        let data = MessageData {
            receiver: receiver.clone(),
            severity: Severity::Info,
            summary: format!("digest: {}", summary::digest_topic(&digest.totals)),
            alerts: Vec::new(),
            changes: Vec::new(),
            truncated: truncated(&digest),
            silenced: 0,
            digest: Some(digest),
        };
        Message { kind: MessageType::Digest, timestamp: self.now, data }
    }
}

/// How many entries `digest` counts and does not list.
fn truncated(digest: &Digest) -> usize {
    let Digest { accounts, expiring, changes, failed, totals, .. } = digest;
    let total = totals.accounts + totals.expiring + totals.changes + totals.failed;
    total.saturating_sub(accounts.len() + expiring.len() + changes.len() + failed.len())
}

fn by_verdict(a: &DigestAccount, b: &DigestAccount) -> Ordering {
    (b.verdict.cmp(&a.verdict))
        .then_with(|| a.name.cmp(&b.name))
        .then_with(|| (&a.subscription, &a.id).cmp(&(&b.subscription, &b.id)))
}

fn by_expiry(a: &DigestExpiry, b: &DigestExpiry) -> Ordering {
    (a.expires_at, &a.account.name).cmp(&(b.expires_at, &b.account.name))
}

fn by_severity(a: &ChangeEntry, b: &ChangeEntry) -> Ordering {
    b.severity.cmp(&a.severity).then_with(|| (a.at, &a.account.name).cmp(&(b.at, &b.account.name)))
}

fn newest_first(a: &FailedMessage, b: &FailedMessage) -> Ordering {
    (b.since, b.message.as_str()).cmp(&(a.since, a.message.as_str()))
}

#[cfg(test)]
mod tests;
