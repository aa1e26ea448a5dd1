//! `explain`: what is known of an account, and why it did or did not alert (docs/contract.md, section 2).

use chrono::TimeDelta;
use minimax_watch::clock;
use minimax_watch::simulator::{Hook, Record};
use serde_json::{Value, json};

use crate::schema::valid;
use crate::stage::{Stage, healthy, webhook};

fn explain(stage: &Stage, account: &str) -> Value {
    let ended = stage.run(&["explain", account, "--json"]);
    assert_eq!(ended.status, Some(0), "{ended:?}");
    valid("explain", &ended.out)
}

/// The words of a text, wherever its lines break.
fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn rule<'a>(explanation: &'a Value, kind: &str) -> &'a Value {
    explanation["rules"].as_array().unwrap().iter().find(|rule| rule["kind"] == kind).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_near_end_says_which_end_which_rung_and_who_was_told() {
    let stage = Stage::open().await;
    let hook = Hook::open(&stage.now, None).await.unwrap();
    let (end, other) = (clock::now() + TimeDelta::days(2), clock::now() + TimeDelta::days(23));
    stage.vendor.put(Record::ending("a", end).exp(Some(other)));
    stage.configure(&["a"], &webhook(&hook));
    stage.run(&["check"]);
    let explained = explain(&stage, "a");
    assert_eq!(explained["end"]["source"], "exp_Expire");
    assert_ne!(explained["end"]["ends"]["exp"], explained["end"]["expires_at"]);
    let rungs = explained["rungs"].as_array().unwrap();
    let reached: Vec<(&Value, &Value)> =
        rungs.iter().map(|rung| (&rung["stage"], &rung["reached"])).collect();
    let (yes, no) = (json!(true), json!(false));
    let stages = ["7d", "3d", "1d", "1h", "expired"].map(|stage| json!(stage));
    assert_eq!(reached, stages.iter().zip([&yes, &yes, &no, &no, &no]).collect::<Vec<_>>());
    assert_eq!(rungs[1]["told"][0]["receiver"], "pager");
    assert_eq!(rungs[1]["told"][0]["state"], "delivered");
    assert!(
        rungs[0]["not_told"][0]["why"].as_str().unwrap().starts_with("told of a later rung instead (3d on")
    );
    assert_eq!(rule(&explained, "expiry")["alert"]["stage"], "3d");
    assert_eq!(rule(&explained, "not_found")["fires"], false);
    assert_eq!(explained["receivers"][0]["result"], "told");
    let next: Vec<&Value> = explained["next"].as_array().unwrap().iter().map(|next| &next["stage"]).collect();
    assert!(next.contains(&&json!("expired")), "{next:?}");
    let text = words(&stage.run(&["explain", "main/a"]).out);
    for words in ["KNOWN last look ok,", "FIRES: WARNING, stage 3d", "pager told 20", "(escalated) to pager"]
    {
        assert!(text.contains(words), "{words}\n{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_keeps_a_message_back_is_named() {
    let stage = Stage::open().await;
    let hook = Hook::open(&stage.now, None).await.unwrap();
    stage.vendor.put(Record::ending("a", healthy()));
    let critical =
        webhook(&hook).replace("pager", "archive") + "min_severity = \"critical\"\nkinds = [\"expiry\"]\n";
    stage.configure(&["a"], &format!("{}{critical}", webhook(&hook)));
    stage.run(&["silence", "add", "a", "--for", "4h", "--even-critical", "--reason", "being renewed"]);
    stage.vendor.remove("a");
    stage.run(&["check"]);
    let explained = explain(&stage, "a");
    assert!(rule(&explained, "not_found")["fires"] == true && hook.count() == 0);
    let results: Vec<(&Value, &Value)> = explained["receivers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|word| (&word["receiver"], &word["result"]))
        .collect();
    assert_eq!(results, [(&json!("pager"), &json!("silenced")), (&json!("archive"), &json!("not_wanted"))]);
    assert_eq!(explained["silences"][0]["reason"], "being renewed");
    let text = words(&stage.run(&["explain", "a"]).out);
    for words in
        ["a silence keeps it back (it opened) until", "its `kinds` leave not_found out", "(opened) to pager"]
    {
        assert!(text.contains(words), "{words}\n{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_left_can_still_be_asked_about_and_slips_are_refused() {
    let stage = Stage::with(&["a", "b"], "").await;
    let early = stage.run(&["explain", "a"]);
    assert_eq!(early.status, Some(3));
    assert!(early.err.contains("nothing was checked yet: run `minimax-watch check`"), "{}", early.err);
    stage.run(&["check"]);
    stage.configure(&["a"], "");
    stage.run(&["check"]);
    assert_eq!(
        (&explain(&stage, "a")["watched"], &explain(&stage, "b")["watched"]),
        (&json!(true), &json!(false))
    );
    let slip = stage.run(&["explain", "studio-x"]);
    assert_eq!(slip.status, Some(3));
    assert!(
        slip.err.contains("`studio-x` is no account that is or was watched (watched: a)"),
        "{}",
        slip.err
    );
}
