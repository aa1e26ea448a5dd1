//! The simulated vendor, seen by the clients of its own examples, and each answer that can be scripted.

use std::time::Duration;

use axum::http::{HeaderName, HeaderValue, StatusCode};
use chrono::TimeDelta;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::SecretString;
use serde_json::{Value, json};

use super::{client, clock, raw, start};
use crate::simulator::{
    Answer, ErrorBody, FakeUseApi, LapsedBody, NotFoundBody, Record, Refusal, Reply, RetryAfter, Subscription,
};

const TOKEN: &str = "user:1234-abcDEF";

async fn vendor() -> (FakeUseApi, Subscription) {
    let api = FakeUseApi::open(&clock()).await.unwrap();
    let subscription = api.subscribe(SecretString::from(TOKEN));
    (api, subscription)
}

fn request(api: &FakeUseApi, path: &str) -> reqwest::RequestBuilder {
    client().get(format!("{}v1/minimax/accounts{path}", api.base_url())).bearer_auth(TOKEN)
}

async fn read(api: &FakeUseApi, account: &str) -> reqwest::Response {
    let account = utf8_percent_encode(account, NON_ALPHANUMERIC);
    request(api, &format!("/{account}")).send().await.unwrap()
}

async fn read_list(api: &FakeUseApi) -> Value {
    parse(request(api, "").send().await.unwrap()).await
}

async fn parse(response: reqwest::Response) -> Value {
    serde_json::from_slice(&response.bytes().await.unwrap()).unwrap()
}

/// The vendor's three examples as their clients send them, plus `Connection: close` so that the response ends.
fn documented_requests(api: &FakeUseApi, account: &str, token: &str) -> [(&'static str, String); 3] {
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
async fn documented_requests_get_the_documented_configuration() {
    let (api, main) = vendor().await;
    main.put(Record::new("123456"));
    for (name, request) in documented_requests(&api, "123456", TOKEN) {
        let answer = raw(api.address(), &request).await;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{name}: {head}");
        assert!(head.contains("content-type: application/json"), "{name}: {head}");
        assert!(head.contains("access-control-allow-origin: *"), "{name}: {head}");
        let body: Value = serde_json::from_str(body).unwrap();
        assert_eq!(body, Record::new("123456").to_json(start(), 0), "{name}");
    }
    let agents: Vec<_> = api.requests().into_iter().map(|request| request.user_agent.unwrap()).collect();
    assert_eq!(agents, ["curl/8.5.0", "Mozilla/5.0 (X11; Linux x86_64)", "python-requests/2.32.3"]);
}

#[tokio::test]
async fn documented_requests_get_the_documented_refusals() {
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
async fn preflight_of_a_browser_needs_no_token() {
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
async fn only_known_bearer_tokens_are_accepted_and_a_reset_refuses_the_old_one() {
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
    assert_eq!(status(Some(&format!("bearer {TOKEN}"))).await, 200, "the scheme is case-insensitive");
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
    let body: Value = parse(read(&api, "1").await).await;
    assert_eq!(body, json!({"error": "Unauthorized"}));
}

#[tokio::test]
async fn subscription_sees_its_own_accounts_only() {
    let (api, main) = vendor().await;
    let other = api.subscribe(SecretString::from("user:2-x"));
    main.put(Record::new("1"));
    other.put(Record::new("2"));
    assert_eq!(read(&api, "1").await.status(), 200);
    assert_eq!(read(&api, "2").await.status(), 404);
    other.set_all(Some(Answer::lapsed(LapsedBody::Expired)));
    assert_eq!(read(&api, "1").await.status(), 200);
}

#[tokio::test]
async fn any_account_id_works_as_one_encoded_segment() {
    let (api, main) = vendor().await;
    for id in ["000123", "a.person+tag@example.com", "a/b", "账户 é", "100%", "..x", "?#&="] {
        main.put(Record::new(id));
        let body: Value = parse(read(&api, id).await).await;
        assert_eq!(body["account"], id);
        assert_eq!(api.requests_for(id).len(), 1, "{id}");
    }
    assert_eq!(request(&api, "/a/b").send().await.unwrap().status(), 404, "two segments are not an account");
    assert_eq!(request(&api, "/%ff").send().await.unwrap().status(), 404, "an id is UTF-8");
    assert_eq!(read(&api, "123").await.status(), 404, "leading zeros count");
}

#[tokio::test]
async fn each_documented_answer_is_sent_as_documented() {
    let (api, main) = vendor().await;
    let later = start() + TimeDelta::seconds(30);
    let json = Some("application/json; charset=utf-8");
    for (answer, status, kind, words) in [
        (Answer::unauthorized(Refusal::WithCode), 401, json, r#"{"code":401,"error":"Unauthorized"}"#),
        (Answer::unauthorized(Refusal::WithoutCode), 401, json, r#"{"error":"Unauthorized"}"#),
        (Answer::lapsed(LapsedBody::Expired), 402, json, "expired"),
        (Answer::lapsed(LapsedBody::NotIncluded), 402, json, "does not include"),
        (
            Answer::not_found(NotFoundBody::Sentence),
            404,
            Some("text/plain; charset=utf-8"),
            "POST /accounts.",
        ),
        (Answer::not_found(NotFoundBody::Json), 404, json, "\"code\":404"),
        (Answer::not_found(NotFoundBody::Empty), 404, None, ""),
        (Answer::rate_limited(RetryAfter::Seconds(30)), 429, json, "Too many"),
        (Answer::rate_limited_until(later), 429, json, "\"retryAfter\":\"2026-11-23T07:15:30.000Z\""),
        (
            Answer::unavailable(StatusCode::BAD_GATEWAY, ErrorBody::Html),
            502,
            Some("text/html"),
            "502 Bad Gateway",
        ),
        (Answer::unavailable(StatusCode::GATEWAY_TIMEOUT, ErrorBody::Json), 504, json, "\"code\":504"),
        (Answer::account_error("on hold"), 596, json, r#"{"code":596,"error":"on hold"}"#),
        (Answer::from(Record::new("1").error("Session expired")), 200, json, r#""error":"Session expired""#),
        (Answer::not_json(), 200, json, "<!doctype"),
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
async fn retry_after_is_in_seconds_or_a_date() {
    let (api, main) = vendor().await;
    for (when, text) in [
        (RetryAfter::Seconds(30), "30"),
        (RetryAfter::Date(start() + TimeDelta::seconds(30)), "Mon, 23 Nov 2026 07:15:30 GMT"),
    ] {
        main.next("1", Answer::rate_limited(when));
        assert_eq!(read(&api, "1").await.headers()["retry-after"], text);
    }
}

#[tokio::test]
async fn answers_stay_until_another_one_is_set_and_exceptions_happen_once() {
    let clock = clock();
    let api = FakeUseApi::open(&clock).await.unwrap();
    let main = api.subscribe(SecretString::from(TOKEN));
    let status = async || read(&api, "1").await.status().as_u16();
    main.put(Record::new("1"));
    assert_eq!([status().await, status().await], [200, 200]);
    main.set_answer("1", Answer::account_error("held"));
    assert_eq!(status().await, 596);
    main.set_all(Some(Answer::lapsed(LapsedBody::Expired)));
    assert_eq!(status().await, 402);
    main.set_all(None);
    clock.advance(TimeDelta::hours(3));
    assert_eq!(status().await, 596);
    assert_eq!(api.requests().last().unwrap().at, start() + TimeDelta::hours(3));
    main.next("1", Answer::hang());
    main.next("1", Reply::status(StatusCode::IM_A_TEAPOT));
    main.remove("1");
    let timed = request(&api, "/1").timeout(Duration::from_millis(50)).send().await;
    assert!(timed.unwrap_err().is_timeout(), "the first exception hangs");
    assert_eq!(read(&api, "1").await.status(), 418);
    assert_eq!(read(&api, "1").await.status(), 404);
}

#[tokio::test]
async fn stamped_error_differs_in_every_response() {
    let (api, main) = vendor().await;
    main.put(Record::new("1").stamped_error("Session expired"));
    let first: Value = parse(read(&api, "1").await).await;
    let second: Value = parse(read(&api, "1").await).await;
    assert_ne!(first["error"], second["error"]);
}

#[tokio::test]
async fn list_contains_each_account_that_exists() {
    let (api, main) = vendor().await;
    assert_eq!(read_list(&api).await, json!({}));
    main.put(Record::new("1"));
    main.put(Record::new("2").error("Session expired"));
    main.put(Record::new("3"));
    main.put(Record::new("4"));
    main.put(Record::new("5"));
    main.set_answer("3", Answer::not_found(NotFoundBody::Json));
    main.set_answer("4", Answer::account_error("held"));
    main.remove("5");
    let list = read_list(&api).await;
    let ids: Vec<_> = list.as_object().unwrap().keys().collect();
    assert_eq!(ids, ["1", "2", "4"]);
    assert_eq!(list["1"], Record::new("1").to_json(start(), 0));
    assert_eq!(list["2"]["error"], "Session expired");
    main.set_answer("3", Record::new("3"));
    assert_eq!(read_list(&api).await["3"]["account"], "3");
}

#[tokio::test]
async fn list_can_be_scripted_separately() {
    let (api, main) = vendor().await;
    main.put(Record::new("1"));
    main.set_list(Some(Answer::not_found(NotFoundBody::Empty)));
    main.next_list(Answer::unavailable(StatusCode::SERVICE_UNAVAILABLE, ErrorBody::Html));
    let status = async || request(&api, "").send().await.unwrap().status().as_u16();
    assert_eq!([status().await, status().await], [503, 404]);
    assert_eq!(read(&api, "1").await.status(), 200);
    main.set_list(None);
    assert_eq!(status().await, 200);
    main.set_all(Some(Answer::lapsed(LapsedBody::Expired)));
    assert_eq!(status().await, 402);
}

#[tokio::test]
async fn any_status_header_and_body_can_be_sent() {
    let (api, main) = vendor().await;
    let odd = Reply::text(StatusCode::from_u16(299).unwrap(), vec![0xff, 0x00])
        .header(HeaderName::from_static("x-odd"), HeaderValue::from_bytes(b"\xe9").unwrap());
    main.next("1", odd);
    let response = read(&api, "1").await;
    assert_eq!(response.status().as_u16(), 299);
    assert_eq!(response.headers()["x-odd"].as_bytes(), b"\xe9");
    assert_eq!(response.bytes().await.unwrap().as_ref(), [0xff, 0x00]);
}

#[tokio::test]
async fn responses_can_be_slow_truncated_endless_or_missing() {
    let (api, main) = vendor().await;
    let json = Record::new("1").to_json(start(), 0).to_string();
    let reply = || Reply::json(StatusCode::OK, json.clone());

    main.next("1", Answer::close());
    let error = request(&api, "/1").send().await.unwrap_err();
    assert!(!error.is_timeout() && !error.is_connect(), "{error:?}");

    main.next("1", reply().cut_after(40));
    let response = read(&api, "1").await;
    assert_eq!(response.status(), 200);
    assert!(response.content_length().unwrap() > 500, "the head promises the whole");
    let mut response = response;
    assert_eq!(response.chunk().await.unwrap().unwrap().len(), 40);
    assert!(!response.chunk().await.unwrap_err().is_timeout());

    main.next("1", reply().trickling(400, Duration::from_millis(1)));
    assert_eq!(parse(read(&api, "1").await).await["account"], "1");

    main.next("1", reply().trickling(1, Duration::from_hours(1)));
    let slow = request(&api, "/1").timeout(Duration::from_millis(100)).send().await.unwrap();
    assert!(slow.bytes().await.unwrap_err().is_timeout());

    main.next("1", reply().endless());
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
async fn hundred_thousand_accounts_are_served() {
    let (api, main) = vendor().await;
    for number in 0..100_000 {
        main.put(Record::new(format!("{number:06}")));
    }
    assert_eq!(read(&api, "000000").await.status(), 200);
    assert_eq!(read(&api, "099999").await.status(), 200);
}
