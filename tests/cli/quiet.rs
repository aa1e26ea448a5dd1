//! `check --quiet` from cron, where cron mails what is printed: nothing that the receivers were notified of already.

use chrono::TimeDelta;
use minimax_watch::clock;
use minimax_watch::simulator::{Hook, Record, Reply, StatusCode};

use crate::stage::{Stage, healthy, webhook};

#[tokio::test(flavor = "multi_thread")]
async fn with_receivers_only_what_is_new_is_printed_and_the_status_stays() {
    let stage = Stage::open().await;
    let hook = Hook::open(&stage.now, None).await.unwrap();
    stage.configure(&["a", "b"], &webhook(&hook));
    for account in ["a", "b"] {
        stage.vendor.put(Record::ending(account, healthy()).max_jobs(3));
    }
    let quiet = || stage.run(&["check", "--quiet"]);
    let well = quiet();
    assert_eq!((well.status, well.out.as_str(), well.err.as_str()), (Some(0), "", ""));

    stage.vendor.remove("a");
    let opened = quiet();
    assert_eq!((opened.status, opened.out.lines().count()), (Some(2), 1), "{opened:?}");
    assert!(opened.out.starts_with("CRITICAL a: "), "{}", opened.out);
    let same = quiet();
    assert_eq!((same.status, same.out.as_str(), same.err.as_str()), (Some(2), "", ""), "it merely goes on");

    stage.vendor.put(Record::ending("b", healthy()).max_jobs(1));
    let changed = quiet();
    assert_eq!((changed.status, changed.out.lines().count()), (Some(2), 1), "{changed:?}");
    assert!(changed.out.starts_with("WARNING b: maxJobs 3 → 1"), "{}", changed.out);

    stage.vendor.put(Record::ending("a", healthy()).max_jobs(3));
    let over = quiet();
    assert_eq!((over.status, over.out.lines().count()), (Some(0), 1), "{over:?}");
    assert!(over.out.starts_with("RESOLVED a: "), "{}", over.out);
    assert_eq!(quiet().out, "");

    stage.vendor.put(Record::ending("a", clock::now() + TimeDelta::days(2)).max_jobs(3));
    assert!(quiet().out.starts_with("WARNING a: token "));
    assert_eq!(quiet().out, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_is_not_delivered_is_printed_and_so_is_a_command_that_fails() {
    let stage = Stage::open().await;
    let hook = Hook::open(&stage.now, None).await.unwrap();
    stage.vendor.put(Record::ending("a", clock::now() + TimeDelta::days(2)));
    stage.configure(&["a"], &webhook(&hook));
    hook.go_down();
    let failed = stage.run(&["check", "--quiet"]);
    assert_eq!(failed.status, Some(1));
    let lines: Vec<&str> = failed.out.lines().collect();
    assert!(
        lines[0].starts_with("WARNING a: ") && lines[1].starts_with("NOT DELIVERED to pager"),
        "{failed:?}"
    );
    assert_eq!(stage.run(&["check", "--quiet"]).out, "", "its pause is not over: it was not tried again");
    std::fs::write(stage.store(), "garbage ".repeat(5_000)).unwrap();
    let broken = stage.run(&["check", "--quiet"]);
    assert_eq!(broken.status, Some(3));
    assert!(broken.err.contains("is not a database"), "{}", broken.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_silence_suppresses_is_not_printed_and_monitors_read_the_whole() {
    let stage = Stage::open().await;
    let hook = Hook::open(&stage.now, None).await.unwrap();
    stage.vendor.put(Record::ending("a", clock::now() + TimeDelta::days(2)));
    stage.configure(&["a"], &webhook(&hook));
    stage.run(&["silence", "add", "a", "--for", "4h", "--reason", "being renewed"]);
    let silenced = stage.run(&["check", "--quiet"]);
    assert_eq!((silenced.status, silenced.out.as_str()), (Some(1), ""));
    let plugin = stage.run(&["check", "--quiet", "--format", "nagios"]);
    assert!(plugin.out.starts_with("MINIMAX WARNING - "), "{}", plugin.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_receivers_everything_is_printed_when_something_is_wrong() {
    let stage = Stage::with(&["a"], "").await;
    stage.vendor.remove("a");
    for _ in 0..2 {
        let check = stage.run(&["check", "--quiet"]);
        assert_eq!(check.status, Some(2));
        assert!(check.out.starts_with("ACCOUNT"), "{}", check.out);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_failed_permanently_is_printed_once() {
    let stage = Stage::open().await;
    let hook = Hook::open(&stage.now, None).await.unwrap();
    hook.set(Some(Reply::status(StatusCode::GONE)));
    stage.vendor.put(Record::ending("a", clock::now() + TimeDelta::days(2)));
    stage.configure(&["a"], &webhook(&hook));
    let failed = stage.run(&["check", "--quiet"]);
    let printed = format!("{}{}", failed.out, failed.err);
    assert_eq!(printed.matches("answered 410").count(), 1, "{printed}");
    assert!(failed.out.contains("NOT DELIVERED to pager, failed permanently"), "{printed}");
}
