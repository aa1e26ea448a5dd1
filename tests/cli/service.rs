//! `run`: from its first look to its orderly end (docs/contract.md, section 2).

use chrono::{SubsecRound, TimeDelta};
use minimax_watch::clock;
use minimax_watch::simulator::{Answer, Hook, Record, Reply, RetryAfter};
use minimax_watch::store::Store;
use serde_json::Value;

use crate::child::within_patience;
use crate::stage::{Stage, healthy, webhook};

#[tokio::test(flavor = "multi_thread")]
async fn it_looks_at_once_and_either_signal_ends_it_in_order() {
    for signal in ["TERM", "INT"] {
        let stage = Stage::with(&["a"], "").await;
        let mut service = stage.serve(&[]);
        service.until("watching");
        service.until("run done");
        assert_eq!(stage.api.request_count(), 1);
        service.signal(signal);
        assert_eq!(service.end(), Some(0), "SIG{signal}");
        assert!(service.log().lines().last().unwrap().contains("stopped"), "{}", service.log());
        assert_eq!(service.out(), "", "logs go to stderr");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_in_flight_ends_before_the_service_does() {
    let stage = Stage::open().await;
    let hook = Hook::open(&stage.now, None).await.unwrap();
    hook.set(Some(Reply::hang()));
    stage.vendor.put(Record::ending("a", clock::now() - TimeDelta::days(1)));
    stage.configure(&["a"], &webhook(&hook));
    let mut service = stage.serve(&[]);
    within_patience(hook.wait_for(1)).await;
    assert_eq!(service.stop(), Some(0));
    let log = service.log();
    let (stopping, ended) = (log.find("stopping").unwrap(), log.find("message not taken").unwrap());
    assert!(stopping < ended && ended < log.find("stopped").unwrap(), "{log}");
    let report: Value = serde_json::from_str(&stage.run(&["status", "--json"]).out).unwrap();
    assert_eq!(report["outbox"]["pending"], 1, "it waits for the next start");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_without_news_says_nothing_and_looks_only_when_it_is_time() {
    let stage = Stage::open().await;
    let hook = Hook::open(&stage.now, None).await.unwrap();
    stage.vendor.put(Record::ending("a", clock::now() - TimeDelta::days(1)));
    stage.configure(&["a"], &webhook(&hook));
    for start in 1..=3 {
        let mut service = stage.serve(&["--log-level", "debug"]);
        // Purging comes after the announcing that each start begins with.
        service.until(if start == 1 { "message delivered" } else { "purged" });
        assert_eq!(service.stop(), Some(0));
        assert_eq!((hook.count(), stage.api.request_count()), (1, 1), "start {start}:\n{}", service.log());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_end_is_told_in_its_moment_and_not_at_the_next_run() {
    let stage = Stage::open().await;
    let hook = Hook::open(&stage.now, None).await.unwrap();
    stage.configure(&["a"], &webhook(&hook));
    let end = clock::now().trunc_subsecs(0) + TimeDelta::seconds(6);
    stage.vendor.put(Record::ending("a", end));
    let mut service = stage.serve(&[]);
    within_patience(hook.wait_for(1)).await;
    let looks = stage.api.request_count();
    within_patience(hook.wait_for(2)).await;
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
    assert_eq!((looks, stage.api.request_count()), (1, 1), "the schedule is yearly");
    assert_eq!(service.stop(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_that_is_down_at_the_start_is_waited_for() {
    let mut stage = Stage::with(&["a"], "").await;
    stage.set("MINIMAX_WATCH__SCHEDULE__CRON", "* * * * * *");
    stage.api.go_down();
    let mut service = stage.serve(&[]);
    assert!(service.until("run done").contains(", 0 ok"));
    assert_eq!(stage.run(&["status"]).status, Some(3));
    stage.api.come_back().unwrap();
    while !service.until("run done").contains(", 1 ok") {}
    assert_eq!(stage.run(&["status"]).status, Some(0));
    assert_eq!(service.stop(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_is_down_at_the_start_is_told_when_it_is_back() {
    let stage = Stage::open().await;
    let hook = Hook::open(&stage.now, None).await.unwrap();
    hook.go_down();
    stage.vendor.put(Record::ending("a", clock::now() - TimeDelta::days(1)));
    stage.configure(&["a"], &webhook(&hook));
    let mut service = stage.serve(&[]);
    service.until("message not taken by pager, will try again at");
    hook.come_back().unwrap();
    within_patience(hook.wait_for(1)).await;
    service.until("message delivered");
    assert_eq!(service.stop(), Some(0));
    assert_eq!(hook.count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_for_machines_is_one_object_a_line() {
    let stage = Stage::with(&["a"], "").await;
    let mut service = stage.serve(&["--log-format", "json"]);
    service.until("run done");
    assert_eq!(service.stop(), Some(0));
    let lines: Vec<Value> =
        service.log().lines().map(|line| serde_json::from_str(line).expect("each line is JSON")).collect();
    let messages: Vec<&str> = lines.iter().map(|line| line["message"].as_str().unwrap()).collect();
    let store = stage.path("state/deep/watch.db");
    let watching = format!("watching 1 account for 0 receivers, schedule @yearly, store {}", store.display());
    assert_eq!(
        messages,
        [watching.as_str(), "run done: 1 account checked, 1 ok", "stopping: SIGTERM", "stopped"]
    );
    assert!(lines.iter().all(|line| line["level"] == "INFO" && line["timestamp"].is_string()), "{lines:?}");
    assert_eq!(lines[1]["checked"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_end_is_told_in_its_moment_while_a_run_waits_for_a_slow_answer() {
    let mut stage = Stage::open().await;
    stage.set("MINIMAX_WATCH__API__TIMEOUT", "60s");
    stage.set("MINIMAX_WATCH__SCHEDULE__CRON", "* * * * * *");
    let hook = Hook::open(&stage.now, None).await.unwrap();
    stage.configure(&["a", "slow"], &webhook(&hook));
    let end = clock::now().trunc_subsecs(0) + TimeDelta::seconds(9);
    stage.vendor.put(Record::ending("a", end));
    stage.vendor.put(Record::ending("slow", healthy()));
    let mut service = stage.serve(&[]);
    within_patience(hook.wait_for(1)).await;
    stage.vendor.set("slow", Answer::hang());
    within_patience(hook.wait_for(2)).await;
    let late = clock::now() - end;
    assert!((TimeDelta::zero()..TimeDelta::seconds(3)).contains(&late), "{late}");
    service.kill();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_a_wrong_clock_dated_into_the_future_holds_nothing_off() {
    let stage = Stage::with(&["a"], "").await;
    assert_eq!(stage.run(&["check"]).status, Some(0));
    let store = Store::open(&stage.store()).await.unwrap();
    let mut writer = store.write().await.unwrap();
    writer.begin_run(clock::now() + TimeDelta::days(30)).await.unwrap();
    writer.commit().await.unwrap();
    store.close().await;
    let mut service = stage.serve(&[]);
    service.until("run done");
    assert_eq!(stage.api.request_count(), 2);
    assert_eq!(service.stop(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vendor_that_asks_for_a_pause_gets_it_and_everyone_is_looked_at_all_the_same() {
    let stage = Stage::with(&["a", "b", "c"], "[api]\nconcurrency = 1\n").await;
    let slow_down = || Answer::rate_limited(RetryAfter::Seconds(1));
    stage.vendor.next("a", slow_down());
    let mut service = stage.serve(&[]);
    let told = service.until("run done: 1 account checked");
    assert!(told.contains("1 without a verdict, 2 to be asked from "), "{told}");
    service.until("run done: 3 accounts checked, 2 ok, 1 without a verdict");
    assert_eq!(service.stop(), Some(0));

    stage.vendor.next("a", slow_down());
    let check = stage.run(&["check"]);
    assert_eq!(check.status, Some(3), "no verdict about one of them: {check:?}");
    assert!(check.out.contains("b        OK") && check.out.contains("c        OK"), "{}", check.out);
}
