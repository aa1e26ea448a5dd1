//! A receiver that cannot be reached: `delivery_failing`, sent through its fallback.

use axum::http::StatusCode;
use minimax_watch::domain::alerts::AlertKind;

use crate::simulator::{Answer, NotFoundBody, Reply};
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

/// Removes account 2 at the vendor, which is due to every receiver.
async fn remove_account_2(world: &World) {
    world.main.set_answer("2", Answer::not_found(NotFoundBody::Json));
    world.run().await;
}

async fn is_delivery_failing(world: &World) -> bool {
    world.firing().await.iter().any(|alert| alert.condition.kind == AlertKind::DeliveryFailing)
}

#[tokio::test]
async fn third_refusal_is_sent_through_the_fallback_and_resolves_with_the_next_success() {
    let world = world(&[PAGER, TO_DESK, DESK]).await;
    world.pager.set(Some(Reply::status(StatusCode::NOT_FOUND)));
    remove_account_2(&world).await;
    assert_eq!(world.received_at_desk(), ["opened not_found critical office-b"]);
    world.live_until(world.now() + minutes(1)).await;
    assert_eq!(world.received_at_desk(), ["opened delivery_failing warning pager"], "after about 35 s");
    world.pager.set(None);
    world.received();
    world.live_until(world.now() + minutes(10)).await;
    assert_eq!(
        world.received(),
        ["opened not_found critical office-b"],
        "a failing receiver gets no message about itself"
    );
    assert_eq!(world.received_at_desk(), ["resolved delivery_failing warning pager"]);
    assert!(!is_delivery_failing(&world).await);
}

#[tokio::test]
async fn message_undelivered_for_an_hour_raises_delivery_failing_once() {
    let world = world(&[PAGER, TO_DESK, DESK]).await;
    world.pager.go_down();
    remove_account_2(&world).await;
    let notified = world.now();
    world.received_at_desk();
    world.live_until(notified + hours(1) - minutes(1)).await;
    assert_eq!(world.received_at_desk(), Vec::<String>::new());
    world.live_until(notified + hours(1)).await;
    assert_eq!(world.received_at_desk(), ["opened delivery_failing warning pager"]);
    world.live_until(notified + days(3)).await;
    assert_eq!(world.received_at_desk(), Vec::<String>::new());
    world.pager.come_back().unwrap();
    world.live_until(notified + days(4)).await;
    assert_eq!(world.received_at_desk(), ["resolved delivery_failing warning pager"]);
    assert_eq!(world.received(), ["opened not_found critical office-b"]);
}

#[tokio::test]
async fn fallback_is_notified_whatever_its_route_says() {
    let world = world(&[PAGER, TO_DESK, DESK, "min_severity = \"critical\"\nkinds = [\"expiry\"]"]).await;
    world.pager.set(Some(Reply::status(StatusCode::GONE)));
    remove_account_2(&world).await;
    assert_eq!(world.received_at_desk(), ["opened delivery_failing warning pager"]);
}

#[tokio::test]
async fn without_a_fallback_every_other_receiver_whose_route_takes_it_is_notified() {
    let mut world = world(&[PAGER, DESK]).await;
    world.pager.set(Some(Reply::status(StatusCode::GONE)));
    remove_account_2(&world).await;
    assert_eq!(
        world.received_at_desk(),
        ["opened not_found critical office-b", "opened delivery_failing warning pager"]
    );
    assert!(is_delivery_failing(&world).await);
    world.reload(Settings::watching(BOTH).alerts("repeat_every = \"0s\"").receivers(&[DESK])).await;
    world.tick().await;
    assert!(!is_delivery_failing(&world).await);
}

#[tokio::test]
async fn restart_does_not_repeat_delivery_failing() {
    let world = world(&[PAGER, TO_DESK, DESK]).await;
    world.pager.set(Some(Reply::status(StatusCode::GONE)));
    remove_account_2(&world).await;
    world.received_at_desk();
    let world = world.restart().await;
    world.live_until(start() + days(2)).await;
    assert_eq!(world.received_at_desk(), Vec::<String>::new());
    assert!(is_delivery_failing(&world).await);
}

#[tokio::test]
async fn firing_alerts_of_a_failed_message_are_sent_again_once_the_receiver_accepts_messages() {
    let world = world(&[PAGER]).await;
    world.pager.set(Some(Reply::status(StatusCode::NOT_FOUND)));
    remove_account_2(&world).await;
    world.main.set_answer("1", Answer::not_found(NotFoundBody::Json));
    world.run().await;
    world.live_until(world.now() + hours(2)).await;
    world.pager.set(None);
    world.received();
    world.live_until(world.now() + hours(1)).await;
    assert_eq!(world.received(), Vec::<String>::new(), "nothing is sent again before a message was accepted");
    world.main.put(crate::world::healthy("1").max_jobs(2));
    world.main.set_answer("2", Answer::not_found(NotFoundBody::Json));
    world.run().await;
    let received = world.received();
    assert_eq!(received[1..], ["opened not_found critical office-b"], "{received:?}");
    assert!(
        !received[0].contains("resolved"),
        "a receiver that never got the alert gets no resolution: {received:?}"
    );
    world.live_until(world.now() + days(3)).await;
    assert_eq!(world.received(), Vec::<String>::new(), "once");
}
