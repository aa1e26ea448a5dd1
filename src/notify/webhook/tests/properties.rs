//! Properties of any response that a webhook can send.

#![expect(clippy::missing_panics_doc, reason = "a panic is how a property fails")]

use std::time::Duration;

use chrono::DateTime;
use secrecy::SecretString;

use super::send::{classify, target};
use crate::config::{Endpoint, Origin, Secret, Webhook, WebhookFormat};
use crate::domain::text::is_invisible;
use crate::domain::time::Timestamp;
use crate::notify::Attempt;
use crate::notify::http::{MAX_EXCERPT, Response};

/// The secret parts of the address and the signature.
const SECRETS: [&str; 2] = ["T000hush", "cGxhY2Vob2xkZXI"];
/// Characters of an error without its excerpt: host, status, media type, length and hint.
const MAX_HEAD: usize = 180;

/// A webhook's response is classified by its status line, in whatever pieces it arrives, and its error is bounded, printable and
/// without the path of the address.
pub fn check_webhook_response(piece: usize, bytes: &[u8]) {
    let url = SecretString::from("https://hooks.example.com/T000hush?key=T000hush");
    let webhook = Webhook {
        endpoint: Endpoint {
            url: Secret { value: url, origin: Origin::Inline },
            timeout: Duration::from_secs(1),
            allow_http: false,
        },
        format: WebhookFormat::Standard,
        signing: vec![SecretString::from("whsec_cGxhY2Vob2xkZXI=")],
        signing_origin: None,
        headers: Vec::new(),
    };
    let now = DateTime::from_timestamp(1_795_418_100, 0).unwrap_or_default();
    for is_quoted in [false, true] {
        let outcome = read((bytes, piece), &webhook, is_quoted, now);
        assert_eq!(outcome, read((bytes, usize::MAX), &webhook, is_quoted, now));
        let Some((status, attempt)) = outcome else { continue };
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
        assert!(error.chars().count() <= MAX_HEAD + MAX_EXCERPT, "{error}");
        assert!(!error.chars().any(is_invisible), "{error:?}");
        assert!(!SECRETS.iter().any(|secret| error.contains(secret)), "{error}");
    }
}

/// The status and the outcome of a response that arrives in pieces of `piece` bytes; none without a status.
fn read(
    (bytes, piece): (&[u8], usize),
    webhook: &Webhook,
    is_quoted: bool,
    now: Timestamp,
) -> Option<(u16, Attempt)> {
    let target = target(webhook).ok()?;
    let mut response = Response::default();
    bytes.chunks(piece.max(1)).for_each(|piece| response.feed(piece));
    response.end();
    Some((response.status?, classify(&response, &target, is_quoted, now)))
}
