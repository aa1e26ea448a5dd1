//! What the answer to "all accounts, please" says.
//!
//! Promises: pure; each account in it is judged as if it had been asked for alone. An account that is missing is
//! merely missing: whoever compares must ask for it by itself (vendor.md, trap 10).

use std::collections::BTreeMap;

use chrono::TimeDelta;

use crate::domain::account::AccountId;
use crate::domain::observation::{Observation, Outcome};

use super::answer::Answer;
use super::classify::{Reading, content, malformed};
use super::wire::{Accounts, Record, Value};

/// What one request for all accounts of a token saw.
#[derive(Clone, Debug, PartialEq)]
pub struct Listing {
    /// What the answer as a whole was; `ok` does not say that every account in it is.
    pub outcome: Outcome,
    /// What an operator would want to read about an outcome other than `ok`.
    pub error: Option<String>,
    /// How long the vendor asked us to wait, when it did.
    pub retry_after: Option<TimeDelta>,
    /// Every account of the list, judged for itself; empty unless the outcome is `ok`.
    pub accounts: BTreeMap<AccountId, Observation>,
}

impl Listing {
    const fn ok(accounts: BTreeMap<AccountId, Observation>) -> Self {
        Self { outcome: Outcome::Ok, error: None, retry_after: None, accounts }
    }
}

impl From<Observation> for Listing {
    /// The list that was not to be had, for the reason that `observation` gives.
    fn from(observation: Observation) -> Self {
        let Observation { outcome, error, retry_after, configuration: _ } = observation;
        Self { outcome, error, retry_after, accounts: BTreeMap::new() }
    }
}

/// Members that make up a refusal: under one of these names, what is not an object is not an account.
const REFUSAL: [&str; 5] = ["error", "message", "code", "status", "statusCode"];

impl Reading<'_> {
    /// What the answer to a question about all accounts says.
    pub(super) fn listing(&self, answer: &Answer) -> Listing {
        match answer.status {
            200 => match content::<Accounts>(answer) {
                Ok(value) => self.accounts(&value),
                Err(unread) => self.unread(&unread).into(),
            },
            // An empty set may be told this way, with or without a body (vendor.md, "The calls").
            404 => Listing::ok(BTreeMap::new()),
            _ => self.refusal(answer).into(),
        }
    }

    fn accounts(&self, value: &Value<Accounts>) -> Listing {
        let Value::Object(Accounts(members)) = value else {
            return malformed(format!("JSON, but {} where a list by account id should be", value.kind()))
                .into();
        };
        let has = |name: &str| members.contains_key(name);
        if (has("error") || has("message")) && !members.values().any(is_account) {
            return malformed("a refusal where a list by account id should be").into();
        }
        let accounts = members
            .iter()
            .filter(|(id, value)| matches!(value, Value::Object(_)) || !REFUSAL.contains(&id.as_str()))
            .map(|(id, value)| (AccountId::new(id.as_str()), self.configuration(value)));
        Listing::ok(accounts.collect())
    }
}

/// Whether a value is plainly somebody's configuration, healthy or in error.
const fn is_account(value: &Value<Record>) -> bool {
    matches!(value, Value::Object(record) if record.is_configuration)
}

#[cfg(test)]
mod tests {
    use chrono::{TimeZone, Utc};

    use super::*;
    use crate::api::answer::Body;
    use crate::api::redact::Redactor;

    fn list(status: u16, body: &str) -> Listing {
        let body = Body::Whole(body.as_bytes().to_vec());
        let now = Utc.with_ymd_and_hms(2026, 11, 23, 7, 15, 0).unwrap();
        let reading = Reading { redactor: Redactor::new("user:1234-abcDEF567890"), now };
        reading.listing(&Answer { status, retry_after: Some("20".to_owned()), content_type: None, body })
    }

    #[test]
    fn each_account_of_a_list_is_judged_for_itself_under_the_id_as_given() {
        let seen = list(
            200,
            r#"{"007":{"maxJobs":1},"7":{"error":"On hold"},"a/b @c":{},"x":5,"y":null,"error":{"account":"error"}}"#,
        );
        assert_eq!((seen.outcome, seen.error), (Outcome::Ok, None));
        let outcomes: Vec<_> = seen.accounts.iter().map(|(id, seen)| (id.as_str(), seen.outcome)).collect();
        assert_eq!(
            outcomes,
            [
                ("007", Outcome::Ok),
                ("7", Outcome::AccountError),
                ("a/b @c", Outcome::Malformed),
                ("error", Outcome::Ok),
                ("x", Outcome::Malformed),
                ("y", Outcome::Malformed),
            ]
        );
    }

    #[test]
    fn an_empty_set_is_an_empty_list_or_a_404_with_any_body() {
        for (status, body) in
            [(200, "{}"), (404, ""), (404, r#"{"error":"none"}"#), (404, "<html>"), (404, "[]")]
        {
            assert_eq!(list(status, body), Listing::ok(BTreeMap::new()), "{status} {body}");
        }
    }

    #[test]
    fn a_refusal_is_never_taken_for_accounts() {
        for body in [
            r#"{"error":"Unauthorized","code":401}"#,
            r#"{"error":{"message":"Unauthorized","code":401}}"#,
            r#"{"message":"hi"}"#,
            r#"{"error":"x","details":{"a":1}}"#,
            "[]",
            r#"[{"account":"1","maxJobs":1}]"#,
            "null",
            "",
            "{",
            r#"{"1":{"maxJobs":1}"#,
        ] {
            let seen = list(200, body);
            assert_eq!((seen.outcome, seen.accounts.len()), (Outcome::Malformed, 0), "{body}");
            assert!(seen.error.is_some(), "{body}");
        }
        let mixed = list(200, r#"{"error":"one is missing","code":1,"5":{"maxJobs":1}}"#);
        assert_eq!(mixed.accounts.into_keys().collect::<Vec<_>>(), [AccountId::new("5")]);
    }

    #[test]
    fn any_other_status_means_what_it_means_for_one_account() {
        for (status, outcome, waits) in [
            (401, Outcome::Unauthorized, false),
            (402, Outcome::SubscriptionLapsed, false),
            (429, Outcome::RateLimited, true),
            (503, Outcome::Unavailable, true),
            (596, Outcome::AccountError, false),
            (302, Outcome::Malformed, false),
            (204, Outcome::Malformed, false),
        ] {
            let seen = list(status, r#"{"1":{"maxJobs":1}}"#);
            assert_eq!((seen.outcome, seen.accounts.len()), (outcome, 0), "{status}");
            assert_eq!(seen.retry_after.is_some(), waits, "{status}");
            assert!(seen.error.is_some(), "{status}");
        }
    }
}
