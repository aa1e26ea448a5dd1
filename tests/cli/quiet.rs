//! `check --quiet` from cron, which mails what is printed: with receivers it prints nothing that they were notified of.

use chrono::TimeDelta;
use minimax_watch::clock;

use crate::setup::{Setup, healthy, webhook};
use crate::simulator::{Alertmanager, Record, Reply, StatusCode, WebhookServer};

#[tokio::test(flavor = "multi_thread")]
async fn quiet_with_receivers_prints_only_what_is_new_and_keeps_the_status() {
    let setup = Setup::open().await;
    let hook = WebhookServer::open(&setup.now, None).await.unwrap();
    setup.configure(&["a", "b"], &webhook(&hook));
    for account in ["a", "b"] {
        setup.vendor.put(Record::ending(account, healthy()).max_jobs(3));
    }
    let quiet = || setup.run(&["check", "--quiet"]);
    let well = quiet();
    assert_eq!((well.status, well.out.as_str(), well.err.as_str()), (Some(0), "", ""));

    setup.vendor.remove("a");
    let opened = quiet();
    assert_eq!((opened.status, opened.out.lines().count()), (Some(2), 1), "{opened:?}");
    assert!(opened.out.starts_with("CRITICAL a: "), "{}", opened.out);
    let same = quiet();
    assert_eq!(
        (same.status, same.out.as_str(), same.err.as_str()),
        (Some(2), "", ""),
        "the alert is unchanged"
    );

    setup.vendor.put(Record::ending("b", healthy()).max_jobs(1));
    let changed = quiet();
    assert_eq!((changed.status, changed.out.lines().count()), (Some(2), 1), "{changed:?}");
    assert!(changed.out.starts_with("WARNING b: maxJobs 3 → 1"), "{}", changed.out);

    setup.vendor.put(Record::ending("a", healthy()).max_jobs(3));
    let over = quiet();
    assert_eq!((over.status, over.out.lines().count()), (Some(0), 1), "{over:?}");
    assert!(over.out.starts_with("RESOLVED a: "), "{}", over.out);
    assert_eq!(quiet().out, "");

    setup.vendor.put(Record::ending("a", clock::now() + TimeDelta::days(2)).max_jobs(3));
    assert!(quiet().out.starts_with("WARNING a: token "));
    assert_eq!(quiet().out, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn undelivered_message_and_failed_command_are_printed() {
    let setup = Setup::open().await;
    let hook = WebhookServer::open(&setup.now, None).await.unwrap();
    setup.vendor.put(Record::ending("a", clock::now() + TimeDelta::days(2)));
    setup.configure(&["a"], &webhook(&hook));
    hook.go_down();
    let failed = setup.run(&["check", "--quiet"]);
    assert_eq!(failed.status, Some(1));
    let lines: Vec<&str> = failed.out.lines().collect();
    assert!(
        lines[0].starts_with("WARNING a: ") && lines[1].starts_with("NOT DELIVERED to pager"),
        "{failed:?}"
    );
    assert_eq!(setup.run(&["check", "--quiet"]).out, "", "the next attempt is not due yet");
    std::fs::write(setup.store(), "garbage ".repeat(5_000)).unwrap();
    let broken = setup.run(&["check", "--quiet"]);
    assert_eq!(broken.status, Some(3));
    assert!(broken.err.contains("is not a database"), "{}", broken.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn alertmanager_that_accepts_no_push_is_printed_once_for_each_attempt() {
    let setup = Setup::open().await;
    let server = Alertmanager::open_in_real_time().await.unwrap();
    setup.vendor.put(Record::ending("a", clock::now() + TimeDelta::days(2)));
    let receiver = format!(
        "[[receivers]]\nname = \"am\"\ntype = \"alertmanager\"\nurls = [\"{}\"]\ntimeout = \"2s\"\n",
        server.url()
    );
    setup.configure(&["a"], &receiver);
    server.go_down();
    let failed = setup.run(&["check", "--quiet"]);
    assert_eq!((failed.status, failed.err.as_str()), (Some(1), ""), "{failed:?}");
    let lines: Vec<&str> = failed.out.lines().collect();
    let [alert, push] = lines.as_slice() else { panic!("{failed:?}") };
    assert!(alert.starts_with("WARNING a: "), "{alert}");
    assert!(push.starts_with("NOT DELIVERED to am, next attempt "), "{push}");
    assert!(push.contains("cannot connect") && push.ends_with("(alerts that fire)"), "{push}");
    assert_eq!(setup.run(&["check", "--quiet"]).out, "", "the next attempt is not due yet");
}

#[tokio::test(flavor = "multi_thread")]
async fn silenced_alert_is_not_printed_and_nagios_output_stays_complete() {
    let setup = Setup::open().await;
    let hook = WebhookServer::open(&setup.now, None).await.unwrap();
    setup.vendor.put(Record::ending("a", clock::now() + TimeDelta::days(2)));
    setup.configure(&["a"], &webhook(&hook));
    setup.run(&["silence", "add", "a", "--for", "4h", "--reason", "being renewed"]);
    let silenced = setup.run(&["check", "--quiet"]);
    assert_eq!((silenced.status, silenced.out.as_str()), (Some(1), ""));
    let plugin = setup.run(&["check", "--quiet", "--format", "nagios"]);
    assert!(plugin.out.starts_with("MINIMAX WARNING - "), "{}", plugin.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn quiet_without_receivers_prints_everything_when_something_is_wrong() {
    let setup = Setup::with(&["a"], "").await;
    setup.vendor.remove("a");
    for _ in 0..2 {
        let check = setup.run(&["check", "--quiet"]);
        assert_eq!(check.status, Some(2));
        assert!(check.out.starts_with("ACCOUNT"), "{}", check.out);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn permanently_failed_message_is_printed_once() {
    let setup = Setup::open().await;
    let hook = WebhookServer::open(&setup.now, None).await.unwrap();
    hook.set(Some(Reply::status(StatusCode::GONE)));
    setup.vendor.put(Record::ending("a", clock::now() + TimeDelta::days(2)));
    setup.configure(&["a"], &webhook(&hook));
    let failed = setup.run(&["check", "--quiet"]);
    let printed = format!("{}{}", failed.out, failed.err);
    assert_eq!(printed.matches("answered 410").count(), 1, "{printed}");
    assert!(failed.out.contains("NOT DELIVERED to pager, failed permanently"), "{printed}");
}
