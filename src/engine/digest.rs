//! Short names of long texts.

use std::fmt::Write;

/// A text of 32 characters that no other text has: half of its SHA-256.
pub(super) fn digest(text: &str) -> String {
    let whole = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
    let mut short = String::with_capacity(32);
    for byte in whole.as_ref().iter().take(16) {
        // Writing to a string cannot fail.
        let _ = write!(short, "{byte:02x}");
    }
    short
}
