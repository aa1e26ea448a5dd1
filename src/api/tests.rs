//! Properties of the whole path from bytes to observation: no panic, no leaked secret, no influence of the order of members.

use chrono::{TimeZone, Utc};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::answer::{Answer, LastAnswers};
use super::classify::ResponseReader;
use super::list::ListReader;
use super::properties::{check_expiry_text, check_list, check_repair, check_response, check_wait};
use super::redact::Redactor;
use super::response::Response;
use crate::domain::configuration::Configuration;
use crate::domain::observation::{Observation, Outcome};
use crate::domain::text::is_invisible;
use crate::tests::{mutated, mutated_text};

const TOKEN: &str = "user:5177-hTokenPlanted9Q";

/// Secrets, each in a place where the vendor has one of its kind. No result may contain them.
const PLANTED: [&str; 7] = [
    "hTokenPlanted9Q",
    "5177-hTokenPlanted9Q",
    "PlantedSession",
    "planted-uuid-4c0d",
    "Planted Jane Doe",
    "planted-device-88123",
    "planted-avatar.png",
];

/// The observation if the body answers a request for one account, then those if it answers a request for all.
fn observations(status: u16, body: &[u8]) -> Vec<Observation> {
    let reader = || ResponseReader {
        redactor: Redactor::new(TOKEN),
        now: Utc.with_ymd_and_hms(2026, 11, 23, 7, 15, 0).unwrap(),
    };
    let response = |body| Response {
        status,
        retry_after: Some("soon".to_owned()),
        content_type: Some("text/html".to_owned()),
        body: Ok(body),
    };
    let known = LastAnswers::new();
    let read_in = |answer: Answer| answer.into_observation().unwrap();
    let mut list = ListReader::new(reader(), response(Vec::new()), 1 << 20, &known, read_in);
    let end = list.feed(body);
    let listing = list.finish(end);
    let account = reader().account(&response(body.to_vec()));
    let failure = listing.error.map(|error| Observation::failed(listing.outcome, error));
    [account].into_iter().chain(failure).chain(listing.accounts.into_values()).collect()
}

fn configuration(body: &str) -> Configuration {
    observations(200, body.as_bytes()).swap_remove(0).configuration.unwrap()
}

/// A configuration with a secret in every member that the allow-list leaves out.
fn planted() -> Value {
    json!({
        "account": "123456",
        "jwt": {
            "token": "eyJhbGciOiJIUzI1NiJ9.PlantedSession.x",
            "user": {
                "deviceID": "planted-device-88123", "id": "123456", "isAnonymous": true,
                "name": "Planted Jane Doe", "avatar": "https://example.com/planted-avatar.png"
            },
            "exp": 1_734_858_598.864, "iat": 1_732_266_598.864, "host": "hailuoai.video",
            "searchParams": "device_platform=web&uuid=planted-uuid-4c0d",
            "exp_Expire": "2024-12-01T00:00:00.000Z", "iat_Issued": "PlantedSession"
        },
        "authorization": "Bearer user:5177-hTokenPlanted9Q",
        "maxJobs": 1, "supportVideo": true, "supportToken": "PlantedSession"
    })
}

fn assert_clean(status: u16, body: &[u8]) -> Result<(), TestCaseError> {
    for seen in observations(status, body) {
        let shown = format!("{seen:?}");
        for secret in PLANTED {
            prop_assert!(!shown.contains(secret), "{secret} in {shown} of {}", String::from_utf8_lossy(body));
        }
        prop_assert_eq!(seen.configuration.is_some(), seen.outcome == Outcome::Ok);
        if let Some(error) = &seen.error {
            prop_assert!(error.chars().count() <= 200, "{error}");
            prop_assert!(!error.chars().any(is_invisible), "{error:?}");
        }
    }
    Ok(())
}

fn statuses() -> impl Strategy<Value = u16> {
    prop_oneof![
        4 => prop::sample::select(vec![200, 302, 401, 402, 404, 429, 500, 502, 596]),
        1 => 100..=999_u16,
    ]
}

/// Any JSON, with the vendor's member names often enough to reach every branch.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        Just(Value::from("Bearer user:5177-hTokenPlanted9Q")),
        Just(Value::from("eyJhbGciOiJIUzI1NiJ9.PlantedSession.x")),
        Just(planted()),
    ];
    let names = [
        "account",
        "jwt",
        "user",
        "id",
        "host",
        "exp",
        "exp_Expire",
        "maxJobs",
        "error",
        "message",
        "code",
        "retryAfter",
        "supportVideo",
        "supportX",
    ];
    let name = prop_oneof![4 => prop::sample::select(names.to_vec()).prop_map(str::to_owned), 1 => ".{0,8}"];
    leaf.prop_recursive(4, 48, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((name.clone(), inner), 0..8).prop_map(|m| Map::from_iter(m).into()),
        ]
    })
}

/// The members of `object` in another order, at every depth.
fn reversed(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let members: Vec<String> = members
                .iter()
                .rev()
                .map(|(name, value)| format!("{}:{}", json!(name), reversed(value)))
                .collect();
            format!("{{{}}}", members.join(","))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            value.to_string()
        }
    }
}

#[test]
fn only_allow_listed_members_are_stored_and_no_secret_is() {
    let kept = serde_json::to_value(configuration(&planted().to_string())).unwrap();
    assert_eq!(
        kept,
        json!({
            "host": "hailuoai.video", "user_id": "123456", "max_jobs": 1, "capabilities": {"supportVideo": true},
            "exp_expire": "2024-12-01T00:00:00Z", "exp": "2024-12-22T09:09:58Z"
        })
    );
}

#[test]
fn order_of_members_has_no_influence() {
    let [forward, backward] = [planted().to_string(), reversed(&planted())];
    assert_ne!(forward, backward);
    let bytes = |body: &str| serde_json::to_string(&configuration(body)).unwrap();
    assert_eq!(bytes(&forward), bytes(&backward));
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic_and_always_give_a_valid_observation(status in statuses(), body in prop::collection::vec(any::<u8>(), 0..256)) {
        assert_clean(status, &body)?;
    }

    #[test]
    fn error_with_any_text_is_an_account_error_alone_and_in_a_list(
        words in prop::collection::vec(prop_oneof![
            4 => any::<u8>().prop_map(|byte| if b"\"\\".contains(&byte) { vec![b'x'] } else { vec![byte] }),
            1 => prop::sample::select(vec![&br"\ud83d"[..], br"\ude00", br"\x", br"\u12", br"\n", br#"\""#]).prop_map(<[u8]>::to_vec),
        ], 0..24),
    ) {
        let record = [br#"{"account":"2","error":"On hold "#, words.concat().as_slice(), br#"","maxJobs":2}"#].concat();
        let list = [&br#"{"1":{"maxJobs":1},"2":"#[..], &record, b"}"].concat();
        prop_assert_eq!(observations(200, &record)[0].outcome, Outcome::AccountError);
        let outcomes: Vec<Outcome> = observations(200, &list)[1..].iter().map(|seen| seen.outcome).collect();
        prop_assert_eq!(outcomes, [Outcome::Ok, Outcome::AccountError]);
        assert_clean(200, &record)?;
        assert_clean(200, &list)?;
    }

    #[test]
    fn arbitrary_json_never_panics_and_never_leaks(status in statuses(), value in any_json()) {
        assert_clean(status, value.to_string().as_bytes())?;
    }

    #[test]
    fn truncated_configuration_never_leaks(status in statuses(), cut in any::<prop::sample::Index>()) {
        let body = planted().to_string();
        let (head, tail) = body.as_bytes().split_at(cut.index(body.len()));
        assert_clean(status, head)?;
        let page = |piece: &[u8]| [b"<html><body>", piece, b"</body></html>"].concat();
        assert_clean(status, &page(head))?;
        // A tail may begin inside a string; the rest still has its quotes.
        assert_clean(status, tail)?;
        assert_clean(status, &page(tail))?;
    }

    #[test]
    fn configuration_within_other_text_never_leaks(status in statuses(), before in ".{0,40}", after in ".{0,40}") {
        for wrapped in [
            format!("{before}{}{after}", planted()),
            json!({"error": format!("{before}{}{after}", planted())}).to_string(),
            json!({"message": planted().to_string()}).to_string(),
            json!({"error": {"message": format!("{before} {}", planted()), "details": planted()}}).to_string(),
            json!([planted(), before]).to_string(),
            json!({"123456": planted(), "7": after}).to_string(),
        ] {
            assert_clean(status, wrapped.as_bytes())?;
        }
    }

    #[test]
    fn changed_byte_never_leaks(status in statuses(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut body = planted().to_string().into_bytes();
        let at = at.index(body.len());
        body[at] = byte;
        for seen in observations(status, &body) {
            // A changed member name may change what is stored; error texts still contain no secret.
            let error = seen.error.unwrap_or_default();
            prop_assert!(!PLANTED.iter().any(|secret| error.contains(secret)), "{error}");
        }
    }
}

const SEED: &str = include_str!("../../tests/fixtures/seed_account.json");

/// Notations of expiries.
const EXPIRIES: [&str; 8] = [
    "2026-11-29T06:18:02.123Z",
    "2026-11-29 06:18:02 +0000 UTC",
    "Sun, 29 Nov 2026 08:18:02 +0200 (CEST)",
    "Sunday, 29-Nov-26 06:18:02 GMT",
    "Sun Nov 29 2026 06:18:02 GMT+0000 (Coordinated Universal Time)",
    "20261129T061802Z",
    "1795418100.864",
    "2026-11-29T06:18:02,5Z",
];

proptest! {
    #[test]
    fn any_response_is_bounded_printable_and_judged_by_its_status(
        status in statuses(),
        retry_after in prop::option::of(".{0,40}"),
        bytes in prop::collection::vec(any::<u8>(), 0..300),
        account in mutated(SEED),
        refusal in mutated(r#"{"error":"Too many requests","code":429,"retryAfter":"2026-11-23T07:15:20.000Z"}"#),
    ) {
        for body in [bytes, account, refusal] {
            check_response(status, retry_after.as_deref(), &body);
            check_repair(&body);
        }
    }

    #[test]
    fn any_list_means_the_same_in_pieces_and_contains_bounded_accounts(
        status in statuses(),
        piece in 1_usize..70,
        bytes in prop::collection::vec(any::<u8>(), 0..300),
        list in mutated(format!("\u{feff} {{\"123456\": {SEED}, \"7\": {{\"error\":\"On hold\"}}}}")),
        braces in "\\{[{}\\[\\]:,\"\\\\1a \n]{0,40}",
    ) {
        for body in [bytes, list, braces.into_bytes()] {
            check_list(status, piece, &body);
        }
    }

    #[test]
    fn any_text_of_an_expiry_is_one_timestamp_or_is_quoted(
        valid in prop::sample::select(EXPIRIES.to_vec()).prop_flat_map(mutated_text),
        any in any::<String>(),
        number in "[-+]?[0-9]{0,80}(\\.[0-9]{0,40})?([eE][-+]?[0-9]{0,9})?",
        now in -400_000_000_000_i64..400_000_000_000,
    ) {
        let now = chrono::DateTime::from_timestamp(now, 0).unwrap();
        for text in [valid, any, number] {
            check_expiry_text(&text);
            check_wait(Some(&text), &text, now);
            check_wait(None, &text, now);
        }
    }
}

/// Long runs of pieces that nest or repeat. A recursive parser overflows the test's stack here, and a quadratic one takes minutes.
#[test]
fn large_responses_are_read_in_linear_time_and_without_recursion() {
    const LARGE: usize = 1 << 16;
    for piece in [
        "[", "{\"a\":", "[[],", "\\ud83d", "\\", "9", "\"", "<", "<title>", " ", "\u{202e}", "a,", "bearer ",
        "eyJ", "user:", "(", "-",
    ] {
        let run = piece.repeat(LARGE / piece.len());
        for body in [
            run.clone(),
            format!("\"{run}"),
            format!(r#"{{"maxJobs":{run}}}"#),
            format!(r#"{{"error":"{run}","jwt":{{"exp":"{run}"}}}}"#),
            format!(r#"{{"error":{run},"jwt":{{"exp":{run}}}}}"#),
            format!(r#"{{"{run}":1}}"#),
        ] {
            check_response(200, None, body.as_bytes());
            check_response(502, Some(&body), body.as_bytes());
            check_list(200, 1 << 14, body.as_bytes());
        }
    }
}

#[test]
fn long_lists_and_slow_lists_are_read_in_linear_time() {
    let members: Vec<String> = (0..100_000).map(|id| format!(r#""{id}":{{"maxJobs":1}}"#)).collect();
    check_list(200, 1 << 14, format!("{{{}}}", members.join(",")).as_bytes());
    check_list(200, 1, [" ".repeat(60 << 10).as_str(), r#"{"1":{"maxJobs":1}}"#].concat().as_bytes());
    check_list(200, 1, [" ".repeat(60 << 10).as_str(), "x"].concat().as_bytes());
}
