//! What an answer means: status, headers and body in, observation out.
//!
//! Promises: pure; the status decides, never a text (docs/vendor-api.md, "Answers"); of JSON nothing is quoted but what stands
//! under `error` or `message`. Leaves the list of accounts to `listing`, what is not JSON to `answer`.

use reqwest::StatusCode;

use crate::domain::observation::{Observation, Outcome};
use crate::domain::time::Timestamp;

use super::answer::{Answer, Body, Read, describe, excerpt};
use super::normalise;
use super::redact::{LONGEST_QUOTE, Redactor};
use super::retry;
use super::wire::{self, Fault, Members, Record, Scalar, Value};

/// What a 403 means, after what it says: the API itself has no such answer, the protection in front of it has (error 1010).
const BLOCKED: &str =
    "; the protection in front of useapi.net refuses this client (IP address or user agent), not the account";

/// No answer that could be read, and what that counts as.
pub(super) struct Unread {
    pub(super) outcome: Outcome,
    /// In words, not yet redacted.
    pub(super) why: String,
}

/// What every reading of an answer needs to know.
pub(super) struct Reading {
    /// Cleans what is quoted.
    pub(super) redactor: Redactor,
    /// When the answer came.
    pub(super) now: Timestamp,
}

impl Reading {
    /// What the answer to a question about one account says.
    pub(super) fn account(&self, answer: &Answer) -> Observation {
        if answer.status != 200 {
            return self.refusal(answer);
        }
        match content::<Record>(answer) {
            Ok(value) => self.configuration(value),
            Err(unread) => self.unread(&unread),
        }
    }

    /// What a value means that stands where a configuration should.
    pub(super) fn configuration(&self, value: Value<Record>) -> Observation {
        let Value::Object(record) = value else {
            return malformed(format!("JSON, but {} where a configuration should be", value.kind()));
        };
        if let Some(error) = fault(&record.error) {
            let words = self.quote(&error).unwrap_or_else(|| "an error whose words are withheld".to_owned());
            return Observation::failed(Outcome::AccountError, words);
        }
        if !record.is_configuration {
            return malformed("holds no account configuration");
        }
        Observation::ok(normalise::configuration(record, &self.redactor))
    }

    /// What any status but 200 means; it is the same for one account and for all.
    pub(super) fn refusal(&self, answer: &Answer) -> Observation {
        let outcome = match answer.status {
            401 => Outcome::Unauthorized,
            402 => Outcome::SubscriptionLapsed,
            403 => Outcome::Blocked,
            404 => Outcome::NotFound,
            429 => Outcome::RateLimited,
            596 => Outcome::AccountError,
            500..=599 => Outcome::Unavailable,
            _ => Outcome::Malformed,
        };
        let read = answer.body.whole().map(wire::read::<Record>);
        let mut observation = Observation::failed(outcome, self.refusal_in_words(answer, read.as_ref()));
        if matches!(outcome, Outcome::RateLimited | Outcome::Unavailable) {
            let body = match &read {
                Some(Ok(Value::Object(record))) => &record.retry_after,
                _ => &Value::Null,
            };
            observation.retry_after = retry::wait(answer.retry_after.as_deref(), body, self.now);
        }
        observation
    }

    fn refusal_in_words(&self, answer: &Answer, read: Option<&Read<Record>>) -> String {
        let status = StatusCode::from_u16(answer.status).ok();
        let reason = status.and_then(|status| status.canonical_reason());
        let label = reason.map_or_else(|| answer.status.to_string(), |r| format!("{} {r}", answer.status));
        let said = match read {
            _ if (300..400).contains(&answer.status) => Some("redirects are not followed".to_owned()),
            Some(Ok(Value::Object(record))) => fault(&record.error).or_else(|| text(&record.message)),
            Some(Err(_)) => excerpt(&answer.body, &self.redactor),
            Some(Ok(_)) | None => None,
        };
        let said = said.and_then(|said| self.quote(&said)).unwrap_or_else(|| describe(answer, read));
        if answer.status == 403 {
            // The advice is what matters: it must not be cut off.
            let said = self.redactor.quote(&said, LONGEST_QUOTE - BLOCKED.len() - label.len() - ": ".len());
            return format!("{label}: {said}{BLOCKED}");
        }
        let repeats = said.starts_with(&answer.status.to_string());
        let adds_nothing = reason.is_some_and(|reason| said.eq_ignore_ascii_case(reason));
        let words = match (adds_nothing, repeats) {
            (true, _) => label,
            (false, true) => said,
            (false, false) => format!("{label}: {said}"),
        };
        self.redactor.quote(&words, LONGEST_QUOTE)
    }

    /// What no answer means.
    pub(super) fn unread(&self, Unread { outcome, why }: &Unread) -> Observation {
        Observation::failed(*outcome, self.redactor.quote(why, LONGEST_QUOTE))
    }

    /// What may be quoted of `text`, if anything.
    fn quote(&self, text: &str) -> Option<String> {
        Some(self.redactor.quote(text, LONGEST_QUOTE)).filter(|quoted| !quoted.is_empty())
    }
}

/// The value that a 200 carries, or what its absence means.
pub(super) fn content<T: Members>(answer: &Answer) -> Result<Value<T>, Unread> {
    let read = answer.body.whole().map(wire::read::<T>);
    let outcome = if let Body::Cut(_) = answer.body { Outcome::Unavailable } else { Outcome::Malformed };
    match read {
        Some(Ok(value)) => Ok(value),
        read => Err(Unread { outcome, why: describe(answer, read.as_ref()) }),
    }
}

/// An answer that cannot be read.
pub(super) fn malformed(why: impl Into<String>) -> Observation {
    Observation::failed(Outcome::Malformed, why)
}

/// What an `error` member says; nothing when it says that there is none (`null`, `false`, empty).
fn fault(error: &Value<Fault>) -> Option<String> {
    match error {
        Value::Null | Value::Flag(false) | Value::Array { empty: true } => None,
        Value::Flag(true) | Value::Array { empty: false } => Some("an error without words".to_owned()),
        Value::Integer(code) => Some(format!("error {code}")),
        Value::Float(code) => Some(format!("error {code}")),
        Value::Text(text) => Some(text).filter(|text| !text.trim().is_empty()).cloned(),
        Value::Object(fault) => {
            let words =
                text(&fault.message).or_else(|| text(&fault.code).map(|code| format!("error {code}")));
            fault.any.then(|| words.unwrap_or_else(|| "an error without words".to_owned()))
        }
    }
}

fn text(value: &Scalar) -> Option<String> {
    match value {
        Value::Text(text) => Some(text).filter(|text| !text.trim().is_empty()).cloned(),
        Value::Integer(number) => Some(number.to_string()),
        Value::Null | Value::Flag(_) | Value::Float(_) | Value::Array { .. } | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use chrono::{TimeDelta, TimeZone, Utc};

    use super::*;
    use Outcome::{
        AccountError, Blocked, Malformed, NotFound, Ok as Healthy, RateLimited, SubscriptionLapsed,
        Unauthorized, Unavailable,
    };

    fn answer(status: u16, body: &[u8]) -> Answer {
        let content_type = Some("application/json; charset=utf-8".to_owned());
        Answer { status, retry_after: None, content_type, body: Body::Whole(body.to_vec()) }
    }

    fn look(answer: &Answer) -> Observation {
        let now = Utc.with_ymd_and_hms(2026, 11, 23, 7, 15, 0).unwrap();
        Reading { redactor: Redactor::new("user:1234-abcDEF567890"), now }.account(answer)
    }

    #[test]
    fn every_answer_of_the_vendors_page_means_what_it_says() {
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
            (200, r#"{"error":{"details":"x"}}"#, AccountError, "an error without words"),
            (200, r#"{"error":true}"#, AccountError, "an error without words"),
            (200, r#"{"error":["x"]}"#, AccountError, "an error without words"),
            (200, r#"{"error":"{\"token\":1}"}"#, AccountError, "an error whose words are withheld"),
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
                look(&answer(status, body.as_bytes())),
                Observation::failed(outcome, error),
                "{status} {body}"
            );
        }
    }

    #[test]
    fn a_200_is_healthy_when_it_holds_a_configuration_and_no_error() {
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
            let seen = look(&answer(200, body.as_bytes()));
            assert_eq!((seen.outcome, &seen.error), (Healthy, &None), "{body}");
            assert!(seen.configuration.is_some(), "{body}");
        }
    }

    #[test]
    fn a_200_that_cannot_be_read_is_described_not_quoted() {
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
            (b"<html>secret</html>", "not JSON but application/json, 19 bytes"),
            (b"OK", "not JSON but application/json, 2 bytes"),
        ] {
            let shown = String::from_utf8_lossy(body);
            assert_eq!(look(&answer(200, body)), Observation::failed(Malformed, error), "{shown}");
        }
    }

    #[test]
    fn a_refusal_quotes_nothing_that_could_be_a_piece_of_a_configuration() {
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
            let mut answer = answer(status, body.as_bytes());
            answer.content_type = Some("text/html".to_owned());
            let seen = look(&answer).error.unwrap_or_default();
            assert!(!seen.contains("s3cret"), "{body}: {seen}");
            assert_eq!(seen.split_once(": ").map(|(_, said)| said), Some(error), "{body}");
        }
    }

    #[test]
    fn a_body_that_did_not_come_whole_leaves_the_verdict_to_the_status() {
        for (body, at_200, error) in [
            (Body::TooLarge(1_048_576), Malformed, "a body larger than 1,048,576 bytes"),
            (Body::Undecodable, Malformed, "a body with broken chunks or compression"),
            (
                Body::Cut("no complete answer within 15 s".to_owned()),
                Unavailable,
                "no complete answer within 15 s",
            ),
        ] {
            let mut answer = Answer { status: 200, retry_after: None, content_type: None, body };
            assert_eq!(look(&answer), Observation::failed(at_200, error));
            for (status, outcome) in
                [(401, Unauthorized), (404, NotFound), (503, Unavailable), (596, AccountError)]
            {
                answer.status = status;
                let seen = look(&answer);
                assert_eq!(seen.outcome, outcome, "{status} {error}");
                assert!(seen.error.is_some_and(|text| text.ends_with(error)), "{status} {error}");
            }
        }
    }

    #[test]
    fn the_wait_is_kept_where_the_vendor_may_ask_for_one() {
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
            let mut answer = answer(status, body.as_bytes());
            answer.retry_after = header.map(str::to_owned);
            assert_eq!(
                look(&answer).retry_after,
                seconds.map(TimeDelta::seconds),
                "{status} {header:?} {body}"
            );
        }
    }

    #[test]
    fn a_content_type_is_shown_only_when_it_is_one() {
        for (given, shown) in [
            (Some("text/plain; charset=x"), "text/plain"),
            (Some("user:1234-abcDEF567890"), "something unnamed"),
            (Some("secret"), "something unnamed"),
            (None, "something unnamed"),
        ] {
            let mut answer = answer(200, b"hello");
            answer.content_type = given.map(str::to_owned);
            assert_eq!(look(&answer).error, Some(format!("not JSON but {shown}, 5 bytes")), "{given:?}");
        }
    }
}
