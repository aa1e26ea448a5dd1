//! A clock of this machine that differs from useapi.net's: every expiry is judged by it.

use chrono::TimeDelta;
use minimax_watch::clock;

use crate::schema::valid;
use crate::setup::Setup;

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_differs_by_more_than_a_minute_is_logged_once_and_shown_by_status() {
    let setup = Setup::with(&["a"], "").await;
    setup.now.set(clock::now() - TimeDelta::seconds(40));
    let near = setup.run(&["check"]);
    assert!(!near.err.contains("clock"), "{}", near.err);
    setup.now.set(clock::now() - TimeDelta::minutes(90));
    let ahead = setup.run(&["check"]);
    assert_eq!(ahead.status, Some(0), "it changes no verdict");
    let words = "the clock of this machine is 1 h 30 min ahead of useapi.net's";
    assert!(ahead.err.contains(words), "{}", ahead.err);
    let again = setup.run(&["check"]);
    assert!(!again.err.contains("the clock of this machine"), "{}", again.err);
    let status = setup.run(&["status"]).out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        status.contains("WARNING: the clock of this machine was 1 h 30 min ahead of useapi.net's"),
        "{status}"
    );
    let skew = || valid("status", &setup.run(&["status", "--json"]).out)["clock_skew_seconds"].as_i64();
    assert!(skew().is_some_and(|seconds| (5_340..=5_460).contains(&seconds)), "{:?}", skew());
    setup.now.set(clock::now());
    assert_eq!(setup.run(&["check"]).status, Some(0));
    assert!(!setup.run(&["status"]).out.contains("the clock of this machine"));
    assert_eq!(skew(), None);
}
