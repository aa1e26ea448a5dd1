//! The formats beside `standard`.

use serde_json::Value;

use crate::config::{Channel, WebhookFormat};
use crate::domain::account::SubscriptionName;
use crate::domain::alerts::AlertKind;
use crate::domain::clock::Clock;
use crate::domain::message::{Message, MessageType, Reason};
use crate::notify::tests::listener::{Request, http};
use crate::notify::tests::samples;
use crate::notify::{Attempt, Sender, render};

fn channel(format: WebhookFormat, port: u16) -> Channel {
    let Channel::Webhook(mut webhook) = samples::webhook() else { panic!("a webhook") };
    webhook.format = format;
    webhook.endpoint.url.value = format!("http://127.0.0.1:{port}/hook").into();
    Channel::Webhook(webhook)
}

fn body(message: &Message, format: WebhookFormat) -> Vec<u8> {
    render(message, &samples::id(), &samples::receiver(channel(format, 9)), &[]).unwrap()
}

async fn sent(message: &Message, format: WebhookFormat) -> Request {
    let listener = http("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    let receiver = samples::receiver(channel(format, listener.port));
    let body = body(message, format);
    let clock = Clock::fixed(samples::now());
    let outcome = Sender::over_network().send(&receiver, &samples::id(), &body, &[], &clock).await;
    assert_eq!(outcome.attempt, Attempt::Delivered);
    listener.result()
}

#[tokio::test]
async fn a_cloud_event_is_structured_json_with_the_standard_data() {
    for (name, message) in samples::all() {
        let event: Value = serde_json::from_slice(&body(&message, WebhookFormat::CloudEvents)).unwrap();
        let standard: Value = serde_json::from_slice(&body(&message, WebhookFormat::Standard)).unwrap();
        assert_eq!(
            (&event["specversion"], &event["datacontenttype"]),
            (&"1.0".into(), &"application/json".into())
        );
        assert_eq!(
            (&event["type"], &event["time"], &event["data"]),
            (&standard["type"], &standard["timestamp"], &standard["data"]),
            "{name}"
        );
        assert_eq!(event["id"], samples::id().as_str());
        let source = event["source"].as_str().unwrap();
        assert!(source.starts_with("urn:minimax-watch:") && source.is_ascii(), "{name}: {source}");
    }
    let request = sent(&samples::mixed(), WebhookFormat::CloudEvents).await;
    assert_eq!(request.header("content-type"), Some("application/cloudevents+json; charset=utf-8"));
    assert_eq!(request.header("webhook-id"), Some(samples::id().as_str()));
}

#[test]
fn the_source_is_the_one_subscription_or_else_the_receiver() {
    let source = |message: &Message| {
        let event: Value = serde_json::from_slice(&body(message, WebhookFormat::CloudEvents)).unwrap();
        event["source"].as_str().unwrap().to_owned()
    };
    let expiry = samples::expiry(chrono::TimeDelta::days(3), "3d", Reason::Opened);
    let mut other = expiry.clone();
    other.subscription = Some(SubscriptionName::new("a b"));
    let mut failing = samples::alert(
        AlertKind::DeliveryFailing,
        crate::domain::alerts::Severity::Warning,
        chrono::TimeDelta::hours(1),
    );
    failing.subscription = None;
    for (alerts, expected) in [
        (vec![expiry.clone()], "urn:minimax-watch:main"),
        (vec![other.clone()], "urn:minimax-watch:a%20b"),
        (vec![expiry, other], "urn:minimax-watch:ops-mail"),
        (vec![failing], "urn:minimax-watch:ops-mail"),
    ] {
        assert_eq!(source(&samples::message(alerts, Vec::new())), expected);
    }
    assert_eq!(source(&samples::test_message()), "urn:minimax-watch:ops-mail");
}

#[tokio::test]
async fn text_has_a_title_in_its_first_line_and_in_a_header() {
    let (_, message) = samples::all().into_iter().find(|(name, _)| name == "expiry").unwrap();
    let request = sent(&message, WebhookFormat::Text).await;
    assert_eq!(request.header("content-type"), Some("text/plain; charset=utf-8"));
    assert_eq!(request.header("title"), Some("[WARNING] studio-a: token expires in 3 days"));
    let text = String::from_utf8(request.body).unwrap();
    assert!(
        text.starts_with("[WARNING] studio-a: token expires in 3 days\n\nWhen the token expires"),
        "{text}"
    );

    let mut hostile = samples::hostile();
    hostile.kind = MessageType::Firing;
    let request = sent(&hostile, WebhookFormat::Text).await;
    let title = request.header("title").unwrap();
    assert!(title.contains("Bcc: victim") && title.is_ascii(), "it is one header: {title}");
    assert_eq!(request.header("bcc"), None);
}
