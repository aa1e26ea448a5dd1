//! Properties of everything that the vendor can send, for the property tests and the fuzz targets (`fuzz/`).
//!
//! Each function panics if a property does not hold.

#![expect(clippy::missing_panics_doc, reason = "each of these functions reports by a panic")]

use chrono::{DateTime, TimeDelta};
use serde_json::{Value, json};

use super::answer::{Answer, LastAnswers};
use super::classify::ResponseReader;
use super::features::FeaturesAnswer;
use super::job_stats::JobStatsAnswer;
use super::list::ListReader;
use super::redact::{MAX_QUOTE, Redactor};
use super::repair::make_readable;
use super::response::Response;
use super::{normalise, retry, wire};
use crate::domain::account::AccountId;
use crate::domain::checksum::LastAnswer;
use crate::domain::configuration::Configuration;
use crate::domain::jobs::WatchedIds;
use crate::domain::observation::{Observation, Outcome};
use crate::domain::text::{MAX_QUOTED, is_invisible};
use crate::domain::time::{Timestamp, rfc3339};

/// A token of the documented form.
const TOKEN: &str = "user:5177-hTokenPlanted9Q";
/// Its last part, in lower case: no result may contain it.
const TOKEN_END: &str = "htokenplanted9q";
/// The cap of one account in a list; small, so that it is reached.
const MAX_ACCOUNT: usize = 4 << 10;
/// When every response arrives, in seconds since 1970: 2026-11-23T07:15:00Z.
const NOW: i64 = 1_795_418_100;

fn reader() -> ResponseReader<'static> {
    let now: Timestamp = DateTime::from_timestamp(NOW, 0).unwrap_or_default();
    ResponseReader { redactor: Redactor::new(TOKEN), now }
}

fn response(status: u16, retry_after: Option<&str>, body: &[u8]) -> Response {
    let content_type = Some("text/html".to_owned());
    Response { status, retry_after: retry_after.map(str::to_owned), content_type, body: Ok(body.to_vec()) }
}

/// A response about one account: the status decides; its texts are bounded, printable and without the token.
pub fn check_response(status: u16, retry_after: Option<&str>, body: &[u8]) {
    let seen = reader().account(&response(status, retry_after, body));
    check_observation(&seen);
    check_outcome(status, seen.outcome);
}

/// A response about all accounts: it means the same in pieces of `piece` bytes and when it is known, and each account is bounded like
/// a single one.
pub fn check_list(status: u16, piece: usize, body: &[u8]) {
    let listing = |piece: usize, known: &LastAnswers| {
        let head = response(status, None, b"");
        let mut list = ListReader::new(reader(), head, MAX_ACCOUNT, known, |answer| answer);
        let end = body.chunks(piece.max(1)).try_for_each(|piece| list.feed(piece));
        list.finish(end)
    };
    let none = LastAnswers::new();
    let (whole, pieces) = (listing(usize::MAX, &none), listing(piece, &none));
    assert_eq!((whole.outcome, &whole.accounts), (pieces.outcome, &pieces.accounts), "in pieces of {piece}");
    // Each takes at least four bytes: two quotes, a colon, a digit.
    assert!(whole.accounts.len() * 4 <= body.len());
    if whole.outcome == Outcome::Ok {
        assert_eq!(whole.error, None);
    } else {
        assert!(whole.accounts.is_empty());
        check_error(whole.error.as_deref().unwrap_or_default());
    }
    let checksum = |answer: &Answer| if let Answer::Read(_, checksum) = answer { *checksum } else { None };
    let last = |answer: &Answer| checksum(answer).map(|checksum| LastAnswer { row: 7, checksum });
    let known = whole.accounts.iter().filter_map(|(id, answer)| Some((id.clone(), last(answer)?)));
    let again = listing(piece, &known.collect());
    assert_eq!((again.outcome, again.accounts.len()), (whole.outcome, whole.accounts.len()));
    for (answer, again) in whole.accounts.values().zip(again.accounts.values()) {
        let unchanged = last(answer).map(Answer::Unchanged);
        assert_eq!(again, unchanged.as_ref().unwrap_or(answer));
    }
    if status != 404 {
        check_outcome(status, whole.outcome);
        assert!(whole.outcome != Outcome::AccountError || status == 596);
    }
    whole
        .accounts
        .into_values()
        .filter_map(Answer::into_observation)
        .for_each(|seen| check_observation(&seen));
}

/// A response about the jobs: each of them once, newest first, at a plausible time, and of a watched account or of none. A refusal
/// holds no job.
pub fn check_job_stats(status: u16, body: &[u8]) {
    let watched = ["123456", "7-a"].map(AccountId::new);
    match reader().job_stats(&response(status, None, body), &WatchedIds::new(&watched)) {
        JobStatsAnswer::Read(seen) => {
            assert_eq!(status, 200);
            assert!(2 * seen.rows <= body.len());
            let unreadable = seen.unreadable;
            assert!(
                seen.jobs.len() + unreadable.count <= seen.rows && unreadable.undated <= unreadable.count
            );
            assert!(!seen.jobs.is_empty() || unreadable.count == 0);
            assert!(seen.jobs.is_sorted_by(|newer, older| (newer.at, newer.key) > (older.at, older.key)));
            for job in &seen.jobs {
                let seconds = Timestamp::from_timestamp(job.at.timestamp(), 0).unwrap_or_default();
                check_timestamp(seconds);
                assert_eq!(job.at.timestamp_subsec_nanos() % 1_000_000, 0);
                assert!(job.account.as_ref().is_none_or(|account| watched.contains(account)));
            }
        }
        JobStatsAnswer::NotUnderstood(reason) => {
            assert_eq!(status, 200);
            check_error(&reason);
        }
        JobStatsAnswer::Failed(seen) => {
            assert!(status != 200);
            check_observation(&seen);
            check_outcome(status, seen.outcome);
        }
    }
}

/// What a response about an account's credits means.
pub fn features_answer(status: u16, body: &[u8]) -> FeaturesAnswer {
    reader().features(&response(status, None, body))
}

/// A response about an account's credits: numbers and texts are bounded, and only 401 and 596 say that a session is dead.
pub fn check_features(status: u16, body: &[u8]) {
    let answer = features_answer(status, body);
    assert_eq!(answer.session_error(true).is_some(), matches!(status, 401 | 596));
    assert_eq!(answer.session_error(false).is_some(), status == 596);
    match answer {
        FeaturesAnswer::Read(credits) => {
            assert_eq!(status, 200);
            assert!(credits.left.is_none_or(|left| left <= 1_000_000_000_000_000));
            assert!(credits.ends.len() <= 256 && credits.ends.is_sorted());
            credits
                .plan_ends_at
                .into_iter()
                .chain(credits.ends.iter().map(|end| end.at))
                .for_each(check_timestamp);
            credits.plan.iter().for_each(|plan| check_text(plan, 64));
        }
        FeaturesAnswer::NotUnderstood(reason) => {
            assert_eq!(status, 200);
            check_error(&reason);
        }
        FeaturesAnswer::Unauthorized(error) | FeaturesAnswer::AccountError(error) => check_error(&error),
        FeaturesAnswer::Failed(seen) => {
            check_observation(&seen);
            check_outcome(status, seen.outcome);
        }
    }
}

/// The text of an expiry: a time between 2001 and 2100 whose RFC 3339 form is read as the same time, or none; never both a time and a quotation.
pub fn check_expiry_text(text: &str) {
    let timestamp = |text: String| normalise::timestamp(&wire::Value::String(text));
    if let Some(at) = timestamp(text.to_owned()) {
        check_timestamp(at);
        assert_eq!(timestamp(rfc3339(at)), Some(at), "{text:?}");
        // Longer texts are not read.
        if text.len() < 98 {
            assert_eq!(timestamp(format!(" {text} ")), Some(at), "{text:?}");
        }
    }
    let json = json!({"jwt": {"exp": text}}).to_string();
    let Ok(wire::Value::Object(record)) = wire::parse(json.as_bytes()) else { unreachable!("{json}") };
    let read = normalise::configuration(record, &Redactor::new(TOKEN));
    assert_eq!(read.exp.is_none() && read.exp_unreadable.is_none(), text.trim().is_empty(), "{text:?}");
    assert!(read.exp.is_none() || read.exp_unreadable.is_none(), "{text:?}");
    check_configuration(&read);
}

/// `Retry-After`, and a body's `retryAfter`: no wait, or a positive one of at most an hour.
pub fn check_wait(header: Option<&str>, body: &str, now: Timestamp) {
    if let Some(wait) = retry::wait(header, &wire::Value::String(body.to_owned()), now) {
        assert!(wait > TimeDelta::zero() && wait <= TimeDelta::hours(1), "{wait}");
    }
}

/// The repair of JSON: bounded, idempotent, and without effect on the meaning of valid JSON.
pub fn check_repair(json: &[u8]) {
    let once = make_readable(json);
    assert!(once.len() <= 6 * json.len());
    assert_eq!(make_readable(&once), once, "{}", String::from_utf8_lossy(json));
    if let Ok(strict) = serde_json::from_slice::<Value>(json) {
        let read = serde_json::from_slice::<Value>(&once).ok();
        let has_huge_number = String::from_utf8_lossy(&once).contains("1e308");
        assert!(
            read.is_some() && (has_huge_number || read == Some(strict)),
            "{}",
            String::from_utf8_lossy(json)
        );
    }
}

fn check_outcome(status: u16, outcome: Outcome) {
    let is_expected = match status {
        200 => matches!(outcome, Outcome::Ok | Outcome::AccountError | Outcome::Malformed),
        401 => outcome == Outcome::Unauthorized,
        402 => outcome == Outcome::SubscriptionLapsed,
        403 => outcome == Outcome::Blocked,
        404 => outcome == Outcome::NotFound,
        429 => outcome == Outcome::RateLimited,
        596 => outcome == Outcome::AccountError,
        500..=599 => outcome == Outcome::Unavailable,
        _ => outcome == Outcome::Malformed,
    };
    assert!(is_expected, "{status}: {outcome}");
}

fn check_observation(seen: &Observation) {
    assert_eq!(seen.configuration.is_some(), seen.outcome == Outcome::Ok);
    assert_eq!(seen.error.is_some(), seen.outcome != Outcome::Ok);
    seen.error.as_deref().into_iter().for_each(check_error);
    seen.configuration.iter().for_each(check_configuration);
    if let Some(wait) = seen.retry_after {
        assert!(wait > TimeDelta::zero() && wait <= TimeDelta::hours(1), "{wait}");
    }
}

fn check_error(error: &str) {
    check_text(error, MAX_QUOTE);
    assert!(!error.is_empty());
}

fn check_text(text: &str, max_length: usize) {
    assert!(text.chars().count() <= max_length, "{text}");
    assert!(!text.chars().any(is_invisible), "{text:?}");
    assert!(!text.to_ascii_lowercase().contains(TOKEN_END), "{text}");
}

fn check_configuration(configuration: &Configuration) {
    for text in [&configuration.host, &configuration.user_id].into_iter().flatten() {
        check_text(text, 255);
    }
    for text in [&configuration.exp_unreadable, &configuration.exp_expire_unreadable].into_iter().flatten() {
        check_text(text, MAX_QUOTED);
    }
    assert!(configuration.capabilities.len() <= 64);
    configuration.capabilities.keys().for_each(|name| check_text(name, 64));
    configuration.exp.into_iter().chain(configuration.exp_expire).for_each(check_timestamp);
    assert!(configuration.max_jobs.is_none_or(|jobs| (0..=1_000_000).contains(&jobs)));
}

fn check_timestamp(at: Timestamp) {
    assert!((1_000_000_000..4_102_444_800).contains(&at.timestamp()), "{at}");
    assert_eq!(at.timestamp_subsec_nanos(), 0);
}
