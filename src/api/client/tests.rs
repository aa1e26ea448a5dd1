//! The client against a loopback server that sends scripted bytes.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use chrono::{TimeDelta, TimeZone, Utc};
use flate2::{Compression, write::GzEncoder};
use secrecy::SecretString;
use url::Url;

mod further_calls;

use super::*;
use crate::config::FetchMode;
use crate::domain::observation::Observation;
use crate::domain::time::Timestamp;

const TOKEN: &str = "user:1234-abcDEF567890";

fn token(text: &str) -> ApiToken {
    SecretString::from(text).into()
}
const MAX_BODY: usize = 64 << 10;

/// A server that sends one of `answers` on each connection, in order; and the requests that it received.
fn scripted(answers: Vec<Vec<u8>>) -> (Url, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
    let (requests, received) = channel();
    thread::spawn(move || {
        for answer in answers {
            let (mut stream, _) = listener.accept().unwrap();
            let (mut request, mut buffer) = (Vec::new(), [0; 4096]);
            while !request.ends_with(b"\r\n\r\n") {
                match stream.read(&mut buffer) {
                    Ok(0) | Err(_) => break,
                    Ok(read) => request.extend_from_slice(&buffer[..read]),
                }
            }
            // Not every test reads the requests.
            let _ = requests.send(String::from_utf8(request).unwrap());
            // The client may hang up on purpose, in the middle of too large a body.
            let _ = stream.write_all(&answer);
        }
    });
    (url, received)
}

fn http(head: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 {head}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

fn api(base_url: Url) -> config::Api {
    config::Api {
        base_url,
        timeout: Duration::from_secs(10),
        concurrency: 1,
        max_body: MAX_BODY,
        fetch: FetchMode::Each,
    }
}

fn now() -> Timestamp {
    Utc.with_ymd_and_hms(2026, 11, 23, 7, 15, 0).unwrap()
}

/// What was read in an answer.
fn read_in(answer: Answer) -> Observation {
    answer.into_observation().unwrap()
}

async fn check(base_url: Url, id: &str) -> Observation {
    let client = Client::new(&api(base_url)).unwrap();
    read_in(client.account(&token(TOKEN), &AccountId::new(id), None, &Clock::fixed(now())).await)
}

/// The observation after a response of exactly these bytes.
async fn observe(answer: Vec<u8>) -> Observation {
    check(scripted(vec![answer]).0, "123456").await
}

#[tokio::test]
async fn request_is_one_get_with_the_token() {
    let body = include_bytes!("../../../tests/fixtures/seed_account.json");
    let (url, requests) = scripted(vec![http("200 OK", body)]);
    let seen = check(url, "123456").await;
    assert_eq!(seen.outcome, Outcome::Ok, "{seen:?}");
    assert_eq!(seen.configuration.unwrap().max_jobs, Some(1));

    let request = requests.try_recv().unwrap().to_ascii_lowercase();
    assert!(request.starts_with("get /v1/minimax/accounts/123456 http/1.1\r\n"), "{request}");
    for header in [
        "accept: application/json",
        &format!("user-agent: {USER_AGENT}"),
        &format!("authorization: bearer {}", TOKEN.to_ascii_lowercase()),
        "accept-encoding: gzip",
    ] {
        assert_eq!(request.matches(&format!("\r\n{header}\r\n")).count(), 1, "{header} in {request}");
    }
}

#[tokio::test]
async fn id_is_sent_as_one_path_segment() {
    for (id, segment) in [
        ("007", "007"),
        ("a/b?c#d e@f.com", "a%2Fb%3Fc%23d%20e@f.com"),
        ("%2e%2e", "%252e%252e"),
        ("...", "..."),
        ("..;", "..;"),
        ("me@example.com", "me@example.com"),
        ("user:123-c@fe", "user:123-c@fe"),
        ("!$&'()*+,;=:@", "!$&'()*+,;=:@"),
        (r#""<>[]^`{|}#?"#, "%22%3C%3E%5B%5D%5E%60%7B%7C%7D%23%3F"),
        ("../x", "..%2Fx"),
        ("\\..\\", "%5C..%5C"),
        ("хайло 海螺", "%D1%85%D0%B0%D0%B9%D0%BB%D0%BE%20%E6%B5%B7%E8%9E%BA"),
        ("a\r\nx: y\u{0}\t", "a%0D%0Ax:%20y%00%09"),
        ("-._~", "-._~"),
    ] {
        let (url, requests) = scripted(vec![http("404 Not Found", b"")]);
        check(url, id).await;
        let request = requests.try_recv().unwrap();
        let line = request.lines().next().unwrap();
        assert_eq!(line, format!("GET /v1/minimax/accounts/{segment} HTTP/1.1"), "{id}");
    }
}

#[tokio::test]
async fn id_that_no_url_can_contain_is_malformed_and_not_requested() {
    for id in ["", ".", ".."] {
        let (url, requests) = scripted(vec![http("200 OK", br#"{"maxJobs":1}"#)]);
        let seen = check(url, id).await;
        assert_eq!(seen.outcome, Outcome::Malformed, "{id}");
        assert!(requests.try_recv().is_err(), "{id}");
    }
}

#[tokio::test]
async fn status_decides_the_outcome() {
    for (head, outcome, wait) in [
        ("401 Unauthorized", Outcome::Unauthorized, None),
        ("402 Payment Required", Outcome::SubscriptionLapsed, None),
        ("404 Not Found", Outcome::NotFound, None),
        ("429 Too Many Requests\r\nretry-after: 20", Outcome::RateLimited, Some(20)),
        ("429 Slow\r\nretry-after: Mon, 23 Nov 2026 07:15:30 GMT", Outcome::RateLimited, Some(30)),
        ("503 Service Unavailable\r\nretry-after: 7", Outcome::Unavailable, Some(7)),
        ("596 Account Error", Outcome::AccountError, None),
        ("403 Forbidden\r\nretry-after: 20", Outcome::Blocked, None),
        ("418 Teapot", Outcome::Malformed, None),
    ] {
        let seen = observe(http(head, br#"{"maxJobs":1}"#)).await;
        assert_eq!(seen.outcome, outcome, "{head}");
        assert_eq!(seen.retry_after, wait.map(TimeDelta::seconds), "{head}");
    }
}

#[tokio::test]
async fn redirect_is_not_followed_and_the_token_is_not_sent_elsewhere() {
    let elsewhere = TcpListener::bind("127.0.0.1:0").unwrap();
    elsewhere.set_nonblocking(true).unwrap();
    for status in ["301", "302", "303", "307", "308", "300", "304"] {
        let location = elsewhere.local_addr().unwrap();
        let seen = observe(http(&format!("{status} Moved\r\nlocation: http://{location}/"), b"")).await;
        assert_eq!(seen.outcome, Outcome::Malformed, "{status}");
        assert!(elsewhere.accept().is_err(), "{status} was followed");
    }
}

#[tokio::test]
async fn missing_response_times_out() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let base_url = Url::parse(&format!("http://{}", silent.local_addr().unwrap())).unwrap();
    let api = config::Api { timeout: Duration::from_millis(100), ..api(base_url) };
    let client = Client::new(&api).unwrap();
    let seen = read_in(client.account(&token(TOKEN), &AccountId::new("1"), None, &Clock::fixed(now())).await);
    assert_eq!(seen, Observation::failed(Outcome::Unavailable, "no complete answer within 0.1 s"));
    let listing = client.accounts(&token(TOKEN), &LastAnswers::new(), &Clock::fixed(now()), read_in).await;
    assert_eq!(listing, Observation::failed(Outcome::Unavailable, "no complete answer within 0.1 s").into());
}

#[tokio::test]
async fn refused_connection_is_unavailable() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base_url = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
    drop(listener);
    let seen = check(base_url, "some-id").await;
    assert_eq!(seen.outcome, Outcome::Unavailable);
    let error = seen.error.unwrap();
    assert!(error.starts_with("cannot connect: ") && error.contains("refused"), "{error}");
}

#[tokio::test]
async fn truncated_or_invalid_http_response_is_unavailable() {
    for answer in [
        "",
        "HTTP/1.1 200 OK\r\ncontent-le",
        "HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{\"maxJobs\":1}",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nd\r\n{\"maxJobs\":1}\r\n",
        "220 mail.example.com ESMTP\r\n",
    ] {
        let seen = observe(answer.into()).await;
        assert_eq!(seen.outcome, Outcome::Unavailable, "{answer:?}: {seen:?}");
        let error = seen.error.unwrap();
        assert!(error.starts_with("connection cut: "), "{answer:?}: {error}");
    }
    let cut = b"HTTP/1.1 401 Unauthorized\r\ncontent-length: 1000\r\n\r\n{".to_vec();
    assert_eq!(observe(cut).await.outcome, Outcome::Unauthorized);
}

#[tokio::test]
async fn body_may_be_as_large_as_the_cap_and_not_a_byte_larger() {
    let body = |length: usize| format!(r#"{{"maxJobs":1,"x":"{}"}}"#, "x".repeat(length - 20));
    assert_eq!(body(100).len(), 100);
    for (length, outcome) in [(MAX_BODY, Outcome::Ok), (MAX_BODY + 1, Outcome::Malformed)] {
        let body = body(length);
        assert_eq!(observe(http("200 OK", body.as_bytes())).await.outcome, outcome, "{length}");
        let packed = http("200 OK\r\ncontent-encoding: gzip", &gzip(body.as_bytes()));
        assert_eq!(observe(packed).await.outcome, outcome, "{length} packed");
    }
}

#[tokio::test]
async fn endless_compressed_body_is_rejected_at_the_cap() {
    let bomb = gzip(&vec![b' '; 8 << 20]);
    assert!(bomb.len() < MAX_BODY, "small on the wire");
    let seen = observe(http("200 OK\r\ncontent-encoding: gzip", &bomb)).await;
    assert_eq!(seen, Observation::failed(Outcome::Malformed, "a body larger than 65,536 bytes"));
}

#[tokio::test]
async fn body_that_cannot_be_decompressed_is_malformed() {
    let mut packed = gzip(br#"{"maxJobs":1}"#);
    packed[12] ^= 0xff;
    for body in [packed.as_slice(), br#"{"maxJobs":1}"#] {
        let seen = observe(http("200 OK\r\ncontent-encoding: gzip", body)).await;
        let error = "a body with broken chunks or compression";
        assert_eq!(seen, Observation::failed(Outcome::Malformed, error));
    }
}

#[tokio::test]
async fn list_is_requested_without_an_id() {
    let (url, requests) = scripted(vec![http("200 OK", br#"{"1":{"maxJobs":1},"2":{"error":"On hold"}}"#)]);
    let listing = Client::new(&api(url))
        .unwrap()
        .accounts(&token(TOKEN), &LastAnswers::new(), &Clock::fixed(now()), read_in)
        .await;
    assert_eq!((listing.outcome, listing.accounts.len()), (Outcome::Ok, 2));
    let request = requests.try_recv().unwrap();
    assert!(request.starts_with("GET /v1/minimax/accounts HTTP/1.1\r\n"), "{request}");
}

#[tokio::test]
async fn list_may_be_larger_than_the_cap_of_one_account() {
    let accounts: Vec<String> = (0..5_000).map(|id| format!(r#""{id}":{{"maxJobs":{id}}}"#)).collect();
    let (url, _requests) = scripted(vec![http("200 OK", format!("{{{}}}", accounts.join(",")).as_bytes())]);
    let listing = Client::new(&api(url))
        .unwrap()
        .accounts(&token(TOKEN), &LastAnswers::new(), &Clock::fixed(now()), read_in)
        .await;
    assert_eq!((listing.outcome, listing.accounts.len()), (Outcome::Ok, 5_000));
}

#[tokio::test]
async fn invalid_token_counts_as_unauthorized_and_is_not_sent() {
    for text in ["", "two words", "line\nbreak", "nul\u{0}", "töken", "tab\t"] {
        let (url, requests) = scripted(vec![http("200 OK", br#"{"maxJobs":1}"#)]);
        let client = Client::new(&api(url)).unwrap();
        let seen =
            read_in(client.account(&token(text), &AccountId::new("1"), None, &Clock::fixed(now())).await);
        assert_eq!(seen.outcome, Outcome::Unauthorized, "{text:?}");
        assert!(requests.try_recv().is_err(), "{text:?}");
        assert!(text.is_empty() || !format!("{seen:?}").contains(text), "{text:?}");
    }
}

#[tokio::test]
async fn token_that_the_vendor_echoes_is_hidden() {
    for status in ["200 OK", "401 Unauthorized", "500 Oops", "596 Hold"] {
        for body in [
            format!(r#"{{"error":"bad token {TOKEN}"}}"#),
            format!("bad header: Bearer {TOKEN}"),
            format!("<title>{TOKEN}</title>"),
        ] {
            let seen = format!("{:?}", observe(http(status, body.as_bytes())).await);
            assert!(!seen.contains("abcDEF567890"), "{status} {body}: {seen}");
        }
    }
}

#[test]
fn authorization_header_is_marked_as_sensitive() {
    let token = token(TOKEN);
    assert!(token.header().is_some_and(HeaderValue::is_sensitive));
    assert!(!format!("{token:?}").contains("1234"));
}

#[test]
fn base_url_that_would_expose_the_token_is_refused() {
    for url in [
        "http://api.useapi.net",
        "http://192.168.0.1",
        "http://localhost.example.com",
        "http://127.0.0.1.example.com",
        "http://[::2]",
        "ftp://127.0.0.1",
        "file:///etc",
    ] {
        let made = Client::new(&api(Url::parse(url).unwrap()));
        assert!(matches!(made, Err(ClientError::Insecure)), "{url}");
    }
    for url in [
        "http://me@127.0.0.1",
        "http://:pw@127.0.0.1",
        "http://127.0.0.1/?q",
        "http://127.0.0.1/#f",
        "http://127.0.0.1/v1",
    ] {
        let made = Client::new(&api(Url::parse(url).unwrap()));
        assert!(matches!(made, Err(ClientError::NotAnOrigin)), "{url}");
    }
    for url in ["http://127.0.0.1", "http://127.9.9.9:8080", "http://localhost:1", "http://[::1]:1"] {
        assert!(Client::new(&api(Url::parse(url).unwrap())).is_ok(), "{url}");
    }
}

/// When a server closes a kept connection on which the second request arrives.
#[derive(Clone, Copy, Debug)]
enum Ending {
    /// After it read the request.
    AfterReading,
    /// Without reading it, which resets the connection.
    Unread,
    /// In the middle of the head of its response.
    MidHead,
}

/// A server that answers the first request of each connection and closes the connection at the second; and the connections that it
/// accepted. From connection number `silent_from` on, it answers none.
fn closing_server(ending: Ending, silent_from: usize) -> (Url, Receiver<usize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
    let (connections, counted) = channel();
    thread::spawn(move || {
        for (number, stream) in listener.incoming().enumerate() {
            let mut stream = stream.unwrap();
            let _ = connections.send(number);
            if number >= silent_from {
                continue;
            }
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 13\r\n\r\n{\"maxJobs\":1}");
            match ending {
                Ending::AfterReading => drop(stream.read(&mut [0; 4096])),
                Ending::Unread => drop(stream.peek(&mut [0; 1])),
                Ending::MidHead => {
                    let _ = stream.read(&mut [0; 4096]);
                    let _ = stream.write_all(b"HTTP/1.1 20");
                }
            }
        }
    });
    (url, counted)
}

#[tokio::test]
async fn request_is_sent_again_over_a_new_connection_if_the_kept_one_was_closed() {
    for ending in [Ending::AfterReading, Ending::Unread, Ending::MidHead] {
        let (url, counted) = closing_server(ending, usize::MAX);
        let client = Client::new(&api(url)).unwrap();
        for _ in 0..3 {
            let seen = read_in(
                client.account(&token(TOKEN), &AccountId::new("1"), None, &Clock::fixed(now())).await,
            );
            assert_eq!(seen.outcome, Outcome::Ok, "{ending:?}: {:?}", seen.error);
        }
        assert!(counted.try_iter().count() >= 2, "{ending:?}");
    }
}

#[tokio::test]
async fn server_that_closes_every_connection_gets_two_requests_at_most() {
    let (url, counted) = closing_server(Ending::AfterReading, 0);
    let client = Client::new(&api(url)).unwrap();
    let seen = read_in(client.account(&token(TOKEN), &AccountId::new("1"), None, &Clock::fixed(now())).await);
    assert_eq!(seen.outcome, Outcome::Unavailable);
    assert!(seen.error.is_some_and(|error| error.starts_with("connection cut: ")));
    assert!(
        counted.try_iter().count() <= 3,
        "hyper itself may try a connection that never carried a request"
    );
}

#[tokio::test]
async fn plausible_date_of_the_latest_response_is_kept() {
    for (head, date) in [
        ("200 OK\r\ndate: Mon, 23 Nov 2026 07:15:30 GMT", Some(now() + TimeDelta::seconds(30))),
        ("503 Down\r\ndate: Monday, 23-Nov-26 07:15:30 GMT", Some(now() + TimeDelta::seconds(30))),
        ("200 OK\r\ndate: soon", None),
        ("200 OK\r\ndate: Thu, 01 Jan 1970 00:00:00 GMT", None),
        ("200 OK\r\ndate: Fri, 01 Jan 2100 00:00:00 GMT", None),
        ("200 OK", None),
    ] {
        let client = Client::new(&api(scripted(vec![http(head, b"{}")]).0)).unwrap();
        read_in(client.account(&token(TOKEN), &AccountId::new("1"), None, &Clock::fixed(now())).await);
        assert_eq!(client.take_date().map(|date| date.sent_at), date, "{head}");
        assert!(client.take_date().is_none(), "{head}");
    }
}
