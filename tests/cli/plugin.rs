//! `check` as a monitoring plugin: its first line, its performance data, its time (Monitoring Plugins Development
//! Guidelines), and the snippets of docs/service.md as a plugin host runs them.

use std::fmt::Write;
use std::net::TcpListener;
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use minimax_watch::clock;
use minimax_watch::simulator::{Answer, Hook, Record, RetryAfter};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};

use crate::perfdata::{Value, parsed};
use crate::schema::valid;
use crate::stage::{Ended, Stage, healthy, webhook};

fn within(seconds: u64, run: impl FnOnce() -> Ended) -> Ended {
    let began = Instant::now();
    let ended = run();
    let (took, most) = (began.elapsed(), Duration::from_secs(seconds));
    assert!(took < most, "{took:?}: {ended:?}");
    ended
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_ends_in_its_time_says_what_it_was_at_and_keeps_what_it_stored() {
    let mut stage = Stage::open().await;
    let hook = Hook::open(&stage.now, None).await.unwrap();
    stage.set("MINIMAX_WATCH__API__CONCURRENCY", "1");
    let names = ["a", "b", "c", "d", "e"];
    for name in names {
        stage.vendor.put(Record::ending(name, clock::now() - TimeDelta::days(1)));
    }
    stage.configure(&names, &webhook(&hook));
    for name in &names[1..] {
        stage.vendor.set(name, Answer::hang());
    }
    // Each hanging answer is given a third of the time, one after the other.
    for (format, words) in [
        ("nagios", "MINIMAX UNKNOWN - no result within 3s: it was looking at the accounts, "),
        ("table", "minimax-watch: no result within 3s: it was looking at the accounts, "),
    ] {
        let cut = within(20, || stage.run(&["check", "--format", format, "--timeout", "3"]));
        assert_eq!(cut.status, Some(3), "{cut:?}");
        let (told, silent) = if format == "nagios" { (cut.out, cut.err) } else { (cut.err, cut.out) };
        assert!(told.starts_with(words), "{told}");
        assert_eq!((told.lines().count(), silent.as_str()), (1, ""), "{told}");
    }
    assert_eq!(hook.count(), 0);
    let status = valid("status", &stage.run(&["status", "--json"]).out);
    assert_eq!(status["accounts"][0]["outcome"], "ok", "what was stored stays: {status}");
    for name in &names[1..] {
        stage.vendor.put(Record::ending(*name, healthy()));
    }
    let whole = stage.run(&["check", "--timeout", "30s"]);
    assert_eq!(whole.status, Some(2), "{whole:?}");
    assert_eq!(hook.count(), 1, "told once, by the check that came so far");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_never_comes_leaves_time_to_say_so() {
    let mut stage = Stage::with(&["a"], "").await;
    stage.set("MINIMAX_WATCH__API__TIMEOUT", "60s");
    stage.vendor.set("a", Answer::hang());
    let check = within(20, || stage.run(&["check", "--format", "nagios", "-t", "6"]));
    assert_eq!(check.status, Some(3));
    assert!(check.out.contains("unavailable (no complete answer within 2 s)"), "{}", check.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_or_a_doubt_that_takes_too_long_is_named() {
    let mut stage = Stage::open().await;
    // A mail server that takes the connection and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let mail = format!(
        "[[receivers]]\nname = \"ops\"\ntype = \"email\"\nfrom = \"w@example.com\"\nto = [\"o@example.com\"]\n\
         smtp = {{ host = \"127.0.0.1\", port = {port}, tls = \"none\" }}\n"
    );
    stage.vendor.put(Record::ending("a", clock::now() - TimeDelta::days(1)));
    stage.configure(&["a"], &mail);
    let cut = within(20, || stage.run(&["check", "--format", "nagios", "--timeout", "3s"]));
    assert_eq!(cut.status, Some(2), "the verdict is said in time: {cut:?}");
    assert!(cut.err.contains("not taken by ops") && cut.err.contains("no answer in time"), "{}", cut.err);
    let status = valid("status", &stage.run(&["status", "--json"]).out);
    assert_eq!((&status["verdict"], &status["outbox"]["pending"]), (&"critical".into(), &1.into()));

    stage.set("MINIMAX_WATCH__ALERTS__CONFIRM_AFTER", "60s");
    stage.configure(&["b"], "");
    stage.vendor.set("b", Answer::account_error("on hold"));
    let cut = within(20, || stage.run(&["check", "--format", "nagios", "--timeout", "3s"]));
    assert!(cut.out.contains("waiting to ask again about bad answers"), "{}", cut.out);
    let cut = within(20, || stage.run(&["check", "--dry-run", "--timeout", "3s"]));
    assert_eq!(cut.status, Some(3), "{cut:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_time_that_is_none_is_refused() {
    let stage = Stage::open().await;
    for (typed, words) in [("0", "no time at all"), ("0s", "no time at all"), ("soon", "is not a length")] {
        let refused = stage.run(&["check", "--timeout", typed]);
        assert_eq!((refused.status, refused.out.as_str()), (Some(3), ""));
        assert!(refused.err.contains(words), "{}", refused.err);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn performance_data_is_as_the_guidelines_say_whatever_accounts_are_called() {
    let stage = Stage::open().await;
    let mut accounts = String::new();
    for (id, name) in ["a'b=c|d", "twin", "twin", "ohne Ende é", "never seen"].iter().enumerate() {
        writeln!(accounts, "[[subscriptions.accounts]]\nid = \"{id}\"\nname = \"{name}\"").unwrap();
    }
    stage.configure(&[], "");
    let configuration = std::fs::read_to_string(stage.path("minimax-watch.toml")).unwrap();
    std::fs::write(
        stage.path("minimax-watch.toml"),
        configuration.replace("[store]", &(accounts + "[store]")),
    )
    .unwrap();
    for id in ["0", "1", "2"] {
        stage.vendor.put(Record::ending(id, healthy()).max_jobs(3));
    }
    stage.vendor.put(Record::ending("3", healthy()).exp(None).exp_expire(None).max_jobs(1));
    let check = stage.run(&["check", "--format", "nagios"]);
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
async fn what_blocks_is_no_way_around_the_time() {
    let mut stage = Stage::with(&["a"], "").await;
    assert_eq!(stage.run(&["check"]).status, Some(0));
    let timed = |stage: &Stage| within(20, || stage.run(&["check", "--format", "nagios", "--timeout", "2s"]));
    let options = SqliteConnectOptions::new().filename(stage.store());
    let mut other = options.connect().await.unwrap();
    sqlx::raw_sql("BEGIN EXCLUSIVE").execute(&mut other).await.unwrap();
    let cut = timed(&stage);
    assert!(cut.status == Some(3) && cut.out.contains("it was "), "a store that somebody locks: {cut:?}");
    other.close().await.unwrap();
    assert_eq!(timed(&stage).status, Some(0));

    std::fs::create_dir(stage.path("tmp")).unwrap();
    stage.set("TMPDIR", &stage.path("tmp").display().to_string());
    stage.set("MINIMAX_WATCH__ALERTS__CONFIRM_AFTER", "60s");
    stage.vendor.set("a", Answer::account_error("on hold"));
    let cut = within(20, || stage.run(&["check", "--dry-run", "--timeout", "2s"]));
    assert!(cut.status == Some(3) && cut.err.contains("waiting to ask again"), "{cut:?}");
    assert_eq!(std::fs::read_dir(stage.path("tmp")).unwrap().count(), 0, "the copy is thrown away");

    std::fs::remove_file(stage.path("token")).unwrap();
    let made = std::process::Command::new("mkfifo").arg(stage.path("token")).status().unwrap();
    assert!(made.success());
    let cut = timed(&stage);
    let refused = "is a named pipe, not a regular file";
    assert!(cut.status == Some(3) && cut.out.contains(refused), "it would block: {cut:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vendor_that_asks_for_a_pause_takes_no_word_from_who_has_little_time() {
    let mut stage = Stage::open().await;
    let hook = Hook::open(&stage.now, None).await.unwrap();
    stage.set("MINIMAX_WATCH__API__CONCURRENCY", "1");
    stage.vendor.put(Record::ending("a", clock::now() - TimeDelta::days(1)));
    for id in ["b", "c"] {
        stage.vendor.put(Record::ending(id, healthy()));
    }
    stage.configure(&["a", "b", "c"], &webhook(&hook));
    stage.vendor.set("b", Answer::rate_limited(RetryAfter::Seconds(60)));
    let check = within(20, || stage.run(&["check", "--format", "nagios", "--timeout", "10s"]));
    assert_eq!(check.status, Some(2), "{check:?}");
    assert!(check.out.starts_with("MINIMAX CRITICAL - "), "{check:?}");
    assert_eq!(hook.count(), 1);
}
