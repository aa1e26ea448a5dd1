//! The messages that the receivers got, as `verify` compares them. Mails are read from their text, as people read them.

use minimax_watch::domain::account::SubscriptionName;
use minimax_watch::domain::alerts::AlertKind;
use minimax_watch::domain::message::{self, AlertEntry, Reason};

use crate::simulator::{Delivery, Mail};
use crate::stored_state::Change;
use crate::verify::{Facts, Message, Notification};

pub(crate) fn by_webhook(deliveries: &[Delivery]) -> Vec<Message> {
    deliveries.iter().map(posted).collect()
}

pub(crate) fn by_mail(mails: &[Mail]) -> Vec<Message> {
    mails.iter().map(received_mail).collect()
}

fn posted(delivery: &Delivery) -> Message {
    let content = serde_json::from_slice(&delivery.body).unwrap();
    message(delivery.header("webhook-id").unwrap().to_owned(), delivery.body.to_vec(), &content)
}

/// The message of this id and content.
pub(crate) fn message(id: String, bytes: Vec<u8>, content: &message::Message) -> Message {
    let changes = content.data.changes.iter().map(|change| {
        let names = [change.subscription.as_str(), change.account.id.as_str(), change.field.as_str()];
        Change::new(names, &change.before, &change.after, change.at.timestamp()).whole
    });
    Message {
        id,
        bytes,
        alerts: content.data.alerts.iter().map(notification).collect(),
        changes: changes.collect(),
    }
}

fn notification(entry: &AlertEntry) -> Notification {
    let account = entry.account.as_ref().map(|account| account.id.as_str()).unwrap_or_default();
    let subscription = entry.subscription.as_ref().map(SubscriptionName::as_str).unwrap_or_default();
    let facts = Facts {
        about: format!("{} {subscription} {account}", entry.kind),
        stage: entry.stage.as_ref().map(|stage| stage.parse().unwrap()),
        severity: entry.severity,
        end: entry.expires_at,
        may_reopen: entry.kind == AlertKind::Expiry,
    };
    Notification { alert: entry.id.to_string(), reason: entry.reason.unwrap(), facts: Some(facts) }
}

fn received_mail(mail: &Mail) -> Message {
    let id = mail.header("Message-ID").unwrap();
    let id = id.trim_start_matches('<').split('@').next().unwrap().to_owned();
    let (mut alerts, mut changes) = (Vec::new(), Vec::new());
    let (mut account, mut reason) = ("", None);
    let text = text(mail);
    for (label, value) in text.lines().filter_map(fact) {
        match label {
            "Account" => account = value,
            "Lasted" => reason = Some(Reason::Resolved),
            "Why now" if value.starts_with("first message") => reason = Some(Reason::Opened),
            "Why now" if value.starts_with("escalated") => reason = Some(Reason::Escalated),
            "Why now" => reason = Some(Reason::Repeated),
            "Alert" => {
                alerts.push(Notification {
                    alert: value.to_owned(),
                    reason: reason.take().unwrap(),
                    facts: None,
                });
            }
            "Changed" => changes.push(format!("{account} {}", value.split(':').next().unwrap_or_default())),
            _ => {}
        }
    }
    Message { id, bytes: mail.raw.clone(), alerts, changes }
}

/// `  Why now       escalated` as its two columns.
fn fact(line: &str) -> Option<(&str, &str)> {
    let line = line.strip_prefix("  ").filter(|line| !line.starts_with(' '))?;
    let (label, value) = line.split_at_checked(14)?;
    Some((label.trim_end(), value))
}

/// The text part, decoded (RFC 2045, 6.7).
fn text(mail: &Mail) -> String {
    // Joined first: what follows a soft line break, such as an option of a command, is not a boundary.
    let joined = mail.text().replace("=\r\n", "");
    let part = joined.split("text/plain").nth(1).unwrap().split("\r\n--").next().unwrap();
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part.as_bytes();
    while let [first, tail @ ..] = rest {
        let code = (*first == b'=').then(|| tail.get(..2)).flatten();
        let code = code.and_then(|code| u8::from_str_radix(std::str::from_utf8(code).ok()?, 16).ok());
        bytes.push(code.unwrap_or(*first));
        rest = if code.is_some() { &tail[2..] } else { tail };
    }
    String::from_utf8(bytes).unwrap()
}
