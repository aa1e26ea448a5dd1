//! The vendor as its own examples meet it, and every answer that it can be told to give.

use std::time::Duration;

use axum::http::{HeaderName, HeaderValue, StatusCode};
use chrono::TimeDelta;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::SecretString;
use serde_json::{Value, json};

use super::{client, clock, moment, raw};
use crate::simulator::{
    Answer, Lapse, Missing, Page, Record, Refusal, Reply, RetryAfter, Subscription, UseApi,
};

const TOKEN: &str = "user:1234-abcDEF";

async fn vendor() -> (UseApi, Subscription) {
    let api = UseApi::open(&clock()).await.unwrap();
    let subscription = api.subscribe(SecretString::from(TOKEN));
    (api, subscription)
}

fn request(api: &UseApi, path: &str) -> reqwest::RequestBuilder {
    client().get(format!("{}v1/minimax/accounts{path}", api.base_url())).bearer_auth(TOKEN)
}

async fn read(api: &UseApi, account: &str) -> reqwest::Response {
    let account = utf8_percent_encode(account, NON_ALPHANUMERIC);
    request(api, &format!("/{account}")).send().await.unwrap()
}

async fn read_list(api: &UseApi) -> Value {
    request(api, "").send().await.unwrap().json().await.unwrap()
}

/// The vendor's three examples as their clients put them on the wire, plus `Connection: close` so that the answer ends.
fn documented_requests(api: &UseApi, account: &str, token: &str) -> [(&'static str, String); 3] {
    let head = format!("GET /v1/minimax/accounts/{account} HTTP/1.1\r\nHost: {}\r\n", api.address());
    [
        (
            "curl",
            format!(
                "{head}User-Agent: curl/8.5.0\r\nAccept: application/json\r\n\
                 Authorization: Bearer {token}\r\nConnection: close\r\n\r\n"
            ),
        ),
        (
            "fetch",
            format!(
                "{head}connection: close\r\nAuthorization: Bearer {token}\r\naccept: */*\r\n\
                 accept-language: *\r\nsec-fetch-mode: cors\r\nsec-fetch-site: cross-site\r\n\
                 sec-fetch-dest: empty\r\norigin: https://example.com\r\nreferer: https://example.com/\r\n\
                 user-agent: Mozilla/5.0 (X11; Linux x86_64)\r\naccept-encoding: gzip, deflate, br, zstd\r\n\r\n"
            ),
        ),
        (
            "requests",
            format!(
                "{head}User-Agent: python-requests/2.32.3\r\nAccept-Encoding: gzip, deflate\r\nAccept: */*\r\n\
                 Connection: close\r\nContent-Type: application/json\r\nAuthorization: Bearer {token}\r\n\r\n"
            ),
        ),
    ]
}

#[tokio::test]
async fn the_vendors_own_examples_get_the_documented_configuration() {
    let (api, main) = vendor().await;
    main.put(Record::new("123456"));
    for (name, request) in documented_requests(&api, "123456", TOKEN) {
        let answer = raw(api.address(), &request).await;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{name}: {head}");
        assert!(head.contains("content-type: application/json"), "{name}: {head}");
        assert!(head.contains("access-control-allow-origin: *"), "{name}: {head}");
        let body: Value = serde_json::from_str(body).unwrap();
        assert_eq!(body, Record::new("123456").to_json(moment(), 0), "{name}");
    }
    let agents: Vec<_> = api.requests().into_iter().map(|request| request.user_agent.unwrap()).collect();
    assert_eq!(agents, ["curl/8.5.0", "Mozilla/5.0 (X11; Linux x86_64)", "python-requests/2.32.3"]);
}

#[tokio::test]
async fn the_vendors_own_examples_get_the_documented_refusals() {
    let (api, _main) = vendor().await;
    for (name, request) in documented_requests(&api, "123456", "wrong") {
        let answer = raw(api.address(), &request).await;
        assert!(answer.starts_with("HTTP/1.1 401 Unauthorized\r\n"), "{name}: {answer}");
        let body: Value = serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap();
        assert_eq!(body, json!({"error": "Unauthorized", "code": 401}), "{name}");
    }
    for (name, request) in documented_requests(&api, "123456", TOKEN) {
        let answer = raw(api.address(), &request).await;
        assert!(answer.starts_with("HTTP/1.1 404 Not Found\r\n"), "{name}: {answer}");
        assert!(
            answer.ends_with("\r\n\r\nConfiguration not found. To create configuration use POST /accounts."),
            "{name}: {answer}"
        );
    }
}

#[tokio::test]
async fn a_browsers_preflight_is_granted_without_a_token() {
    let (api, _main) = vendor().await;
    let answer = raw(
        api.address(),
        &format!(
            "OPTIONS /v1/minimax/accounts/1 HTTP/1.1\r\nHost: {}\r\nOrigin: https://example.com\r\n\
             Access-Control-Request-Method: GET\r\nAccess-Control-Request-Headers: authorization\r\n\
             Connection: close\r\n\r\n",
            api.address()
        ),
    )
    .await;
    assert!(answer.starts_with("HTTP/1.1 204 No Content\r\n"), "{answer}");
    assert!(answer.contains("access-control-allow-headers: authorization"), "{answer}");
    assert!(answer.contains("access-control-allow-methods: GET"), "{answer}");
}

#[tokio::test]
async fn only_a_known_bearer_token_opens_and_a_reset_shuts_out_the_old_one_at_once() {
    let (api, main) = vendor().await;
    main.put(Record::new("1"));
    let url = format!("{}v1/minimax/accounts/1", api.base_url());
    let status = async |authorization: Option<&str>| {
        let request = client().get(&url);
        let request = match authorization {
            Some(value) => request.header("authorization", value),
            None => request,
        };
        request.send().await.unwrap().status().as_u16()
    };
    let bearer = format!("Bearer {TOKEN}");
    assert_eq!(status(Some(&bearer)).await, 200);
    assert_eq!(status(Some(&format!("bearer {TOKEN}"))).await, 200, "a scheme's case does not matter");
    for refused in [None, Some("Bearer"), Some("Bearer "), Some(TOKEN), Some("Basic dXNlcjox")] {
        assert_eq!(status(refused).await, 401, "{refused:?}");
    }

    main.reset_token(SecretString::from("user:1234-new"));
    assert_eq!(status(Some(&bearer)).await, 401);
    assert_eq!(status(Some("Bearer user:1234-new")).await, 200);
    main.accept_token(SecretString::from(TOKEN));
    assert_eq!(status(Some(&bearer)).await, 200);
    main.revoke_tokens();
    assert_eq!(status(Some("Bearer user:1234-new")).await, 401);

    api.refuse_with(Refusal::WithoutCode);
    let body: Value = read(&api, "1").await.json().await.unwrap();
    assert_eq!(body, json!({"error": "Unauthorized"}));
}

#[tokio::test]
async fn a_subscription_sees_its_own_accounts_only() {
    let (api, main) = vendor().await;
    let other = api.subscribe(SecretString::from("user:2-x"));
    main.put(Record::new("1"));
    other.put(Record::new("2"));
    assert_eq!(read(&api, "1").await.status(), 200);
    assert_eq!(read(&api, "2").await.status(), 404);
    other.set_all(Some(Answer::lapsed(Lapse::Expired)));
    assert_eq!(read(&api, "1").await.status(), 200);
}

#[tokio::test]
async fn any_account_id_works_when_it_is_one_encoded_segment() {
    let (api, main) = vendor().await;
    for id in ["000123", "a.person+tag@example.com", "a/b", "账户 é", "100%", "..x", "?#&="] {
        main.put(Record::new(id));
        let body: Value = read(&api, id).await.json().await.unwrap();
        assert_eq!(body["account"], id);
        assert_eq!(api.requests_for(id).len(), 1, "{id}");
    }
    assert_eq!(request(&api, "/a/b").send().await.unwrap().status(), 404, "two segments are no account");
    assert_eq!(request(&api, "/%ff").send().await.unwrap().status(), 404, "an id is UTF-8");
    assert_eq!(read(&api, "123").await.status(), 404, "leading zeros count");
}

#[tokio::test]
async fn every_documented_answer_arrives_as_documented() {
    let (api, main) = vendor().await;
    let later = moment() + TimeDelta::seconds(30);
    let json = Some("application/json; charset=utf-8");
    for (answer, status, kind, words) in [
        (Answer::unauthorized(Refusal::WithCode), 401, json, r#"{"code":401,"error":"Unauthorized"}"#),
        (Answer::unauthorized(Refusal::WithoutCode), 401, json, r#"{"error":"Unauthorized"}"#),
        (Answer::lapsed(Lapse::Expired), 402, json, "expired"),
        (Answer::lapsed(Lapse::NotIncluded), 402, json, "does not include"),
        (Answer::not_found(Missing::Sentence), 404, Some("text/plain; charset=utf-8"), "POST /accounts."),
        (Answer::not_found(Missing::Json), 404, json, "\"code\":404"),
        (Answer::not_found(Missing::Empty), 404, None, ""),
        (Answer::rate_limited(RetryAfter::Seconds(30)), 429, json, "Too many"),
        (Answer::rate_limited_until(later), 429, json, "\"retryAfter\":\"2026-11-23T07:15:30.000Z\""),
        (Answer::unavailable(StatusCode::BAD_GATEWAY, Page::Html), 502, Some("text/html"), "502 Bad Gateway"),
        (Answer::unavailable(StatusCode::GATEWAY_TIMEOUT, Page::Json), 504, json, "\"code\":504"),
        (Answer::account_error("on hold"), 596, json, r#"{"code":596,"error":"on hold"}"#),
        (Answer::from(Record::new("1").error("Session expired")), 200, json, r#""error":"Session expired""#),
        (Answer::from(Record::new("1").error_object(7, "held")), 200, json, r#""message":"held""#),
        (Answer::not_json(), 200, json, "<!doctype"),
        (Answer::array(&Record::new("1"), moment()), 200, json, "[{"),
    ] {
        main.next("1", answer);
        let response = read(&api, "1").await;
        assert_eq!(response.status().as_u16(), status, "{words}");
        let found = response.headers().get("content-type").map(|value| value.to_str().unwrap().to_owned());
        assert_eq!(found.as_deref(), kind, "{status} {words}");
        let body = response.text().await.unwrap();
        assert!(body.contains(words), "{status}: {body}");
    }
}

#[tokio::test]
async fn retry_after_comes_in_seconds_or_as_a_date() {
    let (api, main) = vendor().await;
    for (when, text) in [
        (RetryAfter::Seconds(30), "30"),
        (RetryAfter::Date(moment() + TimeDelta::seconds(30)), "Mon, 23 Nov 2026 07:15:30 GMT"),
    ] {
        main.next("1", Answer::rate_limited(when));
        assert_eq!(read(&api, "1").await.headers()["retry-after"], text);
    }
}

#[tokio::test]
async fn answers_follow_the_simulated_now() {
    let clock = clock();
    let api = UseApi::open(&clock).await.unwrap();
    let main = api.subscribe(SecretString::from(TOKEN));
    main.put(Record::new("1"));
    main.script("1", moment() + TimeDelta::hours(1), Answer::account_error("held"));
    main.script_all(moment() + TimeDelta::hours(2), Some(Answer::lapsed(Lapse::Expired)));
    main.script_all(moment() + TimeDelta::hours(3), None);
    for (minutes, status) in [(0, 200), (59, 200), (60, 596), (120, 402), (180, 596)] {
        clock.set(moment() + TimeDelta::minutes(minutes));
        assert_eq!(read(&api, "1").await.status().as_u16(), status, "{minutes} min");
    }
    assert_eq!(api.requests().last().unwrap().at, moment() + TimeDelta::hours(3));
    main.next("1", Answer::hang());
    main.next("1", Reply::status(StatusCode::IM_A_TEAPOT));
    main.remove("1");
    let timed = request(&api, "/1").timeout(Duration::from_millis(50)).send().await;
    assert!(timed.unwrap_err().is_timeout(), "the first exception hangs");
    assert_eq!(read(&api, "1").await.status(), 418);
    assert_eq!(read(&api, "1").await.status(), 404);
}

#[tokio::test]
async fn a_stamped_error_differs_in_every_answer() {
    let (api, main) = vendor().await;
    main.put(Record::new("1").stamped_error("Session expired"));
    let first: Value = read(&api, "1").await.json().await.unwrap();
    let second: Value = read(&api, "1").await.json().await.unwrap();
    assert_ne!(first["error"], second["error"]);
}

#[tokio::test]
async fn the_list_holds_every_account_that_is_not_gone() {
    let (api, main) = vendor().await;
    assert_eq!(read_list(&api).await, json!({}));
    main.put(Record::new("1"));
    main.put(Record::new("2").error("Session expired"));
    main.put(Record::new("3"));
    main.put(Record::new("4"));
    main.put(Record::new("5"));
    main.set("3", Answer::not_found(Missing::Json));
    main.set("4", Answer::account_error("held"));
    main.remove("5");
    main.script("6", moment() + TimeDelta::hours(1), Record::new("6"));
    let list = read_list(&api).await;
    let ids: Vec<_> = list.as_object().unwrap().keys().collect();
    assert_eq!(ids, ["1", "2", "4"]);
    assert_eq!(list["1"], Record::new("1").to_json(moment(), 0));
    assert_eq!(list["2"]["error"], "Session expired");
    api.set_now(moment() + TimeDelta::hours(1));
    assert_eq!(read_list(&api).await["6"]["account"], "6");
}

#[tokio::test]
async fn the_list_can_be_scripted_apart_from_its_accounts() {
    let (api, main) = vendor().await;
    main.put(Record::new("1"));
    main.set_list(Some(Answer::not_found(Missing::Empty)));
    main.next_list(Answer::unavailable(StatusCode::SERVICE_UNAVAILABLE, Page::Html));
    let status = async || request(&api, "").send().await.unwrap().status().as_u16();
    assert_eq!([status().await, status().await], [503, 404]);
    assert_eq!(read(&api, "1").await.status(), 200);
    main.set_list(None);
    assert_eq!(status().await, 200);
    main.next_any(Answer::lapsed(Lapse::Expired));
    assert_eq!([status().await, status().await], [402, 200]);
}

#[tokio::test]
async fn hostile_bodies_arrive_as_hostile_as_they_were_meant() {
    let (api, main) = vendor().await;
    let record = Record::new("1");

    main.next("1", Answer::truncated(&record, moment()));
    let text = read(&api, "1").await.text().await.unwrap();
    assert!(text.starts_with('{') && serde_json::from_str::<Value>(&text).is_err(), "{text}");

    main.next("1", Answer::too_large(3_000_000));
    assert!(read(&api, "1").await.bytes().await.unwrap().len() > 3_000_000);

    main.next("1", Answer::gzip(&record, moment()));
    let body: Value = read(&api, "1").await.json().await.unwrap();
    assert_eq!(body["account"], "1");

    main.next("1", Answer::gzip_bomb(1_000_000));
    let plain = reqwest::Client::builder().no_proxy().tls_certs_only([]).no_gzip().build().unwrap();
    let bomb = plain.get(format!("{}v1/minimax/accounts/1", api.base_url())).bearer_auth(TOKEN);
    let packed = bomb.send().await.unwrap().bytes().await.unwrap();
    assert!(packed.len() < 20_000, "{} bytes on the wire", packed.len());
    main.next("1", Answer::gzip_bomb(1_000_000));
    assert!(read(&api, "1").await.bytes().await.unwrap().len() > 1_000_000);

    let elsewhere = url::Url::parse("http://127.0.0.1:9/elsewhere").unwrap();
    for status in [StatusCode::FOUND, StatusCode::TEMPORARY_REDIRECT] {
        main.next("1", Answer::redirect(status, &elsewhere));
        let response = read(&api, "1").await;
        assert_eq!(response.status(), status);
        assert_eq!(response.headers()["location"], elsewhere.as_str());
    }

    let odd = Reply::text(StatusCode::from_u16(299).unwrap(), vec![0xff, 0x00])
        .header(HeaderName::from_static("x-odd"), HeaderValue::from_bytes(b"\xe9").unwrap());
    main.next("1", odd);
    let response = read(&api, "1").await;
    assert_eq!(response.status().as_u16(), 299);
    assert_eq!(response.headers()["x-odd"].as_bytes(), b"\xe9");
    assert_eq!(response.bytes().await.unwrap().as_ref(), [0xff, 0x00]);
}

#[tokio::test]
async fn connections_break_where_they_were_told_to() {
    let (api, main) = vendor().await;
    let record = Record::new("1");

    main.next("1", Answer::close());
    let error = request(&api, "/1").send().await.unwrap_err();
    assert!(!error.is_timeout() && !error.is_connect(), "{error:?}");

    main.next("1", Answer::cut_after(&record, moment(), 40));
    let response = read(&api, "1").await;
    assert_eq!(response.status(), 200);
    assert!(response.content_length().unwrap() > 500, "the head promises the whole");
    let mut response = response;
    assert_eq!(response.chunk().await.unwrap().unwrap().len(), 40);
    assert!(!response.chunk().await.unwrap_err().is_timeout());

    main.next("1", Answer::trickle(&record, moment(), 400, Duration::from_millis(1)));
    assert_eq!(read(&api, "1").await.json::<Value>().await.unwrap()["account"], "1");

    main.next("1", Answer::trickle(&record, moment(), 1, Duration::from_hours(1)));
    let slow = request(&api, "/1").timeout(Duration::from_millis(100)).send().await.unwrap();
    assert!(slow.bytes().await.unwrap_err().is_timeout());

    main.next("1", Answer::endless());
    let mut endless = read(&api, "1").await;
    let mut length = 0;
    while length < 2_000_000 {
        length += endless.chunk().await.unwrap().unwrap().len();
    }
}

#[tokio::test]
async fn requests_are_recorded_without_their_tokens() {
    let (api, main) = vendor().await;
    main.put(Record::new("a b"));
    read(&api, "a b").await;
    read_list(&api).await;
    client().post(format!("{}v1/minimax/accounts", api.base_url())).send().await.unwrap();
    api.wait_for_requests(3).await;
    let requests = api.requests();
    let seen: Vec<_> = requests
        .iter()
        .map(|request| (request.method.as_str(), request.path.as_str(), request.authorized))
        .collect();
    assert_eq!(
        seen,
        [
            ("GET", "/v1/minimax/accounts/a%20b", true),
            ("GET", "/v1/minimax/accounts", true),
            ("POST", "/v1/minimax/accounts", false),
        ]
    );
    assert!(!format!("{requests:?}").contains("abcDEF"));
    api.forget_requests();
    assert_eq!((api.requests().len(), api.request_count()), (0, 3));
}

#[tokio::test]
async fn a_hundred_thousand_accounts_are_served() {
    let (api, main) = vendor().await;
    for number in 0..100_000 {
        main.put(Record::new(format!("{number:06}")));
    }
    assert_eq!(read(&api, "000000").await.status(), 200);
    assert_eq!(read(&api, "099999").await.status(), 200);
}
