//! The bodies of pushes, and what answers mean.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::TimeDelta;
use secrecy::SecretString;
use serde_json::{Value, json};

use super::{active, alert_series, change_series, push, render};
use crate::config::{Alertmanager, HttpLogin, Login, Origin, Secret};
use crate::domain::message::{MessageType, Reason, Status};
use crate::domain::series::{Labels, Push, StoredSeries};
use crate::notify::http::Clients;
use crate::notify::tests::{listener, samples};

const PASSWORD: &str = "pAsSwOrD-4711";

fn team() -> Labels {
    Labels::from([("team".to_owned(), "video".to_owned())])
}

fn server(port: u16, login: Option<HttpLogin>) -> Alertmanager {
    let url = format!("http://127.0.0.1:{port}/am").parse().unwrap();
    let timeout = Duration::from_secs(2);
    Alertmanager { urls: vec![url], labels: team(), login, timeout, allow_http: false }
}

fn secret(value: &str) -> Secret {
    Secret { value: SecretString::from(value), origin: Origin::Inline }
}

fn pushes() -> Vec<Push> {
    let alert = samples::expiry(TimeDelta::zero(), "expired", Reason::Escalated);
    let series = alert_series(&alert, &team());
    let ends_at = samples::now() + TimeDelta::hours(1);
    vec![Push {
        stored: StoredSeries { series, change_id: 0, ends_at, ended_at: None, accepted_at: None },
        ends_at,
    }]
}

fn answer(status: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

#[test]
fn alerts_changes_and_the_test_match_their_snapshots_as_series() {
    let shown = ["expired", "unauthorized", "delivery-failing", "max-jobs-changed", "hostile", "test"];
    for (name, message) in samples::all().into_iter().filter(|(name, _)| shown.contains(&name.as_ref())) {
        let body: Value = serde_json::from_slice(&render(&message, &team()).unwrap()).unwrap();
        insta::with_settings!({prepend_module_to_snapshot => false, snapshot_path => "../snapshots"}, {
            insta::assert_json_snapshot!(format!("{name}.json"), body);
        });
    }
}

#[test]
fn labels_say_what_is_wrong_and_no_name_text_or_time() {
    for (_, message) in samples::all().into_iter().filter(|(_, message)| message.kind != MessageType::Test) {
        for alert in message.data.alerts.iter().filter(|alert| alert.status == Status::Firing) {
            let mut other = alert.clone();
            other.opened_at += TimeDelta::hours(5);
            other.detail.push_str(" Later.");
            other.affected += 1;
            if let Some(account) = &mut other.account {
                account.name.push_str("-renamed");
            }
            assert_eq!(alert_series(alert, &team()).labels, alert_series(&other, &team()).labels);
        }
        for change in &message.data.changes {
            let labels = change_series(change, &team()).labels;
            assert_eq!((labels["field"].as_str(), labels["team"].as_str()), (change.field.as_str(), "video"));
        }
    }
}

#[tokio::test]
async fn push_posts_the_series_with_the_login_below_the_base_address() {
    for (login, expected) in [
        (None, None),
        (
            Some(HttpLogin::Basic(Login { username: "watch".to_owned(), password: secret(PASSWORD) })),
            Some("Basic d2F0Y2g6cEFzU3dPckQtNDcxMQ=="),
        ),
        (Some(HttpLogin::Bearer(secret("t0ken"))), Some("Bearer t0ken")),
    ] {
        let listener = listener::http(answer("200 OK", ""));
        let server = server(listener.port, login);
        assert_eq!(push(&Clients::default(), &server, &server.urls[0], &pushes()).await, Ok(()));
        let request = listener.result();
        assert!(request.head.starts_with("POST /am/api/v2/alerts HTTP/1.1\r\n"), "{}", request.head);
        assert_eq!(request.header("authorization"), expected);
        assert_eq!(request.header("content-type"), Some("application/json"));
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        assert_eq!(body[0]["endsAt"], json!("2026-11-23T04:00:00Z"));
        assert_eq!(body[0]["labels"]["team"], json!("video"));
    }
}

#[tokio::test]
async fn answer_other_than_2xx_is_an_error_that_quotes_it_without_the_login() {
    for (status, body, expected) in [
        (
            "400 Bad Request",
            r#""invalid label set""#,
            r#"answered 400 (application/json, 19 bytes): "invalid label set""#,
        ),
        ("400 Bad Request", PASSWORD, "answered 400 (application/json, 13 bytes): …"),
        (
            "401 Unauthorized",
            "",
            "answered 401 (application/json): check username and password, or the token",
        ),
        ("404 Not Found", "", "answered 404 (application/json): the base address is wrong"),
        ("302 Found", "", "answered 302 (application/json)"),
        ("500 Oops", "", "answered 500 (application/json)"),
    ] {
        let listener = listener::http(answer(status, body));
        let login = HttpLogin::Basic(Login { username: "watch".to_owned(), password: secret(PASSWORD) });
        let server = server(listener.port, Some(login));
        let error = push(&Clients::default(), &server, &server.urls[0], &pushes()).await.unwrap_err();
        assert!(error.contains(expected) && !error.contains(PASSWORD), "{status}: {error}");
        listener.result();
    }
    let server = server(listener::closed_port(), None);
    let error = push(&Clients::default(), &server, &server.urls[0], &pushes()).await.unwrap_err();
    assert!(error.contains("cannot connect"), "{error}");
}

#[tokio::test]
async fn active_series_are_read_as_a_whole_and_only_ours() {
    let count = 2_000;
    let alerts: Vec<Value> = (0..count)
        .map(|id| json!({"labels": {"alertname": "MiniMaxWatch", "account": id.to_string()}, "status": {"state": "suppressed"}}))
        .collect();
    let body = Value::from(alerts).to_string();
    assert!(body.len() > 64 * 1024, "longer than the answer to a post may be");
    let listener = listener::http(answer("200 OK", &body));
    let server = server(listener.port, None);
    let found: BTreeSet<Labels> = active(&Clients::default(), &server, &server.urls[0]).await.unwrap();
    assert_eq!(found.len(), count);
    let head = listener.result().head;
    let path = "GET /am/api/v2/alerts?filter=alertname%3D%22MiniMaxWatch%22 HTTP/1.1\r\n";
    assert!(head.starts_with(path), "{head}");
    assert!(!head.to_lowercase().contains("content-length"), "{head}");
}

#[tokio::test]
async fn active_series_that_are_cut_off_or_no_list_are_an_error() {
    for body in ["[{\"labels\": {\"a\": \"b\"}}", "{}", "<html>", ""] {
        let listener = listener::http(answer("200 OK", body));
        let server = server(listener.port, None);
        let error = active(&Clients::default(), &server, &server.urls[0]).await.unwrap_err();
        assert!(error.contains("not a whole list of alerts"), "{body}: {error}");
        listener.result();
    }
}
