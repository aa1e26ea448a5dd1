//! The other side of a signature: whether a delivery is what was sent, as a receiver's library judges it.
//!
//! Promises: pure, and no secret and no signature stands in what is said. Leaves reading the delivery to whoever asks.
//! Source: Standard Webhooks, "Verifying webhook authenticity"
//! (<https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>).

use chrono::{DateTime, TimeDelta};
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;

use crate::domain::span;
use crate::domain::time::{Timestamp, in_words, minute};

/// What begins a signature that is made with a shared secret.
const VERSION: &str = "v1,";

/// An HMAC-SHA256 in base64.
const LENGTH: usize = 44;

/// Beyond this, seconds are milliseconds that somebody typed: the year is past 5000.
const NO_SECONDS: u64 = 100_000_000_000;

/// A delivery as it came in.
#[derive(Clone, Copy, Debug)]
pub struct Received<'a> {
    /// The header `webhook-id`.
    pub id: &'a str,
    /// The header `webhook-timestamp`.
    pub timestamp: &'a str,
    /// The header `webhook-signature`.
    pub signature: &'a str,
    /// The body, byte for byte.
    pub body: &'a [u8],
}

/// Why a delivery is not to be believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Not seconds.
    #[error("the time stamp is no number of seconds since 1970, such as 1795418100")]
    Timestamp,
    /// Other than this program and the libraries send it.
    #[error("the time stamp seems to be in milliseconds; the header has seconds")]
    Milliseconds,
    /// Nothing to compare with.
    #[error("there is no signature of the form `v1,<base64>` in it")]
    Malformed,
    /// The signature is over text.
    #[error("the body is not UTF-8, and so was never signed")]
    Body,
    /// The usual one.
    #[error(
        "no signature fits: another secret signed it, or its id, time stamp or body is not what was sent"
    )]
    Mismatch,
    /// The usual slip.
    #[error(
        "no signature fits, but one fits the body without its last line break: it was added after the sending"
    )]
    LineBreak,
    /// Perhaps a replay.
    #[error("the signature fits, but it was signed {}, {} ({} is allowed)", minute(*.at), apart(*.at, *.now), span::text(*.tolerance))]
    Time {
        /// When it was signed.
        at: Timestamp,
        /// When it was looked at.
        now: Timestamp,
        /// How far both may be apart.
        tolerance: TimeDelta,
    },
}

/// When the delivery was signed, if one of `secrets` signed it as it is, no further from `now` than `tolerance`; none
/// allows any time.
///
/// # Errors
/// With the reason not to believe it.
pub fn verify(
    received: &Received<'_>,
    secrets: &[SecretString],
    tolerance: Option<TimeDelta>,
    now: Timestamp,
) -> Result<Timestamp, Refusal> {
    let seconds: i64 = received.timestamp.trim().parse().map_err(|_| Refusal::Timestamp)?;
    if seconds.unsigned_abs() > NO_SECONDS {
        return Err(Refusal::Milliseconds);
    }
    let at = DateTime::from_timestamp(seconds, 0).ok_or(Refusal::Timestamp)?;
    let given: Vec<&str> = received
        .signature
        .split_ascii_whitespace()
        .filter(|one| one.strip_prefix(VERSION).is_some_and(|code| code.len() == LENGTH))
        .collect();
    if given.is_empty() {
        return Err(Refusal::Malformed);
    }
    std::str::from_utf8(received.body).map_err(|_| Refusal::Body)?;
    // In constant time: the duration of a comparison reveals nothing about the signature.
    let fits = |body: &[u8]| {
        secrets.iter().any(|secret| {
            let signer = standardwebhooks::Webhook::new(secret.expose_secret()).ok();
            let expected = signer.and_then(|signer| signer.sign(received.id.trim(), seconds, body).ok());
            expected.is_some_and(|expected| {
                given.iter().any(|one| one.as_bytes().ct_eq(expected.as_bytes()).into())
            })
        })
    };
    if !fits(received.body) {
        let shorter = received.body.strip_suffix(b"\n").map(|body| body.strip_suffix(b"\r").unwrap_or(body));
        return Err(if shorter.is_some_and(fits) { Refusal::LineBreak } else { Refusal::Mismatch });
    }
    match tolerance {
        Some(tolerance) if (now - at).abs() > tolerance => Err(Refusal::Time { at, now, tolerance }),
        _ => Ok(at),
    }
}

fn apart(at: Timestamp, now: Timestamp) -> String {
    let words = in_words((now - at).abs());
    if at > now { format!("{words} ahead of the clock here") } else { format!("{words} ago") }
}
