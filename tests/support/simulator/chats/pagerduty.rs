//! A PagerDuty with one integration.
//!
//! Source: <https://developer.pagerduty.com/docs/events-api-v2-overview>, "Response Codes & Retry Logic" there, "Send an Alert Event" and
//! "Send a Change Event".

use axum::http::Method;
use serde_json::{Value, json};

use super::{ChatRequest, Reply, json_reply, text};

pub(super) const KEY: &str = "R0uT1nGkEy4711R0uT1nGkEy4711abcd";
pub(super) const SECRETS: &[&str] = &[KEY, "R0uT1nGkEy4711"];

const KEY_LENGTH: usize = 32;
const MAX_SUMMARY: usize = 1024;
const MAX_DEDUP_KEY: usize = 255;
/// Bytes of a request.
const MAX_BODY: usize = 512 * 1024;

pub(super) fn reply(request: &ChatRequest<'_>) -> Reply {
    let is_change = match request.path {
        "/v2/enqueue" => false,
        "/v2/change/enqueue" => true,
        _ => return Reply::status(axum::http::StatusCode::NOT_FOUND),
    };
    if request.method != Method::POST {
        return Reply::status(axum::http::StatusCode::METHOD_NOT_ALLOWED);
    }
    if request.bytes.len() > MAX_BODY {
        return Reply::status(axum::http::StatusCode::PAYLOAD_TOO_LARGE);
    }
    let errors = errors(request.body, is_change);
    if !errors.is_empty() {
        let body = json!({"status": "invalid event", "message": "Event object is invalid", "errors": errors});
        return json_reply(400, &body);
    }
    let message = if is_change { "Change event processed" } else { "Event processed" };
    let mut body = json!({"status": "success", "message": message});
    if !is_change {
        body["dedup_key"] = request.body["dedup_key"].clone();
    }
    json_reply(202, &body)
}

fn errors(event: &Value, is_change: bool) -> Vec<String> {
    let mut errors = Vec::new();
    let mut check = |is_right: bool, error: &str| {
        if !is_right {
            errors.push(error.to_owned());
        }
    };
    let key = text(event, "/routing_key");
    check(key.len() == KEY_LENGTH, "'routing_key' is missing or blank");
    check(key.len() != KEY_LENGTH || key == KEY, "Invalid routing key");
    let action = text(event, "/event_action");
    if !is_change {
        let is_action = ["trigger", "acknowledge", "resolve"].contains(&action);
        check(is_action, "'event_action' must be one of trigger, acknowledge or resolve");
        let dedup_key = text(event, "/dedup_key");
        check(action == "trigger" || !dedup_key.is_empty(), "'dedup_key' is missing or blank");
        check(
            dedup_key.chars().count() <= MAX_DEDUP_KEY,
            "'dedup_key' is too long (maximum is 255 characters)",
        );
    }
    if is_change || action == "trigger" {
        let summary = text(event, "/payload/summary");
        check(!summary.is_empty(), "'payload.summary' is missing or blank");
        check(
            summary.chars().count() <= MAX_SUMMARY,
            "'payload.summary' is too long (maximum is 1024 characters)",
        );
        let timestamp = text(event, "/payload/timestamp");
        let is_time = timestamp.is_empty() || chrono::DateTime::parse_from_rfc3339(timestamp).is_ok();
        check(is_time, "'payload.timestamp' is not a time stamp");
        check(
            event["payload"]["custom_details"].is_null() || event["payload"]["custom_details"].is_object(),
            "'payload.custom_details' is not an object",
        );
    }
    if !is_change && action == "trigger" {
        check(!text(event, "/payload/source").is_empty(), "'payload.source' is missing or blank");
        let is_severity =
            ["critical", "error", "warning", "info"].contains(&text(event, "/payload/severity"));
        check(is_severity, "'payload.severity' must be one of critical, error, warning or info");
    }
    for link in event["links"].as_array().into_iter().flatten() {
        check(!text(link, "/href").is_empty(), "'links.href' is missing or blank");
    }
    errors
}

pub(super) fn shown(event: &Value) -> String {
    let action = event["event_action"].as_str().unwrap_or("change");
    format!("{action} {}\n{}", text(event, "/dedup_key"), text(event, "/payload/summary"))
}
