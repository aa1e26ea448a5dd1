use std::collections::BTreeMap;

use chrono::{TimeZone, Utc};

use super::listing::Listing;
use super::reader::{ListReader, MAX_ACCOUNTS, MAX_ID_LENGTH, MAX_REFUSAL};
use crate::api::answer::{Answer, LastAnswers};
use crate::api::classify::ResponseReader;
use crate::api::redact::Redactor;
use crate::api::response::{ReadFailure, Response};
use crate::domain::account::AccountId;
use crate::domain::checksum::{Checksum, LastAnswer};
use crate::domain::observation::{Observation, Outcome};

fn responses() -> ResponseReader<'static> {
    let now = Utc.with_ymd_and_hms(2026, 11, 23, 7, 15, 0).unwrap();
    ResponseReader { redactor: Redactor::new("user:1234-abcDEF567890"), now }
}

fn response(status: u16, retry_after: Option<&str>, body: &[u8]) -> Response {
    let body = Ok(body.to_vec());
    Response { status, retry_after: retry_after.map(str::to_owned), content_type: None, body }
}

/// What was read in an answer.
fn read_in(answer: Answer) -> Observation {
    answer.into_observation().unwrap()
}

/// The result of a list that arrives in pieces of `length` bytes.
fn list_in_pieces(length: usize, status: u16, body: impl AsRef<[u8]>) -> Listing<Observation> {
    let known = LastAnswers::new();
    let mut reader = ListReader::new(responses(), response(status, Some("20"), b""), 200, &known, read_in);
    let end = body.as_ref().chunks(length).try_for_each(|piece| reader.feed(piece));
    reader.finish(end)
}

fn list(status: u16, body: impl AsRef<[u8]>) -> Listing<Observation> {
    let body = body.as_ref();
    let whole = list_in_pieces(usize::MAX, status, body);
    for length in 1..=3 {
        let in_pieces = list_in_pieces(length, status, body);
        assert_eq!(
            (in_pieces.outcome, &in_pieces.accounts),
            (whole.outcome, &whole.accounts),
            "{} by {length}",
            String::from_utf8_lossy(body)
        );
    }
    whole
}

#[test]
fn each_account_of_a_list_is_judged_by_itself_under_its_exact_id() {
    let seen = list(
        200,
        r#"{"007":{"maxJobs":1},"7":{"error":"On hold"},"a/b @c":{},"x":5,"y":null,"error":{"account":"error"}}"#,
    );
    assert_eq!((seen.outcome, seen.error), (Outcome::Ok, None));
    let outcomes: Vec<_> = seen.accounts.iter().map(|(id, seen)| (id.as_str(), seen.outcome)).collect();
    assert_eq!(
        outcomes,
        [
            ("007", Outcome::Ok),
            ("7", Outcome::AccountError),
            ("a/b @c", Outcome::Malformed),
            ("error", Outcome::Ok),
            ("x", Outcome::Malformed),
            ("y", Outcome::Malformed),
        ]
    );
}

#[test]
fn empty_list_or_404_means_no_accounts() {
    for (status, body) in [(200, "{}"), (404, ""), (404, r#"{"error":"none"}"#), (404, "<html>"), (404, "[]")]
    {
        assert_eq!(list(status, body), Listing::ok(BTreeMap::new()), "{status} {body}");
    }
}

#[test]
fn refusal_is_never_taken_for_accounts() {
    for body in [
        r#"{"error":"Unauthorized","code":401}"#,
        r#"{"error":{"message":"Unauthorized","code":401}}"#,
        r#"{"message":"hi"}"#,
        r#"{"error":"x","details":{"a":1}}"#,
        r#"{"error":"Token revoked \ud83d","code":1e999}"#,
        r#"{"error":{"message":"Token revoked \ud83d"}}"#,
        r#"{"message":"\ud83d"}"#,
        "[]",
        r#"[{"account":"1","maxJobs":1}]"#,
        "null",
        "",
        "{",
        r#"{"1":{"maxJobs":1}"#,
    ] {
        let seen = list(200, body);
        assert_eq!((seen.outcome, seen.accounts.len()), (Outcome::Malformed, 0), "{body}");
        assert!(seen.error.is_some(), "{body}");
    }
    let mixed = list(200, r#"{"error":"one is missing","code":1,"5":{"maxJobs":1}}"#);
    assert_eq!(mixed.accounts.into_keys().collect::<Vec<_>>(), [AccountId::new("5")]);
}

#[test]
fn invalid_list_is_described_not_quoted() {
    let many: Vec<String> = (0..=MAX_ACCOUNTS).map(|id| format!("\"{id}\":1")).collect();
    for (body, error) in [
        ("[]", "JSON, but an array where a list by account id should be"),
        (" null ", "JSON, but null where a list by account id should be"),
        ("", "an empty body"),
        (" \n", "an empty body"),
        ("\u{feff}", "not JSON but an unnamed type, 3 bytes"),
        ("<p>s3cret", "not JSON but an unnamed type, 9 bytes"),
        ("{", "JSON cut short at byte 1"),
        ("\u{feff} {\"1\":{\"maxJobs\":1}", "JSON cut short at byte 22"),
        ("{\"1\":s3cret}", "broken JSON within the first 12 bytes"),
        (&"[".repeat(MAX_REFUSAL + 1), "a body larger than 65,536 bytes"),
        (&format!("{{{}}}", many.join(",")), "more than 250,000 accounts"),
    ] {
        let seen = list_in_pieces(1 << 14, 200, body);
        let shown: String = body.chars().take(20).collect();
        assert_eq!((seen.outcome, seen.error.as_deref()), (Outcome::Malformed, Some(error)), "{shown}");
        assert!(seen.accounts.is_empty(), "{shown}");
    }
}

#[test]
fn too_large_account_is_malformed_and_the_others_are_not() {
    let large = format!(r#"{{"maxJobs":1,"x":"{}"}}"#, "x".repeat(200));
    let seen = list(200, format!(r#"{{"1":{{"maxJobs":1}},"2":{large},"3":{{"maxJobs":1}}}}"#));
    let outcomes: Vec<_> = seen.accounts.values().map(|seen| seen.outcome).collect();
    assert_eq!(outcomes, [Outcome::Ok, Outcome::Malformed, Outcome::Ok]);
    let error = seen.accounts[&AccountId::new("2")].error.as_deref();
    assert_eq!(error, Some("a body larger than 200 bytes"));
}

#[test]
fn last_of_repeated_accounts_counts() {
    let seen = list(200, r#"{"1":{"maxJobs":1},"1":{"error":"On hold"}}"#);
    assert_eq!(seen.accounts[&AccountId::new("1")].outcome, Outcome::AccountError);
}

#[test]
fn truncated_list_contains_no_account() {
    for outcome in [Outcome::Unavailable, Outcome::Malformed] {
        let cut = ReadFailure { outcome, reason: "connection cut".to_owned() };
        let known = LastAnswers::new();
        let mut reader = ListReader::new(responses(), response(200, None, b""), 200, &known, read_in);
        reader.feed(br#"{"1":{"maxJobs":1},"2":{"#).unwrap();
        let seen = reader.finish(Err(cut));
        assert_eq!((seen.outcome, seen.accounts.len()), (outcome, 0));
    }
}

#[test]
fn other_statuses_mean_the_same_as_for_one_account() {
    for (status, outcome, waits) in [
        (401, Outcome::Unauthorized, false),
        (402, Outcome::SubscriptionLapsed, false),
        (429, Outcome::RateLimited, true),
        (503, Outcome::Unavailable, true),
        (596, Outcome::AccountError, false),
        (302, Outcome::Malformed, false),
        (204, Outcome::Malformed, false),
    ] {
        let seen = list(status, r#"{"1":{"maxJobs":1}}"#);
        assert_eq!((seen.outcome, seen.accounts.len()), (outcome, 0), "{status}");
        assert_eq!(seen.retry_after.is_some(), waits, "{status}");
        assert!(seen.error.is_some(), "{status}");
    }
}

#[test]
fn invalid_string_or_number_is_read_leniently_and_affects_no_other_account() {
    for (odd, outcome) in [
        (&br#"{"account":"2","error":"Session of \ud83d","maxJobs":2}"#[..], Outcome::AccountError),
        (b"{\"error\":\"Session \n\x1b \xff\"}", Outcome::AccountError),
        (br#"{"error":"\x \u12"}"#, Outcome::AccountError),
        (br#"{"error":1e999}"#, Outcome::AccountError),
        (br#"{"maxJobs":1e999}"#, Outcome::Ok),
        (br#"{"jwt":{"exp":1e400},"maxJobs":1}"#, Outcome::Ok),
        (br#"{"maxJobs":1,"jwt":{"host":"\ud83d"}}"#, Outcome::Ok),
        (b"{\"maxJobs\":1,\"\xff\\ud83d\":1}", Outcome::Ok),
        (br#"{"maxJobs":1,}"#, Outcome::Malformed),
        (br#"{"maxJobs":tru}"#, Outcome::Malformed),
        (br#"{"error":"He said "no""}"#, Outcome::Malformed),
        (b"nonsense", Outcome::Malformed),
        (b"\xff", Outcome::Malformed),
    ] {
        let shown = String::from_utf8_lossy(odd);
        let alone = responses().account(&response(200, None, odd));
        assert_eq!(alone.outcome, outcome, "{shown}");
        let body = [&br#"{"1":{"maxJobs":1},"2":"#[..], odd, br#","3":{"error":"On hold"}}"#].concat();
        let seen = list(200, &body);
        let outcomes: Vec<_> = seen.accounts.iter().map(|(id, seen)| (id.as_str(), seen.outcome)).collect();
        let expected = [("1", Outcome::Ok), ("2", outcome), ("3", Outcome::AccountError)];
        assert_eq!((seen.outcome, outcomes.as_slice()), (Outcome::Ok, &expected[..]), "{shown}");
        assert_eq!(seen.accounts[&AccountId::new("2")], alone, "{shown}");
    }
}

#[test]
fn unreadable_id_affects_that_account_only() {
    let long = "7".repeat(MAX_ID_LENGTH + 1);
    for id in [&br"\ud83d"[..], b"\xff", br"\x", long.as_bytes()] {
        let body = [&br#"{"1":{"maxJobs":1},""#[..], id, br#"":{"maxJobs":1}}"#].concat();
        let seen = list(200, &body);
        let shown = String::from_utf8_lossy(&body).into_owned();
        assert_eq!((seen.outcome, seen.accounts.len()), (Outcome::Ok, 1), "{shown}");
    }
    let raw = list(200, &b"{\"a\tb\":{\"maxJobs\":1},\"a\tb\":{\"error\":\"On hold\"}}"[..]);
    assert_eq!(raw.accounts[&AccountId::new("a\tb")].outcome, Outcome::AccountError);
}

#[test]
fn account_with_the_bytes_of_its_last_answer_is_not_read_again() {
    let checksum = |json: &str| Checksum::of([json]);
    let answer_seven = LastAnswer { row: 7, checksum: checksum(r#"{"maxJobs":1}"#) };
    let known = LastAnswers::from([
        (AccountId::new("same"), answer_seven),
        (AccountId::new("other"), answer_seven),
        (AccountId::new("gone"), answer_seven),
    ]);
    let list = br#"{"same":{"maxJobs":1},"other":{"maxJobs":2},"new":{"maxJobs":1},"ill":{"error":"x"}}"#;
    for length in 1..=list.len() {
        let head = response(200, None, b"");
        let mut reader = ListReader::new(responses(), head, 200, &known, |answer| answer);
        let end = list.chunks(length).try_for_each(|piece| reader.feed(piece));
        let accounts = reader.finish(end).accounts;
        let answer = |id: &str| accounts[&AccountId::new(id)].clone();
        assert_eq!(answer("same"), Answer::Unchanged(answer_seven));
        for (id, json) in [("other", r#"{"maxJobs":2}"#), ("new", r#"{"maxJobs":1}"#)] {
            assert!(matches!(answer(id), Answer::Read(_, Some(sum)) if sum == checksum(json)), "{id}");
        }
        let ill = Observation::failed(Outcome::AccountError, "x");
        assert_eq!(answer("ill"), Answer::Read(Box::new(ill), None));
        assert_eq!(accounts.len(), 4, "by {length}");
    }
}
