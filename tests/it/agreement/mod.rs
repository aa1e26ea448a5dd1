//! Whatever happens, in whatever order, each receiver is told exactly what the reference model says: the real steps over a
//! real store, against fifty lines of plain levels. A case that fails is shrunk, and printed with its seed.
//!
//! `PROPTEST_CASES` says how many courses are tried; `PROPTEST_RNG_SEED` tries the same ones again.

mod course;
mod model;
mod pair;

use std::hash::{BuildHasher, RandomState};

use proptest::prelude::*;
use proptest::test_runner::{RngSeed, TestRunner};

use self::course::event;
use self::pair::Pair;

#[test]
fn each_receiver_is_told_what_the_reference_model_says() {
    let seed = number("PROPTEST_RNG_SEED").unwrap_or_else(|| RandomState::new().hash_one(()));
    // A few dozen courses take seconds; CI asks for thousands.
    let cases = number("PROPTEST_CASES").unwrap_or(48);
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
        runtime.block_on(async {
            let mut pair = Pair::open().await;
            pair.run().await;
            for event in events {
                pair.happen(event).await;
            }
            pair.finish().await;
        });
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
