//! What holds of everything that receivers can answer; the property tests and the fuzz targets (`fuzz/`) check the same.
//!
//! Each function panics where a property does not hold.

#![expect(clippy::missing_panics_doc, reason = "a panic is how each of these functions answers")]

use std::time::Duration;

use chrono::DateTime;
use secrecy::SecretString;

pub use super::email::properties::check_reply;

use super::Attempt;
use super::webhook::{EXCERPT, read};
use crate::config::{Origin, Secret, Webhook};
use crate::domain::text::is_unseen;

/// The secret parts of the address and the signature.
const SECRETS: [&str; 2] = ["T000hush", "cGxhY2Vob2xkZXI"];
/// The host, a status, a media type and a length.
const MAX_HEAD: usize = 120;

/// A webhook's answer that arrives in pieces: the status line decides, the pieces change nothing, and what is said of it is bounded,
/// printable and without the address's path.
pub fn check_webhook_answer(piece: usize, bytes: &[u8]) {
    let url = SecretString::from("https://hooks.example.com/T000hush?key=T000hush");
    let webhook = Webhook {
        url: Secret { value: url, origin: Origin::Inline },
        signing: vec![SecretString::from("whsec_cGxhY2Vob2xkZXI=")],
        signing_origin: None,
        timeout: Duration::from_secs(1),
        allow_http: false,
        headers: Vec::new(),
    };
    let now = DateTime::from_timestamp(1_795_418_100, 0).unwrap_or_default();
    for is_quoted in [false, true] {
        let seen = read((bytes, piece), &webhook, is_quoted, now);
        assert_eq!(seen, read((bytes, usize::MAX), &webhook, is_quoted, now));
        let Some((status, attempt)) = seen else { continue };
        let (error, wait, is_expected) = match attempt {
            Attempt::Delivered => {
                assert!((200..300).contains(&status), "{status}");
                continue;
            }
            Attempt::Deferred { error, retry_after } => {
                (error, retry_after, matches!(status, 408 | 425 | 429 | 500..600))
            }
            Attempt::Refused { error, retry_after } => {
                (error, retry_after, !matches!(status, 200..300 | 408 | 410 | 425 | 429 | 500..600))
            }
            Attempt::Final { error } => (error, None, status == 410),
        };
        assert!(is_expected, "{status}");
        assert!(wait.is_none_or(|wait| wait > chrono::TimeDelta::zero()));
        assert!(error.chars().count() <= MAX_HEAD + EXCERPT, "{error}");
        assert!(!error.chars().any(is_unseen), "{error:?}");
        assert!(!SECRETS.iter().any(|secret| error.contains(secret)), "{error}");
    }
}
