//! `usable`: exit status, order, reasons, options and JSON (docs/contract.md, sections 2 and 7), and the examples in the documents.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use axum::http::StatusCode;
use chrono::TimeDelta;
use minimax_watch::clock;
use minimax_watch::domain::time::rfc3339;
use serde_json::{Value, json};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};

use crate::schema::valid;
use crate::setup::{Ended, PROGRAM, Setup, healthy};
use crate::simulator::{Answer, ErrorBody, LapsedBody, NotFoundBody, Record, Refusal};

fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn json(setup: &Setup, options: &[&str]) -> Value {
    valid("usable", &setup.run(&[&["usable", "--json"], options].concat()).out)
}

/// The ids of `usable` or `unusable`, in the order printed.
fn ids(report: &Value, list: &str) -> Vec<String> {
    let accounts = report[list].as_array().unwrap();
    accounts.iter().map(|account| account["id"].as_str().unwrap().to_owned()).collect()
}

/// Executes a statement on the store.
async fn execute(setup: &Setup, statement: &'static str) {
    let mut store = SqliteConnectOptions::new().filename(setup.store()).connect().await.unwrap();
    sqlx::query(statement).execute(&mut store).await.unwrap();
    store.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn usable_accounts_are_listed_best_first_with_the_members_of_the_contract() {
    let setup = Setup::with(&["few", "gone", "later", "many", "soon"], "").await;
    let day = |days| clock::now() + TimeDelta::days(days);
    let (later, same) = (day(25), day(15));
    setup.vendor.put(Record::ending("later", later));
    setup.vendor.put(Record::ending("few", same));
    setup.vendor.put(Record::ending("many", same).max_jobs(3));
    setup.vendor.put(Record::ending("soon", day(2)).max_jobs(9));
    setup.vendor.set_answer("gone", Answer::not_found(NotFoundBody::Sentence));
    setup.run(&["check"]);
    let printed = setup.run(&["usable"]);
    assert_eq!((printed.status, printed.err.as_str()), (Some(0), ""), "{printed:?}");
    assert!(printed.out.starts_with("USABLE "), "{}", printed.out);
    assert!(words(&printed.out).contains("gone: not usable the last conclusive check was not_found, "));
    assert!(printed.out.ends_with("\n4 of 5 accounts usable.\n"), "{}", printed.out);
    let report = json(&setup, &[]);
    assert_eq!(ids(&report, "usable"), ["later", "many", "few", "soon"]);
    let at = rfc3339(later);
    assert_eq!(
        report["usable"][0],
        json!({"subscription": "main", "id": "later", "name": "later", "expires_at": at, "max_jobs": 1, "trial": false})
    );
    let gone = &report["unusable"][0];
    assert_eq!(
        (&gone["id"], &gone["subscription"], &gone["trial"]),
        (&json!("gone"), &json!("main"), &json!(false))
    );
    assert_eq!(gone["reasons"].as_array().unwrap().len(), 1, "one cause is one reason: {gone}");
    let status = valid("status", &setup.run(&["status", "--json"]).out);
    let usable: Vec<&Value> =
        status["accounts"].as_array().unwrap().iter().map(|one| &one["usable"]).collect();
    assert_eq!(usable, [true, false, true, true, true]);
    let table = words(&setup.run(&["status"]).out);
    assert!(table.contains("; 4 usable; last run "), "{table}");
}

#[tokio::test(flavor = "multi_thread")]
async fn account_that_cannot_take_jobs_is_named_with_its_reason_and_the_status_is_2() {
    let expired = || clock::now() - TimeDelta::minutes(1);
    let without_expiry = || Record::ending("a", healthy()).exp(None).exp_expire(None);
    let cases: [(&str, Answer, i32, &str); 9] = [
        ("404", Answer::not_found(NotFoundBody::Sentence), 2, "the last conclusive check was not_found, "),
        ("401", Answer::unauthorized(Refusal::WithCode), 2, "the last conclusive check was unauthorized, "),
        (
            "402",
            Answer::lapsed(LapsedBody::Expired),
            2,
            "the last conclusive check was subscription_lapsed, ",
        ),
        ("596", Answer::account_error("on hold"), 2, "the last conclusive check was account_error, "),
        ("an error", Record::ending("a", healthy()).error("x").into(), 2, "check was account_error, "),
        ("not JSON", Answer::not_json(), 2, "the last conclusive check was malformed, "),
        ("expired", Record::ending("a", expired()).into(), 2, "the token expired "),
        ("a critical expiry", Record::ending("a", clock::now() + TimeDelta::hours(12)).into(), 0, ""),
        ("no expiry", without_expiry().into(), 0, ""),
    ];
    for (name, answer, status, reason) in cases {
        let setup = Setup::with(&["a"], "").await;
        setup.vendor.set_answer("a", answer);
        setup.run(&["check"]);
        let printed = setup.run(&["usable"]);
        assert_eq!((printed.status, printed.err.as_str()), (Some(status), ""), "{name}: {printed:?}");
        assert!(words(&printed.out).contains(reason), "{name}: {}", printed.out);
        let report = json(&setup, &[]);
        let (usable, unusable) = (ids(&report, "usable").len(), ids(&report, "unusable").len());
        assert_eq!((usable, unusable), if status == 0 { (1, 0) } else { (0, 1) }, "{name}: {report}");
        let state = valid("status", &setup.run(&["status", "--json"]).out);
        assert_eq!(state["accounts"][0]["usable"], status == 0, "{name}: {state}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_counts_before_its_confirmation_and_an_inconclusive_check_changes_nothing() {
    let mut setup = Setup::with(&["a"], "").await;
    setup.run(&["check"]);
    setup.vendor.set_answer("a", Answer::unavailable(StatusCode::SERVICE_UNAVAILABLE, ErrorBody::Html));
    assert_eq!(setup.run(&["check"]).status, Some(3));
    assert_eq!(setup.run(&["usable"]).status, Some(0), "the last conclusive check was ok");
    setup.set("MINIMAX_WATCH__ALERTS__CONFIRM_AFTER", "1s");
    setup.vendor.next("a", Answer::not_found(NotFoundBody::Empty));
    setup.run(&["check"]);
    let printed = setup.run(&["usable"]);
    assert_eq!(printed.status, Some(2), "{printed:?}");
    assert!(words(&printed.out).contains("the last conclusive check was not_found, "), "{}", printed.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn for_and_needs_ask_for_more() {
    let setup = Setup::with(&["a"], "").await;
    let end = clock::now() + TimeDelta::hours(3);
    setup.vendor.put(Record::ending("a", end).flag("supportMusic", false));
    setup.run(&["check"]);
    for (options, status, reason) in [
        (&["--for", "2h"][..], 0, ""),
        (&["--for", "4h"], 2, "within the 4h that are asked for"),
        (&["--needs", "video"], 0, ""),
        (&["--needs", "supportVideo,Audio", "--for", "0"], 0, ""),
        (
            &["--needs", "video", "--needs", "music,Music"],
            2,
            "not usable supportMusic is false No account is usable",
        ),
        (
            &["--needs", "vidoe"],
            2,
            "supportVidoe is absent No account has supportVidoe; known flags: supportAudio, supportChat, \
             supportMusic, supportVideo. No account is usable, of 1 account.",
        ),
    ] {
        let printed = setup.run(&[&["usable"], options].concat());
        assert_eq!((printed.status, printed.err.as_str()), (Some(status), ""), "{options:?}: {printed:?}");
        assert!(words(&printed.out).contains(reason), "{options:?}: {}", printed.out);
        let report = json(&setup, options);
        assert_eq!(ids(&report, "usable").is_empty(), status == 2, "{options:?}: {report}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_options_are_usage_errors() {
    let setup = Setup::with(&["a"], "").await;
    setup.run(&["check"]);
    for (options, words) in [
        (&["--for", "2"][..], "`2` needs a unit"),
        (&["--for", "soon"], "is not a length of time"),
        (&["--for=-1h"], "`-1h` is not a length of time"),
        (&["--for", "40000d"], "longer than a hundred years"),
        (&["--needs", "video,,audio"], "a name is empty"),
        (&["--needs", "vi deo"], "\"vi deo\" is not the name of a flag"),
        (&["studio-a"], "unexpected argument"),
    ] {
        let refused = setup.run(&[&["usable"], options].concat());
        assert_eq!((refused.status, refused.out.as_str()), (Some(3), ""), "{options:?}: {refused:?}");
        assert!(refused.err.contains(words), "{options:?}: {}", refused.err);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn old_data_makes_no_account_usable() {
    let mut setup = Setup::with(&["a"], "").await;
    setup.set("MINIMAX_WATCH__SCHEDULE__CRON", "*/15 * * * *");
    setup.run(&["check"]);
    assert_eq!(setup.run(&["usable"]).status, Some(0));
    let age = "UPDATE unchanged_checks SET at = at - 4440000";
    execute(&setup, age).await;
    assert_eq!(setup.run(&["usable"]).status, Some(0), "74 min are less than an hour and one interval");
    execute(&setup, "UPDATE unchanged_checks SET at = at - 120000").await;
    let old = setup.run(&["usable"]);
    assert_eq!(old.status, Some(2), "{old:?}");
    let text = words(&old.out);
    assert!(text.contains("(1 h 16 min ago); it must be younger than 1 h 15 min"), "{text}");
    assert_eq!(valid("status", &setup.run(&["status", "--json"]).out)["accounts"][0]["usable"], false);
    setup.set("MINIMAX_WATCH__ALERTS__UNREACHABLE_AFTER", "2h");
    assert_eq!(setup.run(&["usable"]).status, Some(0), "the configuration decides what is old");
    execute(&setup, "UPDATE unchanged_checks SET at = at + 86400000000").await;
    let ahead = setup.run(&["usable"]);
    assert_eq!(ahead.status, Some(2), "{ahead:?}");
    assert!(words(&ahead.out).contains("in the future: the clock was set back"), "{}", ahead.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_conclusive_check_the_status_is_3() {
    let setup = Setup::with(&["a"], "").await;
    setup.vendor.set_answer("a", Answer::unavailable(StatusCode::SERVICE_UNAVAILABLE, ErrorBody::Html));
    setup.run(&["check"]);
    let printed = setup.run(&["usable"]);
    assert_eq!((printed.status, printed.err.as_str()), (Some(3), ""), "{printed:?}");
    let text = words(&printed.out);
    assert!(text.contains("no check was conclusive yet; the last one was unavailable"), "{text}");
    assert!(text.ends_with("No account is usable: none of 1 account had a conclusive check yet."), "{text}");
    let report = json(&setup, &[]);
    assert_eq!((ids(&report, "usable").len(), ids(&report, "unusable")), (0, vec!["a".to_owned()]));
    let state = valid("status", &setup.run(&["status", "--json"]).out);
    assert_eq!(state["accounts"][0]["usable"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_store_the_status_is_3_with_the_next_step() {
    let setup = Setup::with(&["a"], "").await;
    let printed = setup.run(&["usable"]);
    assert_eq!(printed.status, Some(3));
    assert_eq!(printed.out, "No account is usable: nothing was checked yet.\n");
    assert!(printed.err.contains("there is no store at ") && printed.err.contains("minimax-watch check"));
    let as_json = setup.run(&["usable", "--json"]);
    assert_eq!(as_json.status, Some(3));
    assert!(as_json.err.contains("there is no store at "), "{}", as_json.err);
    assert_eq!(valid("usable", &as_json.out), json!({"usable": [], "unusable": []}));
    assert!(!setup.store().exists(), "a reading command creates no store");
}

/// The block of `language` in `page` that contains `words`.
fn block(page: &str, language: &str, words: &str) -> String {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(page)).unwrap();
    let fence = format!("```{language}\n");
    let mut blocks = text.split(&fence).skip(1).map(|rest| rest.split("```").next().unwrap().to_owned());
    blocks.find(|block| block.contains(words)).unwrap()
}

/// Runs `line` in a shell that finds the program, and `sleep` as `sleep`.
fn shell(setup: &Setup, line: &str, sleep: &str) -> Ended {
    let bin = setup.path("bin");
    fs::create_dir(&bin).unwrap();
    std::os::unix::fs::symlink(PROGRAM, bin.join("minimax-watch")).unwrap();
    fs::write(bin.join("sleep"), format!("#!/bin/sh\n{sleep}\n")).unwrap();
    fs::set_permissions(bin.join("sleep"), fs::Permissions::from_mode(0o755)).unwrap();
    let mut shell = setup.process("/bin/sh", &["-c", line]);
    shell.env("PATH", format!("{}:/usr/bin:/bin", bin.display()));
    Ended::of(&shell.output().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn loop_in_the_readme_waits_until_an_account_is_usable() {
    let setup = Setup::with(&["a"], "").await;
    setup.vendor.next("a", Answer::not_found(NotFoundBody::Empty));
    assert_eq!(setup.run(&["check"]).status, Some(2));
    let waiting = block("README.md", "sh", "until minimax-watch usable");
    let ended =
        shell(&setup, &format!("{waiting}echo submitted"), "echo >>slept; minimax-watch check --quiet");
    assert_eq!((ended.status, ended.err.as_str()), (Some(0), ""), "{ended:?}");
    assert!(ended.out.ends_with("submitted\n"), "{ended:?}");
    assert_eq!(fs::read_to_string(setup.path("slept")).unwrap(), "\n", "it waited once");
}

#[tokio::test(flavor = "multi_thread")]
async fn loop_in_the_readme_ends_with_the_error_when_nothing_is_known() {
    let setup = Setup::with(&["a"], "").await;
    let waiting = block("README.md", "sh", "until minimax-watch usable");
    let ended = shell(&setup, &format!("{waiting}echo submitted"), "exit 1");
    assert_eq!((ended.status, ended.out.as_str()), (Some(3), ""), "{ended:?}");
    assert!(ended.err.contains("run `minimax-watch check`"), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn command_for_n8n_succeeds_also_when_no_account_is_usable_and_fails_when_nothing_is_known() {
    for (answer, status, usable) in [
        (Some(Record::ending("a", healthy()).into()), 0, 1),
        (Some(Answer::account_error("on hold")), 0, 0),
        (None, 1, 0),
    ] {
        let setup = Setup::with(&["a"], "").await;
        if let Some(answer) = answer {
            setup.vendor.set_answer("a", answer);
            setup.run(&["check"]);
        }
        let ended = shell(&setup, &block("docs/n8n.md", "sh", "minimax-watch usable"), "exit 1");
        assert_eq!(ended.status, Some(status), "{ended:?}");
        assert_eq!(ids(&valid("usable", &ended.out), "usable").len(), usable, "{ended:?}");
    }
}
