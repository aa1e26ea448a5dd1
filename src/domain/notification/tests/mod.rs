//! When a receiver is sent a notification; what a message says of several is in `messages`.

mod messages;

use proptest::prelude::*;

use super::*;
use crate::domain::alerts::Subject;
use crate::domain::alerts::tests::world::{
    SentNotification, World, account, at, expiring_at, failed, healthy,
};
use crate::domain::alerts::{AlertId, AlertKind, Condition};
use crate::domain::change::ChangeKind;
use crate::domain::observation::Outcome;

const HOUR: i64 = 3_600;
const DAY: i64 = 86_400;

fn stage(text: &str) -> Option<Stage> {
    text.parse().ok()
}

fn alert(stage: Option<Stage>, severity: Severity, resolved: bool) -> Alert {
    let condition = Condition {
        subject: Subject::Account(account("a")),
        kind: AlertKind::Expiry,
        stage,
        severity,
        expires_at: Some(at(DAY)),
        detail: "The token expires.".to_owned(),
        affected: 1,
    };
    let resolved_at = resolved.then(|| at(60));
    Alert {
        id: AlertId::new("0"),
        condition,
        opened_at: at(0),
        resolved_at,
        renewed_until: None,
        reached_at: at(0),
        resolution: None,
    }
}

fn notified(status: Status, stage: Option<Stage>, severity: Option<Severity>) -> NotifiedState {
    NotifiedState { status, at: at(0), stage, severity }
}

#[test]
fn notification_is_the_difference_between_the_alert_and_earlier_notifications() {
    use NotificationDecision::{Nothing, Send, UpToDate};
    use Severity::{Critical, Warning};
    use Status::{Firing, Resolved};
    let sent = |status, stage_sent: &str, severity| Some(notified(status, stage(stage_sent), Some(severity)));
    let fires = |stage_now: &str, severity| alert(stage(stage_now), severity, false);
    let resolved = || alert(stage("3d"), Warning, true);
    for (alert, notified, expected) in [
        (fires("3d", Warning), None, Send(Reason::Opened)),
        (fires("3d", Warning), sent(Firing, "3d", Warning), UpToDate(None)),
        (fires("3d", Warning), sent(Firing, "1d", Critical), UpToDate(None)),
        (fires("3d", Warning), sent(Firing, "7d", Warning), Send(Reason::Escalated)),
        (fires("3d", Critical), sent(Firing, "3d", Warning), Send(Reason::Escalated)),
        (fires("expired", Critical), sent(Firing, "1h", Critical), Send(Reason::Escalated)),
        (fires("3d", Warning), Some(self::notified(Firing, None, None)), Send(Reason::Escalated)),
        (fires("3d", Warning), sent(Resolved, "3d", Warning), UpToDate(None)),
        (fires("1d", Critical), sent(Resolved, "3d", Warning), Send(Reason::Escalated)),
        (resolved(), None, Nothing),
        (resolved(), sent(Firing, "3d", Warning), Send(Reason::Resolved)),
        (resolved(), sent(Resolved, "3d", Warning), Nothing),
    ] {
        assert_eq!(decide(&alert, notified, None, at(90 * DAY)), expected, "{alert:?} after {notified:?}");
    }
}

#[test]
fn quiet_hours_hold_back_what_fires_and_is_not_critical() {
    use NotificationDecision::{HeldBack, Nothing, Send, Silenced, UpToDate};
    use Severity::{Critical, Info, Warning};
    let (quiet, silence) = (at(2 * HOUR), at(3 * HOUR));
    let sent = |stage_sent: &str, severity| Some(notified(Status::Firing, stage(stage_sent), Some(severity)));
    let fires = |severity| alert(stage("3d"), severity, false);
    let resolved = || alert(stage("3d"), Warning, true);
    for (alert, notified, silenced_until, expected) in [
        (fires(Info), None, None, HeldBack(quiet, Reason::Opened)),
        (fires(Warning), None, None, HeldBack(quiet, Reason::Opened)),
        (fires(Warning), None, Some(silence), Silenced(silence, Reason::Opened)),
        (fires(Warning), sent("7d", Warning), None, HeldBack(quiet, Reason::Escalated)),
        (fires(Warning), sent("3d", Warning), None, UpToDate(Some(at(DAY)))),
        (fires(Critical), None, None, Send(Reason::Opened)),
        (fires(Critical), None, Some(silence), Silenced(silence, Reason::Opened)),
        (fires(Critical), sent("3d", Warning), None, Send(Reason::Escalated)),
        (resolved(), sent("3d", Warning), None, Send(Reason::Resolved)),
        (resolved(), None, None, Nothing),
    ] {
        let (quiet_until, repeat_every) = (Some(quiet), Some(TimeDelta::days(1)));
        let input = NotificationInput {
            alert: &alert,
            route_mismatch: None,
            notified,
            silenced_until,
            quiet_until,
            acked: false,
            repeat_every,
        };
        assert_eq!(input.decide(at(HOUR)), expected, "{alert:?} after {notified:?}");
    }
}

#[test]
fn reminder_is_due_exactly_to_the_second_and_is_not_delayed_by_a_clock_step_back() {
    let known = Some(notified(Status::Firing, None, Some(Severity::Warning)));
    let mut firing = alert(None, Severity::Warning, false);
    firing.condition.expires_at = None;
    let every = Some(TimeDelta::days(1));
    for (second, expected) in [
        (DAY - 1, NotificationDecision::UpToDate(Some(at(DAY)))),
        (DAY, NotificationDecision::Send(Reason::Repeated)),
        (DAY + 1, NotificationDecision::Send(Reason::Repeated)),
        (-DAY + 1, NotificationDecision::UpToDate(Some(at(DAY)))),
        (-DAY, NotificationDecision::Send(Reason::Repeated)),
    ] {
        assert_eq!(decide(&firing, known, every, at(second)), expected, "{second} s");
    }
}

#[test]
fn notifications_sent_under_clock_skew_are_corrected_once() {
    let notification = |seconds, stage_sent: &str, severity| Notification {
        status: Status::Firing,
        at: at(seconds),
        stage: stage(stage_sent),
        severity,
        expires_at: Some(at(DAY)),
    };
    let (week, expired) = (
        notification(-6 * DAY, "7d", Severity::Warning),
        notification(25 * DAY, "expired", Severity::Critical),
    );
    let decided = |stage_now, severity, notifications: &[Notification], now| {
        let notified =
            NotifiedState::fold(notifications.iter().copied(), (Some(at(DAY)), at(10 * DAY)), at(now));
        decide(&alert(stage(stage_now), severity, false), notified, None, at(now))
    };
    let now = -5 * DAY;
    assert_eq!(decided("7d", Severity::Warning, &[week], now), NotificationDecision::UpToDate(None));
    assert_eq!(
        decided("7d", Severity::Warning, &[week, expired], now),
        NotificationDecision::Send(Reason::Repeated)
    );
    let corrected = notification(now, "7d", Severity::Warning);
    let sent = [week, expired, corrected];
    assert_eq!(decided("7d", Severity::Warning, &sent, now), NotificationDecision::UpToDate(None));
    let at_stage = -2 * DAY;
    assert_eq!(
        decided("3d", Severity::Warning, &sent, at_stage),
        NotificationDecision::Send(Reason::Escalated),
        "the real stage"
    );
    assert_eq!(
        decided(
            "3d",
            Severity::Warning,
            &[week, notification(at_stage + HOUR, "3d", Severity::Warning)],
            at_stage
        ),
        NotificationDecision::UpToDate(None)
    );
    // Sent within the tolerance, but by the clock that was then seen to step back.
    let near = notification(DAY - HOUR, "1h", Severity::Critical);
    let ended = notification(DAY, "expired", Severity::Critical);
    let back = notification(DAY - 3 * HOUR + 1, "1d", Severity::Critical);
    assert_eq!(
        decided("1h", Severity::Critical, &[near, ended, back], DAY - HOUR),
        NotificationDecision::Send(Reason::Escalated)
    );
    // Earlier notifications of a correct clock still count.
    let correct = notification(0, "1d", Severity::Critical);
    let corrected = notification(DAY - 3 * HOUR + 1, "2d", Severity::Critical);
    assert_eq!(
        decided("1d", Severity::Critical, &[correct, near, ended, corrected], DAY - 3 * HOUR + 1),
        NotificationDecision::UpToDate(None)
    );
}

#[test]
fn only_notifications_of_this_expiry_or_a_later_one_count() {
    let notification = |status, stage_sent: &str, severity, end: i64| Notification {
        status,
        at: at(end),
        stage: stage(stage_sent),
        severity,
        expires_at: Some(at(end * 3_600)),
    };
    let notifications = [
        notification(Status::Firing, "expired", Severity::Critical, 1),
        notification(Status::Firing, "1d", Severity::Critical, 3),
        notification(Status::Firing, "7d", Severity::Warning, 3),
        notification(Status::Resolved, "1h", Severity::Critical, 5),
    ];
    for (end, sent) in [
        (1, (stage("expired"), Some(Severity::Critical))),
        (2, (stage("1d"), Some(Severity::Critical))),
        (3, (stage("1d"), Some(Severity::Critical))),
        (4, (None, None)),
    ] {
        let notified =
            NotifiedState::fold(notifications, (Some(at(end * 3_600)), at(10 * DAY)), at(5)).unwrap();
        assert_eq!((notified.status, notified.at), (Status::Resolved, at(5)));
        assert_eq!((notified.stage, notified.severity), sent, "end {end}");
    }
    assert_eq!(NotifiedState::fold([], (None, at(0)), at(5)), None);
}

#[test]
fn each_stage_is_notified_once_during_forty_days_without_an_answer() {
    let mut world = World::new(&["a"]);
    world.run_all(0, &expiring_at(30 * DAY));
    let mut notified = Vec::new();
    for quarter in 1..40 * 96 {
        notified.extend(world.run_all(quarter * 900, &failed(Outcome::Unavailable)));
    }
    let expiry = [
        "opened a expiry 7d",
        "escalated a expiry 3d",
        "escalated a expiry 1d",
        "escalated a expiry 1h",
        "escalated a expiry expired",
    ];
    assert_eq!(notified[0], "opened all unreachable");
    assert_eq!(notified[1..], expiry);
    assert_eq!(world.run_all(41 * DAY, &healthy()), ["resolved all unreachable", "resolved a expiry"]);
}

#[test]
fn reminders_are_sent_daily_and_an_escalation_counts_as_one() {
    let mut world = World::new(&["a"]).with_policy(|policy| policy.repeat_every = Some(TimeDelta::days(1)));
    world.run_all(0, &expiring_at(5 * DAY));
    let notified: Vec<_> = (1..=6 * 24)
        .flat_map(|hour| world.tick(hour * HOUR).into_iter().map(move |summary| (hour, summary)))
        .collect();
    let expected = [
        (24, "repeated a expiry 7d"),
        (48, "escalated a expiry 3d"),
        (72, "repeated a expiry 3d"),
        (96, "escalated a expiry 1d"),
        (119, "escalated a expiry 1h"),
        (120, "escalated a expiry expired"),
        (144, "repeated a expiry expired"),
    ];
    assert_eq!(notified, expected.map(|(hour, summary)| (hour, summary.to_owned())));
}

#[test]
fn step_back_neither_resolves_nor_notifies_a_stage_again() {
    let mut world = World::new(&["a"]);
    assert_eq!(world.run_all(0, &expiring_at(6 * DAY)), ["opened a expiry 7d"]);
    for (second, end) in [(60, 5 * DAY), (120, 6 * DAY), (180, 5 * DAY), (240, 5 * DAY + HOUR)] {
        assert!(world.run_all(second, &expiring_at(end)).is_empty(), "end {end}");
    }
    assert_eq!(
        world.changes.iter().map(|change| change.kind).collect::<Vec<_>>(),
        [ChangeKind::ExpiryMovedBack]
    );
    assert_eq!(world.alerts.len(), 1);
    assert_eq!(
        world.run_all(300, &expiring_at(2 * DAY)),
        ["escalated a expiry 3d"],
        "a new stage is notified"
    );
}

#[test]
fn step_back_into_the_past_is_notified_as_expired_and_later_stages_still_follow() {
    let mut world = World::new(&["a"]);
    world.run_all(0, &expiring_at(5 * DAY));
    assert_eq!(world.run_all(60, &expiring_at(-DAY)), ["escalated a expiry expired"]);
    assert!(world.run_all(120, &expiring_at(5 * DAY)).is_empty());
    assert_eq!(world.tick(2 * DAY), ["escalated a expiry 3d"]);
    assert_eq!(world.tick(5 * DAY), ["escalated a expiry expired"]);
}

/// Two expiries alternate every quarter of an hour until both have long passed; then a renewal.
fn flip(first: i64, second: i64, receivers: usize) -> World {
    let mut world = World::new(&["a"]);
    world.silenced = (0..receivers).map(|receiver| (receiver, false)).collect();
    let last = first.max(second) + 2 * DAY;
    for quarter in 0..last / 900 {
        world.run_all(quarter * 900, &expiring_at(if quarter % 2 == 0 { first } else { second }));
    }
    world.run_all(last, &expiring_at(last + 30 * DAY));
    world
}

#[test]
fn alternating_expiry_is_notified_a_bounded_number_of_times() {
    let (near, nearer, far) = (5 * DAY, 2 * DAY, 12 * DAY);
    for (first, second) in [
        (near, nearer),
        (nearer, near),
        (near, far),
        (far, near),
        (far, nearer),
        (near, near - 1),
        (-DAY, near),
        (far, -DAY),
    ] {
        let world = flip(first, second, 2);
        for receiver in 0..2 {
            let sent: Vec<_> = world.sent.iter().filter(|sent| sent.receiver == receiver).collect();
            // Five stages for each of two expiries, and a resolution for each.
            assert!(
                sent.len() <= 20,
                "{first} and {second}: {:?}",
                sent.iter().map(|h| h.summary()).collect::<Vec<_>>()
            );
            assert_eq!(sent.last().map(|sent| sent.reason), Some(Reason::Resolved), "{first} and {second}");
            for end in [first, second] {
                let expired = |sent: &&&SentNotification| {
                    sent.alert.condition.stage == Some(Stage::Expired)
                        && sent.alert.condition.expires_at >= Some(at(end))
                };
                assert!(sent.iter().any(|sent| expired(&sent)), "{end} of {first} and {second}");
            }
        }
        assert!(world.changes.len() <= 1, "a step back is reported once");
        assert!(world.alerts.iter().all(|alert| !alert.is_firing()));
    }
}

#[test]
fn expiry_that_comes_back_opens_its_alert_again() {
    let mut world = World::new(&["a"]);
    world.run_all(0, &expiring_at(5 * DAY));
    assert_eq!(world.run_all(60, &expiring_at(30 * DAY)), ["resolved a expiry"]);
    assert!(world.run_all(120, &expiring_at(5 * DAY)).is_empty(), "it was sent before");
    assert_eq!((world.alerts.len(), world.alerts[0].is_firing()), (1, true));
    assert!(world.run_all(180, &expiring_at(30 * DAY)).is_empty(), "a resolution is not sent twice");
    world.run_all(240, &expiring_at(5 * DAY));
    assert_eq!(world.tick(2 * DAY), ["escalated a expiry 3d"], "the next stage is new");
    assert_eq!(world.run_all(2 * DAY + 60, &expiring_at(30 * DAY)), ["resolved a expiry"]);
}

#[test]
fn resolution_is_sent_only_to_receivers_that_were_sent_the_alert() {
    let mut world = World::new(&["a"]);
    world.silenced = [(0, false), (1, true)].into();
    world.run_all(0, &failed(Outcome::NotFound));
    world.silenced = [(0, true), (1, true)].into();
    world.run_all(60, &healthy());
    let sent: Vec<_> = world.sent.iter().map(|sent| (sent.receiver, sent.reason)).collect();
    assert_eq!(sent, [(0, Reason::Opened), (0, Reason::Resolved)]);
}

#[test]
fn firing_alert_is_sent_when_a_silence_ends_and_to_a_new_receiver() {
    let mut world = World::new(&["a"]);
    world.silenced = [(0, true)].into();
    world.run_all(0, &expiring_at(5 * DAY));
    world.silenced = [(0, false), (1, false)].into();
    assert_eq!(
        world.tick(2 * DAY),
        ["opened a expiry 3d", "opened a expiry 3d"],
        "only the most severe stage"
    );
    assert!(world.tick(2 * DAY).is_empty());
}

#[test]
fn more_accounts_with_the_same_cause_are_not_notified() {
    let mut world = World::new(&["a", "b"]);
    assert_eq!(world.run(0, &[(0, failed(Outcome::Unauthorized))]), ["opened all unauthorized"]);
    assert!(world.run_all(60, &failed(Outcome::Unauthorized)).is_empty());
    assert_eq!(world.alerts[0].condition.affected, 2);
}

fn moment() -> impl Strategy<Value = i64> {
    -40 * DAY..40 * DAY
}

proptest! {
    #[test]
    fn notification_that_was_just_sent_is_not_due_again(
        seconds in moment(),
        end in moment(),
        resolved: bool,
        every in prop::option::of(1_i64..40 * DAY),
        before in prop::collection::vec((any::<bool>(), moment(), moment(), 0_usize..3), 0..4),
    ) {
        let stages = ["7d", "1h", "expired"].map(stage);
        let notifications: Vec<_> = before.into_iter().map(|(fired, notified_at, expires_at, index)| Notification {
            status: if fired { Status::Firing } else { Status::Resolved },
            at: at(notified_at),
            stage: stages[index],
            severity: Severity::Warning,
            expires_at: Some(at(expires_at)),
        }).collect();
        let mut alert = alert(stage("1d"), Severity::Critical, resolved);
        alert.condition.expires_at = Some(at(end));
        let every = every.map(TimeDelta::seconds);
        let (now, present) = (at(seconds), alert.condition.expires_at);
        if let NotificationDecision::Send(reason) = decide(&alert, NotifiedState::fold(notifications.clone(), (present, alert.reached_at), now), every, now) {
            prop_assert_eq!(reason == Reason::Opened, notifications.is_empty());
            let status = if resolved { Status::Resolved } else { Status::Firing };
            let Condition { stage, severity, expires_at, .. } = alert.condition;
            let notification = Notification { status, at: now, stage, severity, expires_at };
            let after = NotifiedState::fold(notifications.into_iter().chain([notification]), (present, alert.reached_at), now);
            prop_assert!(!matches!(decide(&alert, after, every, now), NotificationDecision::Send(_)));
        }
    }
}
