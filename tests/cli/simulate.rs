//! `simulate`: what would be told if nothing but time passed; nothing is sent or stored (docs/contract.md, section 2).

use chrono::TimeDelta;
use minimax_watch::clock;
use minimax_watch::simulator::{Hook, Record};
use serde_json::{Value, json};

use crate::schema::valid;
use crate::stage::{Stage, webhook};

fn simulate(stage: &Stage, options: &[&str]) -> Value {
    let ended = stage.run(&[&["simulate", "--json"], options].concat());
    assert_eq!(ended.status, Some(0), "{ended:?}");
    valid("simulate", &ended.out)
}

/// The files of the store and when each was written last.
fn store(stage: &Stage) -> Vec<(std::ffi::OsString, Vec<u8>)> {
    let mut files: Vec<_> = std::fs::read_dir(stage.store().parent().unwrap())
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| (entry.file_name(), std::fs::read(entry.path()).unwrap()))
        .collect();
    files.sort();
    files
}

#[tokio::test(flavor = "multi_thread")]
async fn every_rung_to_come_is_listed_and_nothing_is_touched() {
    let stage = Stage::open().await;
    let hook = Hook::open(&stage.now, None).await.unwrap();
    stage.vendor.put(Record::ending("a", clock::now() + TimeDelta::days(5)));
    stage.configure(&["a"], &format!("[alerts]\nrepeat_every = \"0s\"\n{}", webhook(&hook)));
    stage.run(&["check"]);
    assert_eq!(hook.count(), 1);
    let (before, asked) = (store(&stage), stage.api.request_count());
    let simulation = simulate(&stage, &["--for", "10d"]);
    let stages: Vec<&Value> = simulation["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|message| &message["alerts"][0]["stage"])
        .collect();
    assert_eq!(stages, [&json!("3d"), &json!("1d"), &json!("1h"), &json!("expired")]);
    let text = stage.run(&["simulate"]).out;
    assert!(
        text.contains("\npager\n  20") && text.ends_with("4 messages. Nothing was sent or stored.\n"),
        "{text}"
    );
    let soon = stage.run(&["simulate", "--for", "1h"]).out;
    assert!(
        soon.contains("\npager\n  nothing\n") && soon.ends_with("0 messages. Nothing was sent or stored.\n"),
        "{soon}"
    );
    assert_eq!(store(&stage), before, "the store is as it was");
    assert_eq!((hook.count(), stage.api.request_count()), (1, asked), "nobody was asked or told");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_comes_first_and_what_is_silenced_when_the_silence_ends() {
    let stage = Stage::open().await;
    let hook = Hook::open(&stage.now, None).await.unwrap();
    stage.vendor.put(Record::ending("a", clock::now() + TimeDelta::hours(71)));
    stage.vendor.put(Record::ending("b", clock::now() + TimeDelta::hours(71)));
    stage.configure(&["a", "b"], &format!("[alerts]\nrepeat_every = \"0s\"\n{}", webhook(&hook)));
    hook.go_down();
    stage.run(&["silence", "add", "b", "--for", "30h", "--reason", "a test"]);
    stage.run(&["check"]);
    let simulation = simulate(&stage, &["--for", "40h"]);
    let messages = simulation["messages"].as_array().unwrap();
    let said: Vec<(&Value, &Value, &Value)> = messages
        .iter()
        .map(|message| {
            (&message["waiting"], &message["alerts"][0]["account"]["id"], &message["alerts"][0]["reason"])
        })
        .collect();
    assert_eq!(
        said,
        [(&json!(true), &json!("a"), &json!("opened")), (&json!(false), &json!("b"), &json!("opened"))]
    );
    assert_eq!(hook.count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_receivers_nobody_is_told_and_slips_are_refused() {
    let stage = Stage::with(&["a"], "").await;
    stage.run(&["check"]);
    let text = stage.run(&["simulate"]);
    assert_eq!(text.status, Some(0), "{text:?}");
    assert!(text.out.contains("There are no receivers, so nobody is told anything"), "{}", text.out);
    for (length, words) in
        [("0s", "a length between 1s and"), ("30", "`30` is not a length of time"), ("20y", "--for")]
    {
        let refused = stage.run(&["simulate", "--for", length]);
        assert_eq!(refused.status, Some(3), "{length}");
        assert!(refused.err.contains(words), "{length}: {}", refused.err);
    }
}
