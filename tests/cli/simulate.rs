//! `simulate`: the messages that go out if nothing but time passes; nothing is sent or stored (docs/contract.md, section 2).

use chrono::TimeDelta;
use minimax_watch::clock;
use serde_json::{Value, json};

use crate::schema::valid;
use crate::setup::{Setup, webhook};
use crate::simulator::{Record, WebhookServer};

fn simulate(setup: &Setup, options: &[&str]) -> Value {
    let ended = setup.run(&[&["simulate", "--json"], options].concat());
    assert_eq!(ended.status, Some(0), "{ended:?}");
    valid("simulate", &ended.out)
}

/// The files of the store with their content.
fn store(setup: &Setup) -> Vec<(std::ffi::OsString, Vec<u8>)> {
    let mut files: Vec<_> = std::fs::read_dir(setup.store().parent().unwrap())
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| (entry.file_name(), std::fs::read(entry.path()).unwrap()))
        .collect();
    files.sort();
    files
}

#[tokio::test(flavor = "multi_thread")]
async fn every_future_stage_is_listed_and_nothing_is_changed() {
    let setup = Setup::open().await;
    let hook = WebhookServer::open(&setup.now, None).await.unwrap();
    setup.vendor.put(Record::ending("a", clock::now() + TimeDelta::days(5)));
    setup.configure(&["a"], &format!("[alerts]\nrepeat_every = \"0s\"\n{}", webhook(&hook)));
    setup.run(&["check"]);
    assert_eq!(hook.count(), 1);
    let (before, asked) = (store(&setup), setup.api.request_count());
    let simulation = simulate(&setup, &["--for", "10d"]);
    let stages: Vec<&Value> = simulation["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|message| &message["alerts"][0]["stage"])
        .collect();
    assert_eq!(stages, [&json!("3d"), &json!("1d"), &json!("1h"), &json!("expired")]);
    let text = setup.run(&["simulate"]).out;
    assert!(
        text.contains("\npager\n  20") && text.ends_with("4 messages. Nothing was sent or stored.\n"),
        "{text}"
    );
    let soon = setup.run(&["simulate", "--for", "1h"]).out;
    assert!(
        soon.contains("\npager\n  no messages\n")
            && soon.ends_with("0 messages. Nothing was sent or stored.\n"),
        "{soon}"
    );
    assert_eq!(store(&setup), before, "the store is unchanged");
    assert_eq!(
        (hook.count(), setup.api.request_count()),
        (1, asked),
        "no account was checked and no receiver notified"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn queued_messages_come_first_and_silenced_ones_when_the_silence_ends() {
    let setup = Setup::open().await;
    let hook = WebhookServer::open(&setup.now, None).await.unwrap();
    setup.vendor.put(Record::ending("a", clock::now() + TimeDelta::hours(71)));
    setup.vendor.put(Record::ending("b", clock::now() + TimeDelta::hours(71)));
    setup.configure(&["a", "b"], &format!("[alerts]\nrepeat_every = \"0s\"\n{}", webhook(&hook)));
    hook.go_down();
    setup.run(&["silence", "add", "b", "--for", "30h", "--reason", "a test"]);
    setup.run(&["check"]);
    let simulation = simulate(&setup, &["--for", "40h"]);
    let messages = simulation["messages"].as_array().unwrap();
    let simulated: Vec<(&Value, &Value, &Value)> = messages
        .iter()
        .map(|message| {
            (
                &message["already_queued"],
                &message["alerts"][0]["account"]["id"],
                &message["alerts"][0]["reason"],
            )
        })
        .collect();
    assert_eq!(
        simulated,
        [(&json!(true), &json!("a"), &json!("opened")), (&json!(false), &json!("b"), &json!("opened"))]
    );
    assert_eq!(hook.count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_receivers_are_named_and_bad_lengths_are_refused() {
    let setup = Setup::with(&["a"], "").await;
    setup.run(&["check"]);
    let text = setup.run(&["simulate"]);
    assert_eq!(text.status, Some(0), "{text:?}");
    assert!(text.out.contains("No receivers configured: nobody is notified."), "{}", text.out);
    for (length, words) in [("0s", "must be between 1s and"), ("30", "`30` needs a unit"), ("20y", "--for")] {
        let refused = setup.run(&["simulate", "--for", length]);
        assert_eq!(refused.status, Some(3), "{length}");
        assert!(refused.err.contains(words), "{length}: {}", refused.err);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn digests_are_listed_and_a_dry_run_sends_none() {
    let setup = Setup::open().await;
    let hook = WebhookServer::open(&setup.now, None).await.unwrap();
    setup.vendor.put(Record::ending("a", clock::now() + TimeDelta::days(60)));
    let cron = (clock::now() + TimeDelta::minutes(90)).format("%M %H * * *");
    setup.configure(&["a"], &format!("{}digest = \"{cron}\"\n", webhook(&hook)));
    setup.run(&["check"]);
    assert_eq!(hook.count(), 0, "none for the time before");
    let simulation = simulate(&setup, &["--for", "36h"]);
    let messages = simulation["messages"].as_array().unwrap();
    let summaries: Vec<&Value> = messages.iter().map(|message| &message["summary"]).collect();
    assert_eq!(summaries, [&json!("digest: 1 account well"); 2], "{simulation}");
    // As if that check had been a day ago.
    let store = sqlx::SqlitePool::connect(&format!("sqlite://{}", setup.store().display())).await.unwrap();
    let earlier = "UPDATE digests SET waits_since = waits_since - 86400000";
    assert_eq!(sqlx::query(earlier).execute(&store).await.unwrap().rows_affected(), 1);
    store.close().await;
    let dry = setup.run(&["check", "--dry-run"]);
    assert!(dry.err.contains("would notify pager: digest: 1 account well"), "{dry:?}");
    assert_eq!(hook.count(), 0);
    setup.run(&["check"]);
    let sent: Value = serde_json::from_slice(&hook.deliveries()[0].body).unwrap();
    assert_eq!((hook.count(), &sent["type"]), (1, &json!("watch.digest")));
    valid("webhook", &sent.to_string());
    setup.run(&["check"]);
    assert_eq!(hook.count(), 1);
}
