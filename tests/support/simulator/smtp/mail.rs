//! A mail as the server received it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use minimax_watch::domain::time::Timestamp;

/// One mail as it was received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mail {
    /// When, in simulated time.
    pub(crate) at: Timestamp,
    /// The envelope's sender; empty for a bounce.
    pub(crate) from: String,
    /// The accepted recipients of the envelope.
    pub(crate) to: Vec<String>,
    /// Headers and body without stuffed dots, lines ended by CRLF.
    pub(crate) raw: Vec<u8>,
    /// Whether the client logged in.
    pub(crate) authenticated: bool,
    /// Whether it came over TLS.
    pub(crate) encrypted: bool,
    /// Whether the client used SMTPUTF8 (RFC 6531).
    pub(crate) smtputf8: bool,
}

impl Mail {
    /// The raw text; invalid UTF-8 is replaced.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.raw).into_owned()
    }

    /// A header's value, unfolded but not decoded.
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        let text = self.text();
        let mut lines = text.split("\r\n").take_while(|line| !line.is_empty()).peekable();
        while let Some(line) = lines.next() {
            let Some((found, value)) = line.split_once(':') else { continue };
            if !found.eq_ignore_ascii_case(name) {
                continue;
            }
            let mut value = value.trim().to_owned();
            while let Some(more) = lines.next_if(|line| line.starts_with([' ', '\t'])) {
                value.push(' ');
                value.push_str(more.trim());
            }
            return Some(value);
        }
        None
    }

    /// The subject as a reader sees it: base64 words (RFC 2047) are decoded, the spaces between two of them dropped.
    pub(crate) fn subject(&self) -> String {
        let mut subject = String::new();
        let mut after_encoded = false;
        for word in self.header("Subject").unwrap_or_default().split(' ') {
            let encoded = word.strip_prefix("=?utf-8?b?").and_then(|word| word.strip_suffix("?="));
            let decoded = encoded
                .and_then(|word| STANDARD.decode(word).ok())
                .and_then(|word| String::from_utf8(word).ok());
            let joined = after_encoded && decoded.is_some();
            if !subject.is_empty() && !joined {
                subject.push(' ');
            }
            after_encoded = decoded.is_some();
            subject.push_str(&decoded.unwrap_or_else(|| word.to_owned()));
        }
        subject
    }
}
