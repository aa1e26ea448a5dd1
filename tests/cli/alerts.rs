//! `alerts`, `deliveries` and `ack`: what fires, what became of the messages, and that somebody knows (docs/contract.md, section 2).

use chrono::TimeDelta;
use minimax_watch::clock;
use minimax_watch::simulator::{Hook, Record};
use serde_json::{Value, json};

use crate::schema::valid;
use crate::stage::{Stage, healthy, webhook};

fn near(hook: &Hook, stage: &Stage) {
    stage.vendor.put(Record::ending("a", clock::now() + TimeDelta::days(2)));
    stage.configure(&["a"], &webhook(hook));
    assert_eq!(stage.run(&["check"]).status, Some(1));
}

fn alerts(stage: &Stage, options: &[&str]) -> Value {
    let ended = stage.run(&[&["alerts", "--json"], options].concat());
    assert_eq!(ended.status, Some(0), "{ended:?}");
    valid("alerts", &ended.out)["alerts"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alert_says_who_was_told_and_is_over_after_the_renewal() {
    let stage = Stage::open().await;
    let hook = Hook::open(&stage.now, None).await.unwrap();
    near(&hook, &stage);
    let open = alerts(&stage, &[]);
    assert_eq!(open[0]["kind"], "expiry");
    assert_eq!(open[0]["told"][0]["receiver"], "pager");
    assert_eq!(open[0]["told"][0]["times"], 1);
    assert_eq!(open[0]["told"][0]["last_state"], "delivered");
    let text = stage.run(&["alerts"]).out;
    let id = open[0]["id"].as_str().unwrap();
    assert!(text.starts_with("WARNING   a: expiry, stage 3d, since ") && text.contains(id), "{text}");
    stage.vendor.put(Record::ending("a", healthy()));
    assert_eq!(stage.run(&["check"]).status, Some(0));
    assert_eq!(alerts(&stage, &[]), json!([]));
    assert!(stage.run(&["alerts"]).out.starts_with("No open alerts. Earlier ones: "));
    for options in [&["--all"][..], &["--since", "1h"], &["--since", "-1h"]] {
        let over = alerts(&stage, options);
        assert_eq!((&over[0]["id"], &over[0]["status"]), (&json!(id), &json!("resolved")), "{options:?}");
    }
    assert_eq!(alerts(&stage, &["--since", "+1h"]), json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alert_is_acknowledged_once_and_that_can_be_taken_back() {
    let stage = Stage::open().await;
    let hook = Hook::open(&stage.now, None).await.unwrap();
    near(&hook, &stage);
    let id = alerts(&stage, &[])[0]["id"].as_str().unwrap().to_owned();
    let end = &id[id.len() - 8..];
    let acked = stage.run(&["ack", &end.to_lowercase(), "--reason", "renewed\nat eight"]);
    assert_eq!(
        (acked.status, acked.out.as_str()),
        (Some(0), "expiry of a: acknowledged; no reminders until it gets graver or ends\n"),
        "{acked:?}"
    );
    let ack = &alerts(&stage, &[])[0]["acknowledged"];
    assert_eq!(ack["reason"], "renewed at eight");
    assert!(stage.run(&["ack", &id]).out.starts_with("expiry of a: was acknowledged already, 20"));
    let text = stage.run(&["alerts"]).out;
    assert!(text.contains("renewed at eight. No reminders"), "{text}");
    assert_eq!(
        stage.run(&["ack", &id, "--undo"]).out,
        "expiry of a: not acknowledged any more; reminders come again\n"
    );
    assert_eq!(alerts(&stage, &[])[0]["acknowledged"], Value::Null);
    assert_eq!(stage.run(&["ack", &id, "--undo"]).out, "expiry of a: was not acknowledged\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_open_alert_is_not_acknowledged() {
    let stage = Stage::with(&["a"], "").await;
    let none = stage.run(&["ack", "01KAQ9Z0X0000000000000000"]);
    assert_eq!(none.status, Some(3));
    assert!(none.err.contains("there are no alerts yet"), "{}", none.err);
    assert!(!stage.store().exists(), "what is refused leaves nothing behind");
    let hook = Hook::open(&stage.now, None).await.unwrap();
    near(&hook, &stage);
    let id = alerts(&stage, &[])[0]["id"].as_str().unwrap().to_owned();
    for slip in ["01KAQ9Z0X0000000000000000", "xyz", &id[23..], ""] {
        let refused = stage.run(&["ack", &id, slip]);
        assert_eq!(refused.status, Some(3), "{slip}");
        assert!(refused.err.contains("is no open alert; `minimax-watch alerts` shows"), "{}", refused.err);
    }
    assert_eq!(alerts(&stage, &[])[0]["acknowledged"], Value::Null, "all of them or none");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_waits_says_why_and_until_when() {
    let stage = Stage::open().await;
    let hook = Hook::open(&stage.now, None).await.unwrap();
    stage.configure(&["a"], &webhook(&hook));
    stage.vendor.put(Record::ending("a", healthy()));
    stage.run(&["check"]);
    let none = stage.run(&["deliveries"]);
    assert_eq!(none.status, Some(0));
    assert!(none.out.starts_with("No messages since "), "{}", none.out);
    assert_eq!(valid("deliveries", &stage.run(&["deliveries", "--json"]).out)["deliveries"], json!([]));
    near(&hook, &stage);
    hook.go_down();
    stage.vendor.remove("a");
    stage.run(&["check"]);
    stage.vendor.put(Record::ending("a", clock::now() + TimeDelta::days(2)));
    stage.run(&["check"]);
    let list = valid("deliveries", &stage.run(&["deliveries", "--json", "--since", "1h"]).out);
    let states: Vec<(&Value, bool)> = list["deliveries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|message| (&message["state"], message["next_attempt_at"].is_null()))
        .collect();
    let (delivered, pending) = (json!("delivered"), json!("pending"));
    assert_eq!(states, [(&delivered, true), (&pending, false), (&pending, true)]);
    // What waits is shown however old it is.
    let waiting = valid("deliveries", &stage.run(&["deliveries", "pager", "--json", "--since", "0s"]).out);
    assert_eq!(waiting["deliveries"].as_array().unwrap().len(), 2);
    let text = stage.run(&["deliveries"]).out;
    for words in
        ["pager: delivered, 1 try", "cannot connect", "Waits behind another.", "2 pending, 1 delivered"]
    {
        assert!(text.contains(words), "{words}\n{text}");
    }
    let slip = stage.run(&["deliveries", "pagre"]);
    assert_eq!(slip.status, Some(3));
    assert!(slip.err.contains("`pagre` is no receiver (there are: pager)"), "{}", slip.err);
}
