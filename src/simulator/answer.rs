//! Every answer that docs/vendor-api.md knows, by name, and the hostile ones.

use std::time::Duration;

use axum::body::Bytes;
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::record::Record;
use super::reply::{Reply, RetryAfter};
use crate::domain::time::Timestamp;

/// The two forms of a 401 body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Refusal {
    /// `{"error":"Unauthorized","code":401}`
    #[default]
    WithCode,
    /// `{"error":"Unauthorized"}`
    WithoutCode,
}

/// The two texts of a 402.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lapse {
    /// The plan ended.
    Expired,
    /// The plan does not cover this API.
    NotIncluded,
}

/// The forms of a 404 body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Missing {
    /// The sentence that the vendor's page prints, as plain text.
    #[default]
    Sentence,
    /// The same as JSON.
    Json,
    /// Nothing.
    Empty,
}

/// What an error of the vendor's front looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Page {
    /// `{"error":…,"code":…}`
    Json,
    /// A proxy's page.
    Html,
}

/// What the vendor answers.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// 200 with a stored configuration, which may carry an `error`.
    Configuration(Box<Record>),
    /// Any other answer.
    Reply(Box<Reply>),
}

impl From<Record> for Answer {
    fn from(record: Record) -> Self {
        Self::Configuration(Box::new(record))
    }
}

impl From<Reply> for Answer {
    fn from(reply: Reply) -> Self {
        Self::Reply(Box::new(reply))
    }
}

impl Answer {
    /// 401.
    pub fn unauthorized(form: Refusal) -> Self {
        let body = match form {
            Refusal::WithCode => json!({"error": "Unauthorized", "code": 401}),
            Refusal::WithoutCode => json!({"error": "Unauthorized"}),
        };
        reply(StatusCode::UNAUTHORIZED, &body).into()
    }

    /// 402: the useapi.net plan lapsed.
    pub fn lapsed(text: Lapse) -> Self {
        let text = match text {
            Lapse::Expired => "Subscription expired. Renew your subscription to continue.",
            Lapse::NotIncluded => "Your subscription does not include MiniMax API.",
        };
        reply(StatusCode::PAYMENT_REQUIRED, &json!({"error": text, "code": 402})).into()
    }

    /// 403 from the protection in front of the API, which refuses the client's user agent.
    pub fn blocked() -> Self {
        const PAGE: &str = "<!DOCTYPE html>\n<html lang=\"en-US\"><head><title>Access denied | api.useapi.net used Cloudflare to \
                            restrict access</title></head>\n<body><h1>Error 1010</h1><p>The owner of this website has banned \
                            your access based on your browser's signature.</p></body></html>\n";
        Reply::html(StatusCode::FORBIDDEN, PAGE).into()
    }

    /// 404: no such configuration.
    pub fn not_found(form: Missing) -> Self {
        const SENTENCE: &str = "Configuration not found. To create configuration use POST /accounts.";
        match form {
            Missing::Sentence => Reply::text(StatusCode::NOT_FOUND, SENTENCE).into(),
            Missing::Json => reply(StatusCode::NOT_FOUND, &json!({"error": SENTENCE, "code": 404})).into(),
            Missing::Empty => Reply::status(StatusCode::NOT_FOUND).into(),
        }
    }

    /// 429 with `Retry-After`.
    pub fn rate_limited(when: RetryAfter) -> Self {
        let body = json!({"error": "Too many requests", "code": 429});
        reply(StatusCode::TOO_MANY_REQUESTS, &body).retry_after(when).into()
    }

    /// 429 that names the moment in its body only, as a sibling call does.
    pub fn rate_limited_until(moment: Timestamp) -> Self {
        let retry_after = moment.to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
        let body = json!({"error": "Too many requests", "code": 429, "retryAfter": retry_after});
        reply(StatusCode::TOO_MANY_REQUESTS, &body).into()
    }

    /// 500, 502, 503, 504, or any other status of a front that is not well.
    pub fn unavailable(status: StatusCode, page: Page) -> Self {
        let reason = status.canonical_reason().unwrap_or("Unknown");
        match page {
            Page::Json => reply(status, &json!({"error": reason, "code": status.as_u16()})).into(),
            Page::Html => {
                let code = status.as_u16();
                let title = format!("{code} {reason}");
                let text = format!(
                    "<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n\
                     <center><h1>{title}</h1></center>\r\n</body>\r\n</html>\r\n"
                );
                Reply::html(status, text).into()
            }
        }
    }

    /// 596: the linked MiniMax account is in error.
    pub fn account_error(text: &str) -> Self {
        reply(unregistered(), &json!({"error": text, "code": 596})).into()
    }

    /// 200 with a text that is no JSON.
    pub fn not_json() -> Self {
        Reply::json(StatusCode::OK, "<!doctype html><title>Maintenance</title>").into()
    }

    /// 200 with a whole response that holds half a configuration.
    pub fn truncated(record: &Record, now: Timestamp) -> Self {
        let mut text = record.to_json(now, 0).to_string().into_bytes();
        text.truncate(text.len() / 2);
        Reply::json(StatusCode::OK, text).into()
    }

    /// 200 with a JSON array where an object belongs.
    pub fn array(record: &Record, now: Timestamp) -> Self {
        reply(StatusCode::OK, &json!([record.to_json(now, 0)])).into()
    }

    /// 200 with a valid JSON object of more than `bytes` bytes.
    pub fn too_large(bytes: usize) -> Self {
        reply(StatusCode::OK, &json!({"account": "a".repeat(bytes)})).into()
    }

    /// 200 with a JSON object that never ends.
    pub fn endless() -> Self {
        Reply::json(StatusCode::OK, r#"{"account":"#.repeat(512)).endless().into()
    }

    /// 200 with a gzip body that any client can read.
    pub fn gzip(record: &Record, now: Timestamp) -> Self {
        reply(StatusCode::OK, &record.to_json(now, 0)).gzipped().into()
    }

    /// 200 with a small gzip body that unpacks to more than `bytes` bytes.
    pub fn gzip_bomb(bytes: usize) -> Self {
        Reply::gzip_bomb(bytes).into()
    }

    /// A redirect with that status to another address.
    pub fn redirect(status: StatusCode, location: &url::Url) -> Self {
        Reply::redirect(status, location).into()
    }

    /// 200 with a configuration, `bytes` at a time, `every` (real time) apart.
    pub fn trickle(record: &Record, now: Timestamp, bytes: usize, every: Duration) -> Self {
        reply(StatusCode::OK, &record.to_json(now, 0)).trickling(bytes, every).into()
    }

    /// 200 with a configuration, but the connection closes after `bytes` of it.
    pub fn cut_after(record: &Record, now: Timestamp, bytes: usize) -> Self {
        reply(StatusCode::OK, &record.to_json(now, 0)).cut_after(bytes).into()
    }

    /// The connection closes without an answer.
    pub fn close() -> Self {
        Reply::close().into()
    }

    /// No answer, ever.
    pub fn hang() -> Self {
        Reply::hang().into()
    }

    /// The stored configuration, if that is what is answered.
    pub(super) fn record(&self) -> Option<&Record> {
        match self {
            Self::Configuration(record) => Some(record),
            Self::Reply(_) => None,
        }
    }

    /// Whether it says that there is no such configuration.
    pub(super) fn is_missing(&self) -> bool {
        match self {
            Self::Configuration(_) => false,
            Self::Reply(reply) => reply.code() == StatusCode::NOT_FOUND,
        }
    }

    /// The bytes of it, in the answer with that ordinal.
    pub(super) fn into_reply(self, now: Timestamp, ordinal: usize) -> Reply {
        match self {
            Self::Configuration(record) => reply(StatusCode::OK, &record.to_json(now, ordinal)),
            Self::Reply(reply) => *reply,
        }
    }
}

/// The vendor's 596, which no registry knows.
fn unregistered() -> StatusCode {
    StatusCode::from_u16(596).expect("HTTP allows any three digits")
}

fn reply(status: StatusCode, body: &Value) -> Reply {
    Reply::json(status, Bytes::from(body.to_string()))
}
