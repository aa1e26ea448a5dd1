//! `GET /v2/account`: the plan of a subscription (docs/vendor-api.md, "More calls").
//!
//! Guarantees: of the answer only the allow-listed members are kept; the personal ones (`email`, `name`, `replyUrl`) are skipped as
//! they are read. Every failure is a value. A member of an unexpected type counts as absent, except `subscriptionIsActive`, without
//! which nothing is known.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use reqwest::StatusCode;
use serde::Deserialize;
use serde_json::Value;

use super::classify::ResponseReader;
use super::client::Client;
use super::redact::Redactor;
use super::response::{Response, describe};
use super::token::ApiToken;
use super::wire::without_byte_order_mark;
use crate::domain::clock::Clock;
use crate::domain::observation::Outcome;
use crate::domain::plan::{Plan, PlanFailure, PlanReading, ServiceAccounts};

const PATH: &str = "/v2/account";
/// Characters of the name of a service.
const MAX_NAME: usize = 40;
/// Services that are kept; the vendor has eleven.
const MAX_SERVICES: usize = 64;

/// The allow-listed members.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AccountInfo {
    #[serde(default)]
    subscription_is_active: Value,
    #[serde(default)]
    subscriptions: Value,
    #[serde(default, rename = "maxAccountsPerAPI")]
    max_accounts: Value,
    #[serde(default)]
    sub: Value,
    #[serde(default)]
    accounts: Value,
}

impl Client {
    /// Reads the plan behind `token`. `clock` is read when the response arrives.
    pub async fn account_info(&self, token: &ApiToken, clock: &Clock) -> PlanReading {
        let response = self.send(&self.url(PATH), token).await;
        let reader = ResponseReader { redactor: Redactor::new(token.expose_secret()), now: clock.now() };
        match response {
            Ok(mut response) => reader.plan(&self.read(&mut response).await),
            Err(failure) => failed(reader.failure(&failure).error, false),
        }
    }
}

impl ResponseReader<'_> {
    /// What the answer to `GET /v2/account` says.
    fn plan(&self, response: &Response) -> PlanReading {
        if response.status != 200 {
            // Not a word of the body: it is about a person.
            let reason =
                StatusCode::from_u16(response.status).ok().and_then(|status| status.canonical_reason());
            let status = format!("{} {}", response.status, reason.unwrap_or_default());
            let outcome = self.refusal(response).outcome;
            return failed(Some(status.trim_end().to_owned()), outcome == Outcome::Malformed);
        }
        let body = match &response.body {
            Ok(body) => without_byte_order_mark(body),
            Err(failure) => {
                return failed(self.failure(failure).error, failure.outcome == Outcome::Malformed);
            }
        };
        let is_object = body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{');
        match serde_json::from_slice::<AccountInfo>(body) {
            Ok(_) if !is_object => failed(Some("JSON, but no object".to_owned()), true),
            Ok(info) => match info.subscription_is_active {
                Value::Bool(is_active) => PlanReading::Plan(Plan {
                    is_active,
                    subscriptions: count(&info.subscriptions),
                    max_accounts: count(&info.max_accounts),
                    renewed_on: date(&info.sub),
                    services: services(&info.accounts, &self.redactor),
                }),
                _ => failed(Some("no subscriptionIsActive, true or false".to_owned()), true),
            },
            Err(error) => failed(Some(describe(response, Some(&Err(error)))), true),
        }
    }
}

fn failed(error: Option<String>, is_malformed: bool) -> PlanReading {
    let error = error.unwrap_or_else(|| "no reason given".to_owned());
    PlanReading::Failed(PlanFailure::new(error, is_malformed))
}

/// A number of things, as a number or as its digits.
fn count(value: &Value) -> Option<u32> {
    let number = value.as_u64().or_else(|| value.as_str()?.parse().ok())?;
    u32::try_from(number).ok()
}

/// `YYMMDD`, as text or as a number that lost its leading zeros.
fn date(value: &Value) -> Option<NaiveDate> {
    let digits = match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => format!("{:06}", number.as_u64()?),
        _ => return None,
    };
    let is_date = digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_digit());
    NaiveDate::parse_from_str(&format!("20{digits}"), "%Y%m%d").ok().filter(|_| is_date)
}

/// The counts of each service. An absent one is 0, and a total is never less than those in error.
fn services(accounts: &Value, redactor: &Redactor<'_>) -> Vec<ServiceAccounts> {
    let Value::Object(accounts) = accounts else { return Vec::new() };
    let by_name: BTreeMap<&String, &Value> = accounts.iter().collect();
    let service = |(name, counts): (&String, &Value)| {
        let number = |member: &str| counts.get(member).and_then(count).unwrap_or(0);
        let (name, in_error) = (redactor.quote(name, MAX_NAME), number("error"));
        (counts.is_object() && !name.is_empty()).then(|| ServiceAccounts {
            name,
            total: number("total").max(in_error),
            in_error,
        })
    };
    by_name.into_iter().filter_map(service).take(MAX_SERVICES).collect()
}

#[cfg(test)]
mod tests {
    use chrono::{TimeZone, Utc};
    use proptest::prelude::*;

    use super::*;

    fn read(status: u16, body: &[u8]) -> PlanReading {
        let response = Response { status, retry_after: None, content_type: None, body: Ok(body.to_vec()) };
        let now = Utc.with_ymd_and_hms(2026, 11, 28, 0, 0, 0).unwrap();
        ResponseReader { redactor: Redactor::new("user:1234-abcdefghijkl"), now }.plan(&response)
    }

    fn plan(body: &str) -> Plan {
        match read(200, body.as_bytes()) {
            PlanReading::Plan(plan) => plan,
            PlanReading::Failed(failure) => panic!("{body}: {failure:?}"),
        }
    }

    const DOCUMENTED: &str = r#"{
        "id": "1", "email": "ops@example.com", "name": "A Person", "created": "2024-01-01", "verified": true,
        "subscriptionIsActive": true, "subscriptions": 1, "maxAccountsPerAPI": 3, "sub": "250415",
        "replyUrl": "https://example.com/private",
        "accounts": {"MiniMax API": {"total": 2, "active": 1, "error": 1}, "Kling API": {"total": 1, "active": 1}}
    }"#;

    #[test]
    fn documented_answer_is_read_without_its_personal_members() {
        let read = plan(DOCUMENTED);
        let service =
            |name: &str, total, in_error| ServiceAccounts { name: name.to_owned(), total, in_error };
        assert_eq!(
            read,
            Plan {
                is_active: true,
                subscriptions: Some(1),
                max_accounts: Some(3),
                renewed_on: NaiveDate::from_ymd_opt(2025, 4, 15),
                services: vec![service("Kling API", 1, 0), service("MiniMax API", 2, 1)],
            }
        );
        let kept = serde_json::to_string(&read).unwrap();
        for personal in ["example.com", "Person"] {
            assert!(!kept.contains(personal), "{kept}");
        }
    }

    #[test]
    fn odd_members_count_as_absent() {
        let odd = r#"{"subscriptionIsActive": false, "subscriptions": "2", "maxAccountsPerAPI": -3, "sub": 70415,
            "accounts": {"A": {"total": 1, "error": 2}, "B": 7, "C": {"error": "1"}, "": {}}}"#;
        let read = plan(odd);
        assert!(!read.is_active);
        assert_eq!((read.subscriptions, read.max_accounts), (Some(2), None));
        assert_eq!(read.renewed_on, NaiveDate::from_ymd_opt(2007, 4, 15));
        let counts: Vec<_> =
            read.services.iter().map(|one| (one.name.as_str(), one.total, one.in_error)).collect();
        assert_eq!(counts, [("A", 2, 2), ("C", 1, 1)]);
        for sub in [r#""25-04-15""#, r#""250431""#, "1764054000", "[]", r#""""#] {
            assert_eq!(plan(&format!(r#"{{"subscriptionIsActive": true, "sub": {sub}}}"#)).renewed_on, None);
        }
    }

    #[test]
    fn answers_that_say_nothing_are_failures() {
        for (status, body, malformed, reason) in [
            (200, "{}", true, "no subscriptionIsActive, true or false"),
            (200, r#"{"subscriptionIsActive": "false"}"#, true, "no subscriptionIsActive, true or false"),
            (200, "[true, 2, 3, 4, 5]", true, "JSON, but no object"),
            (200, "<html>", true, "not JSON"),
            (200, "", true, "an empty body"),
            (401, r#"{"error":"Unauthorized","code":401}"#, false, "401 Unauthorized"),
            (402, r#"{"error":"Plan of ops@example.com lapsed"}"#, false, "402 Payment Required"),
            (403, "<p>ops@example.com</p>", false, "403 Forbidden"),
            (404, "ops@example.com", false, "404 Not Found"),
            (200, r#"{"error":"ops@example.com","subscriptionIsActive":7}"#, true, "no subscriptionIsActive"),
            (502, "<title>Bad Gateway</title>", false, "502 Bad Gateway"),
            (418, "", true, "418"),
        ] {
            let PlanReading::Failed(failure) = read(status, body.as_bytes()) else {
                panic!("{status} {body}")
            };
            assert!(failure.error.starts_with(reason), "{status} {body}: {failure:?}");
            assert!(!failure.error.contains("example.com"), "{failure:?}");
            assert_eq!(failure.is_malformed, malformed, "{status} {body}: {failure:?}");
        }
    }

    #[test]
    fn names_of_services_are_bounded_and_hold_no_token() {
        let names = (0..100).map(|index| format!(r#""{index:03}{}": {{"error": 1}}"#, "x".repeat(5_000)));
        let services = names
            .chain([r#""user:1234-abcdefghijkl": {"error": 1}"#.to_owned()])
            .collect::<Vec<_>>()
            .join(",");
        let read = plan(&format!(r#"{{"subscriptionIsActive": true, "accounts": {{{services}}}}}"#));
        assert_eq!(read.services.len(), MAX_SERVICES);
        assert!(read.services.iter().all(|one| one.name.chars().count() <= MAX_NAME));
        let read =
            plan(r#"{"subscriptionIsActive": true, "accounts": {"user:1234-abcdefghijkl": {"error": 1}}}"#);
        assert!(!format!("{read:?}").contains("abcdefghijkl"));
    }

    proptest! {
        #[test]
        fn any_answer_gets_a_reading(status in 100..1000_u16, body in any::<Vec<u8>>()) {
            if let PlanReading::Plan(plan) = read(status, &body) {
                prop_assert!(status == 200, "{plan:?}");
            }
        }
    }
}
