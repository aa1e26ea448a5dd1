//! `check` as a monitoring plugin: its first line, its performance data and its timeout (Monitoring Plugins Development
//! Guidelines).

use std::fmt::Write;
use std::net::TcpListener;
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use minimax_watch::clock;
use serde_json::json;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};

use crate::perfdata::{Value, parsed};
use crate::schema::valid;
use crate::setup::{Ended, Setup, healthy, webhook};
use crate::simulator::{Answer, Record, RetryAfter, WebhookServer};

fn within(seconds: u64, run: impl FnOnce() -> Ended) -> Ended {
    let started = Instant::now();
    let ended = run();
    let (took, most) = (started.elapsed(), Duration::from_secs(seconds));
    assert!(took < most, "{took:?}: {ended:?}");
    ended
}

#[tokio::test(flavor = "multi_thread")]
async fn check_ends_at_its_timeout_names_its_step_and_keeps_what_it_stored() {
    let mut setup = Setup::open().await;
    let hook = WebhookServer::open(&setup.now, None).await.unwrap();
    setup.set("MINIMAX_WATCH__API__CONCURRENCY", "1");
    let names = ["a", "b", "c", "d", "e"];
    for name in names {
        setup.vendor.put(Record::ending(name, clock::now() - TimeDelta::days(1)));
    }
    setup.configure(&names, &webhook(&hook));
    for name in &names[1..] {
        setup.vendor.set_answer(name, Answer::hang());
    }
    // Each hanging request gets a third of the time, one after the other.
    for (format, words) in [
        ("nagios", "MINIMAX UNKNOWN - no result within 3s (--timeout) while checking the accounts, "),
        ("table", "minimax-watch: no result within 3s (--timeout) while checking the accounts, "),
    ] {
        let cut = within(20, || setup.run(&["check", "--format", format, "--timeout", "3"]));
        assert_eq!(cut.status, Some(3), "{cut:?}");
        let (notified, silent) = if format == "nagios" { (cut.out, cut.err) } else { (cut.err, cut.out) };
        assert!(notified.starts_with(words), "{notified}");
        assert_eq!((notified.lines().count(), silent.as_str()), (1, ""), "{notified}");
    }
    assert_eq!(hook.count(), 0);
    let status = valid("status", &setup.run(&["status", "--json"]).out);
    assert_eq!(status["accounts"][0]["outcome"], "ok", "what was stored stays: {status}");
    for name in &names[1..] {
        setup.vendor.put(Record::ending(*name, healthy()));
    }
    let whole = setup.run(&["check", "--timeout", "30s"]);
    assert_eq!(whole.status, Some(2), "{whole:?}");
    assert_eq!(hook.count(), 1, "sent once, by the check that finished");
}

#[tokio::test(flavor = "multi_thread")]
async fn hanging_vendor_leaves_time_to_report_it() {
    let mut setup = Setup::with(&["a"], "").await;
    setup.set("MINIMAX_WATCH__API__TIMEOUT", "60s");
    setup.vendor.set_answer("a", Answer::hang());
    let check = within(20, || setup.run(&["check", "--format", "nagios", "-t", "6"]));
    assert_eq!(check.status, Some(3));
    assert!(check.out.contains("unavailable (no complete answer within 2 s)"), "{}", check.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_receiver_or_confirmation_is_named_at_the_timeout() {
    let mut setup = Setup::open().await;
    // A mail server that accepts the connection and sends nothing.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let mail = format!(
        "[[receivers]]\nname = \"ops\"\ntype = \"email\"\nfrom = \"w@example.com\"\nto = [\"o@example.com\"]\n\
         smtp = {{ host = \"127.0.0.1\", port = {port}, tls = \"none\" }}\n"
    );
    setup.vendor.put(Record::ending("a", clock::now() - TimeDelta::days(1)));
    setup.configure(&["a"], &mail);
    let cut = within(20, || setup.run(&["check", "--format", "nagios", "--timeout", "3s"]));
    assert_eq!(cut.status, Some(2), "the verdict is printed in time: {cut:?}");
    assert!(cut.err.contains("not accepted by ops") && cut.err.contains("no answer in time"), "{}", cut.err);
    let status = valid("status", &setup.run(&["status", "--json"]).out);
    assert_eq!((&status["verdict"], &status["outbox"]["pending"]), (&"critical".into(), &1.into()));

    setup.set("MINIMAX_WATCH__ALERTS__CONFIRM_AFTER", "60s");
    setup.configure(&["b"], "");
    setup.vendor.set_answer("b", Answer::account_error("on hold"));
    let cut = within(20, || setup.run(&["check", "--format", "nagios", "--timeout", "3s"]));
    assert!(cut.out.contains("waiting to confirm failures"), "{}", cut.out);
    let cut = within(20, || setup.run(&["check", "--dry-run", "--timeout", "3s"]));
    assert_eq!(cut.status, Some(3), "{cut:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn invalid_timeout_is_refused() {
    let setup = Setup::open().await;
    for (typed, words) in
        [("0", "must be longer than 0"), ("0s", "must be longer than 0"), ("soon", "is not a length")]
    {
        let refused = setup.run(&["check", "--timeout", typed]);
        assert_eq!((refused.status, refused.out.as_str()), (Some(3), ""));
        assert!(refused.err.contains(words), "{}", refused.err);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn performance_data_follows_the_guidelines_for_any_account_name() {
    let setup = Setup::open().await;
    let mut accounts = String::new();
    for (id, name) in ["a'b=c|d", "twin", "twin", "ohne Ende é", "never seen"].iter().enumerate() {
        writeln!(accounts, "[[subscriptions.accounts]]\nid = \"{id}\"\nname = \"{name}\"").unwrap();
    }
    setup.configure(&[], "");
    let configuration = std::fs::read_to_string(setup.path("minimax-watch.toml")).unwrap();
    std::fs::write(
        setup.path("minimax-watch.toml"),
        configuration.replace("[store]", &(accounts + "[store]")),
    )
    .unwrap();
    for id in ["0", "1", "2"] {
        setup.vendor.put(Record::ending(id, healthy()).max_jobs(3));
    }
    setup.vendor.put(Record::ending("3", healthy()).exp(None).exp_expire(None).max_jobs(1));
    let check = setup.run(&["check", "--format", "nagios"]);
    let (text, data) = parsed(&check.out);
    assert!(text.starts_with("MINIMAX CRITICAL - "), "{text}");
    let labels: Vec<&str> = data.iter().map(|one| one.label.as_str()).collect();
    for label in ["a_b_c/d token_left", "twin main 1 token_left", "twin main 2 token_left"] {
        let one = data.iter().find(|one| one.label == label).unwrap_or_else(|| panic!("{label}: {labels:?}"));
        assert_eq!(
            (one.unit.as_str(), one.warning.as_str(), one.critical.as_str()),
            ("s", "604800:", "86400:")
        );
    }
    let value = |label: &str| data.iter().find(|one| one.label == label).map(|one| &one.value);
    assert_eq!(value("ohne Ende é token_left"), Some(&Value::Unknown));
    assert_eq!(value("ohne Ende é max_jobs"), Some(&Value::Number(1)));
    assert_eq!(value("never seen max_jobs"), Some(&Value::Unknown));
    let mut unique = labels.clone();
    unique.sort_unstable();
    unique.dedup();
    assert_eq!(unique.len(), labels.len(), "{labels:?}");
    assert_eq!(check.out.matches('|').count(), 1, "{}", check.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn timeout_holds_for_blocking_steps() {
    let mut setup = Setup::with(&["a"], "").await;
    assert_eq!(setup.run(&["check"]).status, Some(0));
    let timed = |setup: &Setup| within(20, || setup.run(&["check", "--format", "nagios", "--timeout", "2s"]));
    let options = SqliteConnectOptions::new().filename(setup.store());
    let mut other = options.connect().await.unwrap();
    sqlx::raw_sql("BEGIN EXCLUSIVE").execute(&mut other).await.unwrap();
    let cut = timed(&setup);
    assert!(
        cut.status == Some(3) && cut.out.contains("(--timeout) while "),
        "a store that another process locks: {cut:?}"
    );
    other.close().await.unwrap();
    assert_eq!(timed(&setup).status, Some(0));

    std::fs::create_dir(setup.path("tmp")).unwrap();
    setup.set("TMPDIR", &setup.path("tmp").display().to_string());
    setup.set("MINIMAX_WATCH__ALERTS__CONFIRM_AFTER", "60s");
    setup.vendor.set_answer("a", Answer::account_error("on hold"));
    let cut = within(20, || setup.run(&["check", "--dry-run", "--timeout", "2s"]));
    assert!(cut.status == Some(3) && cut.err.contains("waiting to confirm failures"), "{cut:?}");
    assert_eq!(std::fs::read_dir(setup.path("tmp")).unwrap().count(), 0, "the copy of the store is deleted");

    std::fs::remove_file(setup.path("token")).unwrap();
    let made = std::process::Command::new("mkfifo").arg(setup.path("token")).status().unwrap();
    assert!(made.success());
    let cut = timed(&setup);
    let refused = "is a named pipe, not a regular file";
    assert!(cut.status == Some(3) && cut.out.contains(refused), "it would block: {cut:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn rate_limit_beyond_the_timeout_does_not_delay_notifications() {
    let mut setup = Setup::open().await;
    let hook = WebhookServer::open(&setup.now, None).await.unwrap();
    setup.set("MINIMAX_WATCH__API__CONCURRENCY", "1");
    setup.vendor.put(Record::ending("a", clock::now() - TimeDelta::days(1)));
    for id in ["b", "c"] {
        setup.vendor.put(Record::ending(id, healthy()));
    }
    setup.configure(&["a", "b", "c"], &webhook(&hook));
    setup.vendor.set_answer("b", Answer::rate_limited(RetryAfter::Seconds(60)));
    let check = within(20, || setup.run(&["check", "--format", "nagios", "--timeout", "10s"]));
    assert_eq!(check.status, Some(2), "{check:?}");
    assert!(check.out.starts_with("MINIMAX CRITICAL - "), "{check:?}");
    assert_eq!(hook.count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn information_hides_nothing_in_the_first_line() {
    let mut setup = Setup::with(&["a"], "").await;
    setup.set("MINIMAX_WATCH__ALERTS__CONFIRM_AFTER", "0s");
    setup
        .vendor
        .set_account_info(Some(Answer::account_info(true, &json!({"Kling API": {"total": 1, "error": 1}}))));
    let well = setup.run(&["check", "--format", "nagios"]);
    assert!(well.out.starts_with("MINIMAX OK - 1 account ok"), "{well:?}");
    assert!(well.out.contains("\nINFO: useapi.net counts accounts in error"), "{well:?}");
    setup.vendor.remove("a");
    let bad = setup.run(&["check", "--format", "nagios"]);
    assert!(bad.out.starts_with("MINIMAX CRITICAL - a: "), "{bad:?}");
}
