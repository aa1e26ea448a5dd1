//! The exit status of `check`, and of `status` after it, for every verdict (docs/contract.md, section 2).

use axum::http::StatusCode;
use chrono::TimeDelta;
use minimax_watch::clock;
use minimax_watch::simulator::{Answer, Lapse, Missing, Page, Record, Refusal, RetryAfter};

use crate::stage::{Stage, healthy};

const OK: i32 = 0;
const WARNING: i32 = 1;
const CRITICAL: i32 = 2;
const UNKNOWN: i32 = 3;

fn ending_in(left: TimeDelta) -> Answer {
    Record::ending("a", clock::now() + left).into()
}

fn down() -> Answer {
    Answer::unavailable(StatusCode::SERVICE_UNAVAILABLE, Page::Html)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_exit_status_says_the_verdict_and_status_repeats_it() {
    let cases: [(&str, Answer, i32); 16] = [
        ("far from its end", ending_in(TimeDelta::days(20)), OK),
        ("within seven days", ending_in(TimeDelta::days(2)), WARNING),
        ("within a day", ending_in(TimeDelta::hours(12)), CRITICAL),
        ("past its end", ending_in(-TimeDelta::minutes(1)), CRITICAL),
        ("no end", Record::ending("a", healthy()).exp(None).exp_expire(None).into(), WARNING),
        ("error member", Record::ending("a", healthy()).error("Session expired").into(), CRITICAL),
        ("596", Answer::account_error("on hold"), CRITICAL),
        ("401", Answer::unauthorized(Refusal::WithCode), CRITICAL),
        ("402", Answer::lapsed(Lapse::Expired), CRITICAL),
        ("404", Answer::not_found(Missing::Sentence), CRITICAL),
        ("not JSON", Answer::not_json(), WARNING),
        ("503", down(), UNKNOWN),
        ("502", Answer::unavailable(StatusCode::BAD_GATEWAY, Page::Json), UNKNOWN),
        ("403", Answer::blocked(), UNKNOWN),
        ("429", Answer::rate_limited(RetryAfter::Seconds(60)), UNKNOWN),
        ("cut off", Answer::close(), UNKNOWN),
    ];
    for (name, answer, expected) in cases {
        let stage = Stage::with(&["a"], "").await;
        stage.vendor.set("a", answer);
        let check = stage.run(&["check"]);
        assert_eq!(check.status, Some(expected), "{name}: {check:?}");
        let status = stage.run(&["status"]);
        assert_eq!(status.status, Some(expected), "{name}, status: {status:?}");
        let word = ["OK", "WARNING", "CRITICAL", "UNKNOWN"][usize::try_from(expected).unwrap()];
        assert!(check.out.contains(&format!("\n{word}: 1 account")), "{name}: {}", check.out);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_worst_account_decides() {
    let warning = || ending_in(TimeDelta::days(2));
    let critical = || ending_in(TimeDelta::hours(12));
    for (name, answer, expected) in [
        ("ok and warning", vec![warning()], WARNING),
        ("warning and unknown", vec![warning(), down()], UNKNOWN),
        ("unknown and critical", vec![down(), critical(), warning()], CRITICAL),
    ] {
        let stage = Stage::with(&["fine", "b", "c", "d"], "").await;
        for (account, answer) in ["b", "c", "d"].into_iter().zip(answer) {
            stage.vendor.set(account, answer);
        }
        assert_eq!(stage.run(&["check"]).status, Some(expected), "{name}");
        assert_eq!(stage.run(&["status"]).status, Some(expected), "{name}");
        assert_eq!(stage.run(&["check", "fine"]).status, Some(OK), "{name}: only what was asked for counts");
        assert_eq!(stage.run(&["status", "fine"]).status, Some(OK), "{name}: only what was asked for counts");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_verdict_an_open_critical_alert_still_counts() {
    let stage = Stage::with(&["a"], "").await;
    stage.vendor.set("a", ending_in(TimeDelta::hours(12)));
    assert_eq!(stage.run(&["check"]).status, Some(CRITICAL));
    stage.vendor.set("a", down());
    assert_eq!(stage.run(&["check"]).status, Some(CRITICAL));
    stage.vendor.put(Record::ending("a", healthy()));
    assert_eq!(stage.run(&["check"]).status, Some(OK), "renewed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_answer_is_asked_again_before_it_is_believed() {
    let mut stage = Stage::with(&["a"], "").await;
    stage.set("MINIMAX_WATCH__ALERTS__CONFIRM_AFTER", "1s");
    stage.vendor.next("a", Answer::not_found(Missing::Empty));
    let check = stage.run(&["check"]);
    assert_eq!((check.status, stage.api.request_count()), (Some(OK), 2), "{check:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_403_page_is_blocked_with_advice_and_no_conclusive_check() {
    let stage = Stage::with(&["a"], "").await;
    assert_eq!(stage.run(&["check"]).status, Some(OK));
    stage.vendor.set("a", Answer::blocked());
    let json = stage.run(&["check", "--format", "json"]);
    assert_eq!(json.status, Some(UNKNOWN), "{json:?}");
    let report: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    let account = &report["accounts"][0];
    assert_eq!(
        (&account["outcome"], &account["verdict"]),
        (&"blocked".into(), &"unknown".into()),
        "{account}"
    );
    let error = account["error"].as_str().unwrap();
    assert!(error.contains("403") && error.contains("not the account"), "{error}");
    assert!(!error.contains('<'), "a page is shown by its title: {error}");
    assert_eq!(report["alerts"], serde_json::json!([]), "a 403 says nothing about the account");
    for (format, words) in
        [("table", "check from another network or without a proxy"), ("nagios", "IP address or user agent")]
    {
        let check = stage.run(&["check", "--format", format]);
        assert_eq!(check.status, Some(UNKNOWN), "{format}: {check:?}");
        let text = check.out.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains("blocked") && text.contains(words), "{format}: {text}");
    }
    stage.vendor.put(Record::ending("a", healthy()));
    assert_eq!(stage.run(&["check"]).status, Some(OK));
}
