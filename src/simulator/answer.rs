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

/// A healthy account configuration in the form of the vendor's example; its token expires at `end`.
pub fn configuration(account: &str, end: Timestamp) -> Value {
    let issued = end - TimeDelta::days(30);
    let iso = |at: Timestamp| at.to_rfc3339_opts(SecondsFormat::Millis, true);
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
