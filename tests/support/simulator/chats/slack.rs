//! A Slack with one incoming webhook.
//!
//! Source: <https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks>, "Handling errors" there, and the reference of
//! blocks (<https://docs.slack.dev/reference/block-kit/blocks>: header, section, rich text). The documents count characters; here they are
//! UTF-16 units.

use axum::http::{Method, StatusCode};
use serde_json::Value;

use super::{ChatRequest, Reply, text, units};

pub(super) const PATH: &str = "/services/T0SlAcK47/B0SlAcK11/sLaCkToKeN4711xyzXYZ01234";
pub(super) const SECRETS: &[&str] = &["sLaCkToKeN4711", "T0SlAcK47", "B0SlAcK11"];

const MAX_BLOCKS: usize = 50;
const MAX_HEADER: usize = 150;
const MAX_SECTION: usize = 3000;
/// Of the fallback text; a longer one is cut.
const MAX_TEXT: usize = 40_000;

pub(super) fn reply(request: &ChatRequest<'_>) -> Reply {
    let (code, words) = answer(request);
    Reply::text(StatusCode::from_u16(code).expect("a status has three digits"), words)
}

fn answer(request: &ChatRequest<'_>) -> (u16, &'static str) {
    let (service, _) = PATH.rsplit_once('/').expect("the path has several parts");
    let body = request.body;
    if request.method != Method::POST || !request.path.starts_with(service) {
        return (404, "no_service");
    }
    if request.path != PATH {
        return (403, "invalid_token");
    }
    if !body.is_object() {
        return (400, "invalid_payload");
    }
    let blocks = body["blocks"].as_array().map(Vec::as_slice).unwrap_or_default();
    if text(body, "/text").is_empty() && blocks.is_empty() {
        return (400, "no_text");
    }
    if units(text(body, "/text")) > MAX_TEXT {
        return (400, "msg_too_long");
    }
    if blocks.len() > MAX_BLOCKS || !blocks.iter().all(is_valid) {
        return (400, "invalid_blocks");
    }
    (200, "ok")
}

fn is_valid(block: &Value) -> bool {
    let within = |pointer: &str, most: usize| (1..=most).contains(&units(text(block, pointer)));
    match text(block, "/type") {
        "header" => text(block, "/text/type") == "plain_text" && within("/text/text", MAX_HEADER),
        "section" => {
            ["plain_text", "mrkdwn"].contains(&text(block, "/text/type")) && within("/text/text", MAX_SECTION)
        }
        "divider" => true,
        "rich_text" => block["elements"].as_array().is_some_and(|elements| {
            !elements.is_empty()
                && elements.iter().all(|element| {
                    text(element, "/type") == "rich_text_section"
                        && element["elements"]
                            .as_array()
                            .is_some_and(|inner| !inner.is_empty() && inner.iter().all(is_valid_element))
                })
        }),
        _ => false,
    }
}

fn is_valid_element(element: &Value) -> bool {
    let style = element["style"].as_object();
    let is_style = style.is_none_or(|style| {
        style.iter().all(|(name, on)| {
            ["bold", "italic", "strike", "code"].contains(&name.as_str()) && on.is_boolean()
        })
    });
    is_style
        && match text(element, "/type") {
            "text" => !text(element, "/text").is_empty(),
            "link" => text(element, "/url").starts_with("https://"),
            _ => false,
        }
}

/// The fallback text, the header and the rich text, as a client shows them. What Slack would read as a link or a mention is shown as
/// `⟦…⟧`, so that a test that looks for a name does not find it.
pub(super) fn shown(body: &Value) -> String {
    let fallback = text(body, "/text").replace('<', "⟦").replace('>', "⟧");
    let fallback = fallback.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
    let mut shown = format!("{fallback}\n");
    for block in body["blocks"].as_array().into_iter().flatten() {
        shown.push_str(text(block, "/text/text"));
        let sections = block["elements"].as_array().into_iter().flatten();
        for element in sections.flat_map(|section| section["elements"].as_array().into_iter().flatten()) {
            shown.push_str(text(element, "/text"));
            shown.push_str(text(element, "/url"));
        }
        shown.push('\n');
    }
    shown
}
