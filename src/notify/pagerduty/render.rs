//! The events of one message.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};

use super::event::{Event, Events};
use crate::domain::account::SubscriptionName;
use crate::domain::alerts::Severity;
use crate::domain::message::{AlertEntry, ChangeEntry, Message, MessageId, MessageType, Status};
use crate::domain::summary::{alert_line, change_line};
use crate::domain::text::shortened;
use crate::domain::time::{Timestamp, rfc3339};
use crate::notify::message::{RenderError, SETUP_PAGE};

/// Events for one message.
const MAX_EVENTS: usize = 100;

/// Characters of a summary.
const MAX_SUMMARY: usize = 1024;

/// Characters of a `dedup_key`.
const MAX_KEY: usize = 255;

/// Where the events come from.
const SOURCE: &str = "minimax-watch";

/// The events of `message`: of two alerts of one key only the one that fires.
pub(in crate::notify) fn render(message: &Message, id: &MessageId) -> Result<Vec<u8>, RenderError> {
    let data = &message.data;
    let now = message.timestamp;
    let mut events = Vec::new();
    if message.kind == MessageType::Test {
        events.extend(test_events(message, id));
    }
    let firing: Vec<String> =
        data.alerts.iter().filter(|alert| alert.status == Status::Firing).map(dedup_key).collect();
    let is_replaced =
        |alert: &&AlertEntry| alert.status == Status::Resolved && firing.contains(&dedup_key(alert));
    events.extend(
        data.alerts.iter().filter(|alert| !is_replaced(alert)).map(|alert| alert_event(alert, id, now)),
    );
    events.extend(data.changes.iter().enumerate().map(|(index, change)| change_event(index, change)));
    if message.kind == MessageType::Digest {
        events.push(digest_event(message));
    }
    let most = if data.truncated > 0 { MAX_EVENTS - 1 } else { MAX_EVENTS };
    let more =
        events.len().saturating_sub(if events.len() > most { MAX_EVENTS - 1 } else { most }) + data.truncated;
    if more > 0 {
        events.truncate(MAX_EVENTS - 1);
        events.push(rest_event(more, message));
    }
    Ok(serde_json::to_vec(&Events { events })?)
}

/// `minimax-watch/<subscription>/<account id>/<kind>`, with a digest in place of what is too long.
fn dedup_key(alert: &AlertEntry) -> String {
    let subject = match (&alert.receiver, &alert.subscription, &alert.account) {
        (Some(receiver), ..) => format!("receiver/{}", receiver.as_str()),
        (None, Some(subscription), Some(account)) => {
            format!("{}/{}", subscription.as_str(), account.id.as_str())
        }
        (None, Some(subscription), None) => subscription.as_str().to_owned(),
        (None, None, _) => String::new(),
    };
    let key = format!("{SOURCE}/{subject}/{}", alert.kind.as_str());
    if key.chars().count() <= MAX_KEY {
        return key;
    }
    let digest = digest(&SHA256, key.as_bytes());
    let digest = URL_SAFE_NO_PAD.encode(digest);
    format!("{SOURCE}/{digest}/{}", alert.kind.as_str())
}

fn severity(severity: Severity) -> &'static str {
    // The words of PagerDuty, which has `error` too.
    match severity {
        Severity::Critical => "critical",
        Severity::Warning => "warning",
        Severity::Info => "info",
    }
}

fn alert_event(alert: &AlertEntry, id: &MessageId, now: Timestamp) -> Event {
    let dedup_key = dedup_key(alert);
    let members = match alert.status {
        Status::Resolved => json!({"event_action": "resolve", "dedup_key": dedup_key}),
        Status::Firing => json!({
            "event_action": "trigger",
            "dedup_key": dedup_key,
            "client": SOURCE,
            "links": [{"href": SETUP_PAGE, "text": "Account setup"}],
            "payload": {
                "summary": shortened(&alert_line(alert, now), MAX_SUMMARY),
                "source": SOURCE,
                "severity": severity(alert.severity),
                "timestamp": rfc3339(alert.opened_at),
                "component": alert.account.as_ref().map(|account| account.name.as_str()),
                "group": alert.subscription.as_ref().map(SubscriptionName::as_str),
                "class": alert.kind.as_str(),
                // With the message, by whose id `deliveries` and `resend` know it.
                "custom_details": {"message": id.as_str(), "alert": alert},
            },
        }),
    };
    Event { key: alert.id.as_str().to_owned(), is_change: false, members }
}

fn change_event(index: usize, change: &ChangeEntry) -> Event {
    let members = json!({
        "links": [{"href": SETUP_PAGE, "text": "Account setup"}],
        "payload": {
            "summary": shortened(&change_line(change), MAX_SUMMARY),
            "source": SOURCE,
            "timestamp": rfc3339(change.at),
            "custom_details": change,
        },
    });
    Event { key: format!("change {}", index + 1), is_change: true, members }
}

/// A digest pages nobody.
fn digest_event(message: &Message) -> Event {
    let members = json!({
        "payload": {
            "summary": shortened(&message.data.summary, MAX_SUMMARY),
            "source": SOURCE,
            "timestamp": rfc3339(message.timestamp),
            // An event may have 512 KiB: the counts, without the lists.
            "custom_details": message.data.digest.as_ref().map(|digest| &digest.totals),
        },
    });
    Event { key: "digest".to_owned(), is_change: true, members }
}

/// A trigger that shows that paging works, and its resolution.
fn test_events(message: &Message, id: &MessageId) -> [Event; 2] {
    let dedup_key = format!("{SOURCE}/test/{}", id.as_str());
    let trigger = json!({
        "event_action": "trigger",
        "dedup_key": dedup_key,
        "client": SOURCE,
        "payload": {"summary": message.data.summary, "source": SOURCE, "severity": "info", "timestamp": rfc3339(message.timestamp)},
    });
    let resolve = json!({"event_action": "resolve", "dedup_key": dedup_key});
    let event = |key: &str, members: Value| Event { key: key.to_owned(), is_change: false, members };
    [event("test", trigger), event("test resolved", resolve)]
}

/// What does not fit pages nobody: it could not be resolved either.
fn rest_event(more: usize, message: &Message) -> Event {
    let members = json!({
        "payload": {
            "summary": format!("{more} more alerts and changes; to see all: minimax-watch status"),
            "source": SOURCE,
            "timestamp": rfc3339(message.timestamp),
        },
    });
    Event { key: "more".to_owned(), is_change: true, members }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::message::Reason;
    use crate::notify::tests::samples;
    use chrono::TimeDelta;

    fn events(message: &Message) -> Vec<Event> {
        serde_json::from_slice::<Events>(&render(message, &samples::id()).unwrap()).unwrap().events
    }

    #[test]
    fn an_alert_triggers_and_resolves_under_the_same_key() {
        let expiry = samples::expiry(TimeDelta::days(3), "3d", Reason::Opened);
        let [trigger] = events(&samples::message(vec![expiry.clone()], Vec::new())).try_into().ok().unwrap();
        let [resolve] =
            events(&samples::message(vec![samples::resolved(expiry)], Vec::new())).try_into().ok().unwrap();
        assert_eq!(trigger.members["dedup_key"], "minimax-watch/main/123456/expiry");
        assert_eq!(trigger.members["dedup_key"], resolve.members["dedup_key"]);
        assert_eq!(
            (&trigger.members["event_action"], &resolve.members["event_action"]),
            (&json!("trigger"), &json!("resolve"))
        );
        assert_eq!(trigger.members["payload"]["severity"], "warning");
    }

    #[test]
    fn of_a_resolved_and_a_firing_alert_of_one_key_only_the_firing_one_is_sent() {
        let expiry = samples::expiry(TimeDelta::days(3), "3d", Reason::Opened);
        let events = events(&samples::message(vec![samples::resolved(expiry.clone()), expiry], Vec::new()));
        let actions: Vec<_> = events.iter().map(|event| &event.members["event_action"]).collect();
        assert_eq!(actions, ["trigger"]);
    }

    #[test]
    fn the_hundredth_event_counts_the_rest() {
        let expiry = samples::expiry(TimeDelta::days(3), "3d", Reason::Opened);
        let change = samples::changes().remove(0).1;
        for (alerts, changes, truncated, expected, counted) in [
            (100, 0, 0, 100, None),
            (60, 60, 0, 100, Some(21)),
            (100, 0, 7, 100, Some(8)),
            (99, 0, 7, 100, Some(7)),
        ] {
            let mut message = samples::message(vec![expiry.clone(); alerts], vec![change.clone(); changes]);
            message.data.truncated = truncated;
            let events = events(&message);
            let last = events.last().unwrap().members["payload"]["summary"].as_str().unwrap();
            assert_eq!(events.len(), expected, "{alerts} {changes} {truncated}");
            let count = last.split_once(" more alerts").map(|(count, _)| count.parse::<usize>().unwrap());
            assert_eq!(count, counted, "{alerts} {changes} {truncated}: {last}");
        }
    }

    #[test]
    fn a_key_that_is_too_long_is_shortened_and_stays_stable() {
        let mut long = samples::expiry(TimeDelta::days(3), "3d", Reason::Opened);
        long.account.as_mut().unwrap().id = crate::domain::account::AccountId::new("é".repeat(300));
        let key = dedup_key(&long);
        assert!(key.len() <= MAX_KEY && key.ends_with("/expiry"), "{key}");
        assert_eq!(key, dedup_key(&long));
    }
}
