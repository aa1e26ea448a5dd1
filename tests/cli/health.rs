//! `health`: whether the service is able to do its work (docs/contract.md, section 2).

use chrono::TimeDelta;

use crate::not_watching::age_runs;
use crate::schema::valid;
use crate::setup::Setup;

#[tokio::test(flavor = "multi_thread")]
async fn healthy_after_a_run_and_not_before_the_first_or_when_one_is_overdue() {
    let mut setup = Setup::with(&["a"], "").await;
    let health = |setup: &Setup| {
        let ended = setup.run(&["health", "--json"]);
        let health = valid("health", &ended.out);
        (ended.status, health["healthy"].as_bool().unwrap(), health["reasons"].to_string())
    };
    assert_eq!(health(&setup), (Some(1), false, "[\"no run has finished yet\"]".to_owned()));
    assert!(!setup.store().exists(), "asking creates no store");
    assert_eq!(setup.run(&["check"]).status, Some(0));
    assert_eq!(health(&setup), (Some(0), true, "[]".to_owned()));
    let printed = setup.run(&["health"]);
    assert!(printed.out.starts_with("healthy: the last run finished "), "{printed:?}");
    setup.set("MINIMAX_WATCH__SCHEDULE__CRON", "*/15 * * * *");
    age_runs(&setup, TimeDelta::minutes(31)).await;
    let (status, is_healthy, reasons) = health(&setup);
    assert_eq!((status, is_healthy), (Some(1), false));
    assert!(reasons.contains("the next run is overdue: the last one finished "), "{reasons}");
    assert!(setup.run(&["health"]).out.starts_with("unhealthy: the next run is overdue"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_cannot_be_written_to_is_a_reason() {
    let setup = Setup::with(&["a"], "").await;
    assert_eq!(setup.run(&["check"]).status, Some(0));
    let holder = minimax_watch::store::Store::open(&setup.store()).await.unwrap();
    let writer = holder.write().await.unwrap();
    let printed = setup.run(&["health"]);
    assert_eq!(printed.status, Some(1), "{printed:?}");
    assert!(printed.out.contains("unhealthy: the store cannot be written to: "), "{printed:?}");
    drop(writer);
    holder.close().await;
    assert_eq!(setup.run(&["health"]).status, Some(0));
}
