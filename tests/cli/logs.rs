//! What the service logs: sentences for people, fields for machines, and little of both.

use std::os::unix::fs::MetadataExt;

use chrono::TimeDelta;
use minimax_watch::clock;
use minimax_watch::simulator::{Hook, Record, StatusCode};
use serde_json::Value;

use crate::child::within_patience;
use crate::stage::{Stage, healthy, webhook};

/// A service that runs, alerts, delivers, reloads and resolves, and what it logged.
async fn a_life(options: &[&str]) -> String {
    let stage = Stage::open().await;
    let hook = Hook::open(&stage.now, None).await.unwrap();
    stage.vendor.put(Record::ending("123456", clock::now() - TimeDelta::days(1)));
    let named = format!(
        "{}\n[[subscriptions]]\nname = \"more\"\ntoken_file = \"token\"\n\
        [[subscriptions.accounts]]\nid = \"123456\"\nname = \"studio-a\"\n",
        webhook(&hook)
    );
    stage.configure(&[], &named);
    let config = std::fs::read_to_string(stage.path("minimax-watch.toml")).unwrap();
    let first = "[[subscriptions]]\nname = \"main\"\ntoken_file = \"token\"\n";
    std::fs::write(stage.path("minimax-watch.toml"), config.replace(first, "")).unwrap();
    let mut service = stage.serve(options);
    service.until("message delivered");
    stage.vendor.put(Record::ending("123456", healthy()));
    hook.next(minimax_watch::simulator::Reply::status(StatusCode::BAD_GATEWAY));
    service.signal("HUP");
    within_patience(hook.wait_for(2)).await;
    service.until("message not taken");
    assert_eq!(service.stop(), Some(0));
    service.log()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_life_in_sentences_that_read_alone_one_for_each_thing_that_happens() {
    let log = a_life(&[]).await;
    let bare = |line: &str| {
        line.split_once("Z ").map_or(line.to_owned(), |(_, sentence)| sentence.trim().to_owned())
    };
    let lines: Vec<String> = log.lines().map(bare).collect();
    let begins = [
        "INFO watching 1 account for 1 receiver, schedule @yearly, store /",
        "INFO run done: 1 account checked, 1 ok",
        "INFO alert fires: studio-a: expiry (critical): The MiniMax token ended ",
        "INFO message delivered to pager (msg_",
        "INFO configuration reloaded",
        "INFO run done: 1 account checked, 1 ok",
        "INFO alert resolved: studio-a: expiry (critical): ",
        "WARN message not taken by pager, will try again at ",
        "INFO stopping: SIGTERM",
        "INFO stopped",
    ];
    assert_eq!(lines.len(), begins.len(), "{log}");
    for (line, begin) in lines.iter().zip(begins) {
        assert!(line.starts_with(begin), "{line}\nshould begin with\n{begin}\n\n{log}");
        assert!(!line.contains("alert.id="), "no fields: {line}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn machines_get_the_fields() {
    let log = a_life(&["--log-format", "json"]).await;
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of = |words: &str| {
        lines
            .iter()
            .find(|line| line["message"].as_str().unwrap().contains(words))
            .unwrap_or_else(|| panic!("{log}"))
    };
    let fires = of("alert fires");
    let names = ["account", "subscription", "alert.kind", "severity", "stage"];
    let values = names.map(|name| fires[name].as_str().unwrap_or_default());
    assert_eq!(values, ["123456", "more", "expiry", "critical", "expired"]);
    assert_eq!(of("alert resolved")["account"], "123456");
    assert_eq!(
        (&of("delivered")["receiver"], &of("run done")["ok"]),
        (&Value::from("pager"), &Value::from(1))
    );
    assert!(of("not taken")["error"].as_str().unwrap().contains("502"));
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_inherits_the_journals_variable_and_has_another_stderr_logs_to_stderr() {
    let mut stage = Stage::with(&["a"], "").await;
    let other = std::fs::metadata(stage.path("token")).unwrap();
    for stream in [format!("{}:{}", other.dev(), other.ino()), "nonsense".to_owned(), String::new()] {
        stage.set("JOURNAL_STREAM", &stream);
        let mut service = stage.serve(&[]);
        service.until("watching");
        assert_eq!(service.stop(), Some(0), "{stream}");
    }
}
