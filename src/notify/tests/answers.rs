//! What the answers of each service mean.

use chrono::TimeDelta;

use crate::config::{Channel, ChatWebhook, Endpoint, Ntfy, Origin, PagerDuty, Secret, Telegram};
use crate::domain::clock::Clock;
use crate::notify::tests::listener::{Request, http};
use crate::notify::tests::samples::{self, id, now};
use crate::notify::{Attempt, SendOutcome, Sender};

const TOKEN: &str = "123456:hush-hush-hush-hush-hush";
const KEY: &str = "hushhushhushhushhushhushhushhush";

fn secret(text: &str) -> Secret {
    Secret { value: text.into(), origin: Origin::Inline }
}

/// A receiver of the type `kind` at `port` of loopback.
fn channel(kind: &str, port: u16) -> Channel {
    let endpoint = |path: &str| Endpoint {
        url: secret(&format!("http://127.0.0.1:{port}{path}")),
        timeout: std::time::Duration::from_secs(5),
        allow_http: false,
    };
    match kind {
        "telegram" => Channel::Telegram(Telegram {
            token: secret(TOKEN),
            chat_id: "-100777".to_owned(),
            thread_id: Some(9),
            api: endpoint(""),
        }),
        "ntfy" => {
            Channel::Ntfy(Ntfy { endpoint: endpoint("/base/hush-topic"), token: Some(secret("tk_hush")) })
        }
        "discord" => {
            Channel::Discord(ChatWebhook { endpoint: endpoint("/api/webhooks/1/hush-hush?thread_id=7") })
        }
        "slack" => Channel::Slack(ChatWebhook { endpoint: endpoint("/services/T0/B0/hush-hush") }),
        "pagerduty" => Channel::PagerDuty(PagerDuty { routing_key: secret(KEY), api: endpoint("") }),
        other => panic!("no type {other}"),
    }
}

/// The request and the outcome when the service answers `answer` to the message of `notify test`.
async fn answered(kind: &str, answer: &str) -> (Request, SendOutcome) {
    let listener = http(format!("HTTP/1.1 {answer}"));
    let receiver = samples::receiver(channel(kind, listener.port));
    let body = crate::notify::render(&samples::test_message(), &id(), &receiver, &[]).unwrap();
    // Of several events only the first is sent, since the listener answers once.
    let accepted = ["test resolved".to_owned()];
    let outcome = Sender::over_network().send(&receiver, &id(), &body, &accepted, &Clock::fixed(now())).await;
    (listener.result(), outcome)
}

fn json(status: &str, body: &str) -> String {
    format!("{status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

#[tokio::test]
async fn each_request_is_the_documented_one() {
    for (kind, answer, line, members) in [
        (
            "telegram",
            json("200 OK", r#"{"ok":true,"result":{}}"#),
            format!("POST /bot{TOKEN}/sendMessage HTTP/1.1\r\n"),
            &[("chat_id", "-100777"), ("message_thread_id", "9")][..],
        ),
        (
            "ntfy",
            json("200 OK", r#"{"id":"x","event":"message"}"#),
            "POST /base/ HTTP/1.1\r\n".to_owned(),
            &[("topic", "\"hush-topic\""), ("priority", "3")],
        ),
        (
            "discord",
            json("200 OK", r#"{"id":"1"}"#),
            "POST /api/webhooks/1/hush-hush?thread_id=7&wait=true HTTP/1.1\r\n".to_owned(),
            &[("allowed_mentions", "{\"parse\":[]}")],
        ),
        (
            "slack",
            "200 OK\r\ncontent-length: 2\r\n\r\nok".to_owned(),
            "POST /services/T0/B0/hush-hush HTTP/1.1\r\n".to_owned(),
            &[("unfurl_links", "false")],
        ),
        (
            "pagerduty",
            json("202 Accepted", r#"{"status":"success","message":"Event processed","dedup_key":"x"}"#),
            "POST /v2/enqueue HTTP/1.1\r\n".to_owned(),
            &[("event_action", "\"trigger\"")],
        ),
    ] {
        let (request, outcome) = answered(kind, &answer).await;
        assert_eq!(outcome.attempt, Attempt::Delivered, "{kind}");
        assert!(request.head.starts_with(&line), "{kind}: {}", request.head);
        assert_eq!(request.header("content-type"), Some("application/json"), "{kind}");
        let sent: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
        for (name, value) in members {
            assert_eq!(sent[*name].to_string(), *value, "{kind}: {name}");
        }
        assert_eq!(request.header("authorization"), (kind == "ntfy").then_some("Bearer tk_hush"), "{kind}");
        assert_eq!(sent.get("routing_key").is_some_and(|key| key == KEY), kind == "pagerduty", "{kind}");
    }
}

/// The type, an answer, how the attempt ends, and words of its error.
type Case<'a> = (&'a str, String, &'a str, &'a str);

async fn expect_errors(cases: Vec<Case<'_>>) {
    for (kind, answer, expected, words) in cases {
        let (_, outcome) = answered(kind, &answer).await;
        let (found, error) = match outcome.attempt {
            Attempt::Delivered => ("delivered", String::new()),
            Attempt::Deferred { error, .. } => ("deferred", error),
            Attempt::Refused { error, .. } => ("refused", error),
            Attempt::Final { error } => ("final", error),
        };
        assert_eq!(found, expected, "{kind}: {error}");
        assert!(error.contains(words), "{kind}: {error}");
        assert!(error.starts_with("127.0.0.1:") && !error.contains("hush"), "{kind}: {error}");
    }
}

fn plain(status: u16, body: &str) -> String {
    format!("{status} x\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

#[tokio::test]
async fn each_refusal_of_telegram_comes_with_its_advice_and_without_secrets() {
    let telegram = |code: u16, text: &str, more: &str| {
        json(
            &format!("{code} x"),
            &format!(r#"{{"ok":false,"error_code":{code},"description":"{text}"{more}}}"#),
        )
    };
    expect_errors(vec![
        ("telegram", telegram(401, "Unauthorized", ""), "refused", "@BotFather shows the present one"),
        (
            "telegram",
            telegram(400, "Bad Request: chat not found", ""),
            "refused",
            "chat not found; check chat_id",
        ),
        (
            "telegram",
            telegram(400, "Bad Request: message thread not found", ""),
            "refused",
            "check thread_id",
        ),
        (
            "telegram",
            telegram(400, "upgraded", r#","parameters":{"migrate_to_chat_id":-1009}"#),
            "refused",
            "set chat_id = \"-1009\"",
        ),
        (
            "telegram",
            telegram(403, "Forbidden: bot was blocked by the user", ""),
            "refused",
            "unblock it and press Start",
        ),
        (
            "telegram",
            telegram(403, "Forbidden: bot was kicked from the group chat", ""),
            "refused",
            "add it again",
        ),
        ("telegram", telegram(404, "Not Found", ""), "refused", "check token_file and api_url"),
        ("telegram", telegram(500, "Internal", ""), "deferred", "answered 500"),
        (
            "telegram",
            json("200 OK", r#"{"ok":false,"error_code":403,"description":"no"}"#),
            "refused",
            "the bot may not write here",
        ),
        ("telegram", json("200 OK", r#"{"ok":false}"#), "refused", "answered 200"),
        ("telegram", json("200 OK", r#"{"ok":"false","description":null}"#), "refused", "answered 200"),
        ("telegram", json("200 OK", "[]"), "refused", "answered 200"),
        ("telegram", plain(200, "<html>log in</html>"), "deferred", "this is not an answer of Telegram"),
    ])
    .await;
}

#[tokio::test]
async fn each_refusal_of_the_other_services_comes_with_its_advice_and_without_secrets() {
    let discord = |status: u16, code: u32, text: &str| {
        json(&format!("{status} x"), &format!(r#"{{"message":"{text}","code":{code}}}"#))
    };
    expect_errors(vec![
        (
            "ntfy",
            json("401 x", r#"{"code":40101,"http":401,"error":"unauthorized"}"#),
            "refused",
            "unauthorized; the token is not valid",
        ),
        (
            "ntfy",
            json("403 x", r#"{"code":40301,"http":403,"error":"forbidden"}"#),
            "refused",
            "writing to this topic is not allowed",
        ),
        ("ntfy", plain(404, "nothing at /hush-topic"), "refused", "not an ntfy server"),
        ("ntfy", plain(200, "<html>"), "deferred", "this is not an answer of ntfy"),
        (
            "discord",
            discord(404, 10_015, "Unknown Webhook"),
            "refused",
            "Unknown Webhook; the webhook was deleted",
        ),
        ("discord", discord(401, 50_027, "Invalid Webhook Token"), "refused", "copy it again"),
        ("discord", discord(400, 50_035, "Invalid Form Body"), "refused", "Invalid Form Body"),
        ("discord", plain(200, "<html>"), "deferred", "this is not an answer of Discord"),
        ("slack", plain(400, "invalid_blocks"), "refused", "invalid_blocks; Slack refuses the form"),
        ("slack", plain(404, "no_service"), "refused", "no_service; the webhook was removed"),
        ("slack", plain(403, "action_prohibited"), "refused", "ask for permission"),
        ("slack", plain(410, "channel_is_archived"), "final", "the channel is archived"),
        ("slack", plain(403, "unheard of hush-hush"), "refused", "answered 403"),
        ("slack", plain(200, "<html>"), "deferred", "this is not an answer of Slack"),
        (
            "pagerduty",
            json(
                "400 x",
                r#"{"status":"invalid event","message":"Event object is invalid","errors":["Invalid routing key"]}"#,
            ),
            "refused",
            "Event object is invalid, Invalid routing key; the integration key is not valid",
        ),
        ("pagerduty", json("429 x", "{}"), "deferred", "too many events"),
        ("pagerduty", plain(200, "<html>"), "deferred", "this is not an answer of PagerDuty"),
    ])
    .await;
}

#[tokio::test]
async fn each_service_names_its_own_pause() {
    for (kind, answer, pause) in [
        (
            "telegram",
            json("429 x", r#"{"ok":false,"error_code":429,"parameters":{"retry_after":35}}"#),
            Some(35),
        ),
        (
            "telegram",
            json(
                "429 x\r\nretry-after: 7",
                r#"{"ok":false,"error_code":429,"parameters":{"retry_after":0}}"#,
            ),
            Some(7),
        ),
        (
            "discord",
            json("429 x", r#"{"message":"rate limited","retry_after":1.337,"global":false}"#),
            Some(2),
        ),
        ("discord", json("429 x\r\nretry-after: 9", r#"{"retry_after":-1.0}"#), Some(9)),
        ("discord", json("429 x", r#"{"retry_after":1e300}"#), None),
        ("slack", "429 x\r\nretry-after: 30\r\n\r\n".to_owned(), Some(30)),
        (
            "ntfy",
            json("429 x", r#"{"code":42901,"http":429,"error":"limit reached: too many requests"}"#),
            None,
        ),
        ("pagerduty", json("429 x", "{}"), None),
    ] {
        let (_, outcome) = answered(kind, &answer).await;
        let Attempt::Deferred { retry_after, .. } = outcome.attempt else { panic!("{kind}: {outcome:?}") };
        assert_eq!(retry_after, pause.map(TimeDelta::seconds), "{kind}");
    }
}

#[tokio::test]
async fn an_answer_that_breaks_off_after_its_status_line_counts_by_its_status() {
    for kind in ["telegram", "ntfy", "discord", "slack", "pagerduty"] {
        for (answer, is_delivered) in [
            ("200 OK\r\ncontent-length: 900\r\n\r\n{\"ok\"", true),
            ("200 OK\r\n\r\n", true),
            ("503 x\r\ncontent-length: 900\r\n\r\n{\"ok\":tr", false),
        ] {
            let (_, outcome) = answered(kind, answer).await;
            assert_eq!(outcome.attempt == Attempt::Delivered, is_delivered, "{kind}: {answer}: {outcome:?}");
        }
    }
}
