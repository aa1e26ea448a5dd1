//! Answers of the vendor (docs/vendor-api.md), as `demo` needs them.

use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use chrono::{SecondsFormat, TimeDelta};
use serde_json::{Value, json};

use crate::domain::time::Timestamp;

/// What the vendor answers.
#[derive(Clone, Debug)]
pub struct Answer {
    /// May be one that HTTP does not register.
    pub status: StatusCode,
    /// All headers except `Date`, which is the simulated time.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: String,
}

impl Answer {
    fn new(status: StatusCode, content_type: &'static str, body: impl Into<String>) -> Self {
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(content_type))]);
        Self { status, headers, body: body.into() }
    }

    /// A response of the type JSON.
    pub fn json(status: StatusCode, body: &Value) -> Self {
        Self::new(status, "application/json; charset=utf-8", body.to_string())
    }

    /// 401: the API token is unknown.
    pub fn unauthorized() -> Self {
        Self::json(StatusCode::UNAUTHORIZED, &json!({"error": "Unauthorized", "code": 401}))
    }

    /// 404: no such configuration.
    pub fn not_found() -> Self {
        const SENTENCE: &str = "Configuration not found. To create configuration use POST /accounts.";
        Self::new(StatusCode::NOT_FOUND, "text/plain; charset=utf-8", SENTENCE)
    }

    /// 502 with the page of a proxy.
    pub fn bad_gateway() -> Self {
        const PAGE: &str = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n\
                            <center><h1>502 Bad Gateway</h1></center>\r\n</body>\r\n</html>\r\n";
        Self::new(StatusCode::BAD_GATEWAY, "text/html", PAGE)
    }

    /// 596, an unregistered status: the linked MiniMax account is in error.
    pub fn account_error(text: &str) -> Self {
        Self::json(account_error_status(), &json!({"error": text, "code": 596}))
    }
}

fn account_error_status() -> StatusCode {
    StatusCode::from_u16(596).expect("HTTP allows any three digits")
}

/// The plan in the form of the vendor's example, without the personal members' values.
pub(super) fn account_info(is_active: bool, accounts: usize) -> Answer {
    let info = json!({
        "id": "1000", "email": "<email>", "name": "<name>", "verified": true,
        "subscriptionIsActive": is_active, "subscriptions": 1, "maxAccountsPerAPI": 3, "sub": "261115",
        "accounts": {"MiniMax API": {"total": accounts, "active": accounts}},
    });
    Answer::json(StatusCode::OK, &info)
}

/// The statistics of these jobs, in the form of the vendor's page.
pub(super) fn job_stats(now: Timestamp, rows: &[Value]) -> Answer {
    let (date, total) = (now.date_naive().to_string(), rows.len());
    Answer::json(StatusCode::OK, &json!({"bot": "minimax", "date": date, "total": total, "data": rows}))
}

/// A row of the statistics, without anything about a person.
pub(super) fn job(account: &str, at: Timestamp, code: u16) -> Value {
    let (timestamp, status) = (iso(at), if (200..300).contains(&code) { "completed" } else { "failed" });
    let jobid = format!("{}-user:1000-minimax:{account}", at.format("%Y%m%d%H%M%S%3f"));
    json!({
        "timestamp": timestamp, "jobid": jobid, "config": account, "endpoint": "post-videos-create",
        "status": status, "func": "create", "code": code, "msec": 5_432,
    })
}

/// What MiniMax says of an account with so many credits, whose paid plan ends at `end`.
pub fn features(credits: u64, end: Timestamp) -> Value {
    let millis = end.timestamp_millis();
    json!({
        "totalCredits": credits, "memberName": "Standard", "expireText": iso(end), "expireTime": millis,
        "creditExpireText": [{"credit": credits, "endTime": millis}], "queueLength": 3, "modelControl": [],
    })
}

fn iso(at: Timestamp) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// A healthy account configuration in the form of the vendor's example; its token expires at `end`.
pub fn configuration(account: &str, end: Timestamp) -> Value {
    let issued = end - TimeDelta::days(30);
    json!({
        "account": account,
        "jwt": {
            "token": "abc…secured…xyz",
            "user": {"deviceID": "123456789", "id": account, "isAnonymous": true, "name": "<name>", "avatar": "<url>"},
            "exp": end.timestamp(),
            "iat": issued.timestamp(),
            "host": "hailuoai.video",
            "iat_Issued": iso(issued),
            "exp_Expire": iso(end),
        },
        "maxJobs": 3,
        "supportVideo": true,
        "supportChat": true,
        "supportAudio": true,
    })
}
