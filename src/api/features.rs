//! What MiniMax says about an account's credits: the answer of `GET /v1/minimax/features/` (docs/vendor-api.md, "More calls").
//!
//! Guarantees: pure. Every member may be missing, a number may be written as text, and a value that cannot be meant is absent. This
//! call alone proves that a session is alive, so an answer that says that it is dead is a value of its own; every other refusal says
//! nothing about the account. Leaves what the credits mean to `domain::credits`.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use super::classify::ResponseReader;
use super::repair::make_readable;
use super::response::{Response, describe};
use super::wire::{self, without_byte_order_mark};
use super::{normalise, redact::Redactor};
use crate::domain::account::AccountId;
use crate::domain::credits::{AccountCredits, CreditEnd};
use crate::domain::observation::{Observation, Outcome};
use crate::domain::time::Timestamp;

/// The path of the request.
pub(super) const PATH: &str = "/v1/minimax/features/";
/// Encoded in the query. `@` and `:` are sent as they are, as in a path.
const QUERY_VALUE: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'@').remove(b':');
/// An answer without any of them is none about an account.
const MEMBERS: [&str; 6] =
    ["totalCredits", "expireTime", "creditExpireText", "memberName", "queueLength", "modelControl"];
/// More credits than anybody buys; below the numbers that `f64` cannot count.
const MAX_CREDITS: u64 = 1_000_000_000_000_000;
/// Ends that are read of one answer.
const MAX_ENDS: usize = 256;
const MAX_PLAN_LENGTH: usize = 64;

/// The query of the request about `id`.
pub(super) fn query(id: &AccountId) -> String {
    format!("account={}", utf8_percent_encode(id.as_str(), QUERY_VALUE))
}

/// What the vendor answered to the request for an account's features.
#[derive(Clone, Debug, PartialEq)]
pub enum FeaturesAnswer {
    /// MiniMax answered: the session is alive.
    Read(AccountCredits),
    /// 401, with its text: the API token is wrong, or the session is dead; [`Self::session_error`] tells which.
    Unauthorized(String),
    /// 596, with its text: the session is dead.
    AccountError(String),
    /// A 200 whose body is not of the documented shape, described for an operator. It says nothing.
    NotUnderstood(String),
    /// No answer, or another status. It says nothing about the account.
    Failed(Observation),
}

impl FeaturesAnswer {
    /// Why the MiniMax session is dead, if the answer says so. `is_token_working`: whether the API token was accepted in the same
    /// run, without which a 401 is about the token.
    pub fn session_error(&self, is_token_working: bool) -> Option<&str> {
        match self {
            Self::AccountError(error) => Some(error),
            Self::Unauthorized(error) if is_token_working => Some(error),
            Self::Unauthorized(_) | Self::Read(_) | Self::NotUnderstood(_) | Self::Failed(_) => None,
        }
    }
}

impl ResponseReader<'_> {
    /// What the response to a request for an account's features means.
    pub(super) fn features(&self, response: &Response) -> FeaturesAnswer {
        if response.status != 200 {
            let mut refusal = self.refusal(response);
            let text = refusal.error.take().unwrap_or_default();
            return match refusal.outcome {
                Outcome::Unauthorized => FeaturesAnswer::Unauthorized(text),
                Outcome::AccountError => FeaturesAnswer::AccountError(text),
                _ => FeaturesAnswer::Failed(Observation { error: Some(text), ..refusal }),
            };
        }
        let body = match &response.body {
            Ok(body) => without_byte_order_mark(body),
            Err(failure) if failure.outcome == Outcome::Malformed => {
                return FeaturesAnswer::NotUnderstood(failure.reason.clone());
            }
            Err(failure) => return FeaturesAnswer::Failed(self.failure(failure)),
        };
        match serde_json::from_slice(body).or_else(|_| serde_json::from_slice(&make_readable(body))) {
            Ok(features) => self.credits(&features),
            Err(error) => FeaturesAnswer::NotUnderstood(describe(response, Some(&Err(error)))),
        }
    }

    fn credits(&self, features: &Value) -> FeaturesAnswer {
        let is_error = !matches!(&features["error"], Value::Null | Value::Bool(false))
            && features["error"].as_str().is_none_or(|text| !text.trim().is_empty());
        if is_error {
            return FeaturesAnswer::NotUnderstood("an error with status 200".to_owned());
        }
        if !MEMBERS.iter().any(|member| features.get(member).is_some()) {
            return FeaturesAnswer::NotUnderstood(
                "JSON, but without any member of an account's features".to_owned(),
            );
        }
        FeaturesAnswer::Read(AccountCredits {
            left: credits(&features["totalCredits"]),
            plan_ends_at: timestamp(&features["expireTime"]),
            ends: ends(&features["creditExpireText"]),
            plan: plan(&features["memberName"], &self.redactor),
        })
    }
}

/// A number of credits, a part of one rounded up: what is left of a credit is not nothing. Below zero is no number of credits.
fn credits(value: &Value) -> Option<u64> {
    let credits = match value {
        Value::Number(number) => number.as_u64().or_else(|| whole(number.as_f64()?)),
        Value::String(text) => text.trim().parse().ok().or_else(|| whole(text.trim().parse().ok()?)),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    };
    credits.filter(|credits| *credits <= MAX_CREDITS)
}

fn whole(number: f64) -> Option<u64> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "`as` saturates, makes NaN zero, and neither passes the check"
    )]
    let whole = number.ceil() as u64;
    (number >= 0.0 && whole <= MAX_CREDITS).then_some(whole)
}

fn timestamp(value: &Value) -> Option<Timestamp> {
    normalise::timestamp(&match value {
        Value::Number(number) => wire::Value::Number(number.clone()),
        Value::String(text) => wire::Value::String(text.clone()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    })
}

/// The readable ends, earliest first.
fn ends(value: &Value) -> Vec<CreditEnd> {
    let parts = value.as_array().map(Vec::as_slice).unwrap_or_default().iter().take(MAX_ENDS);
    let end = |part: &Value| {
        Some(CreditEnd { at: timestamp(&part["endTime"])?, credits: credits(&part["credit"]) })
    };
    let mut ends: Vec<CreditEnd> = parts.filter_map(end).collect();
    ends.sort_unstable();
    ends
}

fn plan(value: &Value, redactor: &Redactor<'_>) -> Option<String> {
    normalise::name(&wire::Value::String(value.as_str()?.to_owned()), MAX_PLAN_LENGTH, redactor)
}

#[cfg(test)]
mod tests;
