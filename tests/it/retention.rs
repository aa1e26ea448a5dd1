//! Purging removes resolved alerts and old history; it never removes what is open, pending or still needed.

use axum::http::header::DATE;
use axum::http::{HeaderValue, StatusCode};
use minimax_watch::engine::{Run, Scope};

use crate::simulator::{Answer, Record, Reply};
use crate::world::{DESK, MAIL, PAGER, Settings, World, days, healthy, hours, start};

const BOTH: &[(&str, &str)] = &[("1", "studio-a"), ("2", "studio-b")];

/// Keeps one day, so that everything is soon older.
fn keep_one_day() -> Settings {
    Settings::watching(BOTH).store("keep = \"1d\"")
}

/// Purges until nothing is left to purge, as the service does over days of uptime, with an API that has the right date.
async fn purge_all(world: &World) -> u64 {
    let mut writer = world.engine.store.write().await.unwrap();
    writer.save_api_date(world.now()).await.unwrap();
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
async fn open_alert_survives_every_purge_and_its_resolution_joins_the_thread() {
    let world = World::open(keep_one_day().receivers(&[PAGER, MAIL])).await;
    world.all_healthy(BOTH);
    world.run().await;
    world.main.set_answer("1", Answer::account_error("On hold"));
    world.run().await;
    let first = world.mailbox.mails()[0].header("Message-ID").unwrap();
    world.mailbox.forget();
    assert_eq!(world.received(), ["opened account_error critical studio-a"]);
    for day in 1..40 {
        world.at(start() + days(day));
        world.run().await;
        purge_all(&world).await;
    }
    assert!(world.received().is_empty(), "alerts stay notified");
    world.main.put(healthy("1"));
    world.run().await;
    assert_eq!(world.received(), ["resolved account_error critical studio-a"]);
    assert_eq!(world.mailbox.mails()[0].header("References"), Some(first));
}

#[tokio::test]
async fn purged_reminders_are_neither_repeated_nor_omitted() {
    let world = World::open(keep_one_day().alerts("repeat_every = \"24h\"")).await;
    world.all_healthy(BOTH);
    world.main.set_answer("1", Answer::account_error("On hold"));
    world.run().await;
    for day in 1..=20 {
        world.live_until(start() + days(day) + hours(1)).await;
        purge_all(&world).await;
    }
    let received = world.received();
    assert_eq!(received.len(), 21);
    assert!(
        received[1..].iter().all(|line| line == "repeated account_error critical studio-a"),
        "{received:?}"
    );
    world.main.put(healthy("1"));
    world.run().await;
    assert_eq!(world.received(), ["resolved account_error critical studio-a"]);
}

#[tokio::test]
async fn resolved_alerts_are_purged_and_current_state_stays() {
    let world = World::open(keep_one_day()).await;
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
    assert_eq!(store.all_alerts().await.unwrap().len(), 4, "one day is kept");
    world.at(start() + days(3));
    assert!(purge_all(&world).await > 0);
    assert!(store.all_alerts().await.unwrap().is_empty());
    assert!(store.changes_after(0).await.unwrap().iter().all(|stored| stored.change.account != account));
    assert_eq!(
        store.snapshots(&account).await.unwrap().len(),
        1,
        "the snapshot that the next check is compared with"
    );
    assert_eq!(purge_all(&world).await, 0);
    world.received();
    world.run().await;
    assert!(world.received().is_empty());
    world.main.put(healthy("1").max_jobs(1));
    world.run().await;
    assert_eq!(world.received(), ["max_jobs_changed warning studio-a maxJobs 5>1"]);
}

#[tokio::test]
async fn pending_message_survives_every_purge() {
    let world = World::open(keep_one_day().receivers(&[DESK])).await;
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
        world.received_at_desk(),
        [
            "max_jobs_changed info studio-a maxJobs 1>9",
            "opened not_found critical studio-b",
            "resolved not_found critical studio-b"
        ]
    );
}

#[tokio::test]
async fn messages_of_a_removed_receiver_fail_after_a_week_and_are_purged() {
    let mut world = World::open(keep_one_day().receivers(&[PAGER, DESK])).await;
    world.all_healthy(BOTH);
    world.run().await;
    world.desk.go_down();
    world.main.remove("1");
    world.run().await;
    world.reload(keep_one_day()).await;
    world.main.put(healthy("1"));
    world.run().await;
    let counts = async |world: &World| {
        purge_all(world).await;
        let outbox = world.engine.store.outbox(start()).await.unwrap();
        (outbox.pending, outbox.failed, world.engine.store.all_alerts().await.unwrap().len())
    };
    assert_eq!(counts(&world).await, (1, 0, 1), "the receiver may return");
    world.step_clock(days(30));
    assert_eq!(counts(&world).await.0, 1, "a clock step costs it a day");
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
async fn last_known_expiry_of_an_unreachable_account_is_never_purged() {
    let world = World::open(keep_one_day()).await;
    world.main.put(Record::ending("1", start() + days(200)));
    world.main.put(Record::ending("2", start() + days(900)));
    world.run().await;
    world.api.go_down();
    world.at(start() + days(100));
    purge_all(&world).await;
    world.live_until(start() + days(195)).await;
    purge_all(&world).await;
    assert_eq!(world.received(), ["opened expiry 7d warning studio-a"]);
    world.live_until(start() + days(200)).await;
    assert_eq!(world.received().last().unwrap(), "escalated expiry expired critical studio-a");
}

/// Four days with changes, each of which leaves something to purge when one day is kept.
async fn four_days() -> World {
    let world = World::open(keep_one_day()).await;
    world.all_healthy(BOTH);
    world.run().await;
    for day in 1..5 {
        world.at(start() + days(day));
        world.main.put(healthy("1").max_jobs(day));
        world.run().await;
    }
    world
}

/// The numbers of snapshots and changes of the first account.
async fn stored(world: &World) -> (usize, usize) {
    let store = &world.engine.store;
    let account = store.watched().await.unwrap().remove(0).account;
    let changes = store.changes_after(0).await.unwrap();
    let changes = changes.iter().filter(|stored| stored.change.account == account).count();
    (store.snapshots(&account).await.unwrap().len(), changes)
}

#[tokio::test]
async fn fast_clock_purges_nothing_while_the_api_has_the_right_date() {
    let world = four_days().await;
    let before = stored(&world).await;
    let right = world.now();
    for _ in 0..3 {
        // Only the machine's clock is wrong: the API has the right date.
        let ahead = right + days(500);
        Run::start(Scope::Everything).advance(&world.engine, ahead, &|_, _| {}).await.unwrap();
        world.engine.evaluate_alerts(ahead).await.unwrap();
        world.engine.purge(ahead).await.unwrap();
    }
    // Rows older than a day go, a day at a time; younger ones stay.
    purge_all(&world).await;
    let after = stored(&world).await;
    assert!(after.0 >= 2 && after.1 >= 1 && before.0 >= after.0, "{before:?} {after:?}");
}

#[tokio::test]
async fn fast_clock_and_api_date_together_purge_at_most_a_day_each_time() {
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
    // The wrong date is corrected.
    purge_all(&world).await;
    assert!(stored(&world).await.1 >= 1, "rows younger than a day stay");
}

#[tokio::test]
async fn without_a_date_nothing_is_purged_and_without_answers_the_horizon_stays() {
    let world = World::open(keep_one_day()).await;
    // An impossible date, and a header that is not a date: neither counts.
    for (id, reply) in [
        ("1", Reply::json(StatusCode::OK, "{}").date(start() - days(20_000))),
        ("2", answer_without_valid_date()),
    ] {
        world.main.set_answer(id, reply);
    }
    world.main.set_account_info(Some(answer_without_valid_date().into()));
    world.run().await;
    for day in 1..5 {
        world.at(start() + days(day));
        world.run().await;
        assert_eq!(world.engine.purge(world.now()).await.unwrap().rows, 0, "no date was seen");
    }
    world.all_healthy(BOTH);
    world.main.set_account_info(None);
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
    let purge_state = writer.purge_state().await.unwrap();
    assert_eq!(purge_state.date, Some(start() + days(4)), "the date of the last answer");
    assert!(purge_state.horizon <= Some(start() + days(3)), "{purge_state:?}");
}

fn answer_without_valid_date() -> Reply {
    let soon = HeaderValue::from_static("soon");
    Reply::json(StatusCode::OK, "{}").header(DATE, soon)
}
