//! One message of every kind with made-up data, to try templates with.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta};
use serde_json::{Value, json};
use strum::IntoEnumIterator as _;

use crate::domain::account::{AccountId, AccountRef, ReceiverName, SubscriptionName};
use crate::domain::alerts::{AlertId, AlertKind, Severity};
use crate::domain::change::ChangeKind;
use crate::domain::message::{
    AlertEntry, ChangeEntry, Digest, DigestAccount, DigestExpiry, DigestTotals, Message, MessageData,
    MessageType, Reason, Status,
};
use crate::domain::observation::Outcome;
use crate::domain::summary::{self, Counts};
use crate::domain::time::Timestamp;
use crate::domain::verdict::Verdict;

/// The samples by name: each alert that fires and resolved, each change, a test, and several at once.
pub(super) fn samples(receiver: &ReceiverName) -> Vec<(String, Message)> {
    let now = DateTime::from_timestamp(1_795_418_100, 0).unwrap_or_default();
    let mut samples = Vec::new();
    for kind in AlertKind::iter() {
        for status in [Status::Firing, Status::Resolved] {
            samples.push((
                format!("{kind} {status}"),
                message(receiver, vec![alert(kind, status, now)], Vec::new(), now),
            ));
        }
    }
    for kind in ChangeKind::iter() {
        samples.push((kind.to_string(), message(receiver, Vec::new(), vec![change(kind, now)], now)));
    }
    let alerts = AlertKind::iter().map(|kind| alert(kind, Status::Firing, now)).collect();
    let changes = ChangeKind::iter().map(|kind| change(kind, now)).collect();
    samples.push(("several at once".to_owned(), message(receiver, alerts, changes, now)));
    let mut test = message(receiver, Vec::new(), Vec::new(), now);
    test.kind = MessageType::Test;
    summary::TEST.clone_into(&mut test.data.summary);
    samples.push(("test".to_owned(), test));
    samples.push(("digest".to_owned(), digest(receiver, now)));
    samples
}

fn account() -> AccountRef {
    AccountRef { id: AccountId::new("123456"), name: "studio-a".to_owned() }
}

fn alert(kind: AlertKind, status: Status, now: Timestamp) -> AlertEntry {
    let is_expiry = kind == AlertKind::Expiry;
    let is_firing = status == Status::Firing;
    let about_receiver = kind == AlertKind::DeliveryFailing;
    let about_subscription =
        matches!(kind, AlertKind::Unauthorized | AlertKind::SubscriptionLapsed | AlertKind::ServicesInError);
    AlertEntry {
        id: AlertId::new("01KAQ9Z0X00000000000000000"),
        kind,
        status,
        reason: Some(if is_firing { Reason::Opened } else { Reason::Resolved }),
        stage: is_expiry.then(|| "3d".to_owned()),
        severity: Severity::Warning,
        subscription: (!about_receiver).then(|| SubscriptionName::new("main")),
        account: (!about_receiver && !about_subscription).then(account),
        receiver: about_receiver.then(|| ReceiverName::new("pager")),
        affected: 1,
        opened_at: now - TimeDelta::hours(1),
        resolved_at: (!is_firing).then_some(now),
        expires_at: is_expiry.then(|| now + TimeDelta::days(3)),
        detail: "A sentence with more about it.".to_owned(),
        no_longer_watched: false,
    }
}

fn change(kind: ChangeKind, now: Timestamp) -> ChangeEntry {
    let (field, before, after): (&str, Value, Value) = match kind {
        ChangeKind::CapabilityLost => ("supportVideo", json!(true), json!(false)),
        ChangeKind::CapabilityGained => ("supportVideo", json!(false), json!(true)),
        ChangeKind::MaxJobsChanged => ("maxJobs", json!(3), json!(1)),
        ChangeKind::HostChanged => ("jwt.host", json!("hailuoai.video"), Value::Null),
        ChangeKind::ExpiryMovedBack => {
            ("jwt.exp_Expire", json!("2026-12-01T00:00:00Z"), json!("2026-11-30T00:00:00Z"))
        }
        ChangeKind::IdentityChanged => ("jwt.user.id", json!("1"), json!("2")),
    };
    ChangeEntry {
        kind,
        severity: Severity::Warning,
        subscription: SubscriptionName::new("main"),
        account: account(),
        field: field.to_owned(),
        before,
        after,
        at: now,
    }
}

fn digest(receiver: &ReceiverName, now: Timestamp) -> Message {
    let AccountRef { id, name } = account();
    let subscription = SubscriptionName::new("main");
    let expires_at = now + TimeDelta::days(3);
    let mut digest = message(receiver, Vec::new(), Vec::new(), now);
    digest.kind = MessageType::Digest;
    digest.data.severity = Severity::Info;
    digest.data.digest = Some(Digest {
        since: now - TimeDelta::days(7),
        accounts: vec![DigestAccount {
            subscription: subscription.clone(),
            id,
            name,
            outcome: Some(Outcome::Ok),
            verdict: Verdict::Warning,
            expires_at: Some(expires_at),
            alerts: BTreeSet::from([AlertKind::Expiry]),
        }],
        expiring: vec![DigestExpiry { subscription, account: account(), expires_at }],
        changes: vec![change(ChangeKind::MaxJobsChanged, now)],
        failed: Vec::new(),
        totals: DigestTotals { accounts: 1, attention: 1, expiring: 1, changes: 1, failed: 0 },
    });
    digest
}

fn message(
    receiver: &ReceiverName,
    alerts: Vec<AlertEntry>,
    changes: Vec<ChangeEntry>,
    now: Timestamp,
) -> Message {
    let any_firing = alerts.iter().any(|alert| alert.status == Status::Firing);
    let kind = match (any_firing, alerts.is_empty()) {
        (true, _) => MessageType::Firing,
        (false, false) => MessageType::Resolved,
        (false, true) => MessageType::Changed,
    };
    let summary = summary::headline(&alerts, &changes, Counts::new(&alerts, &changes), now);
    let data = MessageData {
        receiver: receiver.clone(),
        severity: Severity::Warning,
        summary,
        alerts,
        changes,
        truncated: 0,
        silenced: 0,
        digest: None,
    };
    Message { kind, timestamp: now, data }
}
