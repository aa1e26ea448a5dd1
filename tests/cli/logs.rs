//! The log of the service: sentences in text, fields in JSON, and one line for each event.

use std::os::unix::fs::MetadataExt;

use chrono::TimeDelta;
use minimax_watch::clock;
use serde_json::Value;

use crate::child::within_timeout;
use crate::setup::{Setup, healthy, webhook};
use crate::simulator::{Record, StatusCode, WebhookServer};

/// The log of a service that runs, alerts, delivers, reloads and resolves.
async fn service_log(options: &[&str]) -> String {
    let setup = Setup::open().await;
    let hook = WebhookServer::open(&setup.now, None).await.unwrap();
    setup.vendor.put(Record::ending("123456", clock::now() - TimeDelta::days(1)));
    let named = format!(
        "{}\n[[subscriptions]]\nname = \"more\"\ntoken_file = \"token\"\n\
        [[subscriptions.accounts]]\nid = \"123456\"\nname = \"studio-a\"\n",
        webhook(&hook)
    );
    setup.configure(&[], &named);
    let config = std::fs::read_to_string(setup.path("minimax-watch.toml")).unwrap();
    let first = "[[subscriptions]]\nname = \"main\"\ntoken_file = \"token\"\n";
    std::fs::write(setup.path("minimax-watch.toml"), config.replace(first, "")).unwrap();
    let mut service = setup.serve(options);
    service.until("message delivered");
    setup.vendor.put(Record::ending("123456", healthy()));
    hook.next(crate::simulator::Reply::status(StatusCode::BAD_GATEWAY));
    service.signal("HUP");
    within_timeout(hook.wait_for(2)).await;
    service.until("message not accepted");
    assert_eq!(service.stop(), Some(0));
    service.log()
}

#[tokio::test(flavor = "multi_thread")]
async fn text_log_has_one_readable_sentence_for_each_event() {
    let log = service_log(&[]).await;
    let bare = |line: &str| {
        line.split_once("Z ").map_or(line.to_owned(), |(_, sentence)| sentence.trim().to_owned())
    };
    let lines: Vec<String> = log.lines().map(bare).collect();
    let begins = [
        "INFO watched: studio-a",
        "INFO notified: pager (webhook) of everything",
        "INFO watching 1 account for 1 receiver, schedule @yearly, store /",
        "INFO run finished: 1 account checked, 1 ok",
        "INFO alert fires: studio-a: expiry (critical): The MiniMax token expired ",
        "INFO message delivered to pager (msg_",
        "INFO configuration reloaded",
        "INFO run finished: 1 account checked, 1 ok",
        "INFO alert resolved: studio-a: expiry (critical): ",
        "WARN message not accepted by pager, next attempt at ",
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
async fn json_log_has_the_fields() {
    let log = service_log(&["--log-format", "json"]).await;
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
        (&of("delivered")["receiver"], &of("run finished")["ok"]),
        (&Value::from("pager"), &Value::from(1))
    );
    assert!(of("not accepted")["error"].as_str().unwrap().contains("502"));
}

#[tokio::test(flavor = "multi_thread")]
async fn inherited_journal_variable_with_another_stderr_logs_to_stderr() {
    let mut setup = Setup::with(&["a"], "").await;
    let other = std::fs::metadata(setup.path("token")).unwrap();
    for stream in [format!("{}:{}", other.dev(), other.ino()), "nonsense".to_owned(), String::new()] {
        setup.set("JOURNAL_STREAM", &stream);
        let mut service = setup.serve(&[]);
        service.until("watching");
        assert_eq!(service.stop(), Some(0), "{stream}");
    }
}
