//! SIGHUP: a valid configuration takes effect at once, an invalid one does not (docs/contract.md, section 2).

use chrono::TimeDelta;
use minimax_watch::clock;

use crate::setup::{Setup, healthy, webhook};
use crate::simulator::{Answer, Record, WebhookServer};

#[tokio::test(flavor = "multi_thread")]
async fn reload_watches_a_new_account_at_once_and_sends_nothing_again() {
    let setup = Setup::open().await;
    let hook = WebhookServer::open(&setup.now, None).await.unwrap();
    setup.vendor.put(Record::ending("a", clock::now() - TimeDelta::days(1)));
    setup.vendor.put(Record::ending("b", healthy()));
    setup.configure(&["a"], &webhook(&hook));
    let mut service = setup.serve(&[]);
    service.until("message delivered");
    assert_eq!(setup.api.requests_for("b").len(), 0);
    setup.configure(&["a", "b"], &webhook(&hook));
    service.signal("HUP");
    service.until("configuration reloaded");
    assert!(service.until("run finished").contains("2 accounts checked"));
    assert_eq!(setup.api.requests_for("b").len(), 1);
    assert_eq!(service.stop(), Some(0));
    assert_eq!(hook.count(), 1, "{}", service.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn corrected_token_is_tried_at_once() {
    let setup = Setup::with(&["a"], "").await;
    setup.secret("token", "user:1234-wr0ng");
    let mut service = setup.serve(&[]);
    service.until("alert fires");
    setup.secret("token", crate::setup::TOKEN);
    service.signal("HUP");
    service.until("alert resolved");
    assert_eq!(service.stop(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn invalid_configuration_is_refused_with_its_problems_and_the_old_one_stays() {
    let setup = Setup::with(&["a"], "").await;
    let mut service = setup.serve(&[]);
    service.until("run finished");
    setup.configure(&["a"], "keeep = \"7d\"\n[colours]\n");
    service.signal("HUP");
    for problem in ["store.keeep: unknown key", "colours: unknown key"] {
        let line = service.until("the new configuration is refused, the old one stays");
        assert!(line.contains("ERROR") && line.contains(problem), "{line}");
    }
    setup.configure(&["a"], "");
    service.signal("HUP");
    service.until("configuration reloaded");
    service.until("run finished");
    assert_eq!(service.stop(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn run_finishes_with_the_configuration_it_started_with() {
    let setup = Setup::with(&["a", "slow"], "").await;
    let mut service = setup.serve(&[]);
    service.until("run finished");
    setup.vendor.set_answer("slow", Answer::hang());
    service.signal("HUP");
    service.until("configuration reloaded");
    // The following run hangs until its timeout while the next configuration is loaded.
    crate::child::within_timeout(setup.api.wait_for_requests(4)).await;
    setup.configure(&["a"], "");
    service.signal("HUP");
    assert!(service.until("run interrupted").contains("2 accounts checked, 1 ok, 1 inconclusive"));
    service.until("configuration reloaded");
    assert!(service.until("run finished").contains("1 account checked, 1 ok"));
    assert_eq!(service.stop(), Some(0));
    assert_eq!(service.log().matches("configuration reloaded").count(), 2, "{}", service.log());
}
