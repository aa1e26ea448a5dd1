//! Signatures of Standard Webhooks: made for a delivery, and verified as a receiver's library does.
//!
//! Guarantees: pure; no error contains a secret or a signature. Leaves reading the delivery to the caller.
//! Source: Standard Webhooks, "Verifying webhook authenticity"
//! (<https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>).

use chrono::{DateTime, TimeDelta};
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;

use crate::domain::duration;
use crate::domain::time::{Timestamp, in_words, minute};

/// The prefix of a signature that is made with a shared secret.
const VERSION: &str = "v1,";

/// Characters of an HMAC-SHA256 in base64.
const LENGTH: usize = 44;

/// A larger number is a time in milliseconds: as seconds it would be a year after 5000.
const MAX_SECONDS: u64 = 100_000_000_000;

/// A delivery as it was received.
#[derive(Clone, Copy, Debug)]
pub struct ReceivedDelivery<'a> {
    /// The header `webhook-id`.
    pub id: &'a str,
    /// The header `webhook-timestamp`.
    pub timestamp: &'a str,
    /// The header `webhook-signature`.
    pub signature: &'a str,
    /// The body, byte for byte.
    pub body: &'a [u8],
}

/// Why a delivery is not valid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// The time stamp is not a number.
    #[error("the time stamp must be the seconds since 1970, such as 1795418100")]
    Timestamp,
    /// The time stamp is too large for seconds.
    #[error("the time stamp seems to be in milliseconds; the header has seconds")]
    Milliseconds,
    /// No part of the header looks like a signature.
    #[error("the header contains no signature of the form `v1,<base64>`")]
    Malformed,
    /// Only text is ever signed.
    #[error("the body is not UTF-8, so it was never signed")]
    Body,
    /// No secret gives any of the signatures.
    #[error("no signature matches: another secret signed it, or its id, time stamp or body was changed")]
    Mismatch,
    /// A frequent mistake when a body is saved to a file.
    #[error(
        "no signature matches, but one matches the body without its last line break: it was added after sending"
    )]
    LineBreak,
    /// Possibly a replay.
    #[error("the signature matches, but it was signed {}, {} ({} is allowed)", minute(*.at), distance(*.at, *.now), duration::text(*.tolerance))]
    Time {
        /// When it was signed.
        at: Timestamp,
        /// When it was verified.
        now: Timestamp,
        /// How far apart both may be.
        tolerance: TimeDelta,
    },
}

/// Returns when the delivery was signed, if one of `secrets` signed exactly this delivery, at most `tolerance` before or after
/// `now`. Without a tolerance any time is valid.
///
/// # Errors
/// With the reason why the delivery is not valid.
pub fn verify(
    delivery: &ReceivedDelivery<'_>,
    secrets: &[SecretString],
    tolerance: Option<TimeDelta>,
    now: Timestamp,
) -> Result<Timestamp, VerifyError> {
    let seconds: i64 = delivery.timestamp.trim().parse().map_err(|_| VerifyError::Timestamp)?;
    if seconds.unsigned_abs() > MAX_SECONDS {
        return Err(VerifyError::Milliseconds);
    }
    let at = DateTime::from_timestamp(seconds, 0).ok_or(VerifyError::Timestamp)?;
    let is_signature = |text: &&str| text.strip_prefix(VERSION).is_some_and(|code| code.len() == LENGTH);
    let given: Vec<&str> = delivery.signature.split_ascii_whitespace().filter(is_signature).collect();
    if given.is_empty() {
        return Err(VerifyError::Malformed);
    }
    std::str::from_utf8(delivery.body).map_err(|_| VerifyError::Body)?;
    // In constant time: the duration of a comparison reveals nothing about the signature.
    let matches = |body: &[u8]| {
        let expected = secrets.iter().filter_map(|secret| sign(secret, delivery.id.trim(), seconds, body));
        expected
            .into_iter()
            .any(|expected| given.iter().any(|one| one.as_bytes().ct_eq(expected.as_bytes()).into()))
    };
    if !matches(delivery.body) {
        let shorter = delivery.body.strip_suffix(b"\n").map(|body| body.strip_suffix(b"\r").unwrap_or(body));
        let is_line_break = shorter.is_some_and(matches);
        return Err(if is_line_break { VerifyError::LineBreak } else { VerifyError::Mismatch });
    }
    match tolerance {
        Some(tolerance) if (now - at).abs() > tolerance => Err(VerifyError::Time { at, now, tolerance }),
        _ => Ok(at),
    }
}

/// The signature of a delivery at `seconds` since 1970; none if `secret` or `body` is invalid.
pub(super) fn sign(secret: &SecretString, id: &str, seconds: i64, body: &[u8]) -> Option<String> {
    standardwebhooks::Webhook::new(secret.expose_secret()).ok()?.sign(id, seconds, body).ok()
}

fn distance(at: Timestamp, now: Timestamp) -> String {
    let length = in_words((now - at).abs());
    if at > now { format!("{length} ahead of this machine's clock") } else { format!("{length} ago") }
}
