//! What is over is forgotten in time; what is open, waiting or still needed never is.

use axum::http::header::DATE;
use axum::http::{HeaderValue, StatusCode};
use minimax_watch::engine::Scope;
use minimax_watch::simulator::{Answer, Record, Reply};

use crate::world::{DESK, MAIL, PAGER, Settings, World, days, healthy, hours, start};

const BOTH: &[(&str, &str)] = &[("1", "studio-a"), ("2", "studio-b")];

/// Keeps a day only, so that everything is soon older than that.
fn forgetful() -> Settings {
    Settings::watching(BOTH).store("keep = \"1d\"")
}

/// Purges until nothing more goes, as the service does in days of uptime, with an API that knows the time.
async fn purge_all(world: &World) -> u64 {
    let mut writer = world.engine.store.write().await.unwrap();
    writer.keep_api_date(world.now()).await.unwrap();
    writer.commit().await.unwrap();
    let (mut rows, mut idle) = (0, 0);
    while idle < 3 {
        let purged = world.engine.purge(world.now()).await.unwrap().rows;
        rows += purged;
        idle = if purged == 0 { idle + 1 } else { 0 };
    }
    rows
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
        purge_all(&world).await;
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
        purge_all(&world).await;
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
    purge_all(&world).await;
    assert_eq!(store.all_alerts().await.unwrap().len(), 4, "a day is kept");
    world.at(start() + days(3));
    assert!(purge_all(&world).await > 0);
    assert!(store.all_alerts().await.unwrap().is_empty());
    assert!(store.changes(&account).await.unwrap().is_empty());
    assert_eq!(store.snapshots(&account).await.unwrap().len(), 1, "what the next look is compared with");
    assert_eq!(purge_all(&world).await, 0);
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
        purge_all(&world).await;
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
        purge_all(world).await;
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
    purge_all(&world).await;
    world.live_until(start() + days(195)).await;
    purge_all(&world).await;
    assert_eq!(world.heard(), ["opened expiry 7d warning studio-a"]);
    world.live_until(start() + days(200)).await;
    assert_eq!(world.heard().last().unwrap(), "escalated expiry expired critical studio-a");
}

/// Four days of changes, of which each leaves something to purge, with a day to keep.
async fn four_days() -> World {
    let world = World::open(forgetful()).await;
    world.all_healthy(BOTH);
    world.run().await;
    for day in 1..5 {
        world.at(start() + days(day));
        world.main.put(healthy("1").max_jobs(day));
        world.run().await;
    }
    world
}

/// How many snapshots and changes there are of the first account.
async fn stored(world: &World) -> (usize, usize) {
    let store = &world.engine.store;
    let account = store.watched().await.unwrap().remove(0).account;
    (store.snapshots(&account).await.unwrap().len(), store.changes(&account).await.unwrap().len())
}

#[tokio::test]
async fn a_clock_that_runs_ahead_purges_nothing_while_the_api_knows_the_time() {
    let world = four_days().await;
    let before = stored(&world).await;
    let right = world.now();
    for _ in 0..3 {
        // The machine's clock alone: the API goes on by the right time.
        let ahead = right + days(500);
        world.engine.check(&Scope::Everything, ahead, &|_, _| {}).await.unwrap();
        world.engine.announce(ahead).await.unwrap();
        world.engine.purge(ahead).await.unwrap();
    }
    // What is older than a day goes, a day at a time, and nothing that is younger.
    purge_all(&world).await;
    let after = stored(&world).await;
    assert!(after.0 >= 2 && after.1 >= 1 && before.0 >= after.0, "{before:?} {after:?}");
}

#[tokio::test]
async fn clock_and_date_that_run_ahead_together_cost_a_day_a_purge() {
    let world = four_days().await;
    let before = stored(&world).await;
    world.step_clock(days(500));
    world.run().await;
    for _ in 0..2 {
        world.engine.purge(world.now()).await.unwrap();
    }
    world.step_clock(-days(500));
    world.run().await;
    let after = stored(&world).await;
    assert!(before.0 - after.0 <= 2 && before.1 - after.1 <= 2, "{before:?} {after:?}");
    // The wrong date does not stick.
    purge_all(&world).await;
    assert!(stored(&world).await.1 >= 1, "what is younger than a day stays");
}

#[tokio::test]
async fn without_a_date_nothing_is_purged_and_without_answers_the_horizon_stands() {
    let world = World::open(forgetful()).await;
    // A date that cannot be true, and one that is none: neither counts.
    for (id, reply) in
        [("1", Reply::json(StatusCode::OK, "{}").date(start() - days(20_000))), ("2", undated())]
    {
        world.main.set(id, reply);
    }
    world.run().await;
    for day in 1..5 {
        world.at(start() + days(day));
        world.run().await;
        assert_eq!(world.engine.purge(world.now()).await.unwrap().rows, 0, "no date was seen");
    }
    world.all_healthy(BOTH);
    world.run().await;
    world.api.go_down();
    world.at(start() + days(30));
    world.run().await;
    let mut rows = 0;
    for _ in 0..40 {
        rows += world.engine.purge(world.now()).await.unwrap().rows;
    }
    assert!(rows > 0);
    let store = &world.engine.store;
    let mut writer = store.write().await.unwrap();
    let purging = writer.purging().await.unwrap();
    assert_eq!(purging.date, Some(start() + days(4)), "as of the last answer");
    assert!(purging.horizon <= Some(start() + days(3)), "{purging:?}");
}

fn undated() -> Reply {
    let soon = HeaderValue::from_static("soon");
    Reply::json(StatusCode::OK, "{}").header(DATE, soon)
}
