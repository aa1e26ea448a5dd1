//! Sending to webhooks.

use std::io::{Read, Write};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, TimeZone, Utc};
use reqwest::header::{HeaderMap, HeaderName};
use secrecy::SecretString;

use crate::config::{Channel, Endpoint, Origin, Receiver, Secret, Webhook, WebhookFormat};
use crate::domain::account::ReceiverName;
use crate::domain::clock::Clock;
use crate::domain::message::MessageId;
use crate::domain::time::Timestamp;
use crate::notify::tests::listener::{Listener, Request, closed_port, http, silent, untrusted_tls};
use crate::notify::tests::samples;
use crate::notify::{Attempt, Sender};

const HINT_404: &str = ": the path is wrong, or the workflow is not active";
const BODY: &[u8] = br#"{"type":"watch.test"}"#;
const FIRST: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
const SECOND: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

fn now() -> Timestamp {
    Utc.with_ymd_and_hms(2026, 11, 23, 7, 15, 0).unwrap()
}

fn id() -> MessageId {
    MessageId::new("01JDABCDEFGHJKMNPQRSTVWXYZ")
}

fn receiver(url: String, signing: &[&str]) -> Receiver {
    let webhook = Webhook {
        endpoint: Endpoint {
            url: Secret { value: SecretString::from(url), origin: Origin::Inline },
            timeout: Duration::from_secs(5),
            allow_http: false,
        },
        format: WebhookFormat::Standard,
        signing: signing.iter().map(|secret| SecretString::from(*secret)).collect(),
        signing_origin: None,
        headers: Vec::new(),
    };
    Receiver { name: ReceiverName::new("pager"), ..samples::receiver(Channel::Webhook(webhook)) }
}

fn url(port: u16) -> String {
    format!("http://127.0.0.1:{port}/services/T0SECRET?key=quErySecret")
}

async fn send(receiver: &Receiver, now: Timestamp) -> Attempt {
    Sender::over_network().send(receiver, &id(), BODY, &[], &Clock::fixed(now)).await.attempt
}

/// The request and the outcome when the receiver answers `answer`.
async fn answered(answer: &str) -> (Request, Attempt) {
    let listener = http(format!("HTTP/1.1 {answer}"));
    let attempt = send(&receiver(url(listener.port), &[]), now()).await;
    (listener.result(), attempt)
}

fn error(attempt: &Attempt) -> &str {
    match attempt {
        Attempt::Delivered => "",
        Attempt::Deferred { error, .. } | Attempt::Refused { error, .. } | Attempt::Final { error } => error,
    }
}

#[tokio::test]
async fn body_is_sent_unchanged_with_the_documented_headers() {
    let (request, attempt) = answered("204 No Content\r\n\r\n").await;
    assert_eq!(attempt, Attempt::Delivered);
    assert!(request.head.starts_with("POST /services/T0SECRET?key=quErySecret HTTP/1.1\r\n"));
    assert_eq!(request.body, BODY);
    let agent = concat!("minimax-watch/", env!("CARGO_PKG_VERSION"));
    for (name, value) in [
        ("content-type", Some("application/json")),
        ("user-agent", Some(agent)),
        ("webhook-id", Some("01JDABCDEFGHJKMNPQRSTVWXYZ")),
        ("webhook-timestamp", Some("1795418100")),
        ("webhook-signature", None),
    ] {
        assert_eq!(request.header(name), value, "{name}");
    }
}

#[tokio::test]
async fn every_rotated_secret_verifies_with_the_standard_library() {
    #[expect(clippy::disallowed_methods, reason = "the library compares the time stamp with the real clock")]
    let now: DateTime<Utc> = Utc::now();
    let listener = http("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    let attempt = send(&receiver(url(listener.port), &[FIRST, SECOND]), now).await;
    assert_eq!(attempt, Attempt::Delivered);
    let request = listener.result();
    let mut headers = HeaderMap::new();
    for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
        headers.insert(HeaderName::from_static(name), request.header(name).unwrap().parse().unwrap());
    }
    for secret in [FIRST, SECOND] {
        standardwebhooks::Webhook::new(secret).unwrap().verify(&request.body, &headers).unwrap();
    }
    let stranger = standardwebhooks::Webhook::new("whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA").unwrap();
    assert!(stranger.verify(&request.body, &headers).is_err());
    assert_eq!(request.header("webhook-signature").unwrap().matches("v1,").count(), 2);
}

#[tokio::test]
async fn status_is_classified_as_documented() {
    for (status, expected) in [
        (200, "delivered"),
        (202, "delivered"),
        (299, "delivered"),
        (301, "refused"),
        (302, "refused"),
        (307, "refused"),
        (308, "refused"),
        (400, "refused"),
        (401, "refused"),
        (404, "refused"),
        (408, "deferred"),
        (410, "final"),
        (422, "refused"),
        (425, "deferred"),
        (429, "deferred"),
        (500, "deferred"),
        (503, "deferred"),
        (596, "deferred"),
    ] {
        let (_, attempt) =
            answered(&format!("{status} X\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n"))
                .await;
        let kind = match attempt {
            Attempt::Delivered => "delivered",
            Attempt::Deferred { retry_after: None, .. } => "deferred",
            Attempt::Deferred { .. } => "deferred with Retry-After",
            Attempt::Refused { .. } => "refused",
            Attempt::Final { .. } => "final",
        };
        assert_eq!(kind, expected, "{status}: {}", error(&attempt));
    }
}

#[tokio::test]
async fn redirect_is_not_followed() {
    let elsewhere = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    elsewhere.set_nonblocking(true).unwrap();
    let location = elsewhere.local_addr().unwrap();
    let answer = format!("307 X\r\nlocation: http://{location}/\r\ncontent-length: 0\r\n\r\n");
    let (_, attempt) = answered(&answer).await;
    assert!(matches!(attempt, Attempt::Refused { .. }));
    assert_eq!(elsewhere.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
}

#[tokio::test]
async fn retry_after_is_read_in_every_form() {
    let day = TimeDelta::days(1);
    for (value, expected) in [
        ("7", Some(TimeDelta::seconds(7))),
        ("0", None),
        ("86400", Some(day)),
        ("99999999999999999999999", Some(TimeDelta::MAX)),
        ("-5", None),
        ("soon", None),
        ("", None),
        ("Mon, 23 Nov 2026 07:15:30 GMT", Some(TimeDelta::seconds(30))),
        ("Monday, 23-Nov-26 07:16:00 GMT", Some(TimeDelta::seconds(60))),
        ("Mon Nov 23 07:17:00 2026", Some(TimeDelta::seconds(120))),
        ("Mon, 23 Nov 2026 07:14:00 GMT", None),
        ("Tue, 24 Nov 2026 07:15:00 GMT", Some(day)),
    ] {
        let (_, attempt) =
            answered(&format!("429 X\r\nretry-after: {value}\r\ncontent-length: 0\r\n\r\n")).await;
        let Attempt::Deferred { retry_after, .. } = attempt else { panic!("{value}: {attempt:?}") };
        assert_eq!(retry_after, expected, "{value}");
    }
}

#[tokio::test]
async fn error_names_only_status_media_type_and_length() {
    for body in ["Cannot POST /services/T0SECRET", "t0secret", "VDBTRUNSRVQ=", "%54%30SECRET"] {
        let answer = format!(
            "404 Not Found\r\ncontent-type: text/html; x=T0SECRET\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        let (_, attempt) = answered(&answer).await;
        let said = format!(" answered 404 (text/html, {} bytes){HINT_404}", body.len());
        assert!(error(&attempt).ends_with(&said), "{attempt:?}");
    }
}

#[tokio::test]
async fn status_2xx_is_a_delivery_whatever_the_headers_are() {
    let many = "x-many: a\r\n".repeat(500);
    for headers in ["X-A : a\r\n", "x-a: a\r\n b\r\n", "x a: \u{1}\r\n", many.as_str()] {
        let (_, attempt) = answered(&format!("200 OK\r\n{headers}content-length: 0\r\n\r\n")).await;
        assert_eq!(attempt, Attempt::Delivered, "{headers:.40}");
    }
}

/// The outcome when the receiver reads one request, sends exactly these bytes and closes.
async fn answered_raw(answer: &[u8]) -> Attempt {
    let answer = String::from_utf8_lossy(answer).into_owned();
    let listener = http(answer);
    let attempt = send(&receiver(url(listener.port), &[]), now()).await;
    listener.result();
    attempt
}

#[tokio::test]
async fn status_2xx_is_a_delivery_whatever_follows() {
    for answer in [
        "HTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\na",
        "HTTP/1.1 200 OK\r\ncontent-length: 99999999999999999999999\r\n\r\na",
        "HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\nshort",
        "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\na",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: nonsense\r\n\r\na",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nZZ\r\n",
        "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\n\r\nno gzip",
        "HTTP/1.1 204 No Content\r\nx-a",
        "HTTP/1.1 204 No Content\r\n",
        "HTTP/1.1 204 No Content",
        "HTTP/1.1 204",
        "HTTP/1.1 200\r\n\r\n",
        "HTTP/1.1 200 \r\n\r\n",
        "HTTP/1.0 200 OK\r\n\r\n",
        "HTTP/1.1 200 OK\n\n",
        "\r\nHTTP/1.1 200 OK\r\n\r\n",
        "HTTP/1.1 200 f\u{fc}r \u{1}\r\nno colon\r\n: no name\r\nx: \0\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
        "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 202 OK\r\n\r\n",
    ] {
        assert_eq!(answered_raw(answer.as_bytes()).await, Attempt::Delivered, "{answer:?}");
    }
}

#[tokio::test]
async fn response_without_a_status_line_is_deferred() {
    for (answer, said) in [
        ("", "the connection was closed without an answer"),
        ("HTTP/1.1 20", "the connection was closed without an answer"),
        ("HTTP/1.1 100 Continue\r\n\r\n", "the connection was closed without an answer"),
        ("HTTP/1.1 100 Continue\r\nHTTP/1.1 200 OK\r\n", "the connection was closed without an answer"),
        ("sorry\r\nHTTP/1.1 200 OK\r\n\r\n", "the answer is not HTTP"),
        (" HTTP/1.1 200 OK\r\n\r\n", "the answer is not HTTP"),
        ("HTTP/1.1 2000 OK\r\n\r\n", "the answer is not HTTP"),
        ("<html>200 OK</html>", "the answer is not HTTP"),
        ("220 mail.example.com ESMTP\r\n", "the answer is not HTTP"),
        ("\u{15}\u{3}\u{3}\0\u{2}\u{2}F", "the answer is not HTTP"),
    ] {
        let attempt = answered_raw(answer.as_bytes()).await;
        let Attempt::Deferred { error, retry_after: None } = attempt else {
            panic!("{answer:?}: {attempt:?}")
        };
        assert!(error.ends_with(&format!(": {said}")), "{answer:?}: {error}");
    }
}

#[tokio::test]
async fn reset_connection_is_classified_by_its_status_line() {
    for (answer, is_delivery) in
        [("", false), ("HTTP/1.1 204 No Content\r\n", true), ("HTTP/1.1 500 x\r\n", false)]
    {
        // Closing a connection with unread bytes makes the system reset it.
        let listener = Listener::new(move |mut stream| {
            stream.peek(&mut [0; 1]).unwrap();
            stream.write_all(answer.as_bytes()).unwrap();
        });
        let attempt = send(&receiver(url(listener.port), &[]), now()).await;
        match attempt {
            Attempt::Delivered => assert!(is_delivery, "{answer}"),
            Attempt::Deferred { retry_after: None, .. } => assert!(!is_delivery, "{answer}"),
            other => panic!("{answer}: {other:?}"),
        }
    }
}

/// A receiver that sends `begin` and then `piece` until the connection ends; returns how many bytes it sent.
fn flooding(begin: &'static str, piece: String, pause: Duration) -> Listener<usize> {
    Listener::new(move |mut stream| {
        let mut sent = 0;
        let _ = stream.read(&mut [0; 4096]).unwrap();
        let mut next = begin.to_owned();
        while stream.write_all(next.as_bytes()).is_ok() {
            sent += next.len();
            next.clone_from(&piece);
            std::thread::sleep(pause);
        }
        sent
    })
}

/// Far more than the buffers of both ends hold.
const FLOOD: usize = 32 << 20;

#[tokio::test]
async fn endless_response_is_bounded_and_classified_by_its_status_line() {
    let header = format!("x-a: {}\r\n", "a".repeat(4000));
    let interim = format!("HTTP/1.1 100 Continue\r\n{header}\r\n");
    for (begin, piece, expected) in [
        ("HTTP/1.1 200 OK\r\n", &header, "delivered"),
        ("HTTP/1.1 200 OK\r\n\r\n", &header, "delivered"),
        ("HTTP/1.1 200 ", &"a".repeat(4000), "delivered"),
        ("HTTP/1.1 503 No\r\nretry-after: 7\r\n", &header, "answered 503"),
        ("HTTP/1.1 404 No\r\n\r\n", &header, "answered 404 (at least "),
        ("HTTP/1.1 100 Continue\r\n\r\n", &interim, "no status in the first 65536 bytes of the answer"),
        ("\r\n", &"\r\n".repeat(2000), "no status in the first 65536 bytes of the answer"),
        ("HTTP/1.1 ", &" ".repeat(4000), "the answer is not HTTP"),
    ] {
        let listener = flooding(begin, piece.clone(), Duration::ZERO);
        let attempt = send(&receiver(url(listener.port), &[]), now()).await;
        let said = if attempt == Attempt::Delivered { "delivered" } else { error(&attempt) };
        assert!(said.contains(expected), "{begin:?}: {attempt:?}");
        if let Attempt::Deferred { retry_after, .. } = attempt {
            assert_eq!(retry_after.is_some(), begin.contains("retry-after"), "{begin:?}");
        }
        assert!(listener.result() < FLOOD, "{begin:?}");
    }
}

#[tokio::test]
async fn slow_response_ends_with_the_timeout_and_is_classified_by_its_status_line() {
    let sender = Sender::over_network();
    let drip = async |begin: &'static str, piece: &str| {
        let listener = flooding(begin, piece.to_owned(), Duration::from_millis(20));
        let mut receiver = receiver(url(listener.port), &[]);
        let Channel::Webhook(webhook) = &mut receiver.channel else { panic!("a webhook") };
        webhook.endpoint.timeout = Duration::from_millis(800);
        let attempt = sender.send(&receiver, &id(), BODY, &[], &Clock::fixed(now())).await.attempt;
        listener.result();
        attempt
    };
    let attempts = tokio::join!(
        drip("HTTP/1.1 200 OK\r\n", "x"),
        drip("HTTP/1.1 200 OK\r\n\r\n", "x"),
        drip("HTTP/1.1 404 No\r\n", "x"),
        drip("HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 100 Continue\r\n\r\n"),
        drip("", "\r\n"),
    );
    assert_eq!((&attempts.0, &attempts.1), (&Attempt::Delivered, &Attempt::Delivered));
    assert!(
        matches!(&attempts.2, Attempt::Refused { error, .. } if error.ends_with(&format!(" answered 404{HINT_404}"))),
        "{attempts:?}"
    );
    for attempt in [&attempts.3, &attempts.4] {
        assert!(
            matches!(attempt, Attempt::Deferred { error, .. } if error.ends_with(": no answer in time")),
            "{attempt:?}"
        );
    }
}

#[tokio::test]
async fn echoed_address_never_appears_in_the_error() {
    for echo in
        ["/services/T0SECRET?key=quErySecret", "t0secret", "VDBTRUNSRVQ=", "%54%30%53ECRET", "TERCES0T"]
    {
        let answer = format!(
            "404 {echo}\r\ncontent-type: text/{echo}\r\nlocation: https://x/{echo}\r\nx-{echo}: {echo}\r\n\
             retry-after: {echo}\r\nwww-authenticate: {echo}\r\ncontent-length: 20261127\r\n\r\n{echo}"
        );
        let (_, attempt) = answered(&answer).await;
        let said = format!(" answered 404 (at least {} bytes){HINT_404}", echo.len());
        assert!(error(&attempt).ends_with(&said), "{attempt:?}");
        assert!(error(&attempt).starts_with("127.0.0.1:"), "{attempt:?}");
    }
}

#[tokio::test]
async fn login_in_the_address_is_sent_as_a_header_only() {
    let listener = http("HTTP/1.1 200 OK\r\n\r\n");
    let address = format!("http://us%65r:p%40ss@127.0.0.1:{}/a%20b?c=d#e", listener.port);
    assert_eq!(send(&receiver(address, &[]), now()).await, Attempt::Delivered);
    let request = listener.result();
    assert!(request.head.starts_with("POST /a%20b?c=d HTTP/1.1\r\n"), "{}", request.head);
    assert_eq!(request.header("authorization"), Some("Basic dXNlcjpwQHNz"));
}

#[tokio::test]
async fn silent_receiver_is_deferred_after_its_timeout() {
    let listener = silent();
    let mut receiver = receiver(url(listener.port), &[]);
    let Channel::Webhook(webhook) = &mut receiver.channel else { panic!("a webhook") };
    webhook.endpoint.timeout = Duration::from_millis(50);
    let attempt = send(&receiver, now()).await;
    let expected = format!("127.0.0.1:{}: no answer in time", listener.port);
    assert_eq!(attempt, Attempt::Deferred { error: expected, retry_after: None });
}

#[tokio::test]
async fn network_error_is_deferred_and_names_only_the_host() {
    let port = closed_port();
    let attempt = send(&receiver(url(port), &[]), now()).await;
    let Attempt::Deferred { error, retry_after: None } = attempt else { panic!("{attempt:?}") };
    assert!(error.starts_with(&format!("127.0.0.1:{port}: cannot connect: ")), "{error}");
    assert!(!error.contains("SECRET") && !error.contains("quEry"), "{error}");
}

#[tokio::test]
async fn invalid_address_or_secret_is_deferred_and_not_quoted() {
    for (url, secret) in [("T0SECRET", FIRST), ("http://127.0.0.1:1/", "whsec_%%T0SECRET")] {
        let attempt = send(&receiver(url.to_owned(), &[secret]), now()).await;
        let Attempt::Deferred { error, .. } = attempt else { panic!("{attempt:?}") };
        assert!(!error.contains("T0SECRET"), "{error}");
    }
}

#[tokio::test]
async fn untrusted_certificate_is_deferred_before_the_request() {
    let listener = untrusted_tls(Vec::new());
    let url = format!("https://127.0.0.1:{}/T0SECRET", listener.port);
    let attempt = send(&receiver(url, &[]), now()).await;
    let Attempt::Deferred { error, .. } = attempt else { panic!("{attempt:?}") };
    assert!(error.contains("invalid peer certificate") && !error.contains("T0SECRET"), "{error}");
    assert_eq!(listener.result(), b"");
}
