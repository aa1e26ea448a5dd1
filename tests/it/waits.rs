//! What happens after a wait happens at the time after it: receivers and the vendor take their time in these tests.

use axum::http::StatusCode;
use minimax_watch::simulator::{Answer, Missing, Reply, RetryAfter, Signature};

use crate::world::{PAGER, Settings, World, days, healthy, hours, minutes, seconds, start};

const ONE: &[(&str, &str)] = &[("1", "studio-a")];

/// The pager is down until `count` messages wait for it.
async fn waiting_messages(count: i64) -> World {
    let world = World::open(Settings::watching(ONE).receivers(&[PAGER])).await;
    world.all_healthy(ONE);
    world.run().await;
    world.pager.go_down();
    for round in 0..count {
        if round % 2 == 0 {
            world.main.set("1", Answer::not_found(Missing::Json));
        } else {
            world.main.put(healthy("1"));
        }
        world.run().await;
        world.advance(minutes(1));
    }
    world.pager.come_back().unwrap();
    world
}

#[tokio::test]
async fn each_attempt_to_a_slow_receiver_is_signed_with_its_own_time() {
    let world = waiting_messages(5).await;
    world.pager.set_answer_time(seconds(105));
    world.advance(hours(1));
    world.tick().await;
    let attempts = world.pager.deliveries();
    assert_eq!(attempts.len(), 5);
    for attempt in &attempts {
        let stamp: i64 = attempt.header("webhook-timestamp").unwrap().parse().unwrap();
        assert_eq!(stamp, attempt.at.timestamp());
        assert_eq!(attempt.signature, Signature::Valid);
    }
    assert_eq!((attempts[4].at - attempts[0].at).num_seconds(), 4 * 105);
    let messages = world.engine.store.messages_since(start()).await.unwrap();
    for (message, attempt) in messages.iter().zip(&attempts) {
        assert_eq!(message.finished_at, Some(attempt.at + seconds(105)), "recorded when it was taken");
    }
}

#[tokio::test]
async fn a_pause_counts_from_the_answer_however_long_it_took() {
    for wish in [None, Some(RetryAfter::Seconds(7)), Some(RetryAfter::Date(start() + hours(3)))] {
        let world = waiting_messages(1).await;
        world.at(start() + hours(2));
        world.pager.set_answer_time(seconds(8));
        let reply = Reply::status(StatusCode::SERVICE_UNAVAILABLE);
        world.pager.next(wish.map_or(reply.clone(), |when| reply.retry_after(when)));
        let next = world.tick().await.unwrap();
        let answered = world.now();
        assert_eq!(answered, start() + hours(2) + seconds(8));
        // The table says 30 s after the second attempt.
        let least = match wish {
            None | Some(RetryAfter::Seconds(_)) => answered + seconds(30),
            Some(RetryAfter::Date(moment)) => moment,
        };
        assert!(next >= least && next <= answered + (least - answered) * 11 / 10, "{wish:?}: {next}");
    }
}

#[tokio::test]
async fn a_wish_of_the_vendor_counts_from_its_answer() {
    let both = [("1", "studio-a"), ("2", "office-b")];
    for wish in [RetryAfter::Seconds(7), RetryAfter::Date(start() + seconds(15))] {
        let world = World::open(Settings::watching(&both).api("concurrency = 1")).await;
        world.all_healthy(&both);
        world.main.set("1", Answer::rate_limited(wish));
        world.api.set_answer_time(seconds(8));
        let put_off = world.look().await.put_off.expect("the second account waits");
        assert_eq!(world.now(), start() + seconds(8));
        assert_eq!((put_off.since, put_off.until), (world.now(), world.now() + seconds(7)), "{wish:?}");
    }
}

#[tokio::test]
async fn what_a_slow_vendor_shows_is_dated_when_it_answers() {
    let world = World::open(Settings::watching(ONE)).await;
    world.main.put(healthy("1"));
    world.api.set_answer_time(seconds(12));
    world.look().await;
    let store = &world.engine.store;
    let known = store.watched().await.unwrap().remove(0);
    assert_eq!(known.standing.checked_at, Some(start() + seconds(12)));
    let run = store.last_run().await.unwrap().unwrap();
    assert_eq!((run.started_at, run.finished_at), (start(), Some(start() + seconds(12))));
}

#[tokio::test]
async fn an_alert_that_a_wait_brings_up_is_dated_after_it() {
    let world = World::open(Settings::watching(ONE).receivers(&[PAGER, crate::world::DESK])).await;
    world.all_healthy(ONE);
    world.run().await;
    world.pager.set_answer_time(minutes(61));
    world.pager.set(Some(Reply::status(StatusCode::SERVICE_UNAVAILABLE)));
    world.main.set("1", Answer::not_found(Missing::Json));
    let before = world.now();
    world.run().await;
    let failing =
        world.firing().await.into_iter().find(|alert| alert.condition.kind.as_str() == "delivery_failing");
    let opened_at = failing.expect("a message waits for an hour by now").opened_at;
    assert!(opened_at > before + minutes(61) && opened_at <= before + days(1), "{opened_at}");
}
