//! After a wait the time is read again: in these tests receivers and the vendor answer slowly.

use axum::http::StatusCode;
use minimax_watch::engine::{NextStep, WaitReason};

use crate::simulator::{Answer, NotFoundBody, Reply, RetryAfter, Signature};
use crate::world::{PAGER, Settings, World, days, healthy, hours, minutes, seconds, start};

const ONE: &[(&str, &str)] = &[("1", "studio-a")];

/// The pager is down until `count` messages are pending for it.
async fn world_with_pending_messages(count: i64) -> World {
    let world = World::open(Settings::watching(ONE).receivers(&[PAGER])).await;
    world.all_healthy(ONE);
    world.run().await;
    world.pager.go_down();
    for round in 0..count {
        if round % 2 == 0 {
            world.main.set_answer("1", Answer::not_found(NotFoundBody::Json));
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
    let world = world_with_pending_messages(5).await;
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
        assert_eq!(
            message.finished_at,
            Some(attempt.at + seconds(105)),
            "recorded with the time of the answer"
        );
    }
}

#[tokio::test]
async fn retry_pause_counts_from_the_answer_however_long_it_took() {
    for retry_after in [None, Some(RetryAfter::Seconds(7)), Some(RetryAfter::Date(start() + hours(3)))] {
        let world = world_with_pending_messages(1).await;
        world.at(start() + hours(2));
        world.pager.set_answer_time(seconds(8));
        let reply = Reply::status(StatusCode::SERVICE_UNAVAILABLE);
        world.pager.next(retry_after.map_or(reply.clone(), |when| reply.retry_after(when)));
        let next = world.tick().await.unwrap();
        let answered = world.now();
        assert_eq!(answered, start() + hours(2) + seconds(8));
        // The table says 30 s after the second attempt.
        let least = match retry_after {
            None | Some(RetryAfter::Seconds(_)) => answered + seconds(30),
            Some(RetryAfter::Date(moment)) => moment,
        };
        assert!(next >= least && next <= answered + (least - answered) * 11 / 10, "{retry_after:?}: {next}");
    }
}

#[tokio::test]
async fn retry_after_of_the_vendor_counts_from_its_answer() {
    let both = [("1", "studio-a"), ("2", "office-b")];
    for retry_after in [RetryAfter::Seconds(7), RetryAfter::Date(start() + seconds(15))] {
        let world = World::open(Settings::watching(&both).api("concurrency = 1")).await;
        world.all_healthy(&both);
        world.main.set_answer("1", Answer::rate_limited(retry_after));
        world.api.set_answer_time(seconds(8));
        let (_, step) = world.start_run().await;
        assert_eq!(world.now(), start() + seconds(8));
        let expected = WaitReason::RateLimited { accounts: 1 };
        assert_eq!(step, NextStep::WaitUntil(world.now() + seconds(7), expected), "{retry_after:?}");
    }
}

#[tokio::test]
async fn check_of_a_slow_vendor_is_dated_when_it_answers() {
    let world = World::open(Settings::watching(ONE)).await;
    world.main.put(healthy("1"));
    world.api.set_answer_time(seconds(12));
    world.start_run().await;
    let store = &world.engine.store;
    let known = store.watched().await.unwrap().remove(0);
    assert_eq!(known.account_state.checked_at, Some(start() + seconds(12)));
    let run = store.last_run().await.unwrap().unwrap();
    assert_eq!((run.started_at, run.finished_at), (start(), Some(start() + seconds(12))));
}

#[tokio::test]
async fn alert_caused_by_a_wait_is_dated_after_it() {
    let world = World::open(Settings::watching(ONE).receivers(&[PAGER, crate::world::DESK])).await;
    world.all_healthy(ONE);
    world.run().await;
    world.pager.set_answer_time(minutes(61));
    world.pager.set(Some(Reply::status(StatusCode::SERVICE_UNAVAILABLE)));
    world.main.set_answer("1", Answer::not_found(NotFoundBody::Json));
    let before = world.now();
    world.run().await;
    let failing =
        world.firing().await.into_iter().find(|alert| alert.condition.kind.as_str() == "delivery_failing");
    let opened_at = failing.expect("a message has been undelivered for an hour").opened_at;
    assert!(opened_at > before + minutes(61) && opened_at <= before + days(1), "{opened_at}");
}
