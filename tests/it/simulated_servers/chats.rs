//! The chat and paging services, seen by a sender: each limit and each wrong address is refused as the service documents it.

use axum::http::header::AUTHORIZATION;
use serde_json::{Value, json};

use super::{client, clock};
use crate::simulator::{ChatServer, ChatService, Reply, StatusCode, StoredMessage, arrivals, telegram_error};

/// What a receiver of the configuration at `server` would send to: the path, and the login if there is one.
fn address(server: &ChatServer) -> (String, Option<String>) {
    let (_, secrets) = server.receiver("x");
    let secret = |ending: &str| {
        let found = secrets.iter().find(|(file, _)| file.ends_with(ending));
        found.map(|(_, secret)| secret.clone()).unwrap_or_default()
    };
    let path = |url: String| url::Url::parse(&url).unwrap().path().to_owned();
    match server.service() {
        ChatService::Telegram => (format!("/bot{}/sendMessage", secret("token")), None),
        ChatService::Ntfy => ("/".to_owned(), Some(format!("Bearer {}", secret("token")))),
        ChatService::Discord => (format!("{}?wait=true", path(secret("url"))), None),
        ChatService::Slack => (path(secret("url")), None),
        ChatService::PagerDuty => ("/v2/enqueue".to_owned(), None),
    }
}

/// A message that the service accepts.
fn right(server: &ChatServer) -> Value {
    let (_, secrets) = server.receiver("x");
    match server.service() {
        ChatService::Telegram => json!({
            "chat_id": -1_001_234_567_890_i64, "text": "🟢 bold", "entities": [{"type": "bold", "offset": 3, "length": 4}],
        }),
        ChatService::Ntfy => {
            let topic = url::Url::parse(&secrets[0].1).unwrap().path().trim_start_matches('/').to_owned();
            json!({"topic": topic, "message": "text", "priority": 5})
        }
        ChatService::Discord => json!({
            "content": "text", "allowed_mentions": {"parse": []}, "embeds": [{"title": "t", "description": "d"}],
        }),
        ChatService::Slack => json!({
            "text": "text", "blocks": [
                {"type": "header", "text": {"type": "plain_text", "text": "t"}},
                {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": "d"}]}]},
            ],
        }),
        ChatService::PagerDuty => json!({
            "routing_key": secrets[0].1, "event_action": "trigger", "dedup_key": "k",
            "payload": {"summary": "s", "source": "x", "severity": "critical", "timestamp": "2026-11-23T07:15:00Z"},
        }),
    }
}

async fn post(server: &ChatServer, path: &str, login: Option<String>, body: &Value) -> (u16, String) {
    let url = format!("http://{}{path}", server.address());
    let mut request = client().post(url).body(body.to_string());
    if let Some(login) = login {
        request = request.header(AUTHORIZATION, login);
    }
    let response = request.send().await.unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}

/// Members of the message that are replaced, by pointer, and the status and words of the refusal.
fn wrong_messages(service: ChatService) -> Vec<(&'static str, Value, u16, &'static str)> {
    let long = |length: usize| json!("🟢".repeat(length / 2) + "aaaa");
    let entity = |offset: u64, length: u64| json!([{"type": "bold", "offset": offset, "length": length}]);
    match service {
        ChatService::Telegram => vec![
            ("/text", json!(" "), 400, "message text is empty"),
            ("/text", long(4096), 400, "message is too long"),
            ("/chat_id", json!(1), 400, "chat not found"),
            ("/message_thread_id", json!(7), 400, "message thread not found"),
            ("/entities", entity(3, 5), 400, "ends after the end of the text"),
            ("/entities", entity(1, 2), 400, "entity beginning at UTF-16 offset 1"),
            (
                "/entities",
                json!([entity(3, 4)[0], {"type": "code", "offset": 4, "length": 1}]),
                400,
                "overlaps",
            ),
        ],
        ChatService::Ntfy => vec![
            ("/topic", json!(""), 400, "\"code\":40009"),
            ("/topic", json!("a/b"), 400, "\"code\":40009"),
            ("/topic", json!("another"), 403, "\"code\":40301"),
            ("/priority", json!(6), 400, "\"code\":40007"),
            ("/message", json!("a".repeat(4097)), 413, "\"code\":41301"),
            ("/message", json!("\"".repeat(4096)), 413, "\"code\":41303"),
        ],
        ChatService::Discord => vec![
            ("/content", long(2000), 400, "Must be 2000 or fewer in length."),
            ("/embeds/0/title", long(256), 400, "Must be 256 or fewer in length."),
            ("/embeds/0/description", long(4096), 400, "Must be 4096 or fewer in length."),
            (
                "/embeds",
                json!([{"description": "a".repeat(3001)}, {"description": "a".repeat(3000)}]),
                400,
                "6000",
            ),
            ("/allowed_mentions", Value::Null, 400, "allowed_mentions"),
            ("", json!({}), 400, "50006"),
        ],
        ChatService::Slack => vec![
            ("/blocks/0/text/text", long(150), 400, "invalid_blocks"),
            ("/blocks", json!(vec![json!({"type": "divider"}); 51]), 400, "invalid_blocks"),
            ("/blocks/1/elements/0/elements", json!([]), 400, "invalid_blocks"),
            ("/blocks/1/elements/0/elements/0/type", json!("mrkdwn"), 400, "invalid_blocks"),
            ("", json!([]), 400, "invalid_payload"),
            ("", json!({"text": ""}), 400, "no_text"),
        ],
        ChatService::PagerDuty => vec![
            ("/routing_key", json!("short"), 400, "routing_key"),
            ("/routing_key", json!("a".repeat(32)), 400, "Invalid routing key"),
            ("/dedup_key", json!("a".repeat(256)), 400, "dedup_key"),
            ("/payload/summary", json!("a".repeat(1025)), 400, "payload.summary"),
            ("/payload/severity", json!("fatal"), 400, "payload.severity"),
            ("/event_action", json!("page"), 400, "event_action"),
            ("/payload/source", json!(""), 400, "payload.source"),
        ],
    }
}

#[tokio::test]
async fn chat_services_accept_what_is_right_and_refuse_what_is_not() {
    for service in ChatService::ALL {
        let server = ChatServer::open(&clock(), service).await.unwrap();
        let (path, login) = address(&server);
        let (status, text) = post(&server, &path, login.clone(), &right(&server)).await;
        let expected = if service == ChatService::PagerDuty { 202 } else { 200 };
        assert_eq!(status, expected, "{service:?}: {text}");
        for (pointer, value, code, words) in wrong_messages(service) {
            let mut body = right(&server);
            match body.pointer_mut(pointer) {
                Some(member) => *member = value,
                None => body[pointer.trim_start_matches('/')] = value,
            }
            let (status, text) = post(&server, &path, login.clone(), &body).await;
            assert!(status == code && text.contains(words), "{service:?} {pointer}: {status} {text}");
            assert!(!server.posts().last().unwrap().is_accepted(), "{service:?} {pointer}");
        }
        let (status, _) = post(&server, "/elsewhere", None, &right(&server)).await;
        assert_eq!(status, 404, "{service:?}");
    }
}

#[tokio::test]
async fn scripted_reply_is_given_once_and_the_request_is_recorded() {
    let server = ChatServer::open(&clock(), ChatService::Telegram).await.unwrap();
    let (path, _) = address(&server);
    server.next(None);
    server.next(Some(telegram_error(
        429,
        "Too Many Requests: retry after 7",
        Some(json!({"retry_after": 7})),
    )));
    let mut answers = Vec::new();
    for _ in 0..3 {
        answers.push(post(&server, &path, None, &right(&server)).await.0);
    }
    assert_eq!(answers, [200, 429, 200]);
    let posts = server.posts();
    assert_eq!(posts.iter().map(|post| post.is_answered).collect::<Vec<_>>(), [true, false, true]);
    assert!(posts.iter().all(crate::simulator::Post::is_accepted));
    server.set(Some(Reply::status(StatusCode::BAD_GATEWAY)));
    assert_eq!(post(&server, &path, None, &right(&server)).await.0, 502);
}

#[tokio::test]
async fn arrivals_are_the_stored_messages_in_order_with_repeats() {
    let server = ChatServer::open(&clock(), ChatService::PagerDuty).await.unwrap();
    let (path, _) = address(&server);
    let event = |key: &str| json!({"event_action": "resolve", "dedup_key": key});
    let stored = |id: &str, keys: &[&str]| StoredMessage {
        id: id.to_owned(),
        body: json!({"events": keys.iter().map(|key| json!({"members": event(key)})).collect::<Vec<_>>()})
            .to_string()
            .into_bytes(),
        content: Value::Null,
    };
    let messages =
        [stored("1", &["a", "b"]), stored("2", &["c"]), stored("3", &["c"]), stored("4", &["d", "e"])];
    // A text that comes again is a repeat, unless it was answered by a success and the next message has the same text.
    for (key, second) in [(right(&server)["routing_key"].clone(), 2), (json!("wrong"), 1)] {
        server.forget();
        // The first message is cut and begins again, then goes on; two have the same text; the last one stays incomplete.
        for name in ["a", "a", "b", "c", "c", "a", "d"] {
            let mut event = event(name);
            event["routing_key"] = key.clone();
            post(&server, &path, None, &event).await;
        }
        let seen = arrivals(ChatService::PagerDuty, &server.posts(), &messages);
        let seen: Vec<_> = seen.iter().map(|arrival| (arrival.message, arrival.is_complete)).collect();
        let again = (Some(second), true);
        let first = [(Some(0), false), (Some(0), true), (Some(1), true)];
        assert_eq!(seen, [&first[..], &[again, (None, true), (Some(3), false)]].concat());
    }
}
