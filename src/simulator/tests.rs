//! The servers over real sockets.

use axum::http::StatusCode;
use chrono::{TimeDelta, TimeZone, Utc};
use serde_json::Value;
use standardwebhooks::Webhook;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use url::Url;

use super::{Answer, FakeUseApi, SmtpServer, VirtualNow, WebhookServer, configuration, features};

fn clock() -> VirtualNow {
    VirtualNow::new(Utc.with_ymd_and_hms(2026, 11, 23, 7, 15, 0).unwrap())
}

/// Sends exactly these bytes and reads until the server closes the connection.
async fn exchange(port: u16, request: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

async fn http(url: &Url, head: &str, body: &str) -> (u16, String) {
    let request =
        format!("{head}\r\nhost: x\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    let answer = exchange(url.port().unwrap(), &request).await;
    (answer[9..12].parse().unwrap(), answer)
}

async fn status(api: &FakeUseApi, account: &str, token: &str) -> u16 {
    let head = format!("GET /v1/minimax/accounts/{account} HTTP/1.1\r\nauthorization: Bearer {token}");
    http(&api.base_url(), &head, "").await.0
}

#[tokio::test]
async fn vendor_answers_each_subscription_as_it_was_told() {
    let now = clock();
    let api = FakeUseApi::open(&now).await.unwrap();
    let (main, other) = (api.subscribe("m"), api.subscribe("o"));
    main.put("1", &configuration("1", now.now() + TimeDelta::days(9)));
    main.set_answer("2", Answer::account_error("On hold"));
    for (account, token, expected) in
        [("1", "m", 200), ("2", "m", 596), ("3", "m", 404), ("1", "o", 404), ("1", "x", 401)]
    {
        assert_eq!(status(&api, account, token).await, expected, "{account} {token}");
    }
    other.set_outage(Some(Answer::bad_gateway()));
    main.refuse_token(true);
    assert_eq!((status(&api, "1", "o").await, status(&api, "1", "m").await), (502, 401));
    other.set_outage(None);
    main.refuse_token(false);
    assert_eq!((status(&api, "1", "o").await, status(&api, "1", "m").await), (404, 200));
    assert_eq!(api.requested_paths().len(), 9);
}

#[tokio::test]
async fn vendor_sends_the_configuration_and_the_simulated_date() {
    let now = clock();
    let api = FakeUseApi::open(&now).await.unwrap();
    let end = now.now() + TimeDelta::days(9);
    api.subscribe("t").put("1", &configuration("1", end));
    let head = "GET /v1/minimax/accounts/1 HTTP/1.1\r\nauthorization: Bearer t";
    let (_, answer) = http(&api.base_url(), head, "").await;
    assert!(answer.contains("\r\ndate: Mon, 23 Nov 2026 07:15:00 GMT\r\n"), "{answer}");
    let body: Value = serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap();
    assert_eq!(body["jwt"]["exp_Expire"], "2026-12-02T07:15:00.000Z");
    assert_eq!(body["jwt"]["exp"], end.timestamp());
    assert_eq!(body["supportVideo"], true);
}

async fn read(api: &FakeUseApi, path: &str) -> (u16, Value) {
    let (status, answer) =
        http(&api.base_url(), &format!("GET {path} HTTP/1.1\r\nauthorization: Bearer t"), "").await;
    (status, serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap_or_default())
}

#[tokio::test]
async fn vendor_shows_jobs_late_and_newest_first() {
    let now = clock();
    let api = FakeUseApi::open(&now).await.unwrap();
    let main = api.subscribe("t");
    for (minutes, code) in [(-30, 200), (-20, 403), (-5, 412)] {
        main.add_job("1", now.now() + TimeDelta::minutes(minutes), code);
    }
    for (limit, expected) in [("", vec![403, 200]), ("&limit=1", vec![403])] {
        let (_, stats) = read(&api, &format!("/v2/account/stats?bot=minimax{limit}")).await;
        let rows = stats["data"].as_array().unwrap();
        assert_eq!(rows.iter().map(|row| row["code"].as_u64().unwrap()).collect::<Vec<_>>(), expected);
        assert_eq!((&rows[0]["config"], &stats["total"]), (&"1".into(), &expected.len().into()));
    }
    now.advance(TimeDelta::minutes(5));
    assert_eq!(read(&api, "/v2/account/stats?limit=9").await.1["data"][0]["code"], 412);
}

#[tokio::test]
async fn vendor_answers_for_features_as_it_was_told() {
    let now = clock();
    let api = FakeUseApi::open(&now).await.unwrap();
    let main = api.subscribe("t");
    let end = now.now() + TimeDelta::days(9);
    let path = "/v1/minimax/features/?account=me%40example.com";
    assert_eq!(read(&api, path).await.0, 404);
    main.put("me@example.com", &configuration("me@example.com", end));
    assert_eq!(read(&api, path).await.1["totalCredits"], 1_000);
    main.set_features("me@example.com", Some(Answer::json(StatusCode::OK, &features(7, end))));
    assert_eq!(read(&api, path).await.1["creditExpireText"][0]["endTime"], end.timestamp_millis());
    main.set_features("me@example.com", None);
    main.set_credits("me@example.com", now.now(), 12);
    main.set_credits("me@example.com", now.now() + TimeDelta::hours(1), 3);
    assert_eq!(read(&api, path).await.1["totalCredits"], 12);
    main.set_answer("me@example.com", Answer::account_error("On hold"));
    assert_eq!(read(&api, path).await.0, 596);
}

#[tokio::test]
async fn mail_is_accepted_after_the_login_only_and_its_dots_and_subject_are_decoded() {
    let server = SmtpServer::open(&clock(), "watch", "secret").await.unwrap();
    let mail = "MAIL FROM:<a@b.c>\r\nRCPT TO:<d@e.f>\r\nDATA\r\n";
    let content =
        "To: d@e.f\r\nSubject: false =?utf-8?b?4oaS?= true (and 1\r\n change)\r\n\r\n..dots\r\n.\r\n";
    let port = server.address().port();
    let refused = exchange(port, &format!("EHLO x\r\nAUTH PLAIN AHdhdGNoAHdyb25n\r\n{mail}QUIT\r\n")).await;
    assert!(refused.contains("\r\n535 ") && refused.contains("\r\n530 "), "{refused}");
    assert!(server.mails().is_empty());
    let login = "EHLO x\r\nAUTH PLAIN AHdhdGNoAHNlY3JldA==\r\n";
    let accepted = exchange(port, &format!("{login}{mail}{content}QUIT\r\n")).await;
    assert!(
        accepted.ends_with("354 end with a dot on a line by itself\r\n250 2.0.0 kept\r\n221 2.0.0 bye\r\n")
    );
    let [mail] = &server.mails()[..] else { panic!("one mail") };
    assert_eq!(mail.subject(), "false → true (and 1 change)");
    assert!(mail.raw.ends_with("\r\n\r\n.dots\r\n"), "{}", mail.raw);
}

#[tokio::test]
async fn webhook_receiver_verifies_signatures_and_refuses_while_it_is_down() {
    let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let server = WebhookServer::open(&clock(), secret).await.unwrap();
    let signature = Webhook::new(secret).unwrap().sign("m1", 7, b"{}").unwrap();
    let head = format!(
        "POST /hook HTTP/1.1\r\nwebhook-id: m1\r\nwebhook-timestamp: 7\r\nwebhook-signature: {signature}"
    );
    server.set_down(true);
    assert_eq!(http(&server.url(), &head, "{}").await.0, 503);
    server.set_down(false);
    for (body, is_signed) in [("{}", true), ("{ }", false)] {
        assert_eq!(http(&server.url(), &head, body).await.0, 200);
        let last = server.deliveries().pop().unwrap();
        assert_eq!((last.id.as_str(), &last.body[..], last.is_signed), ("m1", body.as_bytes(), is_signed));
    }
    assert_eq!(server.deliveries().len(), 2);
}
