//! Alerts that the plan of a subscription raises, alone and together with checks.

use super::world::{World, failed, healthy};
use crate::domain::alerts::{AlertKind as Kind, Resolution};
use crate::domain::observation::Outcome;
use crate::domain::plan::{Plan, PlanState, ServiceAccounts};

fn plan(is_active: bool, services: &[(&str, u32)]) -> PlanState {
    let service = |(name, in_error): &(&str, u32)| ServiceAccounts {
        name: (*name).to_owned(),
        total: 3,
        in_error: *in_error,
    };
    let plan = Plan {
        is_active,
        subscriptions: Some(1),
        max_accounts: Some(3),
        renewed_on: None,
        services: services.iter().map(service).collect(),
    };
    PlanState { plan: Some(plan), is_lapsed: !is_active, ..PlanState::default() }
}

#[test]
fn lapse_has_one_alert_until_neither_source_says_so() {
    let mut world = World::new(&["a", "b"]);
    world.plan = Some(plan(false, &[]));
    assert_eq!(world.run_all(0, &healthy()), ["opened all subscription_lapsed"]);
    assert_eq!(world.subscription_alert(Kind::SubscriptionLapsed).unwrap().condition.affected, 2);
    assert!(world.run_all(60, &failed(Outcome::SubscriptionLapsed)).is_empty());
    world.plan = Some(plan(true, &[]));
    assert!(world.tick(120).is_empty());
    assert_eq!(world.run_all(180, &healthy()), ["resolved all subscription_lapsed"]);
    assert_eq!(world.alerts[0].resolution, Some(Resolution::Ended));
    world.plan = Some(plan(false, &[]));
    assert_eq!(world.run_all(240, &failed(Outcome::SubscriptionLapsed)), ["opened all subscription_lapsed"]);
    assert!(world.run_all(300, &healthy()).is_empty());
    world.plan = Some(plan(true, &[]));
    assert_eq!(world.tick(360), ["resolved all subscription_lapsed"]);
}

#[test]
fn source_that_is_switched_off_no_longer_counts() {
    let mut world = World::new(&["a"]);
    world.plan = Some(plan(false, &[("Kling API", 1)]));
    assert_eq!(
        world.run_all(0, &healthy()),
        ["opened all subscription_lapsed", "opened all services_in_error"]
    );
    world.plan = None;
    assert_eq!(world.tick(60), ["resolved all subscription_lapsed", "resolved all services_in_error"]);
    assert!(world.alerts.iter().all(|alert| alert.resolution == Some(Resolution::NoLongerWatched)));
}

#[test]
fn other_services_in_error_are_counted_once_and_never_repeated() {
    let mut world =
        World::new(&["a"]).with_policy(|policy| policy.repeat_every = Some(chrono::TimeDelta::hours(1)));
    world.plan = Some(plan(true, &[("Kling API", 1), ("MiniMax API", 3), ("Mureka API", 2)]));
    assert_eq!(world.run_all(0, &healthy()), ["opened all services_in_error"]);
    let alert = world.subscription_alert(Kind::ServicesInError).unwrap();
    assert_eq!(alert.condition.affected, 3);
    assert_eq!(
        alert.condition.detail,
        "useapi.net counts accounts in error for other services: Kling API (1 of 3), Mureka API (2 of 3)."
    );
    assert!(world.run_all(90_000, &healthy()).is_empty());
    world.plan = Some(plan(true, &[("Mureka API", 3)]));
    assert!(world.run_all(90_030, &healthy()).is_empty());
    let alert = world.subscription_alert(Kind::ServicesInError).unwrap();
    assert!(alert.condition.detail.ends_with("other services: Mureka API (3 of 3)."), "{alert:?}");
    world.plan = Some(plan(true, &[("MiniMax API", 3)]));
    assert_eq!(world.run_all(90_060, &healthy()), ["resolved all services_in_error"]);
}
