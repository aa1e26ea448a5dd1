//! `run`: from its first check to its orderly stop (docs/contract.md, section 2).

use chrono::{SubsecRound, TimeDelta};
use minimax_watch::clock;
use minimax_watch::store::Store;
use serde_json::Value;

use crate::child::within_timeout;
use crate::setup::{Setup, healthy, webhook};
use crate::simulator::{Answer, Record, Reply, RetryAfter, WebhookServer};

#[tokio::test(flavor = "multi_thread")]
async fn service_checks_at_once_and_stops_in_order_on_either_signal() {
    for signal in ["TERM", "INT"] {
        let setup = Setup::with(&["a"], "").await;
        let mut service = setup.serve(&[]);
        service.until("watching");
        service.until("run finished");
        assert_eq!(setup.api.request_count(), 1);
        service.signal(signal);
        assert_eq!(service.end(), Some(0), "SIG{signal}");
        assert!(service.log().lines().last().unwrap().contains("stopped"), "{}", service.log());
        assert_eq!(service.out(), "", "logs go to stderr");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_lines_after_a_restart_say_what_is_watched_who_is_notified_and_when_the_next_run_is() {
    let mut setup = Setup::open().await;
    let hook = WebhookServer::open(&setup.now, None).await.unwrap();
    for account in ["a", "b"] {
        setup.vendor.put(Record::ending(account, healthy()));
    }
    setup.configure(&["a", "b"], &webhook(&hook));
    setup.set("MINIMAX_WATCH__SCHEDULE__CRON", "0 0 * * *");
    assert_eq!(setup.run(&["check"]).status, Some(0));
    let mut service = setup.serve(&[]);
    service.until("next run");
    assert_eq!(service.stop(), Some(0));
    let log = service.log();
    let midnight =
        (clock::now().date_naive() + TimeDelta::days(1)).format("next run %Y-%m-%d 00:00 UTC (in ");
    for words in ["watched: a, b", "notified: pager (webhook) of everything", &midnight.to_string()] {
        assert!(log.lines().take(3).any(|line| line.contains(words)), "{words}\n{log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn stop_waits_for_a_delivery_in_flight() {
    let setup = Setup::open().await;
    let hook = WebhookServer::open(&setup.now, None).await.unwrap();
    hook.set(Some(Reply::hang()));
    setup.vendor.put(Record::ending("a", clock::now() - TimeDelta::days(1)));
    setup.configure(&["a"], &webhook(&hook));
    let mut service = setup.serve(&[]);
    within_timeout(hook.wait_for(1)).await;
    assert_eq!(service.stop(), Some(0));
    let log = service.log();
    let (stopping, ended) = (log.find("stopping").unwrap(), log.find("message not accepted").unwrap());
    assert!(stopping < ended && ended < log.find("stopped").unwrap(), "{log}");
    let report: Value = serde_json::from_str(&setup.run(&["status", "--json"]).out).unwrap();
    assert_eq!(report["outbox"]["pending"], 1, "the message waits for the next start");
}

#[tokio::test(flavor = "multi_thread")]
async fn restart_without_changes_sends_nothing_and_checks_only_when_due() {
    let setup = Setup::open().await;
    let hook = WebhookServer::open(&setup.now, None).await.unwrap();
    setup.vendor.put(Record::ending("a", clock::now() - TimeDelta::days(1)));
    setup.configure(&["a"], &webhook(&hook));
    for start in 1..=3 {
        let mut service = setup.serve(&["--log-level", "debug"]);
        // Each start evaluates first and purges afterwards.
        service.until(if start == 1 { "message delivered" } else { "purged" });
        assert_eq!(service.stop(), Some(0));
        assert_eq!((hook.count(), setup.api.request_count()), (1, 1), "start {start}:\n{}", service.log());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn expiry_is_sent_when_it_happens_and_not_at_the_next_run() {
    let setup = Setup::open().await;
    let hook = WebhookServer::open(&setup.now, None).await.unwrap();
    setup.configure(&["a"], &webhook(&hook));
    let end = clock::now().trunc_subsecs(0) + TimeDelta::seconds(6);
    setup.vendor.put(Record::ending("a", end));
    let mut service = setup.serve(&[]);
    within_timeout(hook.wait_for(1)).await;
    let checks = setup.api.request_count();
    within_timeout(hook.wait_for(2)).await;
    let late = clock::now() - end;
    assert!((TimeDelta::zero()..TimeDelta::seconds(3)).contains(&late), "{late}");
    let stages: Vec<Value> = hook
        .deliveries()
        .iter()
        .map(|delivery| {
            serde_json::from_slice::<Value>(&delivery.body).unwrap()["data"]["alerts"][0]["stage"].clone()
        })
        .collect();
    assert_eq!(stages, ["1h", "expired"]);
    assert_eq!((checks, setup.api.request_count()), (1, 1), "the schedule is yearly");
    assert_eq!(service.stop(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn service_started_with_the_api_down_recovers() {
    let mut setup = Setup::with(&["a"], "").await;
    setup.set("MINIMAX_WATCH__SCHEDULE__CRON", "* * * * * *");
    setup.api.go_down();
    let mut service = setup.serve(&[]);
    assert!(service.until("run finished").contains(", 0 ok"));
    assert_eq!(setup.run(&["status"]).status, Some(3));
    setup.api.come_back().unwrap();
    while !service.until("run finished").contains(", 1 ok") {}
    assert_eq!(setup.run(&["status"]).status, Some(0));
    assert_eq!(service.stop(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn receiver_that_is_down_at_start_is_notified_when_it_is_back() {
    let setup = Setup::open().await;
    let hook = WebhookServer::open(&setup.now, None).await.unwrap();
    hook.go_down();
    setup.vendor.put(Record::ending("a", clock::now() - TimeDelta::days(1)));
    setup.configure(&["a"], &webhook(&hook));
    let mut service = setup.serve(&[]);
    service.until("message not accepted by pager, next attempt at");
    hook.come_back().unwrap();
    within_timeout(hook.wait_for(1)).await;
    service.until("message delivered");
    assert_eq!(service.stop(), Some(0));
    assert_eq!(hook.count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn json_log_is_one_object_a_line() {
    let setup = Setup::with(&["a"], "").await;
    let mut service = setup.serve(&["--log-format", "json"]);
    service.until("run finished");
    assert_eq!(service.stop(), Some(0));
    let lines: Vec<Value> =
        service.log().lines().map(|line| serde_json::from_str(line).expect("each line is JSON")).collect();
    let messages: Vec<&str> = lines.iter().map(|line| line["message"].as_str().unwrap()).collect();
    let store = setup.path("state/deep/watch.db");
    let watching = format!("watching 1 account for 0 receivers, schedule @yearly, store {}", store.display());
    let begins = [
        "watched: a",
        "notified: nobody",
        &watching,
        "run finished: 1 account checked, 1 ok",
        "stopping: SIGTERM",
        "stopped",
    ];
    assert_eq!(messages.len(), begins.len(), "{messages:?}");
    for (message, begin) in messages.iter().zip(begins) {
        assert!(message.starts_with(begin), "{messages:?}");
    }
    assert!(lines.iter().all(|line| line["level"] == "INFO" && line["timestamp"].is_string()), "{lines:?}");
    assert_eq!(lines[3]["checked"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn expiry_is_sent_when_it_happens_while_a_run_waits_for_a_slow_answer() {
    let mut setup = Setup::open().await;
    setup.set("MINIMAX_WATCH__API__TIMEOUT", "60s");
    setup.set("MINIMAX_WATCH__SCHEDULE__CRON", "* * * * * *");
    let hook = WebhookServer::open(&setup.now, None).await.unwrap();
    setup.configure(&["a", "slow"], &webhook(&hook));
    let end = clock::now().trunc_subsecs(0) + TimeDelta::seconds(9);
    setup.vendor.put(Record::ending("a", end));
    setup.vendor.put(Record::ending("slow", healthy()));
    let mut service = setup.serve(&[]);
    within_timeout(hook.wait_for(1)).await;
    setup.vendor.set_answer("slow", Answer::hang());
    within_timeout(hook.wait_for(2)).await;
    let late = clock::now() - end;
    assert!((TimeDelta::zero()..TimeDelta::seconds(3)).contains(&late), "{late}");
    service.kill();
}

#[tokio::test(flavor = "multi_thread")]
async fn run_dated_in_the_future_delays_nothing() {
    let setup = Setup::with(&["a"], "").await;
    assert_eq!(setup.run(&["check"]).status, Some(0));
    let store = Store::open(&setup.store()).await.unwrap();
    let mut writer = store.write().await.unwrap();
    writer.begin_run(clock::now() + TimeDelta::days(30)).await.unwrap();
    writer.commit().await.unwrap();
    store.close().await;
    let mut service = setup.serve(&[]);
    service.until("run finished");
    assert_eq!(setup.api.request_count(), 2);
    assert_eq!(service.stop(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn rate_limited_vendor_gets_its_pause_and_every_account_is_checked() {
    let setup = Setup::with(&["a", "b", "c"], "[api]\nconcurrency = 1\n").await;
    let rate_limited = || Answer::rate_limited(RetryAfter::Seconds(1));
    setup.vendor.next("a", rate_limited());
    let mut service = setup.serve(&[]);
    service.until("run paused: 2 accounts rate-limited, retrying at ");
    service.until("run finished: 3 accounts checked, 2 ok, 1 inconclusive");
    assert_eq!(service.stop(), Some(0));

    setup.vendor.next("a", rate_limited());
    let check = setup.run(&["check"]);
    assert_eq!(check.status, Some(3), "one account has no conclusive check: {check:?}");
    assert!(check.out.contains("b        OK") && check.out.contains("c        OK"), "{}", check.out);
}
