//! Routes, and deliveries to receivers that are down or refuse.

use axum::http::StatusCode;
use minimax_watch::domain::time::Timestamp;
use minimax_watch::report::Report;

use crate::simulator::{Answer, Delivery, NotFoundBody, Record, Reply, RetryAfter, Signature};
use crate::world::{DESK, PAGER, Settings, World, days, healthy, hours, minutes, seconds, start};

const BOTH: &[(&str, &str)] = &[("1", "studio-a"), ("2", "office-b")];

async fn world_with_both(receivers: &[&str]) -> World {
    let world = World::open(Settings::watching(BOTH).receivers(receivers)).await;
    world.all_healthy(BOTH);
    world.run().await;
    world
}

/// What the desk gets of a lost capability, more jobs and a missing account when it has this route. The world is healthy
/// before and after.
async fn received_with_route(world: &mut World, route: &str) -> Vec<String> {
    world.all_healthy(BOTH);
    world.run().await;
    world.reload(Settings::watching(BOTH).receivers(&[PAGER, DESK, route])).await;
    world.received();
    world.received_at_desk();
    world.main.put(healthy("1").flag("supportVideo", false).max_jobs(2));
    world.main.remove("2");
    world.run().await;
    assert_eq!(world.received().len(), 1, "the pager has no route");
    world.received_at_desk()
}

#[tokio::test]
async fn receiver_gets_what_its_route_matches() {
    let mut world = world_with_both(&[PAGER, DESK]).await;
    let (lost, more) = (
        "capability_lost warning studio-a supportVideo true>false",
        "max_jobs_changed info studio-a maxJobs 1>2",
    );
    let missing = "opened not_found critical office-b";
    for (route, received) in [
        ("", format!("{lost} + {more} + {missing}")),
        ("min_severity = \"warning\"", format!("{lost} + {missing}")),
        ("min_severity = \"critical\"", missing.to_owned()),
        ("kinds = [\"max_jobs_changed\", \"expiry\"]", more.to_owned()),
        ("kinds = [\"not_found\"]", missing.to_owned()),
        ("accounts = [\"studio-*\"]", format!("{lost} + {more}")),
        ("accounts = [\"2\"]", missing.to_owned()),
        ("kinds = [\"expiry\"]", String::new()),
        ("accounts = [\"nobody\"]", String::new()),
    ] {
        assert_eq!(received_with_route(&mut world, route).await.concat(), received, "{route}");
    }
}

#[tokio::test]
async fn escalation_reaches_a_receiver_of_critical_alerts_as_opened() {
    let world =
        World::open(Settings::watching(BOTH).receivers(&[PAGER, DESK, "min_severity = \"critical\""])).await;
    world.main.put(Record::ending("1", start() + days(5)));
    world.main.put(healthy("2"));
    world.run().await;
    world.live_until(start() + days(4)).await;
    assert_eq!(world.received_at_desk(), ["opened expiry 1d critical studio-a"]);
    assert_eq!(
        world.received(),
        [
            "opened expiry 7d warning studio-a",
            "escalated expiry 3d warning studio-a",
            "escalated expiry 1d critical studio-a"
        ]
    );
    world.main.put(healthy("1"));
    world.run().await;
    assert_eq!(world.received_at_desk(), ["resolved expiry 1d critical studio-a"]);
}

#[tokio::test]
async fn resolved_is_sent_to_receivers_of_the_alert_whatever_their_route_says_by_then() {
    for route in ["kinds = [\"expiry\"]", "accounts = [\"office-*\"]"] {
        let mut world = world_with_both(&[DESK]).await;
        world.main.set_answer("1", Answer::not_found(NotFoundBody::Empty));
        world.run().await;
        assert_eq!(world.received_at_desk(), ["opened not_found critical studio-a"]);
        world.reload(Settings::watching(BOTH).receivers(&[DESK, route])).await;
        world.run().await;
        world.main.put(healthy("1"));
        world.run().await;
        assert_eq!(world.received_at_desk(), ["resolved not_found critical studio-a"], "{route}");
    }
}

#[tokio::test]
async fn resolved_is_not_sent_to_receivers_that_never_got_the_alert() {
    let world = world_with_both(&[PAGER, DESK, "kinds = [\"expiry\"]"]).await;
    world.main.remove("1");
    world.run().await;
    world.main.put(healthy("1"));
    world.run().await;
    assert_eq!(world.received().len(), 2);
    assert!(world.received_at_desk().is_empty());
}

#[tokio::test]
async fn subscription_alert_reaches_receivers_of_any_of_its_accounts() {
    let world = world_with_both(&[PAGER, DESK, "accounts = [\"office-*\"]"]).await;
    world.main.revoke_tokens();
    world.run().await;
    assert_eq!(world.received_at_desk(), ["opened unauthorized critical main(2)"]);
}

#[tokio::test]
async fn removed_account_resolves_its_alerts_with_a_message() {
    let mut world = world_with_both(&[PAGER, DESK]).await;
    world.main.set_answer("1", Answer::account_error("On hold"));
    world.run().await;
    world.received();
    world.reload(Settings::watching(&BOTH[1..]).receivers(&[PAGER, DESK, "accounts = [\"office-*\"]"])).await;
    world.tick().await;
    let message = crate::received::body(&world.pager.deliveries()[0]);
    let detail = message["data"]["alerts"][0]["detail"].as_str().unwrap();
    assert!(detail.starts_with("No longer watched: the account left the configuration."), "{detail}");
    assert_eq!(message["data"]["summary"], "studio-a: no longer watched");
    assert_eq!(world.received(), ["resolved account_error critical studio-a"], "under its former name");
    assert_eq!(world.received_at_desk().len(), 2);
    assert!(world.firing().await.is_empty());
}

/// Six days in which account `1` is missing and present in turn, a day each.
async fn six_days_of_alerts(world: &World, mut after_each: impl FnMut(&World)) {
    for day in 0..6 {
        if day % 2 == 0 {
            world.main.remove("1");
        } else {
            world.main.put(healthy("1"));
        }
        world.run().await;
        after_each(world);
        world.live_until(start() + days(day + 1)).await;
    }
}

#[tokio::test]
async fn receiver_down_for_six_days_gets_everything_in_order_and_the_other_at_once() {
    let world = world_with_both(&[PAGER, DESK]).await;
    world.desk.go_down();
    let own = |world: &World| {
        world.received().into_iter().filter(|line| !line.contains("delivery_failing")).count()
    };
    six_days_of_alerts(&world, |world| assert_eq!(own(world), 1, "the pager does not wait")).await;
    assert_eq!(world.desk.count(), 0);
    world.desk.come_back().unwrap();
    world.live_until(start() + days(7)).await;
    let (opened, resolved) = ("opened not_found critical studio-a", "resolved not_found critical studio-a");
    assert_eq!(world.received_at_desk(), [opened, resolved, opened, resolved, opened, resolved]);
    assert_eq!(own(&world), 0);
    let outbox = world.engine.store.outbox(start()).await.unwrap();
    assert_eq!((outbox.pending, outbox.failed), (0, 0));
}

#[tokio::test]
async fn restarted_service_delivers_to_a_receiver_that_was_down() {
    let mut world = world_with_both(&[DESK]).await;
    world.desk.go_down();
    world.main.remove("1");
    world.run().await;
    world = world.restart().await;
    world.desk.come_back().unwrap();
    world.tick().await;
    assert!(world.received_at_desk().is_empty(), "its next attempt is not due yet");
    world.live_until(start() + minutes(1)).await;
    assert_eq!(world.received_at_desk(), ["opened not_found critical studio-a"]);
}

/// The parts of an attempt that stay the same: id and body.
fn identity(delivery: &Delivery) -> (Option<String>, Vec<u8>) {
    (delivery.header("webhook-id").map(str::to_owned), delivery.body.to_vec())
}

fn pauses(attempts: &[Delivery]) -> Vec<i64> {
    attempts.windows(2).map(|pair| (pair[1].at - pair[0].at).num_seconds()).collect()
}

#[tokio::test]
async fn every_attempt_over_seven_days_has_the_same_id_and_bytes_and_a_valid_signature() {
    let world = world_with_both(&[PAGER]).await;
    world.pager.set(Some(Reply::status(StatusCode::SERVICE_UNAVAILABLE)));
    world.main.remove("1");
    world.run().await;
    let written = world.now();
    world.live_until(written + days(8)).await;
    let attempts = world.pager.deliveries();
    let expected = [5, 30, 300, 1_800, 7_200, 18_000, 36_000, 50_400];
    for (pause, expected) in pauses(&attempts).into_iter().zip(expected) {
        assert!((expected..=expected * 11 / 10).contains(&pause), "{pause} s after {expected} s");
    }
    assert!(attempts.iter().all(|attempt| attempt.signature == Signature::Valid));
    assert!(attempts.iter().all(|attempt| identity(attempt) == identity(&attempts[0])));
    let stamps = |attempt: &Delivery| attempt.header("webhook-timestamp").unwrap().parse::<i64>().unwrap();
    assert!(attempts.iter().all(|attempt| stamps(attempt) == attempt.at.timestamp()));
    let last = attempts.last().unwrap().at;
    assert!(last > written + days(6) && last <= written + days(7), "retried for a week");
    let outbox = world.engine.store.outbox(start()).await.unwrap();
    assert_eq!((outbox.pending, outbox.failed), (0, 1), "failed permanently, and counted");
}

#[tokio::test]
async fn retry_after_of_a_receiver_is_obeyed_in_both_forms() {
    let retry_after = |when| Reply::status(StatusCode::TOO_MANY_REQUESTS).retry_after(when);
    let first: Timestamp = start() + seconds(10);
    for when in [RetryAfter::Seconds(120), RetryAfter::Date(first + seconds(120))] {
        let world = world_with_both(&[PAGER]).await;
        world.pager.next(retry_after(when));
        world.main.remove("1");
        world.run().await;
        assert_eq!(world.now(), first);
        world.live_until(start() + minutes(10)).await;
        let attempts = world.pager.deliveries();
        assert_eq!(attempts.len(), 2);
        assert!((120..=132).contains(&pauses(&attempts)[0]), "{:?}", pauses(&attempts));
        assert_eq!(identity(&attempts[0]), identity(&attempts[1]));
    }
}

#[tokio::test]
async fn every_failure_except_410_is_retried() {
    let world = world_with_both(&[PAGER]).await;
    for (status, attempts) in
        [(408, 2), (425, 2), (429, 2), (500, 2), (503, 2), (599, 2), (301, 2), (400, 2), (404, 2), (410, 1)]
    {
        let begin = world.now();
        world.pager.next(Reply::status(StatusCode::from_u16(status).unwrap()));
        world.main.remove("1");
        world.run().await;
        world.live_until(begin + minutes(5)).await;
        assert_eq!(world.received().len(), attempts, "{status}");
        let outbox = world.engine.store.outbox(begin).await.unwrap();
        assert_eq!((outbox.pending, outbox.failed), (0, i64::from(attempts == 1)), "{status}");
        world.main.put(healthy("1"));
        world.run().await;
        world.advance(minutes(5));
        world.received();
    }
}

#[tokio::test]
async fn permanent_refusal_is_counted_and_delays_nothing() {
    let world = world_with_both(&[PAGER]).await;
    world.pager.next(Reply::status(StatusCode::GONE));
    world.main.remove("1");
    world.run().await;
    world.main.put(healthy("1").max_jobs(2));
    world.advance(minutes(15));
    world.run().await;
    assert_eq!(world.received().len(), 2, "the next message is delivered");
    let report = Report::load(&world.engine.store, &world.engine.config, None, world.now()).await.unwrap();
    assert_eq!((report.outbox.pending, report.outbox.failed), (0, 1));
    let later = world.now() + days(8);
    let report = Report::load(&world.engine.store, &world.engine.config, None, later).await.unwrap();
    assert_eq!(report.outbox.failed, 0, "a failure is reported for a limited time");
}

#[tokio::test]
async fn both_secrets_sign_during_a_rotation() {
    let world = World::open(Settings::watching(BOTH)).await;
    let new = format!("whsec_dGhpcyBpcyBhIG5ldyBzZWNyZXQu\n{}\n", crate::world::SIGNING_SECRET);
    std::fs::write(world.folder().join("webhook-secret"), new).unwrap();
    let world = world.restart().await;
    world.run().await;
    let deliveries = world.pager.deliveries();
    assert_eq!(deliveries[0].signature, Signature::Valid);
    assert_eq!(deliveries[0].header("webhook-signature").unwrap().split(' ').count(), 2);
}

#[tokio::test]
async fn messages_keep_their_order_behind_a_failing_one() {
    let world = world_with_both(&[PAGER]).await;
    world.pager.set(Some(Reply::status(StatusCode::BAD_GATEWAY)));
    world.main.remove("1");
    world.run().await;
    world.main.put(healthy("1"));
    world.run().await;
    world.main.remove("2");
    world.run().await;
    world.live_until(start() + hours(3)).await;
    let bodies: std::collections::BTreeSet<_> =
        world.pager.deliveries().iter().map(|delivery| delivery.body.clone()).collect();
    assert_eq!(bodies.len(), 1, "no message overtakes another");
    world.pager.forget();
    world.pager.set(None);
    world.live_until(start() + hours(12)).await;
    assert_eq!(
        world.received(),
        [
            "opened not_found critical studio-a",
            "resolved not_found critical studio-a",
            "opened not_found critical office-b"
        ]
    );
}

#[tokio::test]
async fn attempt_that_cannot_be_recorded_is_not_made() {
    let world = world_with_both(&[PAGER]).await;
    world.main.remove("1");
    world.check_all().await;
    world.engine.evaluate_alerts(world.now()).await.unwrap();
    let other = world.database().await;
    let full = "CREATE TRIGGER full BEFORE UPDATE ON messages BEGIN SELECT RAISE(FAIL, 'disk full'); END";
    sqlx::query(full).execute(&other).await.unwrap();
    for _ in 0..3 {
        world.engine.deliver_all().await.unwrap_err();
    }
    assert_eq!(world.received().len(), 0, "it would be sent again each time");
    sqlx::query("DROP TRIGGER full").execute(&other).await.unwrap();
    world.tick().await;
    assert_eq!(world.received(), ["opened not_found critical studio-a"]);
}
