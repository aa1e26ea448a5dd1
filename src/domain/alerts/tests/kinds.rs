use chrono::TimeDelta;
use strum::IntoEnumIterator;

use super::super::*;
use super::world::{World, account, at, expiring_at, failed, healthy, seconds_in};
use crate::domain::alerts::AlertKind as Kind;
use crate::domain::configuration::Configuration;
use crate::domain::lead_times::{LeadTimes, Stage};
use crate::domain::observation::Observation;
use crate::domain::observation::Outcome;

const HOUR: i64 = 3_600;
const DAY: i64 = 86_400;

fn stage(text: &str) -> Option<Stage> {
    text.parse().ok()
}

fn checks(observations: &[Observation]) -> Vec<(usize, Observation)> {
    observations.iter().cloned().enumerate().collect()
}

#[test]
fn each_fault_has_its_subject_and_severity_and_resolves_with_an_ok() {
    use Severity::{Critical, Warning};
    for (outcome, kind, subject, severity) in [
        (Outcome::Unauthorized, Kind::Unauthorized, "all", Critical),
        (Outcome::SubscriptionLapsed, Kind::SubscriptionLapsed, "all", Critical),
        (Outcome::NotFound, Kind::NotFound, "a", Critical),
        (Outcome::AccountError, Kind::AccountError, "a", Critical),
        (Outcome::Malformed, Kind::Malformed, "all", Warning),
    ] {
        let mut world =
            World::new(&["a"]).with_policy(|policy| policy.confirm_after = TimeDelta::seconds(10));
        assert!(world.run_all(0, &failed(outcome)).is_empty(), "{outcome}: one check does not confirm it");
        assert!(world.run_all(9, &failed(outcome)).is_empty(), "{outcome}: 9 s are not 10 s");
        world.run_all(10, &failed(outcome));
        assert_eq!(world.firing(), [(subject.to_owned(), kind, severity)]);
        for unreachable in [Outcome::Unavailable, Outcome::RateLimited, Outcome::Blocked] {
            world.run_all(20, &failed(unreachable));
            assert_eq!(
                world.firing(),
                [(subject.to_owned(), kind, severity)],
                "{outcome}: an inconclusive check resolves nothing"
            );
        }
        assert_eq!(world.run_all(30, &healthy()), [format!("resolved {subject} {kind}")]);
    }
}

#[test]
fn late_confirmation_counts() {
    let mut world = World::new(&["a"]).with_policy(|policy| policy.confirm_after = TimeDelta::seconds(10));
    world.run_all(0, &failed(Outcome::NotFound));
    assert_eq!(world.run_all(11, &failed(Outcome::NotFound)), ["opened a not_found"]);
}

#[test]
fn fault_is_confirmed_in_spite_of_a_clock_step_back() {
    let mut world = World::new(&["a"]).with_policy(|policy| policy.confirm_after = TimeDelta::seconds(10));
    world.run_all(DAY, &failed(Outcome::NotFound));
    world.run_all(0, &failed(Outcome::NotFound));
    assert_eq!(world.run_all(10, &failed(Outcome::NotFound)), ["opened a not_found"]);
}

#[test]
fn missing_expiry_is_an_alert_until_an_expiry_is_seen() {
    let mut world = World::new(&["a"]);
    let without = Observation::ok(Configuration::default());
    assert_eq!(world.run_all(0, &without), ["opened a expiry_unknown"]);
    assert_eq!(world.firing(), [("a".to_owned(), Kind::ExpiryUnknown, Severity::Warning)]);
    for outcome in Outcome::iter().skip(1) {
        world.run_all(1, &failed(outcome));
        assert!(world.account_alert(0, Kind::ExpiryUnknown).is_some(), "{outcome} shows no expiry");
    }
    world.run_all(2, &healthy());
    assert_eq!(world.firing(), []);
}

#[test]
fn expiry_alert_changes_exactly_to_the_second() {
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
            let mut world = World::new(&["a"]);
            world.run_all(0, &expiring_at(end));
            world.tick(end - seconds_in(lead) + second);
            let fires = world.account_alert(0, Kind::Expiry).map(|alert| &alert.condition);
            let seen = fires.map(|condition| (condition.stage, condition.severity));
            assert_eq!(seen, expected, "{lead} {second:+} s");
        }
    }
}

#[test]
fn expiry_alert_is_critical_from_one_day_on_without_a_lead_time_of_a_day() {
    let mut world =
        World::new(&["a"]).with_policy(|policy| policy.lead_times = LeadTimes::new(vec![TimeDelta::days(7)]));
    assert_eq!(world.run_all(0, &expiring_at(2 * DAY)), ["opened a expiry 7d"]);
    assert!(world.tick(DAY - 1).is_empty());
    assert_eq!(world.tick(DAY), ["escalated a expiry 7d"]);
    assert_eq!(world.firing()[0].2, Severity::Critical);
}

#[test]
fn expiry_alert_stays_critical_when_the_clock_alone_is_set_back() {
    let mut world = World::new(&["a"]);
    assert_eq!(world.run_all(0, &expiring_at(23 * HOUR)), ["opened a expiry 1d"]);
    assert!(world.run_all(10 * HOUR, &expiring_at(33 * HOUR)).is_empty());
    // The same expiry, 29 hours away, described in other words.
    assert!(world.run_all(4 * HOUR, &Observation::ok(Configuration::default())).is_empty());
    assert_eq!(world.firing()[0].2, Severity::Critical);
    assert!(world.tick(10 * HOUR).is_empty(), "it was sent as critical before");
}

#[test]
fn account_can_have_its_own_lead_times() {
    let mut world = World::new(&["a", "b"]).with_policy(|policy| {
        drop(policy.lead_times_by_account.insert(account("a"), LeadTimes::new(vec![TimeDelta::days(10)])));
    });
    assert_eq!(world.run_all(0, &expiring_at(8 * DAY)), ["opened a expiry 10d"]);
}

#[test]
fn several_stages_reached_at_once_are_one_alert_at_the_most_severe() {
    for (left, stage) in [(2 * DAY, "3d"), (DAY, "1d"), (60, "1h"), (0, "expired"), (-40 * DAY, "expired")] {
        let mut world = World::new(&["a"]);
        assert_eq!(world.run_all(0, &expiring_at(left)), [format!("opened a expiry {stage}")]);
    }
    let mut world = World::new(&["a"]);
    world.run_all(0, &expiring_at(5 * DAY));
    assert_eq!(world.tick(6 * DAY), ["escalated a expiry expired"]);
}

#[test]
fn renewal_beyond_all_stages_resolves_and_one_to_a_milder_stage_opens_another_alert() {
    let mut world = World::new(&["a"]);
    world.run_all(0, &expiring_at(2 * DAY));
    assert_eq!(world.run_all(60, &expiring_at(30 * DAY)), ["resolved a expiry"]);
    assert_eq!(world.alerts[0].renewed_until, Some(at(30 * DAY)));
    assert!(world.run_all(120, &expiring_at(31 * DAY)).is_empty(), "the alert resolves once");

    let mut world = World::new(&["a"]);
    world.run_all(0, &expiring_at(2 * DAY));
    assert_eq!(world.run_all(60, &expiring_at(5 * DAY)), ["resolved a expiry", "opened a expiry 7d"]);
    assert_ne!(world.account_alert(0, Kind::Expiry).unwrap().id, world.alerts[0].id);
}

#[test]
fn expiry_that_leaves_its_stage_but_not_the_mildest_one_opens_at_the_mildest() {
    for (left, stage) in [(0, "expired"), (2 * DAY, "3d")] {
        let mut world = World::new(&["a"]);
        assert_eq!(world.run_all(0, &expiring_at(left)), [format!("opened a expiry {stage}")]);
        let end = 7 * DAY + DAY / 2;
        assert_eq!(world.run_all(60, &expiring_at(end)), ["resolved a expiry", "opened a expiry 7d"]);
        assert_eq!(world.firing()[0].2, Severity::Warning);
        assert!(world.tick(end - 7 * DAY).is_empty(), "it was already sent");
        for (lead, stage) in [(3 * DAY, "3d"), (DAY, "1d"), (HOUR, "1h"), (0, "expired")] {
            assert_eq!(world.tick(end - lead), [format!("escalated a expiry {stage}")]);
        }
    }
}

#[test]
fn edited_lead_times_resolve_no_alert() {
    let mut world = World::new(&["a"]);
    world.run_all(0, &expiring_at(5 * DAY));
    world.policy.lead_times = LeadTimes::new(vec![TimeDelta::hours(1)]);
    assert!(world.tick(60).is_empty());
    assert!(world.account_alert(0, Kind::Expiry).is_some());
    assert_eq!(world.tick(5 * DAY - HOUR), ["escalated a expiry 1h"]);
}

#[test]
fn unreachable_alert_opens_exactly_to_the_second_and_any_conclusive_check_resolves_it() {
    for (last, fires) in [(HOUR - 1, false), (HOUR, true), (HOUR + 1, true)] {
        let mut world = World::new(&["a"]);
        world.run_all(0, &failed(Outcome::Unavailable));
        world.run_all(last, &failed(Outcome::RateLimited));
        assert_eq!(world.subscription_alert(Kind::Unreachable).is_some(), fires, "{last} s");
    }
    for outcome in Outcome::iter().filter(|outcome| outcome.is_conclusive()) {
        let mut world = World::new(&["a"]);
        world.run_all(0, &failed(Outcome::Unavailable));
        world.run_all(HOUR, &failed(Outcome::Unavailable));
        assert_eq!(world.firing(), [("all".to_owned(), Kind::Unreachable, Severity::Warning)]);
        world.run_all(2 * HOUR, &if outcome == Outcome::Ok { healthy() } else { failed(outcome) });
        assert!(world.subscription_alert(Kind::Unreachable).is_none(), "{outcome} is conclusive");
    }
}

#[test]
fn missed_check_does_not_count_as_unreachable() {
    let mut world = World::new(&["a"]);
    world.run_all(0, &failed(Outcome::Unavailable));
    assert!(world.tick(9 * HOUR).is_empty());
}

#[test]
fn some_unreachable_accounts_have_an_alert_each_and_all_of_them_one_together() {
    let unreachable = || failed(Outcome::Unavailable);
    let mut world = World::new(&["a", "b"]);
    world.run(0, &checks(&[unreachable(), healthy()]));
    assert_eq!(world.run(HOUR, &checks(&[unreachable(), healthy()])), ["opened a unreachable"]);

    let mut world = World::new(&["a", "b", "c"]);
    world.run_all(0, &unreachable());
    assert_eq!(world.run_all(HOUR, &unreachable()), ["opened all unreachable"]);
    assert_eq!(world.subscription_alert(Kind::Unreachable).unwrap().condition.affected, 3);
    let notified = world.run(HOUR + 60, &checks(&[healthy(), unreachable(), unreachable()]));
    assert_eq!(notified, ["resolved all unreachable", "opened b unreachable", "opened c unreachable"]);
}

#[test]
fn checks_a_moment_apart_do_not_split_one_outage() {
    let mut world = World::new(&["a", "b"]);
    world.check(0, &[(1, failed(Outcome::Unavailable))]);
    world.run(1, &[(0, failed(Outcome::Unavailable))]);
    // The second hour's checks come in the other order: by its own checks, only one of the two was unreachable for an hour.
    world.check(HOUR, &[(0, failed(Outcome::Unavailable))]);
    assert_eq!(world.run(HOUR + 1, &[(1, failed(Outcome::Unavailable))]), ["opened all unreachable"]);
    assert_eq!(world.subscription_alert(Kind::Unreachable).unwrap().condition.affected, 2);
}

#[test]
fn outage_of_all_accounts_is_seen_in_the_middle_of_a_run() {
    let mut world = World::new(&["a", "b"]);
    world.run_all(0, &failed(Outcome::Unavailable));
    world.check(HOUR, &[(0, failed(Outcome::Unavailable))]);
    world.update_alerts(HOUR);
    assert_eq!(world.run(HOUR, &[(1, failed(Outcome::Unavailable))]), ["opened all unreachable"]);
}

#[test]
fn new_account_edited_threshold_and_clock_step_back_do_not_resolve_an_outage() {
    let mut world = World::new(&["a", "b"]);
    world.run_all(DAY, &failed(Outcome::Unavailable));
    world.run_all(DAY + HOUR, &failed(Outcome::Unavailable));
    world.records.push(World::new(&["c"]).records.remove(0));
    assert!(world.tick(DAY + HOUR).is_empty(), "it has not been checked yet");
    assert!(world.run_all(DAY + HOUR + 60, &failed(Outcome::Unavailable)).is_empty());
    world.policy.unreachable_after = TimeDelta::hours(9);
    assert!(world.run_all(DAY + HOUR + 120, &failed(Outcome::Unavailable)).is_empty());
    assert!(world.run_all(0, &failed(Outcome::Unavailable)).is_empty());
    assert_eq!(world.subscription_alert(Kind::Unreachable).unwrap().condition.affected, 3);
}

#[test]
fn some_malformed_accounts_have_an_alert_each_and_all_of_them_one_together() {
    let malformed = || failed(Outcome::Malformed);
    let mut world = World::new(&["a", "b"]);
    assert_eq!(world.run(0, &checks(&[malformed(), healthy()])), ["opened a malformed"]);

    let mut world = World::new(&["a", "b"]);
    assert_eq!(world.run_all(0, &malformed()), ["opened all malformed"]);
    world.records.push(World::new(&["c"]).records.remove(0));
    assert!(world.tick(1).is_empty(), "it has not been checked yet");
    assert!(world.run(2, &checks(&[malformed(), malformed(), failed(Outcome::Unavailable)])).is_empty());
    world.policy.confirm_after = TimeDelta::seconds(10);
    assert!(world.run_all(10, &malformed()).is_empty());
    assert!(world.run_all(20, &malformed()).is_empty());
    assert_eq!(world.subscription_alert(Kind::Malformed).unwrap().condition.affected, 3);
    assert_eq!(
        world.run(30, &checks(&[healthy(), malformed(), malformed()])),
        ["resolved all malformed", "opened b malformed", "opened c malformed"]
    );
}

#[test]
fn not_found_and_account_error_are_alerts_of_single_accounts() {
    let mut world = World::new(&["a", "b"]);
    assert_eq!(world.run_all(0, &failed(Outcome::NotFound)), ["opened a not_found", "opened b not_found"]);
    let mut world = World::new(&["a", "b"]);
    assert_eq!(
        world.run_all(0, &failed(Outcome::AccountError)),
        ["opened a account_error", "opened b account_error"]
    );
}

#[test]
fn list_of_accounts_alone_raises_alerts_of_the_subscription_that_affect_no_account() {
    for (outcome, kind) in [
        (Outcome::Unauthorized, Kind::Unauthorized),
        (Outcome::SubscriptionLapsed, Kind::SubscriptionLapsed),
        (Outcome::Malformed, Kind::Malformed),
        (Outcome::Unavailable, Kind::Unreachable),
    ] {
        let mut world = World::new(&[""]);
        world.run_all(0, &failed(outcome));
        world.run_all(HOUR, &failed(outcome));
        assert_eq!(
            world.subscription_alert(kind).map(|alert| alert.condition.affected),
            Some(0),
            "{outcome}"
        );
        world.run_all(2 * HOUR, &Observation::ok(Configuration::default()));
        assert_eq!(world.firing(), [], "a list that answers has no expiry to miss");
    }
}

#[test]
fn changed_error_text_updates_no_alert() {
    for outcome in [Outcome::AccountError, Outcome::Unauthorized, Outcome::Malformed, Outcome::Unavailable] {
        let mut world = World::new(&["a", "b"]);
        for seconds in [0, HOUR] {
            world.run_all(seconds, &failed(outcome));
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
fn alert_follows_another_expiry_source() {
    let both =
        Configuration { exp_expire: Some(at(5 * DAY)), exp: Some(at(2 * DAY)), ..Configuration::default() };
    let mut world = World::new(&["a"]);
    world.run_all(0, &Observation::ok(both));
    world.policy.source = crate::domain::configuration::ExpirySource::Exp;
    assert_eq!(world.tick(60), ["escalated a expiry 3d"]);
    assert_eq!(world.account_alert(0, Kind::Expiry).unwrap().condition.expires_at, Some(at(2 * DAY)));
}

#[test]
fn alert_of_an_unwatched_account_resolves() {
    let mut world = World::new(&["a"]);
    world.run_all(0, &expiring_at(DAY));
    let Transition::Resolve(Resolved { id, renewed_until, .. }) = resolve_unwatched(&world.alerts[0], at(0))
    else {
        panic!()
    };
    assert_eq!((id, renewed_until), (world.alerts[0].id.clone(), None));
}
