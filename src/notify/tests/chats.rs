//! What chats show: the text that they share, the body of each type, and its limits.

use serde_json::Value;

use crate::config::{Channel, ChatWebhook, Endpoint, Ntfy, Origin, PagerDuty, Secret, Telegram};
use crate::domain::account::AccountId;
use crate::domain::message::Message;
use crate::domain::time_zone::TimeZone;
use crate::notify;
use crate::notify::message::{ChatText, Style};
use crate::notify::tests::samples;

fn secret(text: &str) -> Secret {
    Secret { value: text.into(), origin: Origin::Inline }
}

fn endpoint(url: &str) -> Endpoint {
    Endpoint { url: secret(url), timeout: std::time::Duration::from_secs(15), allow_http: false }
}

/// One receiver of each type that is rendered as chat text or events.
fn channels() -> Vec<Channel> {
    let webhook = |url| ChatWebhook { endpoint: endpoint(url) };
    vec![
        Channel::Telegram(Telegram {
            token: secret("123456:placeholder-placeholder"),
            chat_id: "-1001234567890".to_owned(),
            thread_id: None,
            api: endpoint("https://api.telegram.org"),
        }),
        Channel::Ntfy(Ntfy { endpoint: endpoint("https://ntfy.example.com/topic"), token: None }),
        Channel::Discord(webhook("https://discord.example.com/api/webhooks/1/placeholder")),
        Channel::Slack(webhook("https://hooks.example.com/services/T0/B0/placeholder")),
        Channel::PagerDuty(PagerDuty {
            routing_key: secret("placeholderplaceholderplaceholde"),
            api: endpoint("https://events.example.com"),
        }),
    ]
}

fn body(message: &Message, channel: Channel) -> Value {
    let receiver = samples::receiver(channel);
    serde_json::from_slice(&notify::render(message, &samples::id(), &receiver, &[]).unwrap()).unwrap()
}

fn shown(chat: &ChatText) -> String {
    let line = |line: &notify::message::Line| -> String {
        let span = |span: &notify::message::Span| match span.style {
            Style::Plain => span.text.clone(),
            Style::Bold => format!("**{}**", span.text),
            Style::Code => format!("`{}`", span.text),
        };
        line.iter().map(span).collect()
    };
    format!("{}\n\n{}\n", chat.title, chat.lines.iter().map(line).collect::<Vec<_>>().join("\n"))
}

#[test]
fn every_chat_text_matches_its_snapshot() {
    for (name, message) in samples::all() {
        let chat = ChatText::new(&message, &samples::receiver(samples::webhook())).unwrap();
        insta::with_settings!({prepend_module_to_snapshot => false, snapshot_path => "../message/snapshots"}, {
            insta::assert_snapshot!(format!("{name}.chat"), shown(&chat));
        });
    }
}

#[test]
fn the_body_of_each_type_matches_its_snapshot() {
    let names = ["expiry", "expiry-resolved", "max-jobs-changed", "mixed", "hostile", "test"];
    for (name, message) in samples::all().into_iter().filter(|(name, _)| names.contains(&name.as_str())) {
        for channel in channels() {
            let kind = channel.type_name();
            let path = format!("../{kind}/snapshots");
            insta::with_settings!({prepend_module_to_snapshot => false, snapshot_path => path}, {
                insta::assert_json_snapshot!(format!("{name}.json"), body(&message, channel));
            });
        }
    }
}

#[test]
fn local_time_stands_beside_utc() {
    let (_, message) = samples::all().into_iter().find(|(name, _)| name == "expiry").unwrap();
    let mut receiver = samples::receiver(samples::webhook());
    receiver.timezone = TimeZone::named("Europe/Berlin").unwrap();
    let text = shown(&ChatText::new(&message, &receiver).unwrap());
    assert!(text.contains("Token expires: 2026-11-26 03:00 UTC, 04:00 CET (in 3 days)"), "{text}");
    receiver.timezone = TimeZone::named("America/Los_Angeles").unwrap();
    let text = shown(&ChatText::new(&message, &receiver).unwrap());
    assert!(text.contains("2026-11-26 03:00 UTC, 2026-11-25 19:00 PST (in 3 days)"), "{text}");
}

/// A message that is far longer than any chat allows, in characters of two UTF-16 units and four bytes.
fn enormous() -> Message {
    let mut message = samples::mixed();
    for alert in &mut message.data.alerts {
        if let Some(account) = &mut alert.account {
            account.name = format!("\u{202e}\n{}{}", "😀".repeat(70), "x".repeat(10_000));
            account.id = AccountId::new("😀*_`<@1>".repeat(9));
        }
        alert.detail = "😀*_~`|<>@everyone ".repeat(30);
    }
    message
}

#[test]
fn every_type_keeps_its_limits_and_says_what_it_left_out() {
    for message in [enormous(), samples::hostile(), samples::mixed()] {
        for channel in channels() {
            let kind = channel.type_name();
            let body = body(&message, channel);
            let text =
                |pointer: &str| body.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
            let units = |text: &str| text.encode_utf16().count();
            match kind {
                "telegram" => assert!((1..=4096).contains(&units(&text("/text"))), "{body}"),
                "ntfy" => assert!((1..=4096).contains(&text("/message").len()), "{body}"),
                "discord" => {
                    let (content, title) = (units(&text("/content")), units(&text("/embeds/0/title")));
                    let description = units(&text("/embeds/0/description"));
                    assert!((1..=2000).contains(&content) && title <= 256 && description <= 4096, "{body}");
                    assert!(title + description <= 6000, "{body}");
                }
                "slack" => {
                    assert!(text("/blocks/0/text/text").chars().count() <= 150, "{body}");
                    assert!(body["blocks"].as_array().unwrap().len() <= 50, "{body}");
                }
                _ => {
                    for event in body["events"].as_array().unwrap() {
                        let summary = event.pointer("/members/payload/summary").and_then(Value::as_str);
                        assert!(summary.unwrap_or_default().chars().count() <= 1024, "{event}");
                    }
                }
            }
        }
    }
    // The first hundred of five thousand alerts: the rest is counted.
    let mut many = enormous();
    many.data.alerts = many.data.alerts.iter().cycle().take(100).cloned().collect();
    many.data.truncated = 4_900;
    for channel in channels() {
        let kind = channel.type_name();
        let body = body(&many, channel).to_string();
        let counts =
            body.split(" more").filter_map(|before| before.rsplit([' ', '"']).next()?.parse::<u32>().ok());
        assert!(counts.max().is_some_and(|count| (4_900..5_100).contains(&count)), "{kind}: {body}");
        // PagerDuty gets values unaltered in `custom_details`, at most 512 KiB an event.
        let is_plain = kind == "pagerduty" || !body.contains('\u{202e}') && body.len() < 20_000;
        assert!(is_plain && body.len() / 100 < 512 * 1024, "{kind}");
    }
    let cut = body(&enormous(), channels().swap_remove(0)).to_string();
    assert!(cut.contains("… the rest does not fit: minimax-watch status"), "{cut}");
}

#[test]
fn entities_of_telegram_lie_within_the_text() {
    for message in samples::all().into_iter().map(|(_, message)| message).chain([enormous()]) {
        let body = body(&message, channels().swap_remove(0));
        let units: Vec<u16> = body["text"].as_str().unwrap().encode_utf16().collect();
        let mut end = 0;
        for entity in body["entities"].as_array().unwrap() {
            let number = |name: &str| usize::try_from(entity[name].as_u64().unwrap()).unwrap();
            let (offset, length) = (number("offset"), number("length"));
            assert!(offset >= end && length > 0 && offset + length <= units.len(), "{entity}");
            let text = String::from_utf16(&units[offset..offset + length]).unwrap();
            assert!(!text.contains('\n') && text.trim() == text, "{text:?}");
            end = offset + length;
        }
    }
}

#[test]
fn discord_escapes_markup_and_mentions_nobody() {
    let body = body(&samples::hostile(), channels().swap_remove(2));
    assert_eq!(body["allowed_mentions"], serde_json::json!({"parse": []}));
    let description = body.pointer("/embeds/0/description").and_then(Value::as_str).unwrap();
    assert!(description.contains(r"\<script\>") && !description.contains("<script>"), "{description}");
}

#[test]
fn slack_escapes_the_fallback_text() {
    let body = body(&samples::hostile(), channels().swap_remove(3));
    let text = body["text"].as_str().unwrap();
    assert!(text.contains("&lt;script&gt;") && !text.contains('<'), "{text}");
}

#[test]
fn no_body_holds_the_secrets_of_its_receiver() {
    for channel in channels() {
        let kind = channel.type_name();
        let body = body(&samples::mixed(), channel).to_string();
        assert!(!body.contains("placeholder") && !body.contains("100123456"), "{kind}: {body}");
    }
}
