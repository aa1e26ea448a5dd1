//! Who hears what, and how a receiver that is away or refuses is dealt with.

use axum::http::StatusCode;
use minimax_watch::domain::time::Timestamp;
use minimax_watch::report::Report;
use minimax_watch::simulator::{Answer, Delivery, Missing, Record, Reply, RetryAfter, Signature};
use sqlx::SqlitePool;

use crate::world::{DESK, PAGER, Settings, World, days, healthy, hours, minutes, seconds, start};

const BOTH: &[(&str, &str)] = &[("1", "studio-a"), ("2", "office-b")];

async fn both(receivers: &[&str]) -> World {
    let world = World::open(Settings::watching(BOTH).receivers(receivers)).await;
    world.all_healthy(BOTH);
    world.run().await;
    world
}

/// What the desk hears of a lost capability, more jobs and a missing account when it has this route. Begins and ends in
/// peace.
async fn routed(world: &mut World, route: &str) -> Vec<String> {
    world.all_healthy(BOTH);
    world.run().await;
    world.reload(Settings::watching(BOTH).receivers(&[PAGER, DESK, route])).await;
    world.heard();
    world.heard_at_desk();
    world.main.put(healthy("1").flag("supportVideo", false).max_jobs(2));
    world.main.remove("2");
    world.run().await;
    assert_eq!(world.heard().len(), 1, "the pager has no route");
    world.heard_at_desk()
}

#[tokio::test]
async fn a_receiver_hears_what_its_route_takes() {
    let mut world = both(&[PAGER, DESK]).await;
    let (lost, more) = (
        "capability_lost warning studio-a supportVideo true>false",
        "max_jobs_changed info studio-a maxJobs 1>2",
    );
    let missing = "opened not_found critical office-b";
    for (route, heard) in [
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
        assert_eq!(routed(&mut world, route).await.concat(), heard, "{route}");
    }
}

#[tokio::test]
async fn what_grows_graver_reaches_the_receiver_for_grave_things_as_news() {
    let world =
        World::open(Settings::watching(BOTH).receivers(&[PAGER, DESK, "min_severity = \"critical\""])).await;
    world.main.put(Record::ending("1", start() + days(5)));
    world.main.put(healthy("2"));
    world.run().await;
    world.live_until(start() + days(4)).await;
    assert_eq!(world.heard_at_desk(), ["opened expiry 1d critical studio-a"]);
    assert_eq!(
        world.heard(),
        [
            "opened expiry 7d warning studio-a",
            "escalated expiry 3d warning studio-a",
            "escalated expiry 1d critical studio-a"
        ]
    );
    world.main.put(healthy("1"));
    world.run().await;
    assert_eq!(world.heard_at_desk(), ["resolved expiry 1d critical studio-a"]);
}

#[tokio::test]
async fn whoever_was_told_of_a_fire_is_told_of_its_end_whatever_its_route_says_by_then() {
    for route in ["kinds = [\"expiry\"]", "accounts = [\"office-*\"]"] {
        let mut world = both(&[DESK]).await;
        world.main.set("1", Answer::not_found(Missing::Empty));
        world.run().await;
        assert_eq!(world.heard_at_desk(), ["opened not_found critical studio-a"]);
        world.reload(Settings::watching(BOTH).receivers(&[DESK, route])).await;
        world.run().await;
        world.main.put(healthy("1"));
        world.run().await;
        assert_eq!(world.heard_at_desk(), ["resolved not_found critical studio-a"], "{route}");
    }
}

#[tokio::test]
async fn who_never_heard_of_a_fire_is_not_told_of_its_end() {
    let world = both(&[PAGER, DESK, "kinds = [\"expiry\"]"]).await;
    world.main.remove("1");
    world.run().await;
    world.main.put(healthy("1"));
    world.run().await;
    assert_eq!(world.heard().len(), 2);
    assert!(world.heard_at_desk().is_empty());
}

#[tokio::test]
async fn a_subscriptions_alert_reaches_whoever_watches_one_of_its_accounts() {
    let world = both(&[PAGER, DESK, "accounts = [\"office-*\"]"]).await;
    world.main.revoke_tokens();
    world.run().await;
    assert_eq!(world.heard_at_desk(), ["opened unauthorized critical main(2)"]);
}

#[tokio::test]
async fn a_removed_account_ends_its_alerts_with_a_word() {
    let mut world = both(&[PAGER, DESK]).await;
    world.main.set("1", Answer::account_error("On hold"));
    world.run().await;
    world.heard();
    world.reload(Settings::watching(&BOTH[1..]).receivers(&[PAGER, DESK, "accounts = [\"office-*\"]"])).await;
    world.tick().await;
    let message = crate::heard::body(&world.pager.deliveries()[0]);
    let detail = message["data"]["alerts"][0]["detail"].as_str().unwrap();
    assert!(detail.starts_with("No longer watched: the account left the configuration."), "{detail}");
    assert_eq!(message["data"]["summary"], "studio-a: no longer watched");
    assert_eq!(world.heard(), ["resolved account_error critical studio-a"], "by its old name");
    assert_eq!(world.heard_at_desk().len(), 2);
    assert!(world.firing().await.is_empty());
}

/// The alerts of a week at the account `1`: it fails and heals daily at noon, a day each.
async fn six_days_of_trouble(world: &World, mut after_each: impl FnMut(&World)) {
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
async fn a_receiver_that_was_down_for_six_days_hears_everything_in_order_and_the_other_at_once() {
    let world = both(&[PAGER, DESK]).await;
    world.desk.go_down();
    let own =
        |world: &World| world.heard().into_iter().filter(|line| !line.contains("delivery_failing")).count();
    six_days_of_trouble(&world, |world| assert_eq!(own(world), 1, "the pager does not wait")).await;
    assert_eq!(world.desk.count(), 0);
    world.desk.come_back().unwrap();
    world.live_until(start() + days(7)).await;
    let (opened, resolved) = ("opened not_found critical studio-a", "resolved not_found critical studio-a");
    assert_eq!(world.heard_at_desk(), [opened, resolved, opened, resolved, opened, resolved]);
    assert_eq!(own(&world), 0);
    let outbox = world.engine.store.outbox(start()).await.unwrap();
    assert_eq!((outbox.pending, outbox.failed), (0, 0));
}

#[tokio::test]
async fn a_receiver_that_was_down_hears_it_from_a_restarted_service_too() {
    let mut world = both(&[DESK]).await;
    world.desk.go_down();
    world.main.remove("1");
    world.run().await;
    world = world.restart().await;
    world.desk.come_back().unwrap();
    world.tick().await;
    assert!(world.heard_at_desk().is_empty(), "its next attempt is not due yet");
    world.live_until(start() + minutes(1)).await;
    assert_eq!(world.heard_at_desk(), ["opened not_found critical studio-a"]);
}

/// The id and the body of an attempt: what stays the same.
fn identity(delivery: &Delivery) -> (Option<String>, Vec<u8>) {
    (delivery.header("webhook-id").map(str::to_owned), delivery.body.to_vec())
}

fn pauses(attempts: &[Delivery]) -> Vec<i64> {
    attempts.windows(2).map(|pair| (pair[1].at - pair[0].at).num_seconds()).collect()
}

#[tokio::test]
async fn every_attempt_has_the_same_id_and_bytes_and_a_valid_signature_over_seven_days() {
    let world = both(&[PAGER]).await;
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
    assert!(last > written + days(6) && last <= written + days(7), "patient for a week");
    let outbox = world.engine.store.outbox(start()).await.unwrap();
    assert_eq!((outbox.pending, outbox.failed), (0, 1), "given up and visible");
}

#[tokio::test]
async fn a_receivers_wish_to_wait_is_granted_in_both_forms() {
    let wish = |when| Reply::status(StatusCode::TOO_MANY_REQUESTS).retry_after(when);
    let first: Timestamp = start() + seconds(10);
    for when in [RetryAfter::Seconds(120), RetryAfter::Date(first + seconds(120))] {
        let world = both(&[PAGER]).await;
        world.pager.next(wish(when));
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
async fn every_answer_but_410_is_tried_again() {
    let world = both(&[PAGER]).await;
    for (status, attempts) in
        [(408, 2), (425, 2), (429, 2), (500, 2), (503, 2), (599, 2), (301, 2), (400, 2), (404, 2), (410, 1)]
    {
        let begin = world.now();
        world.pager.next(Reply::status(StatusCode::from_u16(status).unwrap()));
        world.main.remove("1");
        world.run().await;
        world.live_until(begin + minutes(5)).await;
        assert_eq!(world.heard().len(), attempts, "{status}");
        let outbox = world.engine.store.outbox(begin).await.unwrap();
        assert_eq!((outbox.pending, outbox.failed), (0, i64::from(attempts == 1)), "{status}");
        world.main.put(healthy("1"));
        world.run().await;
        world.advance(minutes(5));
        world.heard();
    }
}

#[tokio::test]
async fn a_refusal_for_good_is_visible_and_holds_nothing_up() {
    let world = both(&[PAGER]).await;
    world.pager.next(Reply::status(StatusCode::GONE));
    world.main.remove("1");
    world.run().await;
    world.main.put(healthy("1").max_jobs(2));
    world.advance(minutes(15));
    world.run().await;
    assert_eq!(world.heard().len(), 2, "the message behind it comes");
    let report = Report::of(&world.engine.store, &world.engine.config, None, world.now()).await.unwrap();
    assert_eq!((report.outbox.pending, report.outbox.failed), (0, 1));
    let later = world.now() + days(8);
    let report = Report::of(&world.engine.store, &world.engine.config, None, later).await.unwrap();
    assert_eq!(report.outbox.failed, 0, "no part of the picture for ever");
}

#[tokio::test]
async fn during_a_rotation_both_secrets_sign() {
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
async fn messages_wait_in_line_behind_one_that_was_not_taken() {
    let world = both(&[PAGER]).await;
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
    assert_eq!(bodies.len(), 1, "nothing overtakes");
    world.pager.forget();
    world.pager.set(None);
    world.live_until(start() + hours(12)).await;
    assert_eq!(
        world.heard(),
        [
            "opened not_found critical studio-a",
            "resolved not_found critical studio-a",
            "opened not_found critical office-b"
        ]
    );
}

#[tokio::test]
async fn what_could_not_be_recorded_is_not_sent() {
    let world = both(&[PAGER]).await;
    world.main.remove("1");
    world.look_twice().await;
    world.engine.announce(world.now()).await.unwrap();
    let path = world.engine.config.store.path.display().to_string();
    let other = SqlitePool::connect(&format!("sqlite://{path}")).await.unwrap();
    let full = "CREATE TRIGGER full BEFORE UPDATE ON messages BEGIN SELECT RAISE(FAIL, 'disk full'); END";
    sqlx::query(full).execute(&other).await.unwrap();
    for _ in 0..3 {
        world.engine.deliver_all().await.unwrap_err();
    }
    assert_eq!(world.heard().len(), 0, "it would be sent again and again");
    sqlx::query("DROP TRIGGER full").execute(&other).await.unwrap();
    world.tick().await;
    assert_eq!(world.heard(), ["opened not_found critical studio-a"]);
}
