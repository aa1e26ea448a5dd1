//! The webhook receiver, seen by a sender.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use chrono::TimeDelta;
use secrecy::SecretString;
use standardwebhooks::Webhook;

use super::{client, clock, start};
use crate::simulator::{Reply, RetryAfter, Signature, WebhookServer};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const OTHER: &str = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

async fn post(hook: &WebhookServer) -> reqwest::Result<reqwest::Response> {
    client().post(hook.url()).body("{}").send().await
}

#[tokio::test]
async fn delivery_is_recorded_completely() {
    let now = clock();
    let hook = WebhookServer::open(&now, None).await.unwrap();
    now.set(start() + TimeDelta::hours(1));
    let url = hook.url().join("/x/y?z=1").unwrap();
    client().put(url).header("x-own", "é").body("bytes").send().await.unwrap();
    let [delivery] = <[_; 1]>::try_from(hook.deliveries()).unwrap();
    assert_eq!((delivery.method.clone(), delivery.path.as_str()), (Method::PUT, "/x/y?z=1"));
    assert_eq!(delivery.headers["x-own"].as_bytes(), "é".as_bytes());
    assert_eq!(delivery.header("content-length"), Some("5"));
    assert_eq!(delivery.body.as_ref(), b"bytes");
    assert_eq!(delivery.at, start() + TimeDelta::hours(1));
    assert_eq!(delivery.signature, Signature::Unchecked);
}

#[tokio::test]
async fn any_status_can_be_sent_and_the_delivery_is_recorded() {
    let hook = WebhookServer::open(&clock(), None).await.unwrap();
    for code in [200, 204, 301, 400, 401, 403, 404, 408, 410, 425, 500, 503] {
        hook.next(Reply::status(StatusCode::from_u16(code).unwrap()));
        assert_eq!(post(&hook).await.unwrap().status().as_u16(), code);
    }
    for (when, text) in
        [(RetryAfter::Seconds(7), "7"), (RetryAfter::Date(start()), "Mon, 23 Nov 2026 07:15:00 GMT")]
    {
        hook.next(Reply::status(StatusCode::TOO_MANY_REQUESTS).retry_after(when));
        assert_eq!(post(&hook).await.unwrap().headers()["retry-after"], text);
    }
    assert_eq!(hook.count(), 14);
    hook.forget();
    assert_eq!((hook.deliveries().len(), hook.count()), (0, 14));
}

#[tokio::test]
async fn reply_stays_until_another_one_is_set() {
    let hook = WebhookServer::open(&clock(), None).await.unwrap();
    hook.set(Some(Reply::status(StatusCode::INTERNAL_SERVER_ERROR)));
    assert_eq!(post(&hook).await.unwrap().status(), 500);
    assert_eq!(post(&hook).await.unwrap().status(), 500);
    hook.set(None);
    assert_eq!(post(&hook).await.unwrap().status(), 200);
}

#[tokio::test]
async fn hook_can_hang_or_close_after_it_received_the_delivery() {
    let hook = WebhookServer::open(&clock(), None).await.unwrap();
    hook.next(Reply::close());
    assert!(!post(&hook).await.unwrap_err().is_timeout());
    hook.next(Reply::hang());
    let hanging = client().post(hook.url()).body("{}").timeout(Duration::from_millis(100)).send().await;
    assert!(hanging.unwrap_err().is_timeout());
    hook.wait_for(2).await;
    assert_eq!(hook.deliveries().len(), 2);
}

#[tokio::test]
async fn signature_is_verified_in_virtual_time() {
    let hook = WebhookServer::open(&clock(), Some(&SecretString::from(SECRET))).await.unwrap();
    let timestamp = start().timestamp();
    let sign = |secret: &str, body: &str| {
        Webhook::new(secret).unwrap().sign("msg_1", timestamp, body.as_bytes()).unwrap()
    };
    let rotating = format!("{} {}", sign(OTHER, "{}"), sign(SECRET, "{}"));
    for (signature, verdict) in [
        (Some(sign(SECRET, "{}")), Signature::Valid),
        (Some(rotating), Signature::Valid),
        (Some(sign(OTHER, "{}")), Signature::Invalid),
        (Some(sign(SECRET, "{ }")), Signature::Invalid),
        (Some(String::new()), Signature::Invalid),
        (None, Signature::Unreadable),
    ] {
        let request = client().post(hook.url()).body("{}");
        let request =
            request.header("webhook-id", "msg_1").header("webhook-timestamp", timestamp.to_string());
        let request = match &signature {
            Some(signature) => request.header("webhook-signature", signature),
            None => request,
        };
        request.send().await.unwrap();
        assert_eq!(hook.deliveries().last().unwrap().signature, verdict, "{signature:?}");
    }
}

#[tokio::test]
async fn body_beyond_the_cap_is_refused_and_not_recorded() {
    let hook = WebhookServer::open(&clock(), None).await.unwrap();
    // The server answers before it read all, so the client may see a closed connection instead of the answer.
    let answer = client().post(hook.url()).body(vec![b'a'; 5 * 1024 * 1024]).send().await;
    assert!(answer.map_or(true, |answer| answer.status() == 413));
    assert_eq!(hook.count(), 0);
}
