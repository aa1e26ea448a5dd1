//! After a kill, messages that were decided are still delivered, with the same id and bytes.

use chrono::TimeDelta;
use minimax_watch::clock;

use crate::child::within_timeout;
use crate::setup::{Setup, webhook};
use crate::simulator::{Record, Reply, WebhookServer};

#[tokio::test(flavor = "multi_thread")]
async fn delivery_cut_by_a_kill_is_repeated_as_the_same_message() {
    let setup = Setup::open().await;
    let hook = WebhookServer::open(&setup.now, None).await.unwrap();
    hook.set(Some(Reply::hang()));
    setup.vendor.put(Record::ending("a", clock::now() - TimeDelta::days(1)));
    setup.configure(&["a"], &webhook(&hook));
    let mut service = setup.serve(&[]);
    within_timeout(hook.wait_for(1)).await;
    service.kill();
    hook.set(None);
    let mut service = setup.serve(&["--log-level", "debug"]);
    within_timeout(hook.wait_for(2)).await;
    service.until("message delivered");
    assert_eq!(service.stop(), Some(0));
    let deliveries = hook.deliveries();
    let [first, second] = deliveries.as_slice() else { panic!("{} deliveries", deliveries.len()) };
    assert!(first.header("webhook-id").is_some());
    assert_eq!((first.header("webhook-id"), &first.body), (second.header("webhook-id"), &second.body));
    assert_eq!(setup.api.request_count(), 1, "the check before the kill is not repeated");
}
