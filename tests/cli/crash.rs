//! Killed without warning: what was decided is still delivered, with the same id and bytes.

use chrono::TimeDelta;
use minimax_watch::clock;
use minimax_watch::simulator::{Hook, Record, Reply};

use crate::child::within_patience;
use crate::stage::{Stage, webhook};

#[tokio::test(flavor = "multi_thread")]
async fn a_message_whose_delivery_was_cut_by_a_kill_comes_again_as_the_same_message() {
    let stage = Stage::open().await;
    let hook = Hook::open(&stage.now, None).await.unwrap();
    hook.set(Some(Reply::hang()));
    stage.vendor.put(Record::ending("a", clock::now() - TimeDelta::days(1)));
    stage.configure(&["a"], &webhook(&hook));
    let mut service = stage.serve(&[]);
    within_patience(hook.wait_for(1)).await;
    service.kill();
    hook.set(None);
    let mut service = stage.serve(&["--log-level", "debug"]);
    within_patience(hook.wait_for(2)).await;
    service.until("message delivered");
    assert_eq!(service.stop(), Some(0));
    let deliveries = hook.deliveries();
    let [first, second] = deliveries.as_slice() else { panic!("{} deliveries", deliveries.len()) };
    assert!(first.header("webhook-id").is_some());
    assert_eq!((first.header("webhook-id"), &first.body), (second.header("webhook-id"), &second.body));
    assert_eq!(stage.api.request_count(), 1, "what was seen before the kill is not asked again");
}
