//! What holds of everything that receivers can answer; the property tests and the fuzz targets (`fuzz/`) check the same.
//!
//! Each function panics where a property does not hold.

use chrono::DateTime;
use reqwest::StatusCode;
use secrecy::SecretString;
use url::Url;

pub use super::email::properties::check_reply;

use super::Attempt;
use super::webhook::{AnswerHead, EXCERPT, Hidden, attempt};
use crate::domain::text::is_unseen;

/// The secret parts of the address and the signature.
const SECRETS: [&str; 2] = ["T000hush", "cGxhY2Vob2xkZXI"];
/// A status, a media type and a length, and the host before them.
const MAX_HEAD: usize = 120;

/// A webhook's answer: the status line decides, and what is said of it is bounded, printable and without the address's path.
pub fn check_webhook_answer(status: u16, headers: [Option<&str>; 2], length: Option<u64>, body: &[u8]) {
    let Ok(status) = StatusCode::from_u16(status) else { return };
    let Ok(url) = Url::parse("https://hooks.example.com/T000hush?key=T000hush") else { return };
    let signing = [SecretString::from("whsec_cGxhY2Vob2xkZXI=")];
    let [content_type, retry_after] = headers;
    let head = AnswerHead { status, retry_after, content_type, length };
    let now = DateTime::from_timestamp(1_795_418_100, 0).unwrap_or_default();
    for quotes in [false, true] {
        let hidden = Hidden { url: &url, signing: &signing, headers: &[], quotes };
        let body = if quotes { body } else { b"" };
        let (error, wait, is_expected) = match attempt(&head, body, &hidden, now) {
            Attempt::Delivered => {
                assert!(status.is_success());
                continue;
            }
            Attempt::Deferred { error, retry_after } => {
                (error, retry_after, status.is_server_error() || matches!(status.as_u16(), 408 | 425 | 429))
            }
            Attempt::Refused { error, retry_after } => (error, retry_after, !status.is_success()),
            Attempt::Final { error } => (error, None, status == StatusCode::GONE),
        };
        assert!(is_expected, "{status}");
        assert!(wait.is_none_or(|wait| wait > chrono::TimeDelta::zero()));
        assert!(error.chars().count() <= MAX_HEAD + EXCERPT, "{error}");
        assert!(!error.chars().any(is_unseen), "{error:?}");
        assert!(!SECRETS.iter().any(|secret| error.contains(secret)), "{error}");
    }
}
