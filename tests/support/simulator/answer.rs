//! The documented answers of the vendor (docs/vendor-api.md), by name.

use axum::body::Bytes;
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::record::Record;
use super::reply::{Reply, RetryAfter};
use minimax_watch::domain::time::Timestamp;

/// The forms of a 401 body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// `{"error":"Unauthorized","code":401}`
    #[default]
    WithCode,
    /// `{"error":"Unauthorized"}`
    WithoutCode,
}

/// The texts of a 402 body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LapsedBody {
    /// The plan has ended.
    Expired,
    /// The plan does not cover this API.
    NotIncluded,
}

/// The forms of a 404 body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum NotFoundBody {
    /// The sentence on the vendor's page, as plain text.
    #[default]
    Sentence,
    /// The same sentence as JSON.
    Json,
    /// Nothing.
    Empty,
}

/// The forms of a 5xx body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ErrorBody {
    /// `{"error":…,"code":…}`
    Json,
    /// The page of a proxy.
    Html,
}

/// What the vendor answers.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Answer {
    /// 200 with a stored configuration, which may carry an `error`.
    Configuration(Box<Record>),
    /// Any other response.
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
    pub(crate) fn unauthorized(form: Refusal) -> Self {
        let body = match form {
            Refusal::WithCode => json!({"error": "Unauthorized", "code": 401}),
            Refusal::WithoutCode => json!({"error": "Unauthorized"}),
        };
        reply(StatusCode::UNAUTHORIZED, &body).into()
    }

    /// 200 to a read of the plan, with the accounts of each service.
    pub(crate) fn account_info(is_active: bool, accounts: &Value) -> Self {
        let info = json!({
            "id": "1001", "email": "owner@example.com", "name": "An Owner", "created": "2024-10-01T00:00:00Z", "verified": true,
            "subscriptionIsActive": is_active, "subscriptions": 1, "maxAccountsPerAPI": 3, "sub": "261015",
            "replyUrl": "https://reply.example.com/private", "accounts": accounts,
        });
        reply(StatusCode::OK, &info).into()
    }

    /// 200 to a read of the statistics, with these rows.
    pub(crate) fn job_stats(rows: &[Value]) -> Self {
        let stats = json!({"bot": "minimax", "date": "2026-11-01", "total": rows.len(), "data": rows});
        reply(StatusCode::OK, &stats).into()
    }

    /// 200 to a read of the credits, with this number.
    pub(crate) fn features(total_credits: &Value) -> Self {
        let features = json!({
            "totalCredits": total_credits, "memberName": "Unlimited", "expireTime": 1_798_675_200_000_i64, "queueLength": 3,
            "creditExpireText": [{"credit": "500", "endTime": 1_796_083_200_000_i64}], "nickName": "An Owner",
        });
        reply(StatusCode::OK, &features).into()
    }

    /// 402: the useapi.net plan has lapsed.
    pub(crate) fn lapsed(text: LapsedBody) -> Self {
        let text = match text {
            LapsedBody::Expired => "Subscription expired. Renew your subscription to continue.",
            LapsedBody::NotIncluded => "Your subscription does not include MiniMax API.",
        };
        reply(StatusCode::PAYMENT_REQUIRED, &json!({"error": text, "code": 402})).into()
    }

    /// 403 from the protection in front of the API, which refuses this client.
    pub(crate) fn blocked() -> Self {
        const PAGE: &str = "<!DOCTYPE html>\n<html lang=\"en-US\"><head><title>Access denied | api.useapi.net used Cloudflare to \
                            restrict access</title></head>\n<body><h1>Error 1010</h1><p>The owner of this website has banned \
                            your access based on your browser's signature.</p></body></html>\n";
        Reply::html(StatusCode::FORBIDDEN, PAGE).into()
    }

    /// 404: no such configuration.
    pub(crate) fn not_found(form: NotFoundBody) -> Self {
        const SENTENCE: &str = "Configuration not found. To create configuration use POST /accounts.";
        match form {
            NotFoundBody::Sentence => Reply::text(StatusCode::NOT_FOUND, SENTENCE).into(),
            NotFoundBody::Json => {
                reply(StatusCode::NOT_FOUND, &json!({"error": SENTENCE, "code": 404})).into()
            }
            NotFoundBody::Empty => Reply::status(StatusCode::NOT_FOUND).into(),
        }
    }

    /// 429 with `Retry-After`.
    pub(crate) fn rate_limited(when: RetryAfter) -> Self {
        let body = json!({"error": "Too many requests", "code": 429});
        reply(StatusCode::TOO_MANY_REQUESTS, &body).retry_after(when).into()
    }

    /// 429 with the time in its body only, as on a sibling call.
    pub(crate) fn rate_limited_until(at: Timestamp) -> Self {
        let retry_after = at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
        let body = json!({"error": "Too many requests", "code": 429, "retryAfter": retry_after});
        reply(StatusCode::TOO_MANY_REQUESTS, &body).into()
    }

    /// 500, 502, 503, 504, or another status of an outage.
    pub(crate) fn unavailable(status: StatusCode, page: ErrorBody) -> Self {
        let reason = status.canonical_reason().unwrap_or("Unknown");
        match page {
            ErrorBody::Json => reply(status, &json!({"error": reason, "code": status.as_u16()})).into(),
            ErrorBody::Html => {
                let title = format!("{} {reason}", status.as_u16());
                let text = format!(
                    "<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n\
                     <center><h1>{title}</h1></center>\r\n</body>\r\n</html>\r\n"
                );
                Reply::html(status, text).into()
            }
        }
    }

    /// 596, an unregistered status: the linked MiniMax account is in error.
    pub(crate) fn account_error(text: &str) -> Self {
        reply(account_error_status(), &json!({"error": text, "code": 596})).into()
    }

    /// 200 with a text that is not JSON.
    pub(crate) fn not_json() -> Self {
        Reply::json(StatusCode::OK, "<!doctype html><title>Maintenance</title>").into()
    }

    /// The connection closes without a response.
    pub(crate) fn close() -> Self {
        Reply::close().into()
    }

    /// No response, ever.
    pub(crate) fn hang() -> Self {
        Reply::hang().into()
    }

    /// The HTTP response. `ordinal` is the number of the request: it makes time stamps differ.
    pub(crate) fn into_reply(self, now: Timestamp, ordinal: usize) -> Reply {
        match self {
            Self::Configuration(record) => reply(StatusCode::OK, &record.to_json(now, ordinal)),
            Self::Reply(reply) => *reply,
        }
    }
}

fn account_error_status() -> StatusCode {
    StatusCode::from_u16(596).expect("HTTP allows any three digits")
}

fn reply(status: StatusCode, body: &Value) -> Reply {
    Reply::json(status, Bytes::from(body.to_string()))
}
