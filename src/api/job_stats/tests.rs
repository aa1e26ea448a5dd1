//! Rows in every form, and answers of every shape.

use chrono::{TimeDelta, TimeZone, Utc};
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::*;
use crate::api::properties::check_job_stats;
use crate::api::redact::Redactor;
use crate::api::response::ReadFailure;
use crate::domain::account::AccountId;
use crate::domain::jobs::JobResult;
use crate::tests::mutated;

fn response(status: u16, body: &[u8]) -> Response {
    let content_type = Some("application/json".to_owned());
    Response { status, retry_after: None, content_type, body: Ok(body.to_vec()) }
}

fn answer(status: u16, body: impl AsRef<[u8]>) -> JobStatsAnswer {
    let watched = ["123456", "789"].map(AccountId::new);
    let now = Utc.with_ymd_and_hms(2026, 11, 23, 7, 15, 0).unwrap();
    let reader = ResponseReader { redactor: Redactor::new("user:1234-abcDEF567890"), now };
    reader.job_stats(&response(status, body.as_ref()), &WatchedIds::new(&watched))
}

fn read(rows: &[Json]) -> JobStats {
    let body = json!({"bot": "minimax", "date": "2026-11-23", "total": rows.len(), "data": rows});
    match answer(200, body.to_string()) {
        JobStatsAnswer::Read(stats) => stats,
        other => unreachable!("{other:?}"),
    }
}

fn row(minute: u32, code: u16) -> Json {
    json!({
        "timestamp": format!("2026-11-23T06:{minute:02}:00.250Z"), "config": "123456", "endpoint": "post-videos-create",
        "jobid": format!("20261123-user:1234-minimax:123456-job:{minute}"), "status": "OK", "func": "v1-minimax", "code": code,
        "msec": 5432,
    })
}

/// The row with a member replaced, or removed if `value` is null.
fn with(mut row: Json, member: &str, value: Json) -> Json {
    let members = row.as_object_mut().unwrap();
    if value.is_null() {
        members.remove(member)
    } else {
        members.insert(member.to_owned(), value)
    };
    row
}

fn not_understood(body: impl AsRef<[u8]>) -> String {
    match answer(200, body) {
        JobStatsAnswer::NotUnderstood(reason) => reason,
        other => unreachable!("{other:?}"),
    }
}

#[test]
fn documented_row_is_read() {
    let stats = read(&[row(5, 201)]);
    let job = stats.jobs.first().unwrap();
    assert_eq!(job.at.to_rfc3339(), "2026-11-23T06:05:00.250+00:00");
    assert_eq!(job.account, Some(AccountId::new("123456")));
    assert_eq!((job.code.number(), job.result()), (201, JobResult::Succeeded));
    assert_eq!((stats.jobs.len(), stats.rows, stats.unreadable.count), (1, 1, 0));
}

#[test]
fn summary_and_every_unknown_member_may_be_there_or_not() {
    let summary = json!({"from": "x", "by_code": {"200": 1}, "data": [{"timestamp": "x"}]});
    for body in [
        json!({"data": [row(5, 200)]}),
        json!({"summary": summary, "data": [row(5, 200)], "more": [[[]]]}),
        json!({"data": [with(row(5, 200), "model", json!({"a": [1]}))]}),
    ] {
        let JobStatsAnswer::Read(stats) = answer(200, body.to_string()) else { unreachable!("{body}") };
        assert_eq!(stats, read(&[row(5, 200)]), "{body}");
    }
    assert_eq!(read(&[]), JobStats::default());
}

#[test]
fn code_is_a_number_or_a_text() {
    for (code, expected) in [
        (json!(412), Some(412)),
        (json!("412"), Some(412)),
        (json!(" 412 "), Some(412)),
        (json!(412.0), Some(412)),
        (json!(412.5), None),
        (json!(0), None),
        (json!(-200), None),
        (json!(65_736), None),
        (json!("OK"), None),
        (json!(true), None),
        (json!([200]), None),
        (json!(null), None),
    ] {
        let stats = read(&[row(1, 200), with(row(5, 200), "code", code.clone())]);
        let read = stats.jobs.first().filter(|_| stats.jobs.len() == 2).map(|job| job.code.number());
        assert_eq!((read, stats.unreadable.count), (expected, usize::from(expected.is_none())), "{code}");
    }
}

#[test]
fn leap_second_stays_within_its_year() {
    let stats = read(&[with(row(5, 200), "timestamp", json!("2099-12-31T23:59:60.500Z"))]);
    assert_eq!(stats.jobs.first().unwrap().at.to_rfc3339(), "2099-12-31T23:59:59.999+00:00");
}

#[test]
fn time_is_iso_8601_or_seconds_or_milliseconds() {
    for (time, is_read) in [
        (json!("2026-11-23T06:05:00Z"), true),
        (json!("2026-11-23 06:05:00"), true),
        (json!("2026-11-23T08:05:00+02:00"), true),
        (json!(1_795_413_900), true),
        (json!(1_795_413_900_000_i64), true),
        (json!("1795413900000"), true),
        (json!("yesterday"), false),
        (json!("1970-01-01T00:00:00Z"), false),
        (json!("9999-01-01T00:00:00Z"), false),
        (json!(-1), false),
        (json!(null), false),
        (json!({}), false),
    ] {
        let stats = read(&[row(1, 200), with(row(5, 200), "timestamp", time.clone())]);
        assert_eq!(
            (stats.jobs.len(), stats.unreadable.count),
            if is_read { (2, 0) } else { (1, 1) },
            "{time}"
        );
        if is_read {
            let newest = stats.jobs.first().unwrap();
            assert_eq!(newest.at, Utc.with_ymd_and_hms(2026, 11, 23, 6, 5, 0).unwrap(), "{time}");
        }
    }
}

#[test]
fn row_belongs_to_its_config_else_to_the_account_in_its_id_else_to_none() {
    let elsewhere = json!("20261123-user:1234-bot:minimax");
    for (config, job_id, account) in [
        (json!("789"), json!("user:1-minimax:123456-job:1"), Some("789")),
        (json!(789), elsewhere.clone(), Some("789")),
        (json!("me@example.com"), json!("user:1-minimax:123456-job:1"), Some("123456")),
        (json!(null), json!("user:1-minimax:123456-job:1"), Some("123456")),
        (json!("me@example.com"), elsewhere, None),
        (json!([]), json!({}), None),
        (json!(null), json!(null), None),
    ] {
        let stats = read(&[with(with(row(5, 200), "config", config.clone()), "jobid", job_id.clone())]);
        let read = stats.jobs.first().unwrap().account.as_ref();
        assert_eq!(read.map(AccountId::as_str), account, "{config} {job_id}");
    }
}

#[test]
fn endpoint_says_whether_the_job_asked_for_work() {
    for (endpoint, expected) in [
        (json!("post-videos"), true),
        (json!(null), true),
        (json!(5), true),
        (json!("get-videos"), false),
        (json!(" DELETE-files"), false),
    ] {
        let stats = read(&[with(row(5, 500), "endpoint", endpoint.clone())]);
        assert_eq!(stats.jobs.first().unwrap().asks_for_work, expected, "{endpoint}");
    }
}

#[test]
fn repeated_row_is_one_job_and_different_rows_are_several() {
    let stats = read(&[row(5, 200), row(6, 200), row(5, 200), with(row(5, 200), "status", json!("Done"))]);
    assert_eq!(stats.jobs.len(), 2);
    let differing = [
        with(row(5, 200), "jobid", json!("user:1234-minimax:123456-job:other")),
        with(row(5, 200), "endpoint", json!("post-images")),
        with(row(5, 200), "timestamp", json!("2026-11-23T06:05:00.251Z")),
    ];
    assert_eq!(read(&[&[row(5, 200)], &differing[..]].concat()).jobs.len(), 4);
    for absent in [json!(null), json!(""), json!(" "), json!([])] {
        let without_id = |row| with(row, "jobid", absent.clone());
        let differing = [
            without_id(row(5, 200)),
            without_id(with(row(5, 200), "msec", json!(1))),
            without_id(with(row(5, 200), "config", json!("789"))),
            without_id(row(5, 500)),
        ];
        assert_eq!(read(&[&differing[..], &differing].concat()).jobs.len(), 4, "{absent}");
    }
}

#[test]
fn job_stays_the_same_while_its_config_and_code_change() {
    let without_config = with(row(5, 201), "config", json!(null));
    let elsewhere = json!("20261123-user:1234-bot:minimax");
    let without_account = with(without_config.clone(), "jobid", elsewhere.clone());
    for (rows, account, code) in [
        ([row(5, 201), row(5, 500)], Some("123456"), 500),
        ([without_config, with(row(5, 201), "config", json!("789"))], Some("789"), 201),
        ([without_account, with(row(5, 200), "jobid", elsewhere)], Some("123456"), 200),
    ] {
        let keys = rows.each_ref().map(|row| read(std::slice::from_ref(row)).jobs[0].key);
        assert_eq!(keys[0], keys[1]);
        let mut reversed = rows.clone();
        reversed.reverse();
        assert_eq!(read(&rows), read(&reversed));
        let [job] = &read(&rows).jobs[..] else { unreachable!("{rows:?}") };
        assert_eq!((job.account.as_ref().map(AccountId::as_str), job.code.number()), (account, code));
    }
}

#[test]
fn user_in_the_id_of_a_job_is_no_part_of_what_is_kept() {
    let with_user =
        |user: &str| with(row(5, 200), "jobid", json!(format!("2026-user:{user}-minimax:789-job:1")));
    assert_eq!(read(&[with_user("1234")]), read(&[with_user("5678")]));
    assert_eq!(without_user("user:1-minimax:789-job:1"), "minimax:789-job:1");
}

#[test]
fn key_of_a_job_never_changes_between_versions() {
    let key = |row| read(&[row]).jobs.first().map(|job| job.key.hash());
    assert_eq!(key(row(5, 200)), Some(8_316_364_176_011_791_309));
    assert_eq!(key(with(row(5, 200), "jobid", json!(null))), Some(1_122_175_755_392_212_924));
}

#[test]
fn row_that_is_no_object_is_counted() {
    let stats = read(&[json!(null), json!([1]), json!("x"), row(5, 200), json!(5), json!({})]);
    assert_eq!((stats.jobs.len(), stats.rows, stats.unreadable.count), (1, 6, 5));
    let none = json!({"data": [null, {"code": 200}]}).to_string();
    assert_eq!(not_understood(none), "none of 2 rows has a readable timestamp and code");
}

#[test]
fn row_that_cannot_be_read_counts_at_its_time_unless_it_asked_for_no_work() {
    let odd = |row| with(row, "code", json!("403 Forbidden"));
    let at = |minute| {
        Some(Utc.with_ymd_and_hms(2026, 11, 23, 6, minute, 0).unwrap() + TimeDelta::milliseconds(250))
    };
    let in_future = with(odd(row(5, 200)), "timestamp", json!("2026-11-23T07:15:01Z"));
    let undated = with(row(5, 200), "timestamp", json!("yesterday"));
    let read_only = with(odd(row(9, 200)), "endpoint", json!("get-videos"));
    for (rows, count, undated, newest_at) in [
        (vec![odd(row(5, 200)), odd(row(6, 200)), row(7, 200)], 2, 0, at(6)),
        (vec![odd(row(6, 200)), in_future.clone(), odd(row(5, 200))], 3, 0, at(6)),
        (vec![in_future, undated, json!(7)], 3, 2, None),
        (vec![read_only.clone()], 0, 0, None),
    ] {
        let stats = read(&[&[row(0, 200)], &rows[..]].concat());
        assert_eq!(stats.unreadable, UnreadableRows { count, undated, newest_at }, "{rows:?}");
    }
    assert_eq!(read(&[read_only]).rows, 1, "nothing is missing of such an answer");
}

#[test]
fn newest_jobs_are_kept_and_all_rows_counted() {
    let second = |second: i64| json!({"timestamp": 1_795_000_000 + second, "code": 200});
    let count = 3 * i64::try_from(MAX_JOBS).unwrap() / 2;
    let rows: Vec<Json> = (0..count).map(second).collect();
    let stats = read(&rows);
    assert_eq!(stats.rows, usize::try_from(count).unwrap());
    assert_eq!(stats.jobs.len(), MAX_JOBS);
    assert_eq!(stats.jobs.first().unwrap().at.timestamp(), 1_795_000_000 + count - 1);
    let twice: Vec<Json> = (0..2 * count).map(|number| second(number % (count / 3))).collect();
    assert_eq!((read(&twice).jobs.len(), read(&twice).rows), (MAX_JOBS / 2, twice.len()));
}

#[test]
fn other_shapes_are_not_understood_and_not_quoted() {
    let no_list = "JSON, but without a list of jobs in the member `data`";
    for (body, reason) in [
        ("{}", no_list),
        (r#"{"data":null}"#, no_list),
        (r#"{"data":{"s3cret":1}}"#, no_list),
        (r#"{"data":"s3cret"}"#, no_list),
        (r#"{"error":"s3cret","code":500}"#, no_list),
        ("[]", no_list),
        ("null", no_list),
        ("\"s3cret\"", no_list),
        ("", "an empty body"),
        (r#"{"data":[{"code":200}"#, "JSON cut short at byte 21"),
        (r#"{"data":[]}}"#, "broken JSON, line 1 column 12"),
        ("<html>s3cret</html>", "not valid JSON (content type application/json), 19 bytes"),
    ] {
        assert_eq!(not_understood(body), reason, "{body}");
    }
    // Something else may follow.
    assert_eq!(not_understood(r#"{"data":[{"code":200,"timestamp":1795413900}],"data":5}"#), no_list);
}

#[test]
fn invalid_string_somewhere_does_not_hide_the_jobs() {
    for odd in [&b"\\ud83d"[..], b"\xff", b"\\q", b"\x01"] {
        let config = [br#"{"data":[{"timestamp":1795413900,"code":500,"config":""#, odd, br#""}]}"#].concat();
        let JobStatsAnswer::Read(stats) = answer(200, &config) else { unreachable!("{odd:?}") };
        assert_eq!(stats.jobs.len(), 1);
    }
}

#[test]
fn refusal_or_a_lost_answer_says_nothing_about_jobs() {
    for (status, outcome) in [
        (401, Outcome::Unauthorized),
        (402, Outcome::SubscriptionLapsed),
        (403, Outcome::Blocked),
        (404, Outcome::NotFound),
        (429, Outcome::RateLimited),
        (500, Outcome::Unavailable),
        (302, Outcome::Malformed),
    ] {
        let JobStatsAnswer::Failed(seen) = answer(status, r#"{"data":[]}"#) else { unreachable!("{status}") };
        assert_eq!(seen.outcome, outcome, "{status}");
    }
    let lost = |outcome| {
        let body = Err(ReadFailure { outcome, reason: "a body larger than 10 bytes".to_owned() });
        let reader = ResponseReader { redactor: Redactor::new("x"), now: Timestamp::default() };
        reader.job_stats(&Response { body, ..response(200, b"") }, &WatchedIds::new([]))
    };
    let too_large = JobStatsAnswer::NotUnderstood("a body larger than 10 bytes".to_owned());
    assert_eq!(lost(Outcome::Malformed), too_large);
    assert!(matches!(lost(Outcome::Unavailable), JobStatsAnswer::Failed(_)));
}

#[test]
fn request_asks_for_minimax_and_at_most_what_the_vendor_returns() {
    for (limit, expected) in [(0, 1), (1_000, 1_000), (50_000, 50_000), (u32::MAX, 50_000)] {
        assert_eq!(query(limit), format!("bot=minimax&limit={expected}"));
    }
}

fn any_row() -> impl Strategy<Value = Json> {
    let odd = prop_oneof![
        Just(json!(null)),
        Just(json!("x")),
        Just(json!([])),
        Just(json!(-1)),
        Just(json!({"a": 1}))
    ];
    let member = prop::sample::select(vec!["timestamp", "jobid", "config", "endpoint", "code"]);
    let code = prop::sample::select(vec![200_u16, 403, 412, 596]);
    (0_u32..60, code, prop::option::weighted(0.3, (member, odd))).prop_map(|(minute, code, odd)| {
        let row = row(minute, code);
        if let Some((member, value)) = odd { with(row, member, value) } else { row }
    })
}

proptest! {
    #[test]
    fn order_and_repetition_of_rows_change_nothing(
        (rows, shuffled) in prop::collection::vec(any_row(), 0..30).prop_flat_map(|rows| {
            let twice = [rows.clone(), rows.clone()].concat();
            (Just(rows), Just(twice).prop_shuffle())
        }),
    ) {
        let jobs = |mut rows: Vec<Json>| {
            rows.push(row(0, 200));
            read(&rows).jobs
        };
        prop_assert_eq!(jobs(rows), jobs(shuffled));
    }

    #[test]
    fn any_answer_is_read_or_refused_within_its_bounds(
        status in prop::sample::select(vec![200_u16, 200, 200, 401, 429, 500, 596]),
        body in mutated(json!({"bot": "minimax", "data": [row(5, 201), row(6, 412), with(row(7, 500), "config", json!(7))]}).to_string()),
    ) {
        check_job_stats(status, &body);
    }

    #[test]
    fn nothing_personal_is_kept(
        body in mutated(json!({"email": "planted@example.com", "data": [{
            "timestamp": "2026-11-23T06:05:00Z", "code": 403, "config": "planted@example.com", "endpoint": "plantedEndpoint",
            "jobid": "2026-user:planted-minimax:123456-job:plantedJob", "prompt": "planted prompt", "status": "planted",
        }]}).to_string()),
    ) {
        for status in [200, 500] {
            let shown = format!("{:?}", answer(status, &body));
            prop_assert!(!shown.contains("planted"), "{}", shown);
        }
    }
}
