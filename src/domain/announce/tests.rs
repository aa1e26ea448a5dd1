use proptest::prelude::*;

use super::*;
use crate::domain::alert::{AlertId, AlertKind, Condition};
use crate::domain::assess::tests::rehearsal::{Heard, World, account, at, bad, ends, well};
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
        detail: "The token ends.".to_owned(),
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

fn told(status: Status, stage: Option<Stage>, severity: Option<Severity>) -> Told {
    Told { status, at: at(0), stage, severity }
}

#[test]
fn what_is_told_is_the_difference_between_what_is_and_what_was_told() {
    use Decision::{Knows, Over, Tell};
    use Severity::{Critical, Warning};
    use Status::{Firing, Resolved};
    let heard = |status, stage_told: &str, severity| Some(told(status, stage(stage_told), Some(severity)));
    let fires = |stage_now: &str, severity| alert(stage(stage_now), severity, false);
    let over = || alert(stage("3d"), Warning, true);
    for (alert, told, expected) in [
        (fires("3d", Warning), None, Tell(Reason::Opened)),
        (fires("3d", Warning), heard(Firing, "3d", Warning), Knows(None)),
        (fires("3d", Warning), heard(Firing, "1d", Critical), Knows(None)),
        (fires("3d", Warning), heard(Firing, "7d", Warning), Tell(Reason::Escalated)),
        (fires("3d", Critical), heard(Firing, "3d", Warning), Tell(Reason::Escalated)),
        (fires("expired", Critical), heard(Firing, "1h", Critical), Tell(Reason::Escalated)),
        (fires("3d", Warning), Some(self::told(Firing, None, None)), Tell(Reason::Escalated)),
        (fires("3d", Warning), heard(Resolved, "3d", Warning), Knows(None)),
        (fires("1d", Critical), heard(Resolved, "3d", Warning), Tell(Reason::Escalated)),
        (over(), None, Over),
        (over(), heard(Firing, "3d", Warning), Tell(Reason::Resolved)),
        (over(), heard(Resolved, "3d", Warning), Over),
    ] {
        assert_eq!(decide(&alert, told, None, at(90 * DAY)), expected, "{alert:?} after {told:?}");
    }
}

#[test]
fn a_reminder_is_due_at_the_very_second_and_a_clock_set_back_holds_none_off() {
    let known = Some(told(Status::Firing, None, Some(Severity::Warning)));
    let mut firing = alert(None, Severity::Warning, false);
    firing.condition.expires_at = None;
    let every = Some(TimeDelta::days(1));
    for (second, expected) in [
        (DAY - 1, Decision::Knows(Some(at(DAY)))),
        (DAY, Decision::Tell(Reason::Repeated)),
        (DAY + 1, Decision::Tell(Reason::Repeated)),
        (-DAY + 1, Decision::Knows(Some(at(DAY)))),
        (-DAY, Decision::Tell(Reason::Repeated)),
    ] {
        assert_eq!(decide(&firing, known, every, at(second)), expected, "{second} s");
    }
}

#[test]
fn who_was_told_of_an_end_by_a_clock_that_ran_ahead_is_told_once_how_it_stands() {
    let telling = |seconds, stage_told: &str, severity| Telling {
        status: Status::Firing,
        at: at(seconds),
        stage: stage(stage_told),
        severity,
        expires_at: Some(at(DAY)),
    };
    let (week, expired) =
        (telling(-6 * DAY, "7d", Severity::Warning), telling(25 * DAY, "expired", Severity::Critical));
    let decided = |stage_now, severity, tellings: &[Telling], now| {
        let told = Told::of(tellings.iter().copied(), (Some(at(DAY)), at(10 * DAY)), at(now));
        decide(&alert(stage(stage_now), severity, false), told, None, at(now))
    };
    let now = -5 * DAY;
    assert_eq!(decided("7d", Severity::Warning, &[week], now), Decision::Knows(None));
    assert_eq!(decided("7d", Severity::Warning, &[week, expired], now), Decision::Tell(Reason::Repeated));
    let corrected = telling(now, "7d", Severity::Warning);
    let heard = [week, expired, corrected];
    assert_eq!(decided("7d", Severity::Warning, &heard, now), Decision::Knows(None));
    let rung = -2 * DAY;
    assert_eq!(
        decided("3d", Severity::Warning, &heard, rung),
        Decision::Tell(Reason::Escalated),
        "the true rung"
    );
    assert_eq!(
        decided("3d", Severity::Warning, &[week, telling(rung + HOUR, "3d", Severity::Warning)], rung),
        Decision::Knows(None)
    );
    // Told within the margin, but by the clock that then told of the end, and was set back.
    let near = telling(DAY - HOUR, "1h", Severity::Critical);
    let ended = telling(DAY, "expired", Severity::Critical);
    let back = telling(DAY - 3 * HOUR + 1, "1d", Severity::Critical);
    assert_eq!(
        decided("1h", Severity::Critical, &[near, ended, back], DAY - HOUR),
        Decision::Tell(Reason::Escalated)
    );
    // What a sound clock told before all that stays told.
    let sound = telling(0, "1d", Severity::Critical);
    let corrected = telling(DAY - 3 * HOUR + 1, "2d", Severity::Critical);
    assert_eq!(
        decided("1d", Severity::Critical, &[sound, near, ended, corrected], DAY - 3 * HOUR + 1),
        Decision::Knows(None)
    );
}

#[test]
fn only_what_was_told_of_this_end_or_a_later_one_counts() {
    let telling = |status, stage_told: &str, severity, end: i64| Telling {
        status,
        at: at(end),
        stage: stage(stage_told),
        severity,
        expires_at: Some(at(end * 3_600)),
    };
    let tellings = [
        telling(Status::Firing, "expired", Severity::Critical, 1),
        telling(Status::Firing, "1d", Severity::Critical, 3),
        telling(Status::Firing, "7d", Severity::Warning, 3),
        telling(Status::Resolved, "1h", Severity::Critical, 5),
    ];
    for (end, heard) in [
        (1, (stage("expired"), Some(Severity::Critical))),
        (2, (stage("1d"), Some(Severity::Critical))),
        (3, (stage("1d"), Some(Severity::Critical))),
        (4, (None, None)),
    ] {
        let told = Told::of(tellings, (Some(at(end * 3_600)), at(10 * DAY)), at(5)).unwrap();
        assert_eq!((told.status, told.at), (Status::Resolved, at(5)));
        assert_eq!((told.stage, told.severity), heard, "end {end}");
    }
    assert_eq!(Told::of([], (None, at(0)), at(5)), None);
}

#[test]
fn forty_days_without_an_answer_tell_each_rung_and_the_end_once() {
    let mut world = World::of(&["a"]);
    world.run_all(0, &ends(30 * DAY));
    let mut told = Vec::new();
    for quarter in 1..40 * 96 {
        told.extend(world.run_all(quarter * 900, &bad(Outcome::Unavailable)));
    }
    let expiry = [
        "opened a expiry 7d",
        "escalated a expiry 3d",
        "escalated a expiry 1d",
        "escalated a expiry 1h",
        "escalated a expiry expired",
    ];
    assert_eq!(told[0], "opened all unreachable");
    assert_eq!(told[1..], expiry);
    assert_eq!(world.run_all(41 * DAY, &well()), ["resolved all unreachable", "resolved a expiry"]);
}

#[test]
fn reminders_come_each_day_until_the_end_and_escalations_count_as_one() {
    let mut world = World::of(&["a"]).with(|policy| policy.repeat_every = Some(TimeDelta::days(1)));
    world.run_all(0, &ends(5 * DAY));
    let told: Vec<_> = (1..=6 * 24)
        .flat_map(|hour| world.tick(hour * HOUR).into_iter().map(move |words| (hour, words)))
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
    assert_eq!(told, expected.map(|(hour, words)| (hour, words.to_owned())));
}

#[test]
fn a_step_back_neither_resolves_nor_tells_a_rung_again() {
    let mut world = World::of(&["a"]);
    assert_eq!(world.run_all(0, &ends(6 * DAY)), ["opened a expiry 7d"]);
    for (second, end) in [(60, 5 * DAY), (120, 6 * DAY), (180, 5 * DAY), (240, 5 * DAY + HOUR)] {
        assert!(world.run_all(second, &ends(end)).is_empty(), "end {end}");
    }
    assert_eq!(
        world.changes.iter().map(|change| change.kind).collect::<Vec<_>>(),
        [ChangeKind::ExpiryMovedBack]
    );
    assert_eq!(world.alerts.len(), 1);
    assert_eq!(world.run_all(300, &ends(2 * DAY)), ["escalated a expiry 3d"], "a rung that is new is told");
}

#[test]
fn a_step_back_into_the_past_is_told_as_expired_and_the_other_ends_rungs_follow_still() {
    let mut world = World::of(&["a"]);
    world.run_all(0, &ends(5 * DAY));
    assert_eq!(world.run_all(60, &ends(-DAY)), ["escalated a expiry expired"]);
    assert!(world.run_all(120, &ends(5 * DAY)).is_empty());
    assert_eq!(world.tick(2 * DAY), ["escalated a expiry 3d"]);
    assert_eq!(world.tick(5 * DAY), ["escalated a expiry expired"]);
}

/// Every quarter of an hour the other of two ends is seen, until both are long past; then a renewal.
fn flip(first: i64, second: i64, receivers: usize) -> World {
    let mut world = World::of(&["a"]);
    world.silenced = (0..receivers).map(|receiver| (receiver, false)).collect();
    let last = first.max(second) + 2 * DAY;
    for quarter in 0..last / 900 {
        world.run_all(quarter * 900, &ends(if quarter % 2 == 0 { first } else { second }));
    }
    world.run_all(last, &ends(last + 30 * DAY));
    world
}

#[test]
fn an_end_that_flips_forever_is_told_a_bounded_number_of_times() {
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
            let heard: Vec<_> = world.heard.iter().filter(|heard| heard.receiver == receiver).collect();
            // Two ends of five stages, and an end told of for each stage at the most.
            assert!(
                heard.len() <= 20,
                "{first} and {second}: {:?}",
                heard.iter().map(|h| h.words()).collect::<Vec<_>>()
            );
            assert_eq!(
                heard.last().map(|heard| heard.reason),
                Some(Reason::Resolved),
                "{first} and {second}"
            );
            for end in [first, second] {
                let expired = |heard: &&&Heard| {
                    heard.alert.condition.stage == Some(Stage::Expired)
                        && heard.alert.condition.expires_at >= Some(at(end))
                };
                assert!(heard.iter().any(|heard| expired(&heard)), "{end} of {first} and {second}");
            }
        }
        assert!(world.changes.len() <= 1, "a step back is told once");
        assert!(world.alerts.iter().all(|alert| !alert.is_firing()));
    }
}

#[test]
fn an_end_that_comes_back_fires_on_as_the_alert_it_was() {
    let mut world = World::of(&["a"]);
    world.run_all(0, &ends(5 * DAY));
    assert_eq!(world.run_all(60, &ends(30 * DAY)), ["resolved a expiry"]);
    assert!(world.run_all(120, &ends(5 * DAY)).is_empty(), "told before");
    assert_eq!((world.alerts.len(), world.alerts[0].is_firing()), (1, true));
    assert!(world.run_all(180, &ends(30 * DAY)).is_empty(), "who last heard of its end is not told again");
    world.run_all(240, &ends(5 * DAY));
    assert_eq!(world.tick(2 * DAY), ["escalated a expiry 3d"], "the next rung is news");
    assert_eq!(world.run_all(2 * DAY + 60, &ends(30 * DAY)), ["resolved a expiry"]);
}

#[test]
fn an_end_is_told_to_those_who_heard_of_the_fire_and_to_nobody_else() {
    let mut world = World::of(&["a"]);
    world.silenced = [(0, false), (1, true)].into();
    world.run_all(0, &bad(Outcome::NotFound));
    world.silenced = [(0, true), (1, true)].into();
    world.run_all(60, &well());
    let heard: Vec<_> = world.heard.iter().map(|heard| (heard.receiver, heard.reason)).collect();
    assert_eq!(heard, [(0, Reason::Opened), (0, Reason::Resolved)]);
}

#[test]
fn a_silence_that_ends_and_a_receiver_that_is_new_hear_what_fires() {
    let mut world = World::of(&["a"]);
    world.silenced = [(0, true)].into();
    world.run_all(0, &ends(5 * DAY));
    world.silenced = [(0, false), (1, false)].into();
    assert_eq!(world.tick(2 * DAY), ["opened a expiry 3d", "opened a expiry 3d"], "the tightest rung only");
    assert!(world.tick(2 * DAY).is_empty());
}

#[test]
fn more_accounts_of_the_same_cause_are_not_told() {
    let mut world = World::of(&["a", "b"]);
    assert_eq!(world.run(0, &[(0, bad(Outcome::Unauthorized))]), ["opened all unauthorized"]);
    assert!(world.run_all(60, &bad(Outcome::Unauthorized)).is_empty());
    assert_eq!(world.alerts[0].condition.affected, 2);
}

fn dated(severity: Severity, resolved: bool) -> Alert {
    alert(stage("3d"), severity, resolved)
}

fn change(severity: Severity) -> Change {
    Change {
        account: account("a"),
        kind: ChangeKind::HostChanged,
        severity,
        field: "jwt.host".to_owned(),
        before: "a".into(),
        after: "b".into(),
        at: at(0),
    }
}

fn message(alerts: &[Alert], changes: &[Change]) -> Option<Message> {
    let tidings = Tidings {
        alerts: alerts.iter().map(|alert| (alert, Reason::Opened)).collect(),
        changes: changes.iter().collect(),
        withheld: 0,
    };
    tidings.message(&ReceiverName::new("pager"), |key| key.id.to_string(), at(0))
}

#[test]
fn a_messages_type_and_severity_follow_what_fires_then_what_changed_then_what_ended() {
    use Severity::{Critical, Info, Warning};
    for (alerts, changes, expected) in [
        (vec![], vec![], None),
        (vec![dated(Critical, true), dated(Warning, false)], vec![], Some((MessageType::Firing, Warning))),
        (vec![dated(Warning, false)], vec![change(Info)], Some((MessageType::Firing, Warning))),
        (vec![dated(Warning, false)], vec![change(Critical)], Some((MessageType::Firing, Critical))),
        (vec![dated(Critical, true)], vec![], Some((MessageType::Resolved, Critical))),
        (vec![dated(Critical, true)], vec![change(Info)], Some((MessageType::Resolved, Info))),
        (vec![], vec![change(Info), change(Warning)], Some((MessageType::Changed, Warning))),
    ] {
        let message = message(&alerts, &changes);
        assert_eq!(message.map(|message| (message.kind, message.data.severity)), expected);
    }
}

#[test]
fn a_message_spells_out_a_hundred_of_each_and_counts_the_rest() {
    let mut alerts = vec![dated(Severity::Warning, false); 101];
    alerts.push(dated(Severity::Critical, false));
    alerts.push(dated(Severity::Critical, true));
    let data = message(&alerts, &vec![change(Severity::Info); 103]).unwrap().data;
    assert_eq!((data.alerts.len(), data.changes.len(), data.truncated), (100, 100, 6));
    assert_eq!(data.alerts[0].severity, Severity::Critical, "the gravest are spelled out");
    assert!(data.summary.starts_with("102 alerts, 1 ended, 103 changes: a: "), "{}", data.summary);
}

#[test]
fn what_is_equally_grave_is_in_the_order_of_accounts_after_what_is_about_all_of_them() {
    let mut whole = dated(Severity::Warning, false);
    whole.condition.subject = Subject::Subscription(account("a").subscription);
    let of = |id: &str| {
        let mut alert = dated(Severity::Warning, false);
        alert.condition.subject = Subject::Account(account(id));
        alert
    };
    let data = message(&[of("b"), of("a"), whole], &[]).unwrap().data;
    let told: Vec<_> =
        data.alerts.iter().map(|entry| entry.account.as_ref().map(|of| of.id.as_str())).collect();
    assert_eq!(told, [None, Some("a"), Some("b")]);
}

#[test]
fn a_renewed_alert_shows_its_new_end() {
    let mut renewed = alert(stage("3d"), Severity::Warning, true);
    renewed.renewed_until = Some(at(30 * DAY));
    let entry = alert_entry(&renewed, Some(Reason::Resolved), |_| "studio-a".to_owned());
    assert_eq!((entry.status, entry.expires_at), (Status::Resolved, Some(at(30 * DAY))));
    assert_eq!(entry.account.map(|account| account.name), Some("studio-a".to_owned()));
}

fn moment() -> impl Strategy<Value = i64> {
    -40 * DAY..40 * DAY
}

proptest! {
    #[test]
    fn what_was_just_told_is_known(
        seconds in moment(),
        end in moment(),
        resolved: bool,
        every in prop::option::of(1_i64..40 * DAY),
        before in prop::collection::vec((any::<bool>(), moment(), moment(), 0_usize..3), 0..4),
    ) {
        let stages = ["7d", "1h", "expired"].map(stage);
        let tellings: Vec<_> = before.into_iter().map(|(fired, told_at, expires_at, index)| Telling {
            status: if fired { Status::Firing } else { Status::Resolved },
            at: at(told_at),
            stage: stages[index],
            severity: Severity::Warning,
            expires_at: Some(at(expires_at)),
        }).collect();
        let mut alert = alert(stage("1d"), Severity::Critical, resolved);
        alert.condition.expires_at = Some(at(end));
        let every = every.map(TimeDelta::seconds);
        let (now, present) = (at(seconds), alert.condition.expires_at);
        if let Decision::Tell(reason) = decide(&alert, Told::of(tellings.clone(), (present, alert.reached_at), now), every, now) {
            prop_assert_eq!(reason == Reason::Opened, tellings.is_empty());
            let status = if resolved { Status::Resolved } else { Status::Firing };
            let Condition { stage, severity, expires_at, .. } = alert.condition;
            let telling = Telling { status, at: now, stage, severity, expires_at };
            let after = Told::of(tellings.into_iter().chain([telling]), (present, alert.reached_at), now);
            prop_assert!(!matches!(decide(&alert, after, every, now), Decision::Tell(_)));
        }
    }
}
