//! What is over is forgotten in time; what is open, waiting or still needed never is.

use minimax_watch::simulator::{Answer, Record};

use crate::world::{DESK, MAIL, PAGER, Settings, World, days, healthy, hours, start};

const BOTH: &[(&str, &str)] = &[("1", "studio-a"), ("2", "studio-b")];

/// Keeps a day only, so that everything is soon older than that.
fn forgetful() -> Settings {
    Settings::watching(BOTH).store("keep = \"1d\"")
}

#[tokio::test]
async fn an_open_alert_outlives_every_purge_and_its_end_joins_its_thread() {
    let world = World::open(forgetful().receivers(&[PAGER, MAIL])).await;
    world.all_healthy(BOTH);
    world.run().await;
    world.main.set("1", Answer::account_error("On hold"));
    world.run().await;
    let first = world.mailbox.mails()[0].header("Message-ID").unwrap();
    world.mailbox.forget();
    assert_eq!(world.heard(), ["opened account_error critical studio-a"]);
    for day in 1..40 {
        world.at(start() + days(day));
        world.run().await;
        world.engine.purge(world.now()).await.unwrap();
    }
    assert!(world.heard().is_empty(), "what was told stays told");
    world.main.put(healthy("1"));
    world.run().await;
    assert_eq!(world.heard(), ["resolved account_error critical studio-a"]);
    assert_eq!(world.mailbox.mails()[0].header("References"), Some(first));
}

#[tokio::test]
async fn reminders_that_are_forgotten_are_neither_repeated_nor_left_out() {
    let world = World::open(forgetful().alerts("repeat_every = \"24h\"")).await;
    world.all_healthy(BOTH);
    world.main.set("1", Answer::account_error("On hold"));
    world.run().await;
    for day in 1..=20 {
        world.live_until(start() + days(day) + hours(1)).await;
        world.engine.purge(world.now()).await.unwrap();
    }
    let heard = world.heard();
    assert_eq!(heard.len(), 21);
    assert!(heard[1..].iter().all(|line| line == "repeated account_error critical studio-a"), "{heard:?}");
    world.main.put(healthy("1"));
    world.run().await;
    assert_eq!(world.heard(), ["resolved account_error critical studio-a"]);
}

#[tokio::test]
async fn what_is_over_goes_and_what_is_current_stays() {
    let world = World::open(forgetful()).await;
    world.all_healthy(BOTH);
    world.run().await;
    for jobs in 2..6 {
        world.main.put(healthy("1").max_jobs(jobs));
        world.main.remove("2");
        world.run().await;
        world.main.put(healthy("2"));
        world.run().await;
    }
    let store = &world.engine.store;
    let account = store.watched().await.unwrap().remove(0).account;
    assert_eq!(store.all_alerts().await.unwrap().len(), 4);
    assert_eq!(store.snapshots(&account).await.unwrap().len(), 5);
    world.at(start() + hours(20));
    world.engine.purge(world.now()).await.unwrap();
    assert_eq!(store.all_alerts().await.unwrap().len(), 4, "a day is kept");
    world.at(start() + days(3));
    assert!(world.engine.purge(world.now()).await.unwrap().rows > 0);
    assert!(store.all_alerts().await.unwrap().is_empty());
    assert!(store.changes(&account).await.unwrap().is_empty());
    assert_eq!(store.snapshots(&account).await.unwrap().len(), 1, "what the next look is compared with");
    assert_eq!(world.engine.purge(world.now()).await.unwrap().rows, 0);
    world.heard();
    world.run().await;
    assert!(world.heard().is_empty());
    world.main.put(healthy("1").max_jobs(1));
    world.run().await;
    assert_eq!(world.heard(), ["max_jobs_changed warning studio-a maxJobs 5>1"]);
}

#[tokio::test]
async fn a_message_that_waits_outlives_every_purge() {
    let world = World::open(forgetful().receivers(&[DESK])).await;
    world.all_healthy(BOTH);
    world.run().await;
    world.desk.go_down();
    world.main.put(healthy("1").max_jobs(9));
    world.run().await;
    world.main.remove("2");
    world.run().await;
    world.main.put(healthy("2"));
    world.run().await;
    for day in 1..6 {
        world.live_until(start() + days(day)).await;
        world.engine.purge(world.now()).await.unwrap();
    }
    world.desk.come_back().unwrap();
    world.live_until(start() + days(7)).await;
    assert_eq!(
        world.heard_at_desk(),
        [
            "max_jobs_changed info studio-a maxJobs 1>9",
            "opened not_found critical studio-b",
            "resolved not_found critical studio-b"
        ]
    );
}

#[tokio::test]
async fn what_waits_for_a_receiver_that_left_is_given_up_after_a_week_and_forgotten() {
    let mut world = World::open(forgetful().receivers(&[PAGER, DESK])).await;
    world.all_healthy(BOTH);
    world.run().await;
    world.desk.go_down();
    world.main.remove("1");
    world.run().await;
    world.reload(forgetful()).await;
    world.main.put(healthy("1"));
    world.run().await;
    let counts = async |world: &World| {
        world.engine.purge(world.now()).await.unwrap();
        let outbox = world.engine.store.outbox(start()).await.unwrap();
        (outbox.pending, outbox.failed, world.engine.store.all_alerts().await.unwrap().len())
    };
    assert_eq!(counts(&world).await, (1, 0, 1), "it may come back");
    world.step_clock(days(30));
    assert_eq!(counts(&world).await.0, 1, "a clock that jumps costs it a day");
    world.step_clock(-days(30));
    for day in 1..6 {
        world.at(start() + days(day));
        assert_eq!(counts(&world).await.0, 1, "day {day}");
    }
    world.at(start() + days(7));
    assert_eq!(counts(&world).await.0, 1);
    world.at(start() + days(8));
    assert_eq!(counts(&world).await, (0, 1, 0));
    world.at(start() + days(10));
    assert_eq!(counts(&world).await, (0, 0, 0));
}

#[tokio::test]
async fn the_last_known_end_of_a_silent_account_is_never_forgotten() {
    let world = World::open(forgetful()).await;
    world.main.put(Record::ending("1", start() + days(200)));
    world.main.put(Record::ending("2", start() + days(900)));
    world.run().await;
    world.api.go_down();
    world.at(start() + days(100));
    world.engine.purge(world.now()).await.unwrap();
    world.live_until(start() + days(195)).await;
    world.engine.purge(world.now()).await.unwrap();
    assert_eq!(world.heard(), ["opened expiry 7d warning studio-a"]);
    world.live_until(start() + days(200)).await;
    assert_eq!(world.heard().last().unwrap(), "escalated expiry expired critical studio-a");
}
