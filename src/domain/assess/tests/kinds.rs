use chrono::TimeDelta;

use super::super::*;
use super::rehearsal::{World, account, at, bad, ends, span, well};
use crate::domain::alert::AlertKind as Kind;
use crate::domain::configuration::Configuration;
use crate::domain::expiry::{Ladder, Stage};
use crate::domain::observation::Observation;
use crate::domain::observation::Outcome;

const HOUR: i64 = 3_600;
const DAY: i64 = 86_400;

fn stage(text: &str) -> Option<Stage> {
    text.parse().ok()
}

fn looks(observations: &[Observation]) -> Vec<(usize, Observation)> {
    observations.iter().cloned().enumerate().collect()
}

#[test]
fn every_fault_has_its_subject_and_severity_and_ends_with_an_ok() {
    use Severity::{Critical, Warning};
    for (outcome, kind, subject, severity) in [
        (Outcome::Unauthorized, Kind::Unauthorized, "all", Critical),
        (Outcome::SubscriptionLapsed, Kind::SubscriptionLapsed, "all", Critical),
        (Outcome::NotFound, Kind::NotFound, "a", Critical),
        (Outcome::AccountError, Kind::AccountError, "a", Critical),
        (Outcome::Malformed, Kind::Malformed, "all", Warning),
    ] {
        let mut world = World::of(&["a"]).with(|policy| policy.confirm_after = TimeDelta::seconds(10));
        assert!(world.run_all(0, &bad(outcome)).is_empty(), "{outcome}: once is not confirmed");
        assert!(world.run_all(9, &bad(outcome)).is_empty(), "{outcome}: 9 s are not 10 s");
        world.run_all(10, &bad(outcome));
        assert_eq!(world.firing(), [(subject.to_owned(), kind, severity)]);
        for silent in [Outcome::Unavailable, Outcome::RateLimited, Outcome::Blocked] {
            world.run_all(20, &bad(silent));
            assert_eq!(
                world.firing(),
                [(subject.to_owned(), kind, severity)],
                "{outcome}: no answer ends nothing"
            );
        }
        assert_eq!(world.run_all(30, &well()), [format!("resolved {subject} {kind}")]);
    }
}

#[test]
fn a_confirmation_one_second_late_counts_as_well() {
    let mut world = World::of(&["a"]).with(|policy| policy.confirm_after = TimeDelta::seconds(10));
    world.run_all(0, &bad(Outcome::NotFound));
    assert_eq!(world.run_all(11, &bad(Outcome::NotFound)), ["opened a not_found"]);
}

#[test]
fn a_confirmation_survives_a_clock_that_is_set_back() {
    let mut world = World::of(&["a"]).with(|policy| policy.confirm_after = TimeDelta::seconds(10));
    world.run_all(DAY, &bad(Outcome::NotFound));
    world.run_all(0, &bad(Outcome::NotFound));
    assert_eq!(world.run_all(10, &bad(Outcome::NotFound)), ["opened a not_found"]);
}

#[test]
fn a_healthy_answer_without_an_end_warns_until_an_end_is_seen() {
    let mut world = World::of(&["a"]);
    let without = Observation::ok(Configuration::default());
    assert_eq!(world.run_all(0, &without), ["opened a expiry_unknown"]);
    assert_eq!(world.firing(), [("a".to_owned(), Kind::ExpiryUnknown, Severity::Warning)]);
    for outcome in &Outcome::ALL[1..] {
        world.run_all(1, &bad(*outcome));
        assert!(world.of_account(0, Kind::ExpiryUnknown).is_some(), "{outcome} shows no end");
    }
    world.run_all(2, &well());
    assert_eq!(world.firing(), []);
}

#[test]
fn the_expiry_clock_moves_at_the_very_second() {
    use Severity::{Critical, Warning};
    let end = 30 * DAY;
    for (lead, before, then) in [
        ("7d", None, (stage("7d"), Warning)),
        ("3d", Some((stage("7d"), Warning)), (stage("3d"), Warning)),
        ("1d", Some((stage("3d"), Warning)), (stage("1d"), Critical)),
        ("1h", Some((stage("1d"), Critical)), (stage("1h"), Critical)),
        ("0s", Some((stage("1h"), Critical)), (Some(Stage::Expired), Critical)),
    ] {
        for (second, expected) in [(-1, before), (0, Some(then)), (1, Some(then))] {
            let mut world = World::of(&["a"]);
            world.run_all(0, &ends(end));
            world.tick(end - span(lead) + second);
            let fires = world.of_account(0, Kind::Expiry).map(|alert| &alert.condition);
            let seen = fires.map(|condition| (condition.stage, condition.severity));
            assert_eq!(seen, expected, "{lead} {second:+} s");
        }
    }
}

#[test]
fn a_day_before_the_end_it_turns_critical_without_a_rung() {
    let mut world = World::of(&["a"]).with(|policy| policy.ladder = Ladder::new(vec![TimeDelta::days(7)]));
    assert_eq!(world.run_all(0, &ends(2 * DAY)), ["opened a expiry 7d"]);
    assert!(world.tick(DAY - 1).is_empty());
    assert_eq!(world.tick(DAY), ["escalated a expiry 7d"]);
    assert_eq!(world.firing()[0].2, Severity::Critical);
}

#[test]
fn an_account_has_its_own_ladder() {
    let mut world = World::of(&["a", "b"])
        .with(|policy| drop(policy.ladders.insert(account("a"), Ladder::new(vec![TimeDelta::days(10)]))));
    assert_eq!(world.run_all(0, &ends(8 * DAY)), ["opened a expiry 10d"]);
}

#[test]
fn several_rungs_crossed_unseen_are_one_alert_at_the_tightest() {
    for (left, stage) in [(2 * DAY, "3d"), (DAY, "1d"), (60, "1h"), (0, "expired"), (-40 * DAY, "expired")] {
        let mut world = World::of(&["a"]);
        assert_eq!(world.run_all(0, &ends(left)), [format!("opened a expiry {stage}")]);
    }
    let mut world = World::of(&["a"]);
    world.run_all(0, &ends(5 * DAY));
    assert_eq!(world.tick(6 * DAY), ["escalated a expiry expired"]);
}

#[test]
fn a_renewal_out_of_the_ladder_resolves_and_one_inside_it_opens_anew() {
    let mut world = World::of(&["a"]);
    world.run_all(0, &ends(2 * DAY));
    assert_eq!(world.run_all(60, &ends(30 * DAY)), ["resolved a expiry"]);
    assert_eq!(world.alerts[0].renewed_until, Some(at(30 * DAY)));
    assert!(world.run_all(120, &ends(31 * DAY)).is_empty(), "what is resolved is resolved once");

    let mut world = World::of(&["a"]);
    world.run_all(0, &ends(2 * DAY));
    assert_eq!(world.run_all(60, &ends(5 * DAY)), ["resolved a expiry", "opened a expiry 7d"]);
    assert_ne!(world.of_account(0, Kind::Expiry).unwrap().id, world.alerts[0].id);
}

#[test]
fn expiry_that_leaves_its_stage_but_not_the_mildest_one_opens_at_the_mildest() {
    for (left, stage) in [(0, "expired"), (2 * DAY, "3d")] {
        let mut world = World::of(&["a"]);
        assert_eq!(world.run_all(0, &ends(left)), [format!("opened a expiry {stage}")]);
        let end = 7 * DAY + DAY / 2;
        assert_eq!(world.run_all(60, &ends(end)), ["resolved a expiry", "opened a expiry 7d"]);
        assert_eq!(world.firing()[0].2, Severity::Warning);
        assert!(world.tick(end - 7 * DAY).is_empty(), "it was already sent");
        for (lead, stage) in [(3 * DAY, "3d"), (DAY, "1d"), (HOUR, "1h"), (0, "expired")] {
            assert_eq!(world.tick(end - lead), [format!("escalated a expiry {stage}")]);
        }
    }
}

#[test]
fn edited_lead_times_end_no_alert() {
    let mut world = World::of(&["a"]);
    world.run_all(0, &ends(5 * DAY));
    world.policy.ladder = Ladder::new(vec![TimeDelta::hours(1)]);
    assert!(world.tick(60).is_empty());
    assert!(world.of_account(0, Kind::Expiry).is_some());
    assert_eq!(world.tick(5 * DAY - HOUR), ["escalated a expiry 1h"]);
}

#[test]
fn silence_is_an_alert_at_the_very_second_and_any_verdict_ends_it() {
    for (last, fires) in [(HOUR - 1, false), (HOUR, true), (HOUR + 1, true)] {
        let mut world = World::of(&["a"]);
        world.run_all(0, &bad(Outcome::Unavailable));
        world.run_all(last, &bad(Outcome::RateLimited));
        assert_eq!(world.of_all(Kind::Unreachable).is_some(), fires, "{last} s");
    }
    for verdict in Outcome::ALL.into_iter().filter(|outcome| outcome.is_verdict()) {
        let mut world = World::of(&["a"]);
        world.run_all(0, &bad(Outcome::Unavailable));
        world.run_all(HOUR, &bad(Outcome::Unavailable));
        assert_eq!(world.firing(), [("all".to_owned(), Kind::Unreachable, Severity::Warning)]);
        world.run_all(2 * HOUR, &if verdict == Outcome::Ok { well() } else { bad(verdict) });
        assert!(world.of_all(Kind::Unreachable).is_none(), "{verdict} is an answer");
    }
}

#[test]
fn a_look_that_was_not_made_is_not_silence() {
    let mut world = World::of(&["a"]);
    world.run_all(0, &bad(Outcome::Unavailable));
    assert!(world.tick(9 * HOUR).is_empty());
}

#[test]
fn silence_of_some_is_theirs_and_of_all_is_one_alert() {
    let silent = || bad(Outcome::Unavailable);
    let mut world = World::of(&["a", "b"]);
    world.run(0, &looks(&[silent(), well()]));
    assert_eq!(world.run(HOUR, &looks(&[silent(), well()])), ["opened a unreachable"]);

    let mut world = World::of(&["a", "b", "c"]);
    world.run_all(0, &silent());
    assert_eq!(world.run_all(HOUR, &silent()), ["opened all unreachable"]);
    assert_eq!(world.of_all(Kind::Unreachable).unwrap().condition.affected, 3);
    let told = world.run(HOUR + 60, &looks(&[well(), silent(), silent()]));
    assert_eq!(told, ["resolved all unreachable", "opened b unreachable", "opened c unreachable"]);
}

#[test]
fn looks_a_moment_apart_do_not_split_one_outage() {
    let mut world = World::of(&["a", "b"]);
    world.look(0, &[(1, bad(Outcome::Unavailable))]);
    world.run(1, &[(0, bad(Outcome::Unavailable))]);
    // The second hour's looks come in the other order: by its own looks, only one of the two was silent for an hour.
    world.look(HOUR, &[(0, bad(Outcome::Unavailable))]);
    assert_eq!(world.run(HOUR + 1, &[(1, bad(Outcome::Unavailable))]), ["opened all unreachable"]);
    assert_eq!(world.of_all(Kind::Unreachable).unwrap().condition.affected, 2);
}

#[test]
fn a_batch_of_a_run_is_enough_to_see_that_nobody_answers() {
    let mut world = World::of(&["a", "b"]);
    world.run_all(0, &bad(Outcome::Unavailable));
    world.look(HOUR, &[(0, bad(Outcome::Unavailable))]);
    world.assess(HOUR);
    assert_eq!(world.run(HOUR, &[(1, bad(Outcome::Unavailable))]), ["opened all unreachable"]);
}

#[test]
fn neither_a_newcomer_nor_an_edited_threshold_nor_a_clock_set_back_ends_an_outage() {
    let mut world = World::of(&["a", "b"]);
    world.run_all(DAY, &bad(Outcome::Unavailable));
    world.run_all(DAY + HOUR, &bad(Outcome::Unavailable));
    world.members.push(World::of(&["c"]).members.remove(0));
    assert!(world.tick(DAY + HOUR).is_empty(), "nobody has looked at it yet");
    assert!(world.run_all(DAY + HOUR + 60, &bad(Outcome::Unavailable)).is_empty());
    world.policy.unreachable_after = TimeDelta::hours(9);
    assert!(world.run_all(DAY + HOUR + 120, &bad(Outcome::Unavailable)).is_empty());
    assert!(world.run_all(0, &bad(Outcome::Unavailable)).is_empty());
    assert_eq!(world.of_all(Kind::Unreachable).unwrap().condition.affected, 3);
}

#[test]
fn riddles_of_some_are_theirs_and_of_all_are_one_alert() {
    let riddle = || bad(Outcome::Malformed);
    let mut world = World::of(&["a", "b"]);
    assert_eq!(world.run(0, &looks(&[riddle(), well()])), ["opened a malformed"]);

    let mut world = World::of(&["a", "b"]);
    assert_eq!(world.run_all(0, &riddle()), ["opened all malformed"]);
    world.members.push(World::of(&["c"]).members.remove(0));
    assert!(world.tick(1).is_empty(), "nobody has looked at it yet");
    assert!(world.run(2, &looks(&[riddle(), riddle(), bad(Outcome::Unavailable)])).is_empty());
    world.policy.confirm_after = TimeDelta::seconds(10);
    assert!(world.run_all(10, &riddle()).is_empty());
    assert!(world.run_all(20, &riddle()).is_empty());
    assert_eq!(world.of_all(Kind::Malformed).unwrap().condition.affected, 3);
    assert_eq!(
        world.run(30, &looks(&[well(), riddle(), riddle()])),
        ["resolved all malformed", "opened b malformed", "opened c malformed"]
    );
}

#[test]
fn not_found_and_errors_are_each_accounts_own() {
    let mut world = World::of(&["a", "b"]);
    assert_eq!(world.run_all(0, &bad(Outcome::NotFound)), ["opened a not_found", "opened b not_found"]);
    let mut world = World::of(&["a", "b"]);
    assert_eq!(
        world.run_all(0, &bad(Outcome::AccountError)),
        ["opened a account_error", "opened b account_error"]
    );
}

#[test]
fn the_list_alone_raises_what_is_the_subscriptions_and_affects_no_account() {
    for (outcome, kind) in [
        (Outcome::Unauthorized, Kind::Unauthorized),
        (Outcome::SubscriptionLapsed, Kind::SubscriptionLapsed),
        (Outcome::Malformed, Kind::Malformed),
        (Outcome::Unavailable, Kind::Unreachable),
    ] {
        let mut world = World::of(&[""]);
        world.run_all(0, &bad(outcome));
        world.run_all(HOUR, &bad(outcome));
        assert_eq!(world.of_all(kind).map(|alert| alert.condition.affected), Some(0), "{outcome}");
        world.run_all(2 * HOUR, &Observation::ok(Configuration::default()));
        assert_eq!(world.firing(), [], "an answered list is well, and has no end to miss");
    }
}

#[test]
fn a_text_that_moves_moves_no_alert() {
    for outcome in [Outcome::AccountError, Outcome::Unauthorized, Outcome::Malformed, Outcome::Unavailable] {
        let mut world = World::of(&["a", "b"]);
        for seconds in [0, HOUR] {
            world.run_all(seconds, &bad(outcome));
        }
        let before = world.alerts.clone();
        assert!(!before.is_empty());
        for minute in 1..5 {
            let text = format!("on hold since 07:{minute}");
            assert!(world.run_all(HOUR + minute * 60, &Observation::failed(outcome, text)).is_empty());
        }
        assert_eq!(world.alerts, before, "{outcome}");
    }
}

#[test]
fn choosing_another_end_moves_the_alert_with_it() {
    let both =
        Configuration { exp_expire: Some(at(5 * DAY)), exp: Some(at(2 * DAY)), ..Configuration::default() };
    let mut world = World::of(&["a"]);
    world.run_all(0, &Observation::ok(both));
    world.policy.source = crate::domain::configuration::EndSource::Exp;
    assert_eq!(world.tick(60), ["escalated a expiry 3d"]);
    assert_eq!(world.of_account(0, Kind::Expiry).unwrap().condition.expires_at, Some(at(2 * DAY)));
}

#[test]
fn what_is_watched_no_more_ends() {
    let mut world = World::of(&["a"]);
    world.run_all(0, &ends(DAY));
    let Transition::Resolve { id, renewed_until, .. } = unwatched(&world.alerts[0], at(0)) else { panic!() };
    assert_eq!((id, renewed_until), (world.alerts[0].id.clone(), None));
}
