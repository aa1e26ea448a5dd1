//! Digests: when they are sent, that each is sent once, and what they show.

use axum::http::StatusCode;
use minimax_watch::domain::time::Timestamp;
use serde_json::{Value, json};

use crate::received;
use crate::simulator::{Answer, Delivery, NotFoundBody, Record, Reply};
use crate::world::{DESK, MAIL, PAGER, Settings, World, days, healthy, hours, minutes, start};

const BOTH: &[(&str, &str)] = &[("1", "studio-a"), ("2", "office-b")];

/// The pager with a digest at nine, an hour after the world begins, every day.
const AT_NINE: &str = "digest = \"0 9 * * *\"";

const NONE: [Timestamp; 0] = [];

fn nine() -> Timestamp {
    start() + hours(1)
}

async fn world_with(receivers: &[&str]) -> World {
    let world = World::open(Settings::watching(BOTH).receivers(receivers)).await;
    world.all_healthy(BOTH);
    world.run().await;
    world
}

/// The digests among what the pager received since the last call: when, and their data.
fn digests(world: &World) -> Vec<(Timestamp, Value)> {
    let is_digest = |delivery: &Delivery| {
        let body = received::body(delivery);
        (body["type"] == "watch.digest").then(|| (delivery.at, body["data"].clone()))
    };
    let digests = world.pager.deliveries().iter().filter_map(is_digest).collect();
    world.pager.forget();
    digests
}

fn times(world: &World) -> Vec<Timestamp> {
    digests(world).into_iter().map(|(at, _)| at).collect()
}

#[tokio::test]
async fn digest_is_sent_at_its_times_also_when_all_is_well() {
    let world = world_with(&[PAGER, AT_NINE, "\nmin_severity = \"critical\"\nkinds = [\"expiry\"]"]).await;
    assert_eq!(times(&world), NONE, "none before the first time");
    world.live_until(start() + days(3)).await;
    let digests = digests(&world);
    let at: Vec<Timestamp> = digests.iter().map(|(at, _)| *at).collect();
    assert_eq!(at, [nine(), nine() + days(1), nine() + days(2)]);
    let (_, data) = &digests[0];
    assert_eq!(data["summary"], "digest: all 2 accounts well");
    assert_eq!((&data["severity"], &data["truncated"]), (&json!("info"), &json!(0)));
    assert_eq!((&data["alerts"], &data["changes"]), (&json!([]), &json!([])));
}

#[tokio::test]
async fn digest_that_is_due_in_quiet_hours_comes_when_they_end() {
    let world = world_with(&[PAGER, AT_NINE, "\nquiet_hours = \"08:30-10:00\""]).await;
    world.live_until(start() + days(2)).await;
    assert_eq!(times(&world), [nine() + hours(1), nine() + hours(1) + days(1)]);
}

#[tokio::test]
async fn times_are_those_of_the_receivers_zone() {
    let world = world_with(&[PAGER, AT_NINE, "\ntimezone = \"America/New_York\""]).await;
    world.live_until(start() + days(1)).await;
    assert_eq!(times(&world), [start() + hours(6)], "14:00 UTC");
}

#[tokio::test]
async fn six_fields_and_names_are_expressions_too() {
    for (expression, at) in [("30 15 8 * * *", start() + minutes(15) + minutes(1) / 2), ("@hourly", nine())] {
        let world = world_with(&[PAGER, &format!("digest = {expression:?}")]).await;
        world.live_until(at).await;
        assert_eq!(times(&world), [at], "{expression}");
    }
}

#[tokio::test]
async fn missed_times_are_one_late_digest() {
    let mut world = world_with(&[PAGER, AT_NINE]).await;
    world.at(start() + days(10));
    world = world.restart().await;
    world.run().await;
    assert_eq!(times(&world), [start() + days(10)]);
    world.advance(minutes(15));
    world = world.restart().await;
    world.run().await;
    assert_eq!(times(&world), NONE);
    world.live_until(nine() + days(10)).await;
    assert_eq!(times(&world), [nine() + days(10)]);
}

#[tokio::test]
async fn new_or_changed_schedule_sends_nothing_for_times_that_have_passed() {
    let mut world = world_with(&[PAGER]).await;
    world.at(start() + days(3));
    let with = |digest: &str| Settings::watching(BOTH).receivers(&[PAGER, digest]);
    world.reload(with(AT_NINE)).await;
    world.run().await;
    assert_eq!(times(&world), NONE, "it was not configured then");
    world.live_until(nine() + days(3)).await;
    assert_eq!(times(&world), [nine() + days(3)]);
    for other in ["digest = \"0 7 * * *\"", "digest = \"15 9 * * *\"", AT_NINE] {
        world.advance(hours(1));
        world.reload(with(other)).await;
        world.run().await;
        world = world.restart_with(with(other)).await;
        world.run().await;
        assert_eq!(times(&world), NONE, "{other}: its time has passed");
    }
    world.reload(with("")).await;
    world.run().await;
    world.at(start() + days(6));
    world.reload(with(AT_NINE)).await;
    world.run().await;
    assert_eq!(times(&world), NONE, "the digests were off meanwhile");
    world.live_until(nine() + days(6)).await;
    assert_eq!(times(&world), [nine() + days(6)]);
}

#[tokio::test]
async fn reload_and_restart_repeat_no_digest() {
    let settings = || Settings::watching(BOTH).receivers(&[PAGER, AT_NINE]);
    let mut world = world_with(&[PAGER, AT_NINE]).await;
    world.live_until(nine()).await;
    assert_eq!(times(&world), [nine()]);
    world.reload(settings()).await;
    world.run().await;
    world = world.restart().await;
    world.run().await;
    assert_eq!(times(&world), NONE);
}

#[tokio::test]
async fn crash_between_evaluation_and_delivery_neither_loses_nor_doubles_a_digest() {
    let mut world = world_with(&[PAGER, AT_NINE]).await;
    world.at(nine());
    world.engine.evaluate_alerts(world.now()).await.unwrap();
    world = world.restart().await;
    world.tick().await;
    assert_eq!(times(&world), [nine()]);
    world = world.restart().await;
    world.tick().await;
    assert_eq!(times(&world), NONE);
}

#[tokio::test]
async fn digest_that_cannot_be_recorded_is_not_sent() {
    let world = world_with(&[PAGER, AT_NINE]).await;
    world.at(nine());
    let other = world.database().await;
    let full = "CREATE TRIGGER full BEFORE UPDATE ON digests BEGIN SELECT RAISE(FAIL, 'disk full'); END";
    sqlx::query(full).execute(&other).await.unwrap();
    for _ in 0..2 {
        world.engine.notify_and_deliver().await.unwrap_err();
        assert_eq!(world.engine.deliver_all().await.unwrap().attempts, 0);
    }
    sqlx::query("DROP TRIGGER full").execute(&other).await.unwrap();
    world.tick().await;
    assert_eq!(times(&world), [nine()]);
}

#[tokio::test]
async fn clock_that_ran_ahead_delays_no_later_digest() {
    let world = world_with(&[PAGER, AT_NINE]).await;
    world.step_clock(days(300));
    world.tick().await;
    assert_eq!(times(&world).len(), 1, "by that clock it was due");
    world.step_clock(-days(300));
    world.tick().await;
    assert_eq!(times(&world), NONE);
    world.live_until(nine()).await;
    assert_eq!(times(&world), [nine()]);
}

#[tokio::test]
async fn digest_waits_for_the_end_of_a_run() {
    let world = world_with(&[PAGER, AT_NINE]).await;
    world.main.remove("1");
    world.at(nine());
    let (mut run, _) = world.start_run().await;
    let evaluated = world.engine.evaluate_without_results(world.now()).await.unwrap();
    assert_eq!((evaluated.messages, evaluated.next), (0, Some(nine() + days(1))));
    world.advance(minutes(1));
    world.advance_run(&mut run).await;
    world.tick().await;
    let digests = digests(&world);
    assert_eq!(digests.len(), 1);
    assert_eq!(digests[0].1["summary"], "digest: 1 of 2 accounts needs attention");
}

#[tokio::test]
async fn digest_waits_for_a_run_that_is_about_to_begin_but_for_one_only() {
    let world = world_with(&[PAGER, AT_NINE]).await;
    world.at(nine() + days(2));
    assert_eq!(world.engine.evaluate_before_run(world.now()).await.unwrap().messages, 0);
    world.check_all().await;
    assert_eq!(world.engine.evaluate_before_run(world.now()).await.unwrap().messages, 1);
}

#[tokio::test]
async fn digest_shows_what_needs_attention_expires_changed_and_failed() {
    let world = world_with(&[PAGER, AT_NINE, DESK]).await;
    world.main.put(Record::ending("1", start() + days(10)).max_jobs(3));
    world.main.set_answer("2", Answer::not_found(NotFoundBody::Empty));
    world.desk.set(Some(Reply::status(StatusCode::GONE)));
    world.run().await;
    world.live_until(nine()).await;
    let digests = digests(&world);
    let (_, data) = &digests[0];
    assert_eq!(
        data["summary"], "digest: 1 of 2 accounts needs attention, 1 message not delivered",
        "the message to the desk"
    );
    let digest = &data["digest"];
    assert_eq!(
        digest["accounts"],
        json!([
            {"subscription": "main", "id": "2", "name": "office-b", "outcome": "not_found", "verdict": "critical",
             "expires_at": digest["accounts"][0]["expires_at"], "alerts": ["not_found"]},
            {"subscription": "main", "id": "1", "name": "studio-a", "outcome": "ok", "verdict": "ok",
             "expires_at": "2026-11-11T08:00:00Z", "alerts": []},
        ])
    );
    let account = json!({"id": "1", "name": "studio-a"});
    assert_eq!(
        digest["expiring"],
        json!([{"subscription": "main", "account": account, "expires_at": "2026-11-11T08:00:00Z"}])
    );
    let changed: Vec<&Value> =
        received::array(&digest["changes"]).iter().map(|change| &change["kind"]).collect();
    assert_eq!(changed, ["expiry_moved_back", "max_jobs_changed"], "the most severe first");
    let failed = &digest["failed"][0];
    assert_eq!((&failed["receiver"], &failed["next_attempt_at"]), (&json!("desk"), &Value::Null));
    assert!(failed["message"].as_str().unwrap().starts_with("msg_") && failed["since"].is_string());
    assert!(failed["error"].as_str().unwrap().contains("410"), "{failed}");
    // The next one shows only what happened since.
    world.live_until(nine() + days(1)).await;
    let (_, data) = &self::digests(&world)[0];
    assert_eq!(data["digest"]["since"], "2026-11-01T09:00:00Z");
    assert_eq!((&data["digest"]["changes"], &data["digest"]["failed"]), (&json!([]), &json!([])));
    assert_eq!(data["digest"]["totals"]["accounts"], 2);
}

#[tokio::test]
async fn digest_shows_the_accounts_of_its_receiver_only() {
    let world = world_with(&[PAGER, AT_NINE, "\naccounts = [\"studio-*\"]"]).await;
    world.main.put(Record::ending("2", start() + days(2)).max_jobs(3));
    world.run().await;
    world.live_until(nine()).await;
    let digests = digests(&world);
    let (_, data) = &digests[0];
    assert_eq!(data["summary"], "digest: 1 account well");
    assert!(!data.to_string().contains("office-b"), "{data}");
}

#[tokio::test]
async fn changes_are_reported_once_also_across_another_schedule() {
    let mut world = world_with(&[PAGER, AT_NINE]).await;
    world.main.put(healthy("1").max_jobs(3));
    world.run().await;
    world.reload(Settings::watching(BOTH).receivers(&[PAGER, "digest = \"0 10 * * *\""])).await;
    world.live_until(start() + days(2)).await;
    let changes: Vec<usize> =
        digests(&world).iter().map(|(_, data)| received::array(&data["digest"]["changes"]).len()).collect();
    assert_eq!(changes, [1, 0]);
}

#[tokio::test]
async fn mail_of_a_digest_says_so_in_its_subject() {
    let world = world_with(&[MAIL, AT_NINE]).await;
    world.live_until(nine()).await;
    assert_eq!(world.received_mail(), ["[DIGEST] all 2 accounts well"]);
}

#[tokio::test]
async fn each_receiver_has_digests_of_its_own() {
    let world = world_with(&[PAGER, AT_NINE, DESK, "digest = \"0 10 * * *\""]).await;
    world.live_until(nine()).await;
    assert_eq!((times(&world).len(), world.desk.count()), (1, 0));
    world.live_until(start() + hours(2)).await;
    assert_eq!((times(&world).len(), world.desk.count()), (0, 1));
}
