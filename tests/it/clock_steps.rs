//! A clock that is set, and a machine that was off: no message loses its fair try.

use minimax_watch::domain::time::Timestamp;

use crate::world::{DESK, Settings, World, days, healthy, hours, minutes, start};

const ONE: &[(&str, &str)] = &[("1", "studio-a")];
const OPENED: &str = "opened not_found critical studio-a";

/// A receiver that is down, and the message that waits for it.
async fn waiting() -> World {
    let world = World::open(Settings::watching(ONE).receivers(&[DESK])).await;
    world.all_healthy(ONE);
    world.run().await;
    world.desk.go_down();
    world.main.remove("1");
    world.run().await;
    world.live_until(start() + hours(1)).await;
    world
}

/// What waits and what was given up.
async fn outbox(world: &World) -> (i64, i64) {
    let counts = world.engine.store.outbox(Timestamp::UNIX_EPOCH).await.unwrap();
    (counts.pending, counts.failed)
}

#[tokio::test]
async fn a_clock_that_steps_gives_no_message_up() {
    for step in [hours(1), hours(-1), days(8), days(30), days(-30)] {
        let world = waiting().await;
        world.step_clock(step);
        world.tick().await;
        assert_eq!(outbox(&world).await, (1, 0), "after a step of {step}");
        world.desk.come_back().unwrap();
        world.live_until(world.now() + hours(16)).await;
        assert_eq!(world.heard_at_desk().first().map(String::as_str), Some(OPENED), "after a step of {step}");
        assert_eq!(outbox(&world).await, (0, 0), "after a step of {step}");
    }
}

#[tokio::test]
async fn a_clock_that_comes_and_goes_costs_a_message_a_day_of_its_patience_at_the_most() {
    let world = waiting().await;
    world.step_clock(days(30));
    world.tick().await;
    world.step_clock(minutes(1) - days(30));
    let back = world.now();
    world.live_until(back + days(5)).await;
    assert_eq!(outbox(&world).await, (1, 0), "five days of waiting and one step");
    world.live_until(back + days(8)).await;
    assert_eq!(outbox(&world).await, (0, 1), "given up after a week and visible");
}

#[tokio::test]
async fn what_was_put_off_by_a_clock_that_ran_ahead_is_tried_as_soon_as_it_is_right() {
    let world = waiting().await;
    world.step_clock(hours(10));
    world.tick().await;
    world.desk.come_back().unwrap();
    world.step_clock(minutes(1) - hours(10));
    world.tick().await;
    assert_eq!(world.heard_at_desk(), [OPENED]);
}

#[tokio::test]
async fn what_waits_behind_another_is_not_held_off_by_a_clock_that_ran_ahead() {
    let world = waiting().await;
    world.step_clock(hours(20));
    world.main.put(healthy("1"));
    world.run().await;
    world.step_clock(minutes(-1) - hours(20));
    // The one before it is tried, in vain, and with it both have waited by the right clock.
    world.tick().await;
    world.desk.come_back().unwrap();
    world.live_until(world.now() + hours(16)).await;
    assert_eq!(world.heard_at_desk(), [OPENED, "resolved not_found critical studio-a"]);
}

#[tokio::test]
async fn what_waits_behind_a_dead_receiver_is_given_up_a_week_after_it_was_written_too() {
    let world = waiting().await;
    world.live_until(start() + days(3)).await;
    world.main.put(healthy("1"));
    world.run().await;
    assert_eq!(outbox(&world).await, (2, 0));
    world.live_until(start() + days(8)).await;
    assert_eq!(outbox(&world).await, (1, 1), "the end was written three days later");
    world.live_until(start() + days(11)).await;
    assert_eq!(outbox(&world).await, (0, 2));
}
