//! When nobody watches, or the store is not where it is looked for: no command may look as if all were well.

use chrono::TimeDelta;
use minimax_watch::clock;
use serde_json::Value;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};

use crate::schema::valid;
use crate::stage::{Stage, healthy};
use minimax_watch::simulator::Record;

/// Lets every run have been this much earlier; nothing else moves.
async fn age_runs(stage: &Stage, age: TimeDelta) {
    let options = SqliteConnectOptions::new().filename(stage.store());
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

async fn watched_every_quarter() -> Stage {
    let mut stage = Stage::with(&["a"], "").await;
    stage.set("MINIMAX_WATCH__SCHEDULE__CRON", "*/15 * * * *");
    assert_eq!(stage.run(&["check"]).status, Some(0));
    stage
}

#[tokio::test(flavor = "multi_thread")]
async fn status_is_unknown_when_the_last_run_is_older_than_two_intervals() {
    let stage = watched_every_quarter().await;
    assert_eq!(stage.run(&["status"]).status, Some(0));
    age_runs(&stage, TimeDelta::minutes(29)).await;
    assert_eq!(stage.run(&["status"]).status, Some(0));
    age_runs(&stage, TimeDelta::minutes(2)).await;
    let late = stage.run(&["status"]);
    assert_eq!(late.status, Some(3), "{late:?}");
    let text = words(&late.out);
    assert!(
        text.contains("UNKNOWN: nobody watches: the last run was ") && text.contains("31 min ago"),
        "{text}"
    );
    assert!(text.contains("minimax-watch run") && text.contains("minimax-watch check"), "{text}");
    let report = stage.run(&["status", "--json"]);
    assert_eq!(report.status, Some(3));
    assert_eq!(valid("status", &report.out)["verdict"], "unknown");
    assert_eq!(stage.run(&["status", "a"]).status, Some(3));
    assert_eq!(stage.run(&["check"]).status, Some(0), "a check has just looked");
    assert_eq!(stage.run(&["status"]).status, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_unknown_whatever_the_accounts_say_and_by_the_configured_schedule() {
    let mut stage = watched_every_quarter().await;
    stage.vendor.put(Record::ending("a", clock::now() + TimeDelta::hours(2)));
    assert_eq!(stage.run(&["check"]).status, Some(2));
    age_runs(&stage, TimeDelta::days(5)).await;
    assert_eq!(stage.run(&["status"]).status, Some(3));
    stage.set("MINIMAX_WATCH__SCHEDULE__CRON", "0 9 1 * *");
    assert_eq!(stage.run(&["status"]).status, Some(2), "five days are not long for a monthly schedule");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_dated_in_the_future_says_nothing_about_now() {
    let stage = watched_every_quarter().await;
    age_runs(&stage, TimeDelta::days(-500)).await;
    let ahead = stage.run(&["status"]);
    assert_eq!(ahead.status, Some(3));
    assert!(words(&ahead.out).contains("the clock was set back"), "{}", ahead.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn explain_says_whether_a_service_is_running() {
    let stage = watched_every_quarter().await;
    let text = words(&stage.run(&["explain", "a"]).out);
    assert!(text.contains("no service is running") && !text.contains("the next run looks at it"), "{text}");
    let mut service = stage.serve(&[]);
    service.until("watching 1 account");
    let text = words(&stage.run(&["explain", "a"]).out);
    assert!(text.contains("the next run looks at it") && !text.contains("no service is running"), "{text}");
    assert_eq!(service.stop(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn where_there_is_no_store_every_reading_command_says_where_it_looked() {
    let stage = Stage::with(&["a"], "").await;
    let store = stage.store().display().to_string();
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
        let refused = stage.run(command);
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
        let unknown = stage.run(command);
        assert_eq!(unknown.status, Some(3), "{command:?}");
        assert!(unknown.err.contains(&store), "{command:?}: {}", unknown.err);
    }
    assert!(!stage.store().exists() && !stage.path("copy.db").exists(), "who only asks makes no store");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silence_before_the_first_run_is_kept_and_names_the_new_store() {
    let stage = Stage::open().await;
    stage.configure(&["a"], "");
    stage.vendor.put(Record::ending("a", healthy()));
    let added = stage.run(&["silence", "add", "a", "--for", "4h", "--reason", "set up today"]);
    assert_eq!((added.status, added.err.as_str()), (Some(0), ""));
    assert!(added.out.contains(&stage.store().display().to_string()), "{}", added.out);
    let again = stage.run(&["silence", "add", "a", "--for", "5h", "--reason", "set up today"]);
    assert!(!again.out.contains("watch.db"), "{}", again.out);
    let list: Value = valid("silences", &stage.run(&["silence", "list", "--json"]).out);
    assert_eq!(list["silences"].as_array().unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_silence_says_in_plain_words_what_passes_it() {
    let stage = Stage::with(&["a"], "").await;
    let add = |more: &[&str]| {
        words(&stage.run(&[&["silence", "add", "a", "--for", "4h", "--reason", "x"], more].concat()).out)
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
}
