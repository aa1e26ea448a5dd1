//! In random courses of events each receiver is sent exactly what the reference model says: the real steps over a real
//! store, compared with a small model that shares no code with them. A course that fails is shrunk and printed with its seed.
//!
//! `PROPTEST_CASES` sets how many courses are tried; `PROPTEST_RNG_SEED` repeats the same ones.

mod course;
mod credits;
mod desk;
mod jobs;
mod model;
mod pair;
mod vendor;

use std::cell::Cell;
use std::hash::{BuildHasher, RandomState};

use chrono::TimeDelta;
use proptest::prelude::*;
use proptest::test_runner::{RngSeed, TestRunner};

use self::course::{Event, event};
use self::credits::{CreditsChoice, credits_choice};
use self::desk::{DeskType, desk_type};
use self::pair::Pair;

#[test]
fn each_receiver_is_sent_what_the_reference_model_says() {
    // A few dozen courses take seconds; CI asks for thousands.
    assert_for_random_courses(number("PROPTEST_CASES").unwrap_or(48), |(desk, credits), events| async move {
        let mut pair = Pair::open(desk, credits).await;
        pair.live(events).await;
        pair.finish().await;
    });
}

#[test]
fn simulated_messages_are_the_ones_that_are_then_sent() {
    let messages = Cell::new(0);
    assert_for_random_courses(number("PROPTEST_CASES").unwrap_or(48) / 8, |(desk, credits), events| {
        let messages = &messages;
        async move {
            let mut pair = Pair::open(desk, credits).await;
            pair.live(events).await;
            for forecast in pair.forecast(TimeDelta::days(30)).await {
                assert_eq!(forecast.simulated, forecast.notified);
                messages.set(messages.get() + forecast.notified.len());
            }
        }
    });
    assert!(messages.get() > 0, "no message was simulated");
}

/// Runs `check_course` for random courses and panics with the shrunk failure and its seed.
fn assert_for_random_courses<F: Future<Output = ()>>(
    cases: u64,
    check_course: impl Fn((DeskType, CreditsChoice), Vec<Event>) -> F,
) {
    let seed = number("PROPTEST_RNG_SEED").unwrap_or_else(|| RandomState::new().hash_one(()));
    let config = ProptestConfig {
        cases: u32::try_from(cases).unwrap(),
        rng_seed: RngSeed::Fixed(seed),
        failure_persistence: None,
        max_shrink_iters: 1_000,
        ..ProptestConfig::default()
    };
    let beginning = (desk_type(), credits_choice(0.5));
    let courses = (beginning, prop::collection::vec(event(), 1..25));
    let assert_for_random_courses = TestRunner::new(config).run(&courses, |(beginning, events)| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(check_course(beginning, events));
        Ok(())
    });
    if let Err(failure) = assert_for_random_courses {
        panic!("{failure}\nto repeat: PROPTEST_CASES={cases} PROPTEST_RNG_SEED={seed}");
    }
}

#[expect(clippy::disallowed_methods, reason = "proptest's own variables, which the program never reads")]
fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

/// A fast clock opens an alert; the receiver still knows of it when the message that corrects it fails permanently.
#[tokio::test]
async fn permanently_failed_correction_leaves_the_earlier_notification_in_force() {
    let mut pair = Pair::open(DeskType::Webhook, CreditsChoice::default()).await;
    pair.live(vec![
        Event::Receiver { which: 0, fails: Some(course::Trouble::Status(400)) },
        Event::Clock(TimeDelta::seconds(-7_201)),
        Event::Runs { every: TimeDelta::seconds(151_201), count: 3 },
    ])
    .await;
    pair.finish().await;
}
