//! The exit status of `check`, and of `status` after it, for every verdict (docs/contract.md, section 2).

use axum::http::StatusCode;
use chrono::TimeDelta;
use minimax_watch::clock;

use crate::setup::{Setup, healthy};
use crate::simulator::{Answer, ErrorBody, LapsedBody, NotFoundBody, Record, Refusal, RetryAfter};

const OK: i32 = 0;
const WARNING: i32 = 1;
const CRITICAL: i32 = 2;
const UNKNOWN: i32 = 3;

fn ending_in(left: TimeDelta) -> Answer {
    Record::ending("a", clock::now() + left).into()
}

fn down() -> Answer {
    Answer::unavailable(StatusCode::SERVICE_UNAVAILABLE, ErrorBody::Html)
}

#[tokio::test(flavor = "multi_thread")]
async fn exit_status_of_check_is_the_verdict_and_status_repeats_it() {
    let cases: [(&str, Answer, i32); 16] = [
        ("far from its expiry", ending_in(TimeDelta::days(20)), OK),
        ("within seven days", ending_in(TimeDelta::days(2)), WARNING),
        ("within a day", ending_in(TimeDelta::hours(12)), CRITICAL),
        ("expired", ending_in(-TimeDelta::minutes(1)), CRITICAL),
        ("no expiry", Record::ending("a", healthy()).exp(None).exp_expire(None).into(), WARNING),
        ("error member", Record::ending("a", healthy()).error("Session expired").into(), CRITICAL),
        ("596", Answer::account_error("on hold"), CRITICAL),
        ("401", Answer::unauthorized(Refusal::WithCode), CRITICAL),
        ("402", Answer::lapsed(LapsedBody::Expired), CRITICAL),
        ("404", Answer::not_found(NotFoundBody::Sentence), CRITICAL),
        ("not JSON", Answer::not_json(), WARNING),
        ("503", down(), UNKNOWN),
        ("502", Answer::unavailable(StatusCode::BAD_GATEWAY, ErrorBody::Json), UNKNOWN),
        ("403", Answer::blocked(), UNKNOWN),
        ("429", Answer::rate_limited(RetryAfter::Seconds(60)), UNKNOWN),
        ("cut off", Answer::close(), UNKNOWN),
    ];
    for (name, answer, expected) in cases {
        let setup = Setup::with(&["a"], "").await;
        setup.vendor.set_answer("a", answer);
        let check = setup.run(&["check"]);
        assert_eq!(check.status, Some(expected), "{name}: {check:?}");
        let status = setup.run(&["status"]);
        assert_eq!(status.status, Some(expected), "{name}, status: {status:?}");
        let word = ["OK", "WARNING", "CRITICAL", "UNKNOWN"][usize::try_from(expected).unwrap()];
        assert!(check.out.contains(&format!("\n{word}: 1 account")), "{name}: {}", check.out);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn worst_account_decides() {
    let warning = || ending_in(TimeDelta::days(2));
    let critical = || ending_in(TimeDelta::hours(12));
    for (name, answer, expected) in [
        ("ok and warning", vec![warning()], WARNING),
        ("warning and unknown", vec![warning(), down()], UNKNOWN),
        ("unknown and critical", vec![down(), critical(), warning()], CRITICAL),
    ] {
        let setup = Setup::with(&["fine", "b", "c", "d"], "").await;
        for (account, answer) in ["b", "c", "d"].into_iter().zip(answer) {
            setup.vendor.set_answer(account, answer);
        }
        assert_eq!(setup.run(&["check"]).status, Some(expected), "{name}");
        assert_eq!(setup.run(&["status"]).status, Some(expected), "{name}");
        assert_eq!(setup.run(&["check", "fine"]).status, Some(OK), "{name}: only the named account counts");
        assert_eq!(setup.run(&["status", "fine"]).status, Some(OK), "{name}: only the named account counts");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn open_critical_alert_counts_when_the_check_is_inconclusive() {
    let setup = Setup::with(&["a"], "").await;
    setup.vendor.set_answer("a", ending_in(TimeDelta::hours(12)));
    assert_eq!(setup.run(&["check"]).status, Some(CRITICAL));
    setup.vendor.set_answer("a", down());
    assert_eq!(setup.run(&["check"]).status, Some(CRITICAL));
    setup.vendor.put(Record::ending("a", healthy()));
    assert_eq!(setup.run(&["check"]).status, Some(OK), "renewed");
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_is_confirmed_before_it_counts() {
    let mut setup = Setup::with(&["a"], "").await;
    setup.set("MINIMAX_WATCH__ALERTS__CONFIRM_AFTER", "1s");
    setup.vendor.next("a", Answer::not_found(NotFoundBody::Empty));
    let check = setup.run(&["check"]);
    assert_eq!((check.status, setup.api.request_count()), (Some(OK), 2), "{check:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn forbidden_page_is_blocked_with_advice_and_inconclusive() {
    let setup = Setup::with(&["a"], "").await;
    assert_eq!(setup.run(&["check"]).status, Some(OK));
    setup.vendor.set_answer("a", Answer::blocked());
    let json = setup.run(&["check", "--format", "json"]);
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
        let check = setup.run(&["check", "--format", format]);
        assert_eq!(check.status, Some(UNKNOWN), "{format}: {check:?}");
        let text = check.out.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains("blocked") && text.contains(words), "{format}: {text}");
    }
    setup.vendor.put(Record::ending("a", healthy()));
    assert_eq!(setup.run(&["check"]).status, Some(OK));
}
