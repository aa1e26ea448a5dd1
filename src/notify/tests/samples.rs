//! One message of every kind, as a run creates it.

use std::collections::BTreeSet;

use chrono::{TimeDelta, TimeZone, Utc};
use globset::GlobSet;
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::config::{
    Channel, Email, Endpoint, Origin, OwnTemplates, Receiver, Secret, Smtp, Tls, Webhook, WebhookFormat,
};
use crate::domain::account::{AccountId, AccountRef, ReceiverName, SubscriptionName};
use crate::domain::alerts::{AlertId, AlertKind, Severity};
use crate::domain::change::ChangeKind;
use crate::domain::message::{
    AlertEntry, ChangeEntry, Digest, DigestAccount, DigestExpiry, DigestTotals, FailedMessage, Message,
    MessageData, MessageId, MessageType, Reason, Status,
};
use crate::domain::observation::Outcome;
use crate::domain::route::{Kinds, Route};
use crate::domain::summary;
use crate::domain::supervisor::Supervisor;
use crate::domain::time::Timestamp;
use crate::domain::time_zone;
use crate::domain::verdict::Verdict;

pub(in crate::notify) fn now() -> Timestamp {
    Utc.with_ymd_and_hms(2026, 11, 23, 3, 0, 0).unwrap()
}

pub(in crate::notify) fn id() -> MessageId {
    MessageId::new("01JDABCDEFGHJKMNPQRSTVWXYZ")
}

pub(in crate::notify) fn email() -> Email {
    Email {
        allow_http: false,
        from: "minimax-watch <watch@example.com>".parse().unwrap(),
        to: vec!["ops@example.com".parse().unwrap(), "Zoë Ops <zoe@example.com>".parse().unwrap()],
        smtp: Smtp {
            host: "smtp.example.com".to_owned(),
            port: 587,
            tls: Tls::StartTls,
            login: None,
            hello: None,
            timeout: std::time::Duration::from_mins(1),
        },
    }
}

pub(in crate::notify) fn receiver(channel: Channel) -> Receiver {
    let route = Route { min_severity: Severity::Info, kinds: Kinds::All, accounts: GlobSet::empty() };
    Receiver {
        name: ReceiverName::new("ops-mail"),
        route,
        accounts: vec!["*".to_owned()],
        fallback: None,
        digest: None,
        timezone: time_zone::TimeZone::UTC,
        quiet_hours: None,
        supervisor: Supervisor::Systemd,
        templates: OwnTemplates::default(),
        channel,
    }
}

pub(in crate::notify) fn webhook() -> Channel {
    let url = Secret { value: SecretString::from("https://hooks.example.com/T000"), origin: Origin::Inline };
    Channel::Webhook(Webhook {
        endpoint: Endpoint { url, timeout: std::time::Duration::from_secs(15), allow_http: false },
        format: WebhookFormat::Standard,
        signing: Vec::new(),
        signing_origin: None,
        headers: Vec::new(),
    })
}

fn account(name: &str, id: &str) -> AccountRef {
    AccountRef { id: AccountId::new(id), name: name.to_owned() }
}

pub(in crate::notify) fn alert(kind: AlertKind, severity: Severity, opened_ago: TimeDelta) -> AlertEntry {
    AlertEntry {
        id: AlertId::new("01JCZZZZZZZZZZZZZZZZZZZZZZ"),
        kind,
        status: Status::Firing,
        reason: Some(Reason::Opened),
        stage: None,
        severity,
        subscription: Some(SubscriptionName::new("main")),
        account: Some(account("studio-a", "123456")),
        receiver: None,
        affected: 1,
        opened_at: now() - opened_ago,
        resolved_at: None,
        expires_at: None,
        detail: String::new(),
        no_longer_watched: false,
    }
}

pub(in crate::notify) fn of_subscription(alert: AlertEntry, affected: u32) -> AlertEntry {
    AlertEntry { account: None, affected, ..alert }
}

pub(in crate::notify) fn expiry(left: TimeDelta, stage: &str, reason: Reason) -> AlertEntry {
    let severity = if left <= TimeDelta::days(1) { Severity::Critical } else { Severity::Warning };
    AlertEntry {
        stage: Some(stage.to_owned()),
        reason: Some(reason),
        expires_at: Some(now() + left),
        detail: "exp_Expire says 2026-11-23T03:00:00Z, exp says 2026-12-14T03:00:00Z; exp_Expire counts."
            .to_owned(),
        ..alert(AlertKind::Expiry, severity, TimeDelta::days(7) - left)
    }
}

pub(in crate::notify) fn resolved(alert: AlertEntry) -> AlertEntry {
    AlertEntry { status: Status::Resolved, reason: Some(Reason::Resolved), resolved_at: Some(now()), ..alert }
}

fn renewed() -> AlertEntry {
    AlertEntry {
        expires_at: Some(now() + TimeDelta::days(30)),
        opened_at: now() - TimeDelta::hours(50),
        detail: String::new(),
        ..resolved(expiry(TimeDelta::days(5), "7d", Reason::Opened))
    }
}

pub(in crate::notify) fn change(kind: ChangeKind, field: &str, before: Value, after: Value) -> ChangeEntry {
    let severity = match kind {
        ChangeKind::CapabilityGained | ChangeKind::HostChanged => Severity::Info,
        _ => Severity::Warning,
    };
    ChangeEntry {
        kind,
        severity,
        subscription: SubscriptionName::new("main"),
        account: account("studio-a", "123456"),
        field: field.to_owned(),
        before,
        after,
        at: now(),
    }
}

pub(in crate::notify) fn message(alerts: Vec<AlertEntry>, changes: Vec<ChangeEntry>) -> Message {
    let kind = match alerts.as_slice() {
        [] => MessageType::Changed,
        some if some.iter().any(|alert| alert.status == Status::Firing) => MessageType::Firing,
        _ => MessageType::Resolved,
    };
    let severities = alerts.iter().map(|a| a.severity).chain(changes.iter().map(|c| c.severity));
    let data = MessageData {
        receiver: ReceiverName::new("ops-mail"),
        severity: severities.max().unwrap(),
        summary: summary::headline(&alerts, &changes, summary::Counts::new(&alerts, &changes), now()),
        alerts,
        changes,
        truncated: 0,
        silenced: 0,
        digest: None,
    };
    Message { kind, timestamp: now(), data }
}

pub(in crate::notify) fn test_message() -> Message {
    let data = MessageData {
        receiver: ReceiverName::new("ops-mail"),
        severity: Severity::Info,
        summary: summary::TEST.to_owned(),
        alerts: Vec::new(),
        changes: Vec::new(),
        truncated: 0,
        silenced: 0,
        digest: None,
    };
    Message { kind: MessageType::Test, timestamp: now(), data }
}

/// One of each alert kind, as it fires first.
pub(in crate::notify) fn firing() -> Vec<(&'static str, AlertEntry)> {
    let alert = |kind, severity| alert(kind, severity, TimeDelta::minutes(15));
    let with_detail = |detail: &str, alert: AlertEntry| AlertEntry { detail: detail.to_owned(), ..alert };
    let receiver = ReceiverName::new("pager");
    vec![
        ("expired", expiry(TimeDelta::zero(), "expired", Reason::Escalated)),
        ("expiry", expiry(TimeDelta::days(3), "3d", Reason::Escalated)),
        ("expiry-reminder", expiry(-TimeDelta::days(2), "expired", Reason::Repeated)),
        ("expiry-unknown", alert(AlertKind::ExpiryUnknown, Severity::Warning)),
        ("unauthorized", of_subscription(alert(AlertKind::Unauthorized, Severity::Critical), 3)),
        ("unauthorized-account", alert(AlertKind::Unauthorized, Severity::Critical)),
        ("subscription-lapsed", of_subscription(alert(AlertKind::SubscriptionLapsed, Severity::Critical), 3)),
        ("not-found", alert(AlertKind::NotFound, Severity::Critical)),
        (
            "account-error",
            with_detail(
                "the configuration carries an error: Session was logged out.",
                alert(AlertKind::AccountError, Severity::Critical),
            ),
        ),
        (
            "unreachable",
            with_detail(
                "no verdict since 2026-11-23 01:45 UTC; the last check: connection refused.",
                of_subscription(alert(AlertKind::Unreachable, Severity::Warning), 3),
            ),
        ),
        (
            "malformed",
            with_detail(
                "200, but no JSON: <html><head><title>Sign in</title>",
                alert(AlertKind::Malformed, Severity::Warning),
            ),
        ),
        (
            "services-in-error",
            with_detail(
                "useapi.net counts accounts in error for other services: Kling API (1 of 3).",
                of_subscription(alert(AlertKind::ServicesInError, Severity::Info), 1),
            ),
        ),
        (
            "jobs-failing",
            with_detail(
                "5 of 6 jobs failed since 2026-11-23 02:10 UTC (codes 403, 596); useapi.net reports jobs up to 15 minutes late.",
                alert(AlertKind::JobsFailing, Severity::Warning),
            ),
        ),
        (
            "out-of-credits",
            with_detail(
                "2 of 2 jobs were refused for lack of credits since 2026-11-23 02:10 UTC (code 412); useapi.net reports jobs up to 15 minutes late.",
                alert(AlertKind::OutOfCredits, Severity::Critical),
            ),
        ),
        (
            "credits-low",
            with_detail(
                "80 credits left, below 100; at the pace of the last 7 days (40 a day) they run out on 2026-11-25 07:15 UTC.",
                alert(AlertKind::CreditsLow, Severity::Warning),
            ),
        ),
        (
            "delivery-failing",
            AlertEntry {
                subscription: None,
                account: None,
                receiver: Some(receiver),
                affected: 0,
                ..with_detail(
                    "hooks.example.com answered 404: no such hook",
                    alert(AlertKind::DeliveryFailing, Severity::Warning),
                )
            },
        ),
    ]
}

/// One of each change kind.
pub(in crate::notify) fn changes() -> Vec<(&'static str, ChangeEntry)> {
    use ChangeKind::{
        CapabilityGained, CapabilityLost, ExpiryMovedBack, HostChanged, IdentityChanged, MaxJobsChanged,
    };
    let (later, earlier) = (json!("2026-12-20T03:00:00Z"), json!("2026-12-01T03:00:00Z"));
    vec![
        ("capability-lost", change(CapabilityLost, "supportVideo", json!(true), Value::Null)),
        ("capability-gained", change(CapabilityGained, "supportAgent", Value::Null, json!(true))),
        ("max-jobs-changed", change(MaxJobsChanged, "maxJobs", json!(3), json!(1))),
        ("host-changed", change(HostChanged, "jwt.host", json!("hailuoai.video"), json!("minimax.io"))),
        ("expiry-moved-back", change(ExpiryMovedBack, "jwt.exp_Expire", later, earlier)),
        ("identity-changed", change(IdentityChanged, "jwt.user.id", json!("111111"), json!("222222"))),
    ]
}

/// Every message with a snapshot, by its name.
pub(in crate::notify) fn all() -> Vec<(String, Message)> {
    let mut all: Vec<(String, Message)> = Vec::new();
    for (name, alert) in firing() {
        if alert.kind != AlertKind::Expiry {
            let resolved = AlertEntry { detail: String::new(), ..self::resolved(alert.clone()) };
            all.push((format!("{name}-resolved"), message(vec![resolved], Vec::new())));
        }
        all.push((name.to_owned(), message(vec![alert], Vec::new())));
    }
    for (name, change) in changes() {
        all.push((name.to_owned(), message(Vec::new(), vec![change])));
    }
    all.push(("expiry-resolved".to_owned(), message(vec![renewed()], Vec::new())));
    all.push(("test".to_owned(), test_message()));
    all.push(("digest-well".to_owned(), digest_well()));
    all.push(("digest-everything".to_owned(), digest_everything()));
    all.push(("mixed".to_owned(), mixed()));
    all.push(("hostile".to_owned(), hostile()));
    all
}

/// Many accounts, every severity, a resolved alert, changes, and more than one message holds.
pub(in crate::notify) fn mixed() -> Message {
    let named = |number: u32, alert: AlertEntry| AlertEntry {
        id: AlertId::new(format!("01JCZZZZZZZZZZZZZZZZZZZZ{number:02}")),
        account: Some(account(&format!("studio-{number}"), &format!("10000{number}"))),
        ..alert
    };
    let mut alerts: Vec<_> = (1..=9)
        .map(|number| named(number, expiry(-TimeDelta::hours(number.into()), "expired", Reason::Escalated)))
        .collect();
    alerts.push(named(10, expiry(TimeDelta::days(3), "3d", Reason::Opened)));
    alerts.push(named(11, expiry(TimeDelta::days(2), "3d", Reason::Repeated)));
    alerts.push(named(12, renewed()));
    alerts.extend(firing().into_iter().filter(|(name, _)| *name == "unauthorized").map(|(_, alert)| alert));
    let mut message = message(alerts, changes().into_iter().map(|(_, change)| change).collect());
    message.data.truncated = 57;
    message.data.silenced = 2;
    message
}

/// A digest about accounts of these names and verdicts: every second one expires within 14 days.
pub(in crate::notify) fn digest(
    accounts: &[(&str, Verdict)],
    changes: Vec<ChangeEntry>,
    failed: Vec<FailedMessage>,
) -> Message {
    let expires_at = |number: usize| now() + TimeDelta::days(if number.is_multiple_of(2) { 30 } else { 5 });
    let entry = |(number, (name, verdict)): (usize, &(&str, Verdict))| DigestAccount {
        subscription: SubscriptionName::new("main"),
        id: AccountId::new(format!("10000{number}")),
        name: (*name).to_owned(),
        outcome: match verdict {
            Verdict::Unknown => Some(Outcome::Unavailable),
            Verdict::Critical => Some(Outcome::NotFound),
            Verdict::Ok | Verdict::Warning => Some(Outcome::Ok),
        },
        verdict: *verdict,
        expires_at: Some(expires_at(number)),
        alerts: match verdict {
            Verdict::Critical => BTreeSet::from([AlertKind::NotFound, AlertKind::Expiry]),
            Verdict::Warning => BTreeSet::from([AlertKind::Expiry]),
            Verdict::Ok | Verdict::Unknown => BTreeSet::new(),
        },
    };
    let accounts: Vec<DigestAccount> = accounts.iter().enumerate().map(entry).collect();
    let near = accounts.iter().filter(|account| account.expires_at < Some(now() + TimeDelta::days(14)));
    let expiring = near.map(|account| DigestExpiry {
        subscription: account.subscription.clone(),
        account: AccountRef { id: account.id.clone(), name: account.name.clone() },
        expires_at: account.expires_at.unwrap(),
    });
    let expiring: Vec<DigestExpiry> = expiring.collect();
    let totals = DigestTotals {
        accounts: accounts.len(),
        attention: accounts.iter().filter(|account| account.verdict != Verdict::Ok).count(),
        expiring: expiring.len(),
        changes: changes.len(),
        failed: failed.len(),
    };
    let digest = Digest { since: now() - TimeDelta::days(7), accounts, expiring, changes, failed, totals };
    let mut message = test_message();
    message.kind = MessageType::Digest;
    message.data.summary = format!("digest: {}", summary::digest_topic(&totals));
    message.data.digest = Some(digest);
    message
}

/// A message that was not delivered.
pub(in crate::notify) fn failed(receiver: &str, error: &str, next: Option<Timestamp>) -> FailedMessage {
    FailedMessage {
        receiver: ReceiverName::new(receiver),
        message: MessageId::new("msg_01JCZZZZZZZZZZZZZZZZZZZZZZ"),
        since: now() - TimeDelta::days(2),
        error: error.to_owned(),
        next_attempt_at: next,
    }
}

/// All is well.
fn digest_well() -> Message {
    let accounts = ["studio-a", "studio-b", "studio-c"].map(|name| (name, Verdict::Ok));
    let mut message = digest(&accounts, Vec::new(), Vec::new());
    let digest = message.data.digest.as_mut().unwrap();
    for account in &mut digest.accounts {
        account.expires_at = Some(now() + TimeDelta::days(30));
    }
    digest.expiring.clear();
    digest.totals.expiring = 0;
    message
}

/// Something in every section, and more accounts than are listed.
fn digest_everything() -> Message {
    let accounts = [
        ("studio-d", Verdict::Critical),
        ("studio-e", Verdict::Unknown),
        ("studio-b", Verdict::Warning),
        ("studio-a", Verdict::Ok),
        ("studio-c", Verdict::Ok),
    ];
    let failed = vec![
        failed("pager", "hooks.example.com answered 410", None),
        failed("ops-mail", "mx.example.com: 451 try later", Some(now() + TimeDelta::hours(2))),
    ];
    let mut message =
        digest(&accounts, changes().into_iter().map(|(_, change)| change).take(3).collect(), failed);
    message.data.digest.as_mut().unwrap().totals.accounts = 120;
    message.data.digest.as_mut().unwrap().totals.expiring = 3;
    message.data.truncated = 116;
    message
}

/// Names and vendor texts that try to inject headers, markup and SMTP commands.
pub(in crate::notify) fn hostile() -> Message {
    let name = "a\r\nBcc: victim@example.com\r\n\r\n<script>alert('x')</script> \"&\u{202e}";
    let mut alert = expiry(TimeDelta::zero(), "expired", Reason::Opened);
    alert.account = Some(account(name, "../é&<b>"));
    alert.detail = "</td></table><img src=https://example.com/pixel>\r\n.\r\nQUIT".to_owned();
    let mut change = change(ChangeKind::HostChanged, "jwt.host<i>", json!("a\r\nb"), json!({"x": "<b>"}));
    change.account = account(name, "7");
    message(vec![alert], vec![change])
}
