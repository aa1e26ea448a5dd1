//! The meaning of each answer about an account's features.

use chrono::{TimeZone, Utc};
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::api::properties::check_features;
use crate::api::response::ReadFailure;
use crate::domain::time::rfc3339;
use crate::tests::mutated;

const TOKEN: &str = "user:1234-abcDEF567890";

fn response(status: u16, body: &[u8]) -> Response {
    let content_type = Some("application/json".to_owned());
    Response { status, retry_after: None, content_type, body: Ok(body.to_vec()) }
}

fn answer(status: u16, body: &str) -> FeaturesAnswer {
    let now = Utc.with_ymd_and_hms(2026, 11, 23, 7, 15, 0).unwrap();
    ResponseReader { redactor: Redactor::new(TOKEN), now }.features(&response(status, body.as_bytes()))
}

fn read(body: &Value) -> AccountCredits {
    match answer(200, &body.to_string()) {
        FeaturesAnswer::Read(credits) => credits,
        other => unreachable!("{other:?} for {body}"),
    }
}

#[test]
fn documented_members_are_read() {
    let read = read(&json!({
        "privilegeType": 0, "totalCredits": 100, "expireText": "100 points will expire within 24 hours",
        "videoCost": 30, "queueLength": 3, "expireTime": 1_795_418_100, "memberName": "Free",
        "creditExpireText": [{"credit": 60, "endTime": 1_796_000_000_999_i64}, {"credit": "40", "endTime": "1795900000000"}],
        "modelControl": [{"modelId": "image-01", "videoCost": 1}],
    }));
    assert_eq!((read.left, read.plan.as_deref()), (Some(100), Some("Free")));
    assert_eq!(read.plan_ends_at.map(rfc3339).as_deref(), Some("2026-11-23T07:15:00Z"));
    let ends: Vec<(String, Option<u64>)> =
        read.ends.iter().map(|end| (rfc3339(end.at), end.credits)).collect();
    let earliest_first = [("2026-11-28T21:06:40Z", Some(40)), ("2026-11-30T00:53:20Z", Some(60))];
    assert_eq!(ends, earliest_first.map(|(at, credits)| (at.to_owned(), credits)));
}

#[test]
fn number_of_credits_is_read_in_every_form() {
    for (given, expected) in [
        (json!(0), Some(0)),
        (json!(2278), Some(2278)),
        (json!("2278"), Some(2278)),
        (json!(" 0 "), Some(0)),
        (json!(99.5), Some(100)),
        (json!(0.1), Some(1)),
        (json!("1e3"), Some(1_000)),
        (json!(-0.0), Some(0)),
        // Not a number of credits; perhaps "without a limit".
        (json!(-1), None),
        (json!("-1"), None),
        (json!(1e300), None),
        (json!(u64::MAX), None),
        (json!("1,000"), None),
        (json!("NaN"), None),
        (json!("inf"), None),
        (json!(""), None),
        (json!(null), None),
        (json!(true), None),
        (json!([100]), None),
        (json!({"credits": 100}), None),
    ] {
        assert_eq!(read(&json!({"totalCredits": given})).left, expected, "{given}");
    }
}

#[test]
fn every_member_may_be_missing_or_of_another_type() {
    assert_eq!(read(&json!({"queueLength": 3})), AccountCredits::default());
    let odd =
        json!({"totalCredits": {}, "expireTime": 0, "creditExpireText": {"endTime": 1}, "memberName": 5});
    assert_eq!(read(&odd), AccountCredits::default());
    let odd = json!({"expireTime": 123_456_789, "creditExpireText": [null, 5, {}, {"endTime": "soon"}], "memberName": " "});
    assert_eq!(read(&odd), AccountCredits::default());
    let end = json!({"creditExpireText": [{"endTime": 1_796_000_000_999_i64}]});
    assert_eq!(read(&end).ends.first().map(|end| end.credits), Some(None));
}

#[test]
fn name_of_the_plan_is_short_printable_and_no_secret() {
    let long = "x".repeat(65);
    for name in ["a\u{202e}b", TOKEN, "eyJhbGciOi", &long] {
        assert_eq!(read(&json!({"memberName": name})).plan, None, "{name}");
    }
}

#[test]
fn dead_session_is_told_from_a_wrong_token() {
    let unauthorized = answer(401, r#"{"error":"Unauthorized","code":401}"#);
    assert_eq!(unauthorized, FeaturesAnswer::Unauthorized("401 Unauthorized".to_owned()));
    assert_eq!(unauthorized.session_error(true), Some("401 Unauthorized"));
    assert_eq!(unauthorized.session_error(false), None);
    let on_hold = answer(596, r#"{"error":"Account is on hold","code":596}"#);
    assert_eq!(on_hold.session_error(false), Some("596: Account is on hold"));
    for (status, body) in [
        (200, r#"{"totalCredits":0}"#),
        (200, "<html>"),
        (400, r#"{"error":"Unauthorized","code":401}"#),
        (402, ""),
        (403, ""),
        (404, ""),
        (429, ""),
        (500, ""),
        (502, "<html>"),
    ] {
        assert_eq!(answer(status, body).session_error(true), None, "{status} {body}");
    }
}

#[test]
fn any_other_answer_says_nothing() {
    for body in
        ["", "<html>", "[]", "null", "{}", r#"{"a":1}"#, r#"{"totalCredits":1"#, "[{\"totalCredits\":1}]"]
    {
        let seen = answer(200, body);
        assert!(matches!(seen, FeaturesAnswer::NotUnderstood(_)), "{body}: {seen:?}");
    }
    for error in [json!("Session expired"), json!({"code": 596}), json!(true), json!(596), json!([1])] {
        let seen = answer(200, &json!({"error": error, "totalCredits": 0}).to_string());
        assert_eq!(seen, FeaturesAnswer::NotUnderstood("an error with status 200".to_owned()), "{error}");
    }
    for no_error in [json!(null), json!(""), json!(false)] {
        assert_eq!(read(&json!({"error": no_error, "totalCredits": 7})).left, Some(7), "{no_error}");
    }
    let reader = ResponseReader { redactor: Redactor::new(TOKEN), now: Timestamp::default() };
    let failure = |outcome| Err(ReadFailure { outcome, reason: "a body larger than 10 bytes".to_owned() });
    let cut = |outcome| reader.features(&Response { body: failure(outcome), ..response(200, b"") });
    assert!(matches!(cut(Outcome::Malformed), FeaturesAnswer::NotUnderstood(_)));
    assert!(matches!(cut(Outcome::Unavailable), FeaturesAnswer::Failed(_)));
}

#[test]
fn id_is_one_value_of_the_query() {
    for (id, expected) in [
        ("007", "account=007"),
        ("me@example.com", "account=me@example.com"),
        ("a:b-c._~", "account=a:b-c._~"),
        ("a&limit=1#x y+z%", "account=a%26limit%3D1%23x%20y%2Bz%25"),
        ("海", "account=%E6%B5%B7"),
    ] {
        assert_eq!(query(&AccountId::new(id)), expected);
    }
}

proptest! {
    #[test]
    fn any_answer_is_read_or_refused_within_its_bounds(
        status in prop::sample::select(vec![200_u16, 200, 200, 400, 401, 429, 500, 596]),
        body in mutated(json!({
            "totalCredits": "100", "expireTime": 1_795_418_100, "memberName": "Free", "error": null,
            "creditExpireText": [{"credit": 60, "endTime": 1_796_000_000_999_i64}, {"credit": 1.5, "endTime": "2026-11-23"}],
        }).to_string()),
    ) {
        check_features(status, &body);
    }

    #[test]
    fn any_credits_are_a_bounded_number_or_none(text in ".{0,12}", number in any::<f64>()) {
        for credits in [json!(text), json!(number), json!(number.to_string())] {
            check_features(200, json!({"totalCredits": credits}).to_string().as_bytes());
        }
    }
}
