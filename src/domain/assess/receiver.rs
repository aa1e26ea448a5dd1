//! Whether a receiver can be told anything: judged by what became of its messages.

use chrono::TimeDelta;

use super::Transition;
use crate::domain::account::ReceiverName;
use crate::domain::alert::{Alert, AlertKind, Condition, Resolution, Severity, Subject};
use crate::domain::time::{Timestamp, minute};

/// A message that is undelivered for this long is an alert.
const PATIENCE: TimeDelta = TimeDelta::hours(1);

/// A message that is refused so often is an alert.
const REFUSALS: u32 = 3;

/// What became of a receiver's messages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Health {
    /// When the message that ended last was taken; none when it was refused or given up, or when none ended yet.
    pub delivered_at: Option<Timestamp>,
    /// Why the message that ended last was refused or given up.
    pub refused: Option<String>,
    /// The first message that waits after a failed attempt: since when, and why.
    pub waiting: Option<(Timestamp, String)>,
    /// How often that message was refused.
    pub refusals: u32,
}

impl Health {
    /// When a message that waits becomes an alert, if nothing else happens.
    pub fn next_moment(&self, now: Timestamp) -> Option<Timestamp> {
        self.waiting.as_ref().map(|(since, _)| *since + PATIENCE).filter(|moment| *moment > now)
    }
}

/// What should happen to the alert about a receiver. It ends with the first delivery that succeeds.
pub fn receiver(
    name: &ReceiverName,
    health: &Health,
    open: Option<&Alert>,
    now: Timestamp,
) -> Option<Transition> {
    let Some(alert) = open else { return failing(name, health, now).map(Transition::Open) };
    // Of an alert that a clock ahead opened, only a queue without a failure proves the end.
    let is_proof = |delivered_at: &Timestamp| {
        *delivered_at >= alert.opened_at || (alert.opened_at > now && health.waiting.is_none())
    };
    let delivered_at = health.delivered_at.filter(is_proof)?;
    Some(Transition::Resolve {
        id: alert.id.clone(),
        detail: format!("A message was delivered {}.", minute(delivered_at)),
        renewed_until: None,
        resolution: Resolution::Ended,
    })
}

fn failing(name: &ReceiverName, health: &Health, now: Timestamp) -> Option<Condition> {
    let detail = match (&health.refused, &health.waiting) {
        (Some(error), _) => format!("A message was given up: {error}."),
        (None, Some((_, error))) if health.refusals >= REFUSALS => {
            format!("A message was refused {} times: {error}.", health.refusals)
        }
        (None, Some((since, error))) if now - *since >= PATIENCE => {
            format!("A message waits since {}: {error}.", minute(*since))
        }
        (None, _) => return None,
    };
    Some(Condition {
        subject: Subject::Receiver(name.clone()),
        kind: AlertKind::DeliveryFailing,
        stage: None,
        severity: Severity::Warning,
        expires_at: None,
        detail,
        affected: 0,
    })
}

#[cfg(test)]
mod tests {
    use chrono::{TimeZone, Utc};

    use super::*;
    use crate::domain::alert::AlertId;

    fn at(seconds: i64) -> Timestamp {
        Utc.with_ymd_and_hms(2026, 11, 23, 7, 15, 0).unwrap() + TimeDelta::seconds(seconds)
    }

    fn judged(health: &Health, open: Option<&Alert>, seconds: i64) -> Option<Transition> {
        receiver(&ReceiverName::new("pager"), health, open, at(seconds))
    }

    fn waiting() -> Health {
        Health { waiting: Some((at(0), "cannot connect".to_owned())), ..Health::default() }
    }

    #[test]
    fn a_message_that_waits_is_an_alert_after_an_hour() {
        for (seconds, fires) in [(0, false), (3_599, false), (3_600, true), (3_601, true)] {
            let opens = matches!(judged(&waiting(), None, seconds), Some(Transition::Open(_)));
            assert_eq!(opens, fires, "after {seconds} s");
        }
        assert_eq!(waiting().next_moment(at(0)), Some(at(3_600)));
        assert_eq!(waiting().next_moment(at(3_600)), None);
    }

    #[test]
    fn the_third_refusal_of_a_message_is_an_alert() {
        for (refusals, fires) in [(0, false), (2, false), (3, true), (4, true)] {
            let health = Health { refusals, ..waiting() };
            assert_eq!(judged(&health, None, 35).is_some(), fires, "{refusals} refusals");
        }
    }

    #[test]
    fn a_refusal_is_an_alert_at_once_and_the_next_success_ends_it() {
        let refused = Health { refused: Some("404 Not Found".to_owned()), ..Health::default() };
        let Some(Transition::Open(condition)) = judged(&refused, None, 0) else { panic!("it must fire") };
        assert_eq!(condition.detail, "A message was given up: 404 Not Found.");
        let alert = Alert {
            id: AlertId::new("a"),
            condition,
            opened_at: at(0),
            resolved_at: None,
            renewed_until: None,
            reached_at: at(0),
            resolution: None,
        };
        let delivered = |seconds| Health { delivered_at: Some(at(seconds)), ..Health::default() };
        assert_eq!(judged(&refused, Some(&alert), 10), None);
        assert_eq!(judged(&delivered(-1), Some(&alert), 10), None, "a success of before proves nothing");
        assert!(matches!(judged(&delivered(5), Some(&alert), 10), Some(Transition::Resolve { .. })));
        let ahead = Alert { opened_at: at(86_400), ..alert };
        assert!(matches!(judged(&delivered(5), Some(&ahead), 10), Some(Transition::Resolve { .. })));
        let waits = Health { delivered_at: Some(at(-1)), ..waiting() };
        assert_eq!(judged(&waits, Some(&ahead), 10), None, "a clock that was set back proves nothing");
    }
}
