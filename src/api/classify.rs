//! What a response about one account means: status, headers and body in, observation out.
//!
//! Guarantees: pure. The status decides, never a text (docs/vendor-api.md, "Answers"). Of JSON, only the values of `error`
//! and `message` are quoted. Leaves the list of accounts to `list`, and bodies that are not JSON to `response`.

use reqwest::StatusCode;

use crate::domain::checksum::LastAnswer;
use crate::domain::observation::{Observation, Outcome};
use crate::domain::time::Timestamp;

use super::answer::Answer;
use super::normalise;
use super::redact::{MAX_QUOTE, Redactor};
use super::response::{ParsedBody, ReadFailure, Response, describe, excerpt};
use super::retry;
use super::wire::{self, Value};

/// The advice for a 403. The API itself never answers 403; the protection in front of it does (error 1010).
const BLOCKED: &str =
    "; the protection in front of useapi.net refuses this client (IP address or user agent), not the account";

/// Turns responses into observations.
pub(super) struct ResponseReader<'t> {
    pub(super) redactor: Redactor<'t>,
    /// When the response arrived.
    pub(super) now: Timestamp,
}

impl ResponseReader<'_> {
    /// What the response to a request for one account holds, whose `last` healthy answer is not read again.
    pub(super) fn answer(&self, response: &Response, last: Option<LastAnswer>) -> Answer {
        match &response.body {
            Ok(body) if response.status == 200 => Answer::of(body, last, || self.account(response)),
            Ok(_) | Err(_) => self.account(response).into(),
        }
    }

    /// What the response to a request for one account means.
    pub(super) fn account(&self, response: &Response) -> Observation {
        if response.status != 200 {
            return self.refusal(response);
        }
        match content(response) {
            Ok(value) => self.configuration(value),
            Err(failure) => self.failure(&failure),
        }
    }

    /// What a value in the place of a configuration means.
    pub(super) fn configuration(&self, value: Value) -> Observation {
        let Value::Object(members) = value else {
            return malformed(format!("JSON, but {} where a configuration should be", value.kind()));
        };
        if let Some(error) = error_text(&members["error"]) {
            let error = self.quote(&error).unwrap_or_else(|| "an error whose text is hidden".to_owned());
            return Observation::failed(Outcome::AccountError, error);
        }
        if !members.is_configuration() {
            return malformed("holds no account configuration");
        }
        Observation::ok(normalise::configuration(members, &self.redactor))
    }

    /// What any status except 200 means, for one account or for all.
    pub(super) fn refusal(&self, response: &Response) -> Observation {
        let outcome = match response.status {
            401 => Outcome::Unauthorized,
            402 => Outcome::SubscriptionLapsed,
            403 => Outcome::Blocked,
            404 => Outcome::NotFound,
            429 => Outcome::RateLimited,
            596 => Outcome::AccountError,
            500..=599 => Outcome::Unavailable,
            _ => Outcome::Malformed,
        };
        let parsed = response.body.as_ref().ok().map(|body| wire::parse(body));
        let mut observation = Observation::failed(outcome, self.refusal_text(response, parsed.as_ref()));
        if matches!(outcome, Outcome::RateLimited | Outcome::Unavailable) {
            let body = parsed.as_ref().and_then(|parsed| parsed.as_ref().ok()).unwrap_or(&Value::Null);
            observation.retry_after =
                retry::wait(response.retry_after.as_deref(), &body["retryAfter"], self.now);
        }
        observation
    }

    fn refusal_text(&self, response: &Response, parsed: Option<&ParsedBody>) -> String {
        let status = response.status;
        let reason = StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
        let label = reason.map_or_else(|| status.to_string(), |reason| format!("{status} {reason}"));
        let detail = match parsed {
            _ if (300..400).contains(&status) => Some("redirects are not followed".to_owned()),
            Some(Ok(value)) => error_text(&value["error"]).or_else(|| scalar_text(&value["message"])),
            Some(Err(_)) => excerpt(response, &self.redactor),
            None => None,
        };
        let detail =
            detail.and_then(|detail| self.quote(&detail)).unwrap_or_else(|| describe(response, parsed));
        if status == 403 {
            // The detail is cut off, never the advice.
            let room = MAX_QUOTE - BLOCKED.len() - label.len() - ": ".len();
            return format!("{label}: {}{BLOCKED}", self.redactor.quote(&detail, room));
        }
        let text = if reason.is_some_and(|reason| detail.eq_ignore_ascii_case(reason)) {
            label
        } else if detail.starts_with(&status.to_string()) {
            detail
        } else {
            format!("{label}: {detail}")
        };
        self.redactor.quote(&text, MAX_QUOTE)
    }

    pub(super) fn failure(&self, ReadFailure { outcome, reason }: &ReadFailure) -> Observation {
        Observation::failed(*outcome, self.redactor.quote(reason, MAX_QUOTE))
    }

    /// What may be quoted of `text`, if anything.
    fn quote(&self, text: &str) -> Option<String> {
        Some(self.redactor.quote(text, MAX_QUOTE)).filter(|quoted| !quoted.is_empty())
    }
}

/// The value in a 200 response, or what its absence means.
pub(super) fn content(response: &Response) -> Result<Value, ReadFailure> {
    let parsed = wire::parse(response.body.as_ref().map_err(Clone::clone)?);
    parsed.map_err(|error| {
        let reason = describe(response, Some(&Err(error)));
        ReadFailure { outcome: Outcome::Malformed, reason }
    })
}

pub(super) fn malformed(reason: impl Into<String>) -> Observation {
    Observation::failed(Outcome::Malformed, reason)
}

/// The text of an `error` member; `None` if it says that there is no error (`null`, `false`, empty).
fn error_text(error: &Value) -> Option<String> {
    let (is_error, text) = match error {
        Value::Null => (false, None),
        Value::Bool(is_error) => (*is_error, None),
        Value::Array { is_empty } => (!is_empty, None),
        Value::Number(code) => (true, Some(format!("error {code}"))),
        Value::String(text) => (!text.trim().is_empty(), Some(text.clone())),
        Value::Object(members) => {
            let code = || scalar_text(&error["code"]).map(|code| format!("error {code}"));
            (!members.is_empty(), scalar_text(&error["message"]).or_else(code))
        }
    };
    is_error.then(|| text.unwrap_or_else(|| "an error without a text".to_owned()))
}

/// The text of a number, or of a string that is not blank.
fn scalar_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => (!text.trim().is_empty()).then(|| text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array { .. } | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use chrono::{TimeDelta, TimeZone, Utc};

    use super::*;
    use crate::domain::checksum::Checksum;
    use Outcome::{
        AccountError, Blocked, Malformed, NotFound, Ok as Healthy, RateLimited, SubscriptionLapsed,
        Unauthorized, Unavailable,
    };

    fn response(status: u16, body: &[u8]) -> Response {
        let content_type = Some("application/json; charset=utf-8".to_owned());
        Response { status, retry_after: None, content_type, body: Ok(body.to_vec()) }
    }

    fn check(response: &Response) -> Observation {
        let now = Utc.with_ymd_and_hms(2026, 11, 23, 7, 15, 0).unwrap();
        ResponseReader { redactor: Redactor::new("user:1234-abcDEF567890"), now }.account(response)
    }

    #[test]
    fn each_documented_response_has_its_outcome() {
        let unauthorized = r#"{"error":"Unauthorized","code":401}"#;
        let gateway = "<html>\r\n<head><title>502 Bad Gateway</title></head><body>nginx</body></html>";
        for (status, body, outcome, error) in [
            (200, r#"{"error":"Session expired."}"#, AccountError, "Session expired."),
            (
                200,
                r#"{"error":{"code":7,"message":"On hold","details":"x"},"maxJobs":1}"#,
                AccountError,
                "On hold",
            ),
            (200, r#"{"error":{"code":7}}"#, AccountError, "error 7"),
            (200, r#"{"error":{"details":"x"}}"#, AccountError, "an error without a text"),
            (200, r#"{"error":true}"#, AccountError, "an error without a text"),
            (200, r#"{"error":["x"]}"#, AccountError, "an error without a text"),
            (200, r#"{"error":"{\"token\":1}"}"#, AccountError, "an error whose text is hidden"),
            (404, r#"{"error":"{\"token\":1}"}"#, NotFound, "404 Not Found: JSON, an object, 25 bytes"),
            (200, r#"{"error":1004}"#, AccountError, "error 1004"),
            (401, unauthorized, Unauthorized, "401 Unauthorized"),
            (401, r#"{"error":"Unauthorized"}"#, Unauthorized, "401 Unauthorized"),
            (401, "", Unauthorized, "401 Unauthorized: an empty body"),
            (
                402,
                r#"{"error":"Subscription expired"}"#,
                SubscriptionLapsed,
                "402 Payment Required: Subscription expired",
            ),
            (404, "Configuration not found.", NotFound, "404 Not Found: Configuration not found."),
            (404, r#"{"error":"Gone"}"#, NotFound, "404 Not Found: Gone"),
            (404, r#"{"message":"Gone"}"#, NotFound, "404 Not Found: Gone"),
            (404, "", NotFound, "404 Not Found: an empty body"),
            (429, r#"{"error":"Slow down"}"#, RateLimited, "429 Too Many Requests: Slow down"),
            (500, "oops", Unavailable, "500 Internal Server Error: oops"),
            (502, gateway, Unavailable, "502 Bad Gateway"),
            (503, "<h1>Down</h1><p>for repair", Unavailable, "503 Service Unavailable: Down for repair"),
            (504, "", Unavailable, "504 Gateway Timeout: an empty body"),
            (520, "", Unavailable, "520: an empty body"),
            (596, r#"{"error":"Account is pending","code":596}"#, AccountError, "596: Account is pending"),
            (596, "", AccountError, "596: an empty body"),
            (302, "", Malformed, "302 Found: redirects are not followed"),
            (204, "", Malformed, "204 No Content: an empty body"),
            (206, r#"{"maxJobs":1}"#, Malformed, "206 Partial Content: JSON, an object, 13 bytes"),
            (101, "", Malformed, "101 Switching Protocols: an empty body"),
            (400, r#"{"error":"Bad"}"#, Malformed, "400 Bad Request: Bad"),
            (
                403,
                unauthorized,
                Blocked,
                "403 Forbidden: Unauthorized; the protection in front of useapi.net refuses this client (IP address or user agent), \
                 not the account",
            ),
            (418, "", Malformed, "418 I'm a teapot: an empty body"),
            (600, "", Malformed, "600: an empty body"),
            (999, "", Malformed, "999: an empty body"),
        ] {
            assert_eq!(
                check(&response(status, body.as_bytes())),
                Observation::failed(outcome, error),
                "{status} {body}"
            );
        }
    }

    #[test]
    fn only_a_healthy_answer_is_recognised_the_next_time() {
        let reader = || {
            let now = Utc.with_ymd_and_hms(2026, 11, 23, 7, 15, 0).unwrap();
            ResponseReader { redactor: Redactor::new("user:1234-abcDEF567890"), now }
        };
        for (status, body, is_healthy) in [
            (200, r#"{"maxJobs":1}"#, true),
            (200, r#"{"maxJobs":1,"error":"x"}"#, false),
            (200, "<html>", false),
            (404, r#"{"maxJobs":1}"#, false),
            (401, "", false),
        ] {
            let response = response(status, body.as_bytes());
            let Answer::Read(_, checksum) = reader().answer(&response, None) else { panic!("{body}") };
            assert_eq!(checksum.is_some(), is_healthy, "{status} {body}");
            let last = LastAnswer { row: 7, checksum: Checksum::of([body]) };
            let is_unchanged = reader().answer(&response, Some(last)) == Answer::Unchanged(last);
            assert_eq!(is_unchanged, status == 200, "{status} {body}");
        }
    }

    #[test]
    fn a_200_with_a_configuration_and_no_error_is_ok() {
        for body in [
            r#"{"account":"1"}"#,
            r#"{"account":null}"#,
            r#"{"jwt":null}"#,
            r#"{"maxJobs":"x"}"#,
            r#"{"supportFuture":false}"#,
            r#"{"maxJobs":1,"error":null}"#,
            r#"{"maxJobs":1,"error":""}"#,
            r#"{"maxJobs":1,"error":"  "}"#,
            r#"{"maxJobs":1,"error":false}"#,
            r#"{"maxJobs":1,"error":{}}"#,
            r#"{"maxJobs":1,"error":[]}"#,
            "\u{feff} {\"maxJobs\":1}\n",
        ] {
            let seen = check(&response(200, body.as_bytes()));
            assert_eq!((seen.outcome, &seen.error), (Healthy, &None), "{body}");
            assert!(seen.configuration.is_some(), "{body}");
        }
    }

    #[test]
    fn unreadable_200_is_described_not_quoted() {
        for (body, error) in [
            (&b"{}"[..], "holds no account configuration"),
            (br#"{"message":"hi"}"#, "holds no account configuration"),
            (br#"{"123456":{"maxJobs":1}}"#, "holds no account configuration"),
            (br#"{"supportEmail":"help@example.com"}"#, "holds no account configuration"),
            (b"[]", "JSON, but an array where a configuration should be"),
            (b"null", "JSON, but null where a configuration should be"),
            (b"\"s\"", "JSON, but a string where a configuration should be"),
            (b"7", "JSON, but a number where a configuration should be"),
            (b"true", "JSON, but a boolean where a configuration should be"),
            (b"", "an empty body"),
            (b" \r\n", "an empty body"),
            (br#"{"maxJobs":1"#, "JSON cut short at byte 12"),
            (br#"{"maxJobs":1}}"#, "broken JSON, line 1 column 14"),
            (b"{\"maxJobs\":1,}", "broken JSON, line 1 column 14"),
            (b"{\"\xff\":1}", "holds no account configuration"),
            (b"{\"jwt\":{\"host\":\"\xff\"}", "JSON cut short at byte 19"),
            (b"{\"error\":\"\\ud83d\",}", "broken JSON, line 1 column 16"),
            (b"\xff\xfe{\0}\0", "broken JSON, line 1 column 1"),
            (b"<html>secret</html>", "not valid JSON (content type application/json), 19 bytes"),
            (b"OK", "not valid JSON (content type application/json), 2 bytes"),
        ] {
            let shown = String::from_utf8_lossy(body);
            assert_eq!(check(&response(200, body)), Observation::failed(Malformed, error), "{shown}");
        }
    }

    #[test]
    fn refusal_quotes_nothing_that_could_be_part_of_a_configuration() {
        for (status, body, error) in [
            (500, r#"x {"token":"s3cret"}"#, "not JSON but text/html, 20 bytes"),
            (500, r#"token":"s3cret","#, "not JSON but text/html, 16 bytes"),
            (500, r#"{"jwt":{"token":"s3cret"#, "JSON cut short at byte 23"),
            (500, r#"{"jwt":{"token":"s3cret"}}"#, "JSON, an object, 26 bytes"),
            (500, r#"["s3cret"]"#, "JSON, an array, 10 bytes"),
            (500, r#""s3cret""#, "JSON, a string, 8 bytes"),
            (500, "<pre>&quot;token&quot;:&quot;s3cret&quot;</pre>", "not JSON but text/html, 47 bytes"),
            (500, r#"<pre>{"token":"s3cret"}</pre>"#, "not JSON but text/html, 29 bytes"),
            (500, r#"<title>{"token":"s3cret"}</title>"#, "not JSON but text/html, 33 bytes"),
            (500, "%7B%22token%22%3A%22s3cret%22", "not JSON but text/html, 29 bytes"),
            (404, r#"{"error":"no {\"token\":\"s3cret\"}"}"#, "no"),
        ] {
            let mut response = response(status, body.as_bytes());
            response.content_type = Some("text/html".to_owned());
            let seen = check(&response).error.unwrap_or_default();
            assert!(!seen.contains("s3cret"), "{body}: {seen}");
            assert_eq!(seen.split_once(": ").map(|(_, said)| said), Some(error), "{body}");
        }
    }

    #[test]
    fn incomplete_body_leaves_the_outcome_to_the_status() {
        for (at_200, error) in [
            (Malformed, "a body larger than 1,048,576 bytes"),
            (Malformed, "a body with broken chunks or compression"),
            (Unavailable, "no complete answer within 15 s"),
        ] {
            let body = Err(ReadFailure { outcome: at_200, reason: error.to_owned() });
            let mut response = Response { status: 200, retry_after: None, content_type: None, body };
            assert_eq!(check(&response), Observation::failed(at_200, error));
            for (status, outcome) in
                [(401, Unauthorized), (404, NotFound), (503, Unavailable), (596, AccountError)]
            {
                response.status = status;
                let seen = check(&response);
                assert_eq!(seen.outcome, outcome, "{status} {error}");
                assert!(seen.error.is_some_and(|text| text.ends_with(error)), "{status} {error}");
            }
        }
    }

    #[test]
    fn retry_after_is_read_from_429_and_unavailable_responses_only() {
        for (status, header, body, seconds) in [
            (429, Some("20"), "", Some(20)),
            (429, Some("Mon, 23 Nov 2026 07:15:30 GMT"), "", Some(30)),
            (429, None, r#"{"error":"x","retryAfter":"2026-11-23T07:16:00.000Z"}"#, Some(60)),
            (429, Some("-1"), "", None),
            (429, Some("86400"), "", Some(3_600)),
            (503, Some("20"), "<html>", Some(20)),
            (596, Some("20"), "", None),
            (401, Some("20"), "", None),
            (302, Some("20"), "", None),
        ] {
            let mut response = response(status, body.as_bytes());
            response.retry_after = header.map(str::to_owned);
            assert_eq!(
                check(&response).retry_after,
                seconds.map(TimeDelta::seconds),
                "{status} {header:?} {body}"
            );
        }
    }

    #[test]
    fn content_type_is_shown_only_if_it_is_valid() {
        for (given, shown) in [
            (Some("text/plain; charset=x"), "text/plain"),
            (Some("user:1234-abcDEF567890"), "an unnamed type"),
            (Some("secret"), "an unnamed type"),
            (None, "an unnamed type"),
        ] {
            let mut response = response(200, b"hello");
            response.content_type = given.map(str::to_owned);
            assert_eq!(check(&response).error, Some(format!("not JSON but {shown}, 5 bytes")), "{given:?}");
        }
    }
}
