//! SIGHUP: a good configuration comes into force at once, a bad one does not (docs/contract.md, section 2).

use chrono::TimeDelta;
use minimax_watch::clock;
use minimax_watch::simulator::{Answer, Hook, Record};

use crate::stage::{Stage, healthy, webhook};

#[tokio::test(flavor = "multi_thread")]
async fn a_new_account_is_watched_at_once_and_nothing_is_told_again() {
    let stage = Stage::open().await;
    let hook = Hook::open(&stage.now, None).await.unwrap();
    stage.vendor.put(Record::ending("a", clock::now() - TimeDelta::days(1)));
    stage.vendor.put(Record::ending("b", healthy()));
    stage.configure(&["a"], &webhook(&hook));
    let mut service = stage.serve(&[]);
    service.until("message delivered");
    assert_eq!(stage.api.requests_for("b").len(), 0);
    stage.configure(&["a", "b"], &webhook(&hook));
    service.signal("HUP");
    service.until("configuration reloaded");
    assert!(service.until("run done").contains("2 accounts checked"));
    assert_eq!(stage.api.requests_for("b").len(), 1);
    assert_eq!(service.stop(), Some(0));
    assert_eq!(hook.count(), 1, "{}", service.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mended_token_is_tried_at_once() {
    let stage = Stage::with(&["a"], "").await;
    stage.secret("token", "user:1234-wr0ng");
    let mut service = stage.serve(&[]);
    service.until("alert fires");
    stage.secret("token", crate::stage::TOKEN);
    service.signal("HUP");
    service.until("alert resolved");
    assert_eq!(service.stop(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_configuration_is_refused_with_its_problems_and_the_old_one_stays() {
    let stage = Stage::with(&["a"], "").await;
    let mut service = stage.serve(&[]);
    service.until("run done");
    stage.configure(&["a"], "keeep = \"7d\"\n[colours]\n");
    service.signal("HUP");
    for problem in ["store.keeep: there is no such key", "colours: there is no such key"] {
        let line = service.until("the new configuration is refused, the old one stays");
        assert!(line.contains("ERROR") && line.contains(problem), "{line}");
    }
    stage.configure(&["a"], "");
    service.signal("HUP");
    service.until("configuration reloaded");
    service.until("run done");
    assert_eq!(service.stop(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_ends_by_the_configuration_that_it_began_with() {
    let stage = Stage::with(&["a", "slow"], "").await;
    let mut service = stage.serve(&[]);
    service.until("run done");
    stage.vendor.set("slow", Answer::hang());
    service.signal("HUP");
    service.until("configuration reloaded");
    // The run that follows hangs until its time-out, while the next configuration comes.
    crate::child::within_patience(stage.api.wait_for_requests(4)).await;
    stage.configure(&["a"], "");
    service.signal("HUP");
    assert!(service.until("run done").contains("2 accounts checked, 1 ok, 1 without a verdict"));
    service.until("configuration reloaded");
    assert!(service.until("run done").contains("1 account checked, 1 ok"));
    assert_eq!(service.stop(), Some(0));
    assert_eq!(service.log().matches("configuration reloaded").count(), 2, "{}", service.log());
}
