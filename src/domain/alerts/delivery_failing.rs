//! `delivery_failing`: a receiver cannot be reached or refuses its messages. Warning, about the receiver; resolves with its next
//! delivery.
//!
//! It is derived from the outbox: the receiver's first pending message and the one that finished last. It is sent to the receiver's
//! fallback alone, else to every other receiver whose route accepts it.

use chrono::TimeDelta;

use super::alert::{Alert, AlertKind, Condition, Subject};
use super::transition::Transition;
use crate::domain::account::ReceiverName;
use crate::domain::severity::Severity;
use crate::domain::time::{Timestamp, minute};

/// A message that is undelivered for this long raises the alert.
const UNDELIVERED_ALERT_AFTER: TimeDelta = TimeDelta::hours(1);

/// A message that is refused this often raises the alert.
const REFUSALS_BEFORE_ALERT: u32 = 3;

/// The state of a receiver's deliveries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReceiverHealth {
    /// When the newest finished message was delivered; none when it failed permanently, or when no message has finished.
    pub delivered_at: Option<Timestamp>,
    /// Why the newest finished message failed permanently.
    pub refused: Option<String>,
    /// The first message that waits after a failed attempt: since when, and why.
    pub waiting: Option<(Timestamp, String)>,
    /// How often that message was refused.
    pub refusals: u32,
}

impl ReceiverHealth {
    /// When the waiting message raises the alert if nothing else happens.
    pub fn next_change_at(&self, now: Timestamp) -> Option<Timestamp> {
        self.waiting.as_ref().map(|(since, _)| *since + UNDELIVERED_ALERT_AFTER).filter(|at| *at > now)
    }
}

/// The transition of the alert about a receiver; `open` is the one that fires.
pub fn evaluate(
    name: &ReceiverName,
    health: &ReceiverHealth,
    open: Option<&Alert>,
    now: Timestamp,
) -> Option<Transition> {
    let Some(alert) = open else { return condition(name, health, now).map(Transition::Open) };
    // An alert that opened in the future, by clock skew, resolves only when no message waits.
    let is_proof = |delivered_at: &Timestamp| {
        *delivered_at >= alert.opened_at || (alert.opened_at > now && health.waiting.is_none())
    };
    let delivered_at = health.delivered_at.filter(is_proof)?;
    Some(Transition::resolve(alert, format!("A message was delivered {}.", minute(delivered_at))))
}

fn condition(name: &ReceiverName, health: &ReceiverHealth, now: Timestamp) -> Option<Condition> {
    let detail = match (&health.refused, &health.waiting) {
        (Some(error), _) => format!("A message failed permanently: {error}."),
        (None, Some((_, error))) if health.refusals >= REFUSALS_BEFORE_ALERT => {
            format!("A message was refused {} times: {error}.", health.refusals)
        }
        (None, Some((since, error))) if now - *since >= UNDELIVERED_ALERT_AFTER => {
            format!("A message has been undelivered since {}: {error}.", minute(*since))
        }
        (None, _) => return None,
    };
    let subject = Subject::Receiver(name.clone());
    Some(Condition::new(subject, AlertKind::DeliveryFailing, Severity::Warning, 0, detail))
}

#[cfg(test)]
mod tests {
    use chrono::{TimeZone, Utc};

    use super::*;
    use crate::domain::alerts::AlertId;

    fn at(seconds: i64) -> Timestamp {
        Utc.with_ymd_and_hms(2026, 11, 23, 7, 15, 0).unwrap() + TimeDelta::seconds(seconds)
    }

    fn evaluated(health: &ReceiverHealth, open: Option<&Alert>, seconds: i64) -> Option<Transition> {
        evaluate(&ReceiverName::new("pager"), health, open, at(seconds))
    }

    fn waiting() -> ReceiverHealth {
        ReceiverHealth { waiting: Some((at(0), "cannot connect".to_owned())), ..ReceiverHealth::default() }
    }

    #[test]
    fn waiting_message_raises_the_alert_after_an_hour() {
        for (seconds, fires) in [(0, false), (3_599, false), (3_600, true), (3_601, true)] {
            let opens = matches!(evaluated(&waiting(), None, seconds), Some(Transition::Open(_)));
            assert_eq!(opens, fires, "after {seconds} s");
        }
        assert_eq!(waiting().next_change_at(at(0)), Some(at(3_600)));
        assert_eq!(waiting().next_change_at(at(3_600)), None);
    }

    #[test]
    fn third_refusal_of_a_message_raises_the_alert() {
        for (refusals, fires) in [(0, false), (2, false), (3, true), (4, true)] {
            let health = ReceiverHealth { refusals, ..waiting() };
            assert_eq!(evaluated(&health, None, 35).is_some(), fires, "{refusals} refusals");
        }
    }

    #[test]
    fn permanent_failure_raises_the_alert_at_once_and_the_next_delivery_resolves_it() {
        let refused =
            ReceiverHealth { refused: Some("404 Not Found".to_owned()), ..ReceiverHealth::default() };
        let Some(Transition::Open(condition)) = evaluated(&refused, None, 0) else { panic!("it must fire") };
        assert_eq!(condition.detail, "A message failed permanently: 404 Not Found.");
        let alert = Alert {
            id: AlertId::new("a"),
            condition,
            opened_at: at(0),
            resolved_at: None,
            renewed_until: None,
            reached_at: at(0),
            resolution: None,
        };
        let delivered =
            |seconds| ReceiverHealth { delivered_at: Some(at(seconds)), ..ReceiverHealth::default() };
        assert_eq!(evaluated(&refused, Some(&alert), 10), None);
        assert_eq!(evaluated(&delivered(-1), Some(&alert), 10), None, "an earlier delivery proves nothing");
        assert!(matches!(evaluated(&delivered(5), Some(&alert), 10), Some(Transition::Resolve(_))));
        let ahead = Alert { opened_at: at(86_400), ..alert };
        assert!(matches!(evaluated(&delivered(5), Some(&ahead), 10), Some(Transition::Resolve(_))));
        let waits = ReceiverHealth { delivered_at: Some(at(-1)), ..waiting() };
        assert_eq!(evaluated(&waits, Some(&ahead), 10), None, "clock skew proves nothing");
    }
}
