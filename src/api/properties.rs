//! What holds of everything that the vendor can send; the property tests and the fuzz targets (`fuzz/`) check the same.
//!
//! Each function panics where a property does not hold.

#![expect(clippy::missing_panics_doc, reason = "a panic is how each of these functions answers")]

use chrono::{DateTime, TimeDelta};
use serde_json::Value as Json;

use super::answer::{Answer, Body};
use super::classify::Reading;
use super::redact::{LONGEST_QUOTE, Redactor, is_printable};
use super::repair::repaired;
use super::wire::Value;
use super::{normalise, retry, wire};
use crate::domain::configuration::Configuration;
use crate::domain::observation::{Observation, Outcome};
use crate::domain::text::MAX_QUOTED;
use crate::domain::time::{Timestamp, rfc3339};

/// A token of the documented form.
const TOKEN: &str = "user:5177-hTokenPlanted9Q";
/// Its end, in small letters: nothing that is kept may hold it.
const TOKEN_END: &str = "htokenplanted9q";
/// The cap of one account in a list, small so that it is reached.
const MAX_ACCOUNT: usize = 4 << 10;
/// Seconds since 1970 of the moment at which every answer comes: 2026-11-23T07:15:00Z.
const NOW: i64 = 1_795_418_100;

fn reading() -> Reading {
    let now: Timestamp = DateTime::from_timestamp(NOW, 0).unwrap_or_default();
    Reading { redactor: Redactor::new(TOKEN), now }
}

fn answer(status: u16, retry_after: Option<&str>, body: &[u8]) -> Answer {
    let content_type = Some("text/html".to_owned());
    Answer {
        status,
        retry_after: retry_after.map(str::to_owned),
        content_type,
        body: Body::Whole(body.to_vec()),
    }
}

/// An answer about one account: the status decides, and what is said of it is bounded, printable and without the token.
pub fn check_answer(status: u16, retry_after: Option<&str>, body: &[u8]) {
    let seen = reading().account(&answer(status, retry_after, body));
    check_observation(&seen);
    check_outcome(status, seen.outcome);
}

/// An answer about all accounts: it means the same in pieces of `piece` bytes, and each account is bounded like a single answer.
pub fn check_list(status: u16, piece: usize, body: &[u8]) {
    let listing = |piece: usize| {
        let mut gathering =
            reading().listing(answer(status, None, b""), MAX_ACCOUNT, |observation| observation);
        let _ = body.chunks(piece.max(1)).try_for_each(|piece| gathering.take(piece));
        gathering.done(None)
    };
    let (whole, pieces) = (listing(usize::MAX), listing(piece));
    assert_eq!((whole.outcome, &whole.accounts), (pieces.outcome, &pieces.accounts), "in pieces of {piece}");
    // Each takes four bytes at least: two quotes, a colon, a digit.
    assert!(whole.accounts.len() * 4 <= body.len());
    if whole.outcome == Outcome::Ok {
        assert_eq!(whole.error, None);
    } else {
        assert!(whole.accounts.is_empty());
        check_error(whole.error.as_deref().unwrap_or_default());
    }
    if status != 404 {
        check_outcome(status, whole.outcome);
        assert!(whole.outcome != Outcome::AccountError || status == 596);
    }
    whole.accounts.values().for_each(check_observation);
}

/// The text of an expiry: a moment between 2001 and 2100 that is read again as what it was, or none; never both a moment and a quote.
pub fn check_expiry_text(text: &str) {
    let value = Value::Text(text.to_owned());
    if let Some(moment) = normalise::moment(&value) {
        check_moment(moment);
        assert_eq!(normalise::moment(&Value::Text(rfc3339(moment))), Some(moment), "{text:?}");
        // Longer texts are not read, however little they say.
        if text.len() < 98 {
            assert_eq!(normalise::moment(&Value::Text(format!(" {text} "))), Some(moment), "{text:?}");
        }
    }
    let mut record = wire::Record::default();
    record.jwt.exp = value;
    let read = normalise::configuration(record, &Redactor::new(TOKEN));
    assert_eq!(read.exp.is_none() && read.exp_unreadable.is_none(), text.trim().is_empty(), "{text:?}");
    assert!(read.exp.is_none() || read.exp_unreadable.is_none(), "{text:?}");
    check_configuration(&read);
}

/// `Retry-After`, and a body's `retryAfter`: no wait, or one above zero and at most an hour.
pub fn check_wait(header: Option<&str>, body: &str, now: Timestamp) {
    if let Some(wait) = retry::wait(header, &Value::Text(body.to_owned()), now) {
        assert!(wait > TimeDelta::zero() && wait <= TimeDelta::hours(1), "{wait}");
    }
}

/// The repair of JSON: bounded, done after one pass, and without effect on what a strict parser reads.
pub fn check_repair(json: &[u8]) {
    let once = repaired(json);
    assert!(once.len() <= 6 * json.len());
    assert_eq!(repaired(&once), once, "{}", String::from_utf8_lossy(json));
    if let Ok(strict) = serde_json::from_slice::<Json>(json) {
        let read = serde_json::from_slice::<Json>(&once).ok();
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
    check_text(error, LONGEST_QUOTE);
    assert!(!error.is_empty());
}

fn check_text(text: &str, longest: usize) {
    assert!(text.chars().count() <= longest, "{text}");
    assert!(text.chars().all(is_printable), "{text:?}");
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
    configuration.exp.into_iter().chain(configuration.exp_expire).for_each(check_moment);
    assert!(configuration.max_jobs.is_none_or(|jobs| (0..=1_000_000).contains(&jobs)));
}

fn check_moment(moment: Timestamp) {
    assert!((1_000_000_000..4_102_444_800).contains(&moment.timestamp()), "{moment}");
    assert_eq!(moment.timestamp_subsec_nanos(), 0);
}
