//! Whatever happens, in whatever order, each receiver is told exactly what the reference model says: the real steps over a
//! real store, against fifty lines of plain levels. A case that fails is shrunk, and printed with its seed.
//!
//! `PROPTEST_CASES` says how many courses are tried; `PROPTEST_RNG_SEED` tries the same ones again.

mod course;
mod model;
mod pair;
mod vendor;

use std::cell::Cell;
use std::hash::{BuildHasher, RandomState};

use chrono::TimeDelta;
use proptest::prelude::*;
use proptest::test_runner::{RngSeed, TestRunner};

use self::course::{Event, event};
use self::pair::Pair;

#[test]
fn each_receiver_is_told_what_the_reference_model_says() {
    // A few dozen courses take seconds; CI asks for thousands.
    held(number("PROPTEST_CASES").unwrap_or(48), |events| async {
        let mut pair = Pair::open().await;
        pair.live(events).await;
        pair.finish().await;
    });
}

#[test]
fn what_is_simulated_is_what_then_happens() {
    let messages = Cell::new(0);
    held(number("PROPTEST_CASES").unwrap_or(48) / 8, |events| async {
        let mut pair = Pair::open().await;
        pair.live(events).await;
        for foretold in pair.foretold(TimeDelta::days(30)).await {
            assert_eq!(foretold.simulated, foretold.told);
            messages.set(messages.get() + foretold.told.len());
        }
    });
    assert!(messages.get() > 0, "there was nothing to foretell");
}

/// Whether `judge` finds nothing to complain of in random courses.
fn held<F: Future<Output = ()>>(cases: u64, judge: impl Fn(Vec<Event>) -> F) {
    let seed = number("PROPTEST_RNG_SEED").unwrap_or_else(|| RandomState::new().hash_one(()));
    let config = ProptestConfig {
        cases: u32::try_from(cases).unwrap(),
        rng_seed: RngSeed::Fixed(seed),
        failure_persistence: None,
        max_shrink_iters: 1_000,
        ..ProptestConfig::default()
    };
    let courses = prop::collection::vec(event(), 1..25);
    let held = TestRunner::new(config).run(&courses, |events| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(judge(events));
        Ok(())
    });
    if let Err(failure) = held {
        panic!("{failure}\nthe same courses again: PROPTEST_CASES={cases} PROPTEST_RNG_SEED={seed}");
    }
}

#[expect(clippy::disallowed_methods, reason = "proptest's own variables, which the program never reads")]
fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

/// An alert that a clock ahead opened was heard of, when the message that corrects it failed permanently.
#[tokio::test]
async fn a_correction_that_was_lost_leaves_what_was_heard() {
    let mut pair = Pair::open().await;
    pair.live(vec![
        Event::Receiver { which: 0, fails: Some(course::Trouble::Status(400)) },
        Event::Clock(TimeDelta::seconds(-7_201)),
        Event::Runs { every: TimeDelta::seconds(151_201), count: 3 },
    ])
    .await;
    pair.finish().await;
}
