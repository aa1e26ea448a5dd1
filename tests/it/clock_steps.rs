//! Clock steps and suspended machines: every message keeps its full retry window.

use minimax_watch::domain::time::Timestamp;

use crate::world::{DESK, Settings, World, days, healthy, hours, minutes, start};

const ONE: &[(&str, &str)] = &[("1", "studio-a")];
const OPENED: &str = "opened not_found critical studio-a";

/// A world with a receiver that is down and one pending message for it.
async fn world_with_waiting_message() -> World {
    let world = World::open(Settings::watching(ONE).receivers(&[DESK])).await;
    world.all_healthy(ONE);
    world.run().await;
    world.desk.go_down();
    world.main.remove("1");
    world.run().await;
    world.live_until(start() + hours(1)).await;
    world
}

/// The numbers of pending and permanently failed messages.
async fn outbox(world: &World) -> (i64, i64) {
    let counts = world.engine.store.outbox(Timestamp::UNIX_EPOCH).await.unwrap();
    (counts.pending, counts.failed)
}

#[tokio::test]
async fn clock_step_fails_no_message_permanently() {
    for step in [hours(1), hours(-1), days(8), days(30), days(-30)] {
        let world = world_with_waiting_message().await;
        world.step_clock(step);
        world.tick().await;
        assert_eq!(outbox(&world).await, (1, 0), "after a step of {step}");
        world.desk.come_back().unwrap();
        world.live_until(world.now() + hours(16)).await;
        assert_eq!(
            world.received_at_desk().first().map(String::as_str),
            Some(OPENED),
            "after a step of {step}"
        );
        assert_eq!(outbox(&world).await, (0, 0), "after a step of {step}");
    }
}

#[tokio::test]
async fn clock_that_jumps_forth_and_back_costs_a_message_at_most_a_day_of_its_retry_window() {
    let world = world_with_waiting_message().await;
    world.step_clock(days(30));
    world.tick().await;
    world.step_clock(minutes(1) - days(30));
    let back = world.now();
    world.live_until(back + days(5)).await;
    assert_eq!(outbox(&world).await, (1, 0), "five days of waiting and one step");
    world.live_until(back + days(8)).await;
    assert_eq!(outbox(&world).await, (0, 1), "failed permanently after a week, and counted");
}

#[tokio::test]
async fn retry_scheduled_by_a_fast_clock_is_made_when_the_clock_is_corrected() {
    let world = world_with_waiting_message().await;
    world.step_clock(hours(10));
    world.tick().await;
    world.desk.come_back().unwrap();
    world.step_clock(minutes(1) - hours(10));
    world.tick().await;
    assert_eq!(world.received_at_desk(), [OPENED]);
}

#[tokio::test]
async fn message_queued_behind_another_is_not_delayed_by_a_clock_that_ran_fast() {
    let world = world_with_waiting_message().await;
    world.step_clock(hours(20));
    world.main.put(healthy("1"));
    world.run().await;
    world.step_clock(minutes(-1) - hours(20));
    // The first message is tried without success, and with it both have waited by the corrected clock.
    world.tick().await;
    world.desk.come_back().unwrap();
    world.live_until(world.now() + hours(16)).await;
    assert_eq!(world.received_at_desk(), [OPENED, "resolved not_found critical studio-a"]);
}

#[tokio::test]
async fn queued_messages_fail_a_week_after_they_were_written_each() {
    let world = world_with_waiting_message().await;
    world.live_until(start() + days(3)).await;
    world.main.put(healthy("1"));
    world.run().await;
    assert_eq!(outbox(&world).await, (2, 0));
    world.live_until(start() + days(8)).await;
    assert_eq!(outbox(&world).await, (1, 1), "the resolution was written three days later");
    world.live_until(start() + days(11)).await;
    assert_eq!(outbox(&world).await, (0, 2));
}
