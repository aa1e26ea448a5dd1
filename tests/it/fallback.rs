//! A receiver that cannot be told: `delivery_failing`, told through its fallback.

use axum::http::StatusCode;
use minimax_watch::domain::alert::AlertKind;
use minimax_watch::simulator::{Answer, Missing, Reply};

use crate::world::{DESK, PAGER, Settings, World, days, hours, minutes, start};

const BOTH: &[(&str, &str)] = &[("1", "studio-a"), ("2", "office-b")];
const TO_DESK: &str = "fallback = \"desk\"";

async fn world(receivers: &[&str]) -> World {
    let world =
        World::open(Settings::watching(BOTH).alerts("repeat_every = \"0s\"").receivers(receivers)).await;
    world.all_healthy(BOTH);
    world.run().await;
    world
}

/// Account 2 vanishes, which every receiver is to be told.
async fn something_happens(world: &World) {
    world.main.set("2", Answer::not_found(Missing::Json));
    world.run().await;
}

async fn fails(world: &World) -> bool {
    world.firing().await.iter().any(|alert| alert.condition.kind == AlertKind::DeliveryFailing)
}

#[tokio::test]
async fn the_third_refusal_is_told_through_the_fallback_and_the_alert_ends_with_the_next_success() {
    let world = world(&[PAGER, TO_DESK, DESK]).await;
    world.pager.set(Some(Reply::status(StatusCode::NOT_FOUND)));
    something_happens(&world).await;
    assert_eq!(world.heard_at_desk(), ["opened not_found critical office-b"]);
    world.live_until(world.now() + minutes(1)).await;
    assert_eq!(world.heard_at_desk(), ["opened delivery_failing warning pager"], "after about 35 s");
    world.pager.set(None);
    world.heard();
    world.live_until(world.now() + minutes(10)).await;
    assert_eq!(world.heard(), ["opened not_found critical office-b"], "nobody is told of itself");
    assert_eq!(world.heard_at_desk(), ["resolved delivery_failing warning pager"]);
    assert!(!fails(&world).await);
}

#[tokio::test]
async fn a_message_that_waits_for_an_hour_is_told_in_that_moment_and_once() {
    let world = world(&[PAGER, TO_DESK, DESK]).await;
    world.pager.go_down();
    something_happens(&world).await;
    let told = world.now();
    world.heard_at_desk();
    world.live_until(told + hours(1) - minutes(1)).await;
    assert_eq!(world.heard_at_desk(), Vec::<String>::new());
    world.live_until(told + hours(1)).await;
    assert_eq!(world.heard_at_desk(), ["opened delivery_failing warning pager"]);
    world.live_until(told + days(3)).await;
    assert_eq!(world.heard_at_desk(), Vec::<String>::new());
    world.pager.come_back().unwrap();
    world.live_until(told + days(4)).await;
    assert_eq!(world.heard_at_desk(), ["resolved delivery_failing warning pager"]);
    assert_eq!(world.heard(), ["opened not_found critical office-b"]);
}

#[tokio::test]
async fn the_fallback_is_told_whatever_else_it_wants_to_hear() {
    let world = world(&[PAGER, TO_DESK, DESK, "min_severity = \"critical\"\nkinds = [\"expiry\"]"]).await;
    world.pager.set(Some(Reply::status(StatusCode::GONE)));
    something_happens(&world).await;
    assert_eq!(world.heard_at_desk(), ["opened delivery_failing warning pager"]);
}

#[tokio::test]
async fn without_a_fallback_every_other_receiver_whose_route_takes_it_is_notified() {
    let mut world = world(&[PAGER, DESK]).await;
    world.pager.set(Some(Reply::status(StatusCode::GONE)));
    something_happens(&world).await;
    assert_eq!(
        world.heard_at_desk(),
        ["opened not_found critical office-b", "opened delivery_failing warning pager"]
    );
    assert!(fails(&world).await);
    world.reload(Settings::watching(BOTH).alerts("repeat_every = \"0s\"").receivers(&[DESK])).await;
    world.tick().await;
    assert!(!fails(&world).await);
}

#[tokio::test]
async fn a_restart_tells_a_failing_receiver_no_second_time() {
    let world = world(&[PAGER, TO_DESK, DESK]).await;
    world.pager.set(Some(Reply::status(StatusCode::GONE)));
    something_happens(&world).await;
    world.heard_at_desk();
    let world = world.restart().await;
    world.live_until(start() + days(2)).await;
    assert_eq!(world.heard_at_desk(), Vec::<String>::new());
    assert!(fails(&world).await);
}

#[tokio::test]
async fn what_still_fires_of_a_failed_message_is_sent_again_once_the_receiver_takes_messages() {
    let world = world(&[PAGER]).await;
    world.pager.set(Some(Reply::status(StatusCode::NOT_FOUND)));
    something_happens(&world).await;
    world.main.set("1", Answer::not_found(Missing::Json));
    world.run().await;
    world.live_until(world.now() + hours(2)).await;
    world.pager.set(None);
    world.heard();
    world.live_until(world.now() + hours(1)).await;
    assert_eq!(world.heard(), Vec::<String>::new(), "nothing is sent again before a message was taken");
    world.main.put(crate::world::healthy("1").max_jobs(2));
    world.main.set("2", Answer::not_found(Missing::Json));
    world.run().await;
    let heard = world.heard();
    assert_eq!(heard[1..], ["opened not_found critical office-b"], "{heard:?}");
    assert!(!heard[0].contains("resolved"), "who never got the fire is not told the end: {heard:?}");
    world.live_until(world.now() + days(3)).await;
    assert_eq!(world.heard(), Vec::<String>::new(), "once");
}
