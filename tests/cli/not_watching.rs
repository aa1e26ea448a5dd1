//! Without a running service or without a store, no command may suggest that all is well.

use chrono::TimeDelta;
use minimax_watch::clock;
use serde_json::Value;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};

use crate::schema::valid;
use crate::setup::{Setup, healthy};
use crate::simulator::Record;

/// Moves every run into the past by `age`.
pub(crate) async fn age_runs(setup: &Setup, age: TimeDelta) {
    let options = SqliteConnectOptions::new().filename(setup.store());
    let mut store = options.connect().await.unwrap();
    sqlx::query("UPDATE runs SET started_at = started_at - ?1, finished_at = finished_at - ?1")
        .bind(age.num_milliseconds())
        .execute(&mut store)
        .await
        .unwrap();
    store.close().await.unwrap();
}

fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

async fn setup_checked_every_quarter_hour() -> Setup {
    let mut setup = Setup::with(&["a"], "").await;
    setup.set("MINIMAX_WATCH__SCHEDULE__CRON", "*/15 * * * *");
    assert_eq!(setup.run(&["check"]).status, Some(0));
    setup
}

#[tokio::test(flavor = "multi_thread")]
async fn status_is_unknown_when_the_last_run_is_older_than_two_intervals() {
    let setup = setup_checked_every_quarter_hour().await;
    assert_eq!(setup.run(&["status"]).status, Some(0));
    age_runs(&setup, TimeDelta::minutes(29)).await;
    assert_eq!(setup.run(&["status"]).status, Some(0));
    age_runs(&setup, TimeDelta::minutes(2)).await;
    let late = setup.run(&["status"]);
    assert_eq!(late.status, Some(3), "{late:?}");
    let text = words(&late.out);
    assert!(
        text.contains("UNKNOWN: runs are overdue: the last run was ") && text.contains("31 min ago"),
        "{text}"
    );
    assert!(text.contains("minimax-watch run") && text.contains("minimax-watch check"), "{text}");
    let report = setup.run(&["status", "--json"]);
    assert_eq!(report.status, Some(3));
    assert_eq!(valid("status", &report.out)["verdict"], "unknown");
    assert_eq!(setup.run(&["status", "a"]).status, Some(3));
    assert_eq!(setup.run(&["check"]).status, Some(0), "a check has just run");
    assert_eq!(setup.run(&["status"]).status, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn overdue_status_is_unknown_whatever_the_accounts_say_and_follows_the_schedule() {
    let mut setup = setup_checked_every_quarter_hour().await;
    setup.vendor.put(Record::ending("a", clock::now() + TimeDelta::hours(2)));
    assert_eq!(setup.run(&["check"]).status, Some(2));
    age_runs(&setup, TimeDelta::days(5)).await;
    assert_eq!(setup.run(&["status"]).status, Some(3));
    setup.set("MINIMAX_WATCH__SCHEDULE__CRON", "0 9 1 * *");
    assert_eq!(setup.run(&["status"]).status, Some(2), "five days are not overdue for a monthly schedule");
}

#[tokio::test(flavor = "multi_thread")]
async fn run_dated_in_the_future_does_not_count_as_recent() {
    let setup = setup_checked_every_quarter_hour().await;
    age_runs(&setup, TimeDelta::days(-500)).await;
    let ahead = setup.run(&["status"]);
    assert_eq!(ahead.status, Some(3));
    assert!(words(&ahead.out).contains("the clock was set back"), "{}", ahead.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn explain_says_whether_a_service_is_running() {
    let setup = setup_checked_every_quarter_hour().await;
    let text = words(&setup.run(&["explain", "a"]).out);
    assert!(text.contains("no service is running") && !text.contains("next scheduled run"), "{text}");
    let mut service = setup.serve(&[]);
    service.until("watching 1 account");
    let text = words(&setup.run(&["explain", "a"]).out);
    assert!(text.contains("next scheduled run") && !text.contains("no service is running"), "{text}");
    assert_eq!(service.stop(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_store_every_reading_command_names_the_path_it_tried() {
    let setup = Setup::with(&["a"], "").await;
    let store = setup.store().display().to_string();
    for command in [
        &["alerts"][..],
        &["alerts", "--all", "--json"],
        &["deliveries"],
        &["deliveries", "--json"],
        &["simulate"],
        &["simulate", "--json"],
        &["history", "a"],
        &["diff", "a"],
        &["explain", "a"],
        &["silence", "list"],
        &["silence", "list", "--json"],
        &["silence", "end", "1"],
        &["ack", "X0000000"],
        &["backup", "copy.db"],
    ] {
        let refused = setup.run(command);
        assert_eq!((refused.status, refused.out.as_str()), (Some(3), ""), "{command:?}: {refused:?}");
        assert!(
            refused.err.contains(&format!("there is no store at {store}")),
            "{command:?}: {}",
            refused.err
        );
        assert!(
            refused.err.contains("minimax-watch check") && refused.err.contains("--config"),
            "{}",
            refused.err
        );
    }
    for command in [&["status"][..], &["status", "--json"]] {
        let unknown = setup.run(command);
        assert_eq!(unknown.status, Some(3), "{command:?}");
        assert!(unknown.err.contains(&store), "{command:?}: {}", unknown.err);
        assert_eq!(unknown.err.matches("minimax-watch check").count(), 1, "{}", unknown.err);
    }
    assert_eq!(
        setup.run(&["status"]).out,
        "UNKNOWN: nothing was checked yet\n",
        "the note on stderr says what to do"
    );
    assert_eq!(valid("status", &setup.run(&["status", "--json"]).out)["verdict"], "unknown");
    assert!(!setup.store().exists() && !setup.path("copy.db").exists(), "a reading command creates no store");
}

#[tokio::test(flavor = "multi_thread")]
async fn silence_before_the_first_run_is_stored_and_names_the_new_store() {
    let setup = Setup::open().await;
    setup.configure(&["a"], "");
    setup.vendor.put(Record::ending("a", healthy()));
    let added = setup.run(&["silence", "add", "a", "--for", "4h", "--reason", "set up today"]);
    assert_eq!((added.status, added.err.as_str()), (Some(0), ""));
    assert!(added.out.contains(&setup.store().display().to_string()), "{}", added.out);
    let status = setup.run(&["status"]);
    assert_eq!((status.status, status.err.as_str()), (Some(3), ""), "{status:?}");
    assert_eq!(status.out.matches("minimax-watch check").count(), 1, "{}", status.out);
    assert!(
        status.out.ends_with("\nUNKNOWN: no accounts are known yet; 1 silence in force\n"),
        "{}",
        status.out
    );
    let again = setup.run(&["silence", "add", "a", "--for", "5h", "--reason", "set up today"]);
    assert!(!again.out.contains("watch.db"), "{}", again.out);
    let list: Value = valid("silences", &setup.run(&["silence", "list", "--json"]).out);
    assert_eq!(list["silences"].as_array().unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn new_silence_lists_what_is_still_sent() {
    let setup = Setup::with(&["a"], "").await;
    let add = |more: &[&str]| {
        words(&setup.run(&[&["silence", "add", "a", "--for", "4h", "--reason", "x"], more].concat()).out)
    };
    let usual = add(&[]);
    assert!(usual.contains("Silenced, with reminders: expiry while it is a warning; "), "{usual}");
    for kind in ["expiry once it is critical", "unauthorized", "not_found", "account_error", "\"resolved\""] {
        assert!(usual.split("Still sent: ").nth(1).unwrap().contains(kind), "{kind}: {usual}");
    }
    assert!(usual.contains("To silence critical alerts too: --even-critical"), "{usual}");
    let all = add(&["--even-critical"]);
    let passing = all.split("Still sent: ").nth(1).unwrap();
    assert!(!passing.contains("not_found") && passing.contains("\"resolved\""), "{all}");
    assert!(!add(&["--kind", "host_changed"]).contains("--even-critical"));
    let everything = add(&["*", "--even-critical"]);
    let passing = everything.split("Still sent: ").nth(1).unwrap();
    assert!(
        passing.starts_with("delivery_failing (it is about a receiver: silence it by --kind alone); "),
        "{everything}"
    );
    assert!(!passing.contains("whole subscription"), "`*` matches all of it: {everything}");
}
