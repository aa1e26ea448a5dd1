//! What may be quoted of the vendor's texts, and how it is made safe to print.
//!
//! Guarantees: a quotation is one printable line of bounded length. It does not contain the API token of the request, nor anything
//! that looks like a session token, a bearer header, a fingerprint or part of a configuration. If unsure, it hides the text. Leaves
//! the choice of what is worth quoting to `classify`.

use crate::domain::text::{is_invisible, shortened};

const HIDDEN: &str = "[redacted]";
/// The most characters of a response that an observation quotes.
pub(super) const MAX_QUOTE: usize = 200;
/// A run of this many characters that contains a digit is treated as an identifier or a key.
const MIN_OPAQUE_LENGTH: usize = 18;
/// Hiding a shorter token would hide ordinary words.
const MIN_TOKEN_LENGTH: usize = 4;
/// Like [`MIN_TOKEN_LENGTH`], for the token's last part.
const MIN_TAIL_LENGTH: usize = 8;

/// Hides secrets in the responses to requests with one token.
pub(super) struct Redactor<'t> {
    /// The token and its parts, longest first; empty ones hide nothing.
    pieces: [&'t str; 3],
}

impl<'t> Redactor<'t> {
    /// A redactor for `token`, usually `user:<digits>-<alphanumerics>`; other forms work, too.
    pub(super) fn new(token: &'t str) -> Self {
        let secret = token.split_once(':').map_or(token, |(_, rest)| rest);
        let tail = secret.split_once('-').map_or(secret, |(_, rest)| rest);
        let pieces = [(token, MIN_TOKEN_LENGTH), (secret, MIN_TOKEN_LENGTH), (tail, MIN_TAIL_LENGTH)];
        Self { pieces: pieces.map(|(piece, min_length)| if piece.len() >= min_length { piece } else { "" }) }
    }

    /// Whether `text` contains a part of the token or something like a session token.
    pub(super) fn contains_secret(&self, text: &str) -> bool {
        let is_in_text = |piece: &str| {
            let mut parts = text.as_bytes().windows(piece.len());
            parts.any(|part| part.eq_ignore_ascii_case(piece.as_bytes()))
        };
        let is_session = text.as_bytes().windows(3).any(|part| part == b"eyJ");
        is_session || self.pieces.iter().any(|piece| !piece.is_empty() && is_in_text(piece))
    }

    /// `raw` as one printable line of at most `max_length` characters, without secrets.
    pub(super) fn quote(&self, raw: &str, max_length: usize) -> String {
        let mut text = on_one_line(before_json(raw));
        for piece in self.pieces.iter().filter(|piece| !piece.is_empty()) {
            text = without(&text, piece);
        }
        shortened(&without_secret_words(&text), max_length)
    }
}

/// The part of `text` before any JSON: an error text may itself quote a configuration.
fn before_json(text: &str) -> &str {
    let end = text.find('{').into_iter().chain(text.find("\":")).chain(text.find("\\\"")).min();
    end.map_or(text, |end| &text[..end])
}

/// `text` on one line with single spaces; unprintable characters become U+FFFD.
fn on_one_line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").chars().map(|c| if is_invisible(c) { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

/// `text` with each occurrence of `piece` hidden, whatever its case.
fn without(text: &str, piece: &str) -> String {
    let (lower, piece) = (text.to_ascii_lowercase(), piece.to_ascii_lowercase());
    let mut kept = String::with_capacity(text.len());
    let mut end = 0;
    for (at, found) in lower.match_indices(&piece) {
        kept.push_str(&text[end..at]);
        kept.push_str(HIDDEN);
        end = at + found.len();
    }
    kept.push_str(&text[end..]);
    kept
}

/// `text` with each word hidden that contains or follows a sign of a secret.
fn without_secret_words(text: &str) -> String {
    let mut words = Vec::new();
    let mut is_after_bearer = false;
    for word in text.split(' ') {
        let bearer = word.to_ascii_lowercase().find("bearer").map(|at| at + "bearer".len());
        if is_after_bearer || word.contains("…secured…") {
            words.push(HIDDEN.to_owned());
            is_after_bearer = bearer.is_some_and(|end| end == word.len());
        } else if let Some(end) = bearer {
            is_after_bearer = !word[end..].contains(char::is_alphanumeric);
            words.push(if is_after_bearer { word.to_owned() } else { format!("{}{HIDDEN}", &word[..end]) });
        } else if let Some(at) = word.find("eyJ") {
            words.push(format!("{}{HIDDEN}", &word[..at]));
        } else if word.contains("//") && word.contains('@') {
            words.push(HIDDEN.to_owned());
        } else {
            words.push(without_opaque_runs(word));
        }
    }
    words.join(" ")
}

/// `word` without its long unbroken runs: keys, identifiers, query strings.
fn without_opaque_runs(word: &str) -> String {
    let is_in_run = |c: char| c.is_ascii_alphanumeric() || "_-=+%&~".contains(c);
    let mut kept = String::with_capacity(word.len());
    let mut rest = word;
    while !rest.is_empty() {
        let (run, after) = rest.split_at(rest.find(|c| !is_in_run(c)).unwrap_or(rest.len()));
        let is_opaque = run.len() >= MIN_OPAQUE_LENGTH && run.contains(|c: char| c.is_ascii_digit());
        kept.push_str(if is_opaque { HIDDEN } else { run });
        let (between, next) = after.split_at(after.find(is_in_run).unwrap_or(after.len()));
        kept.push_str(between);
        rest = next;
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "user:1234-abcDEF567890";

    #[test]
    fn possible_secrets_are_hidden_and_the_rest_is_kept() {
        for (raw, quoted) in [
            ("Session expired at 2026-11-23T07:15:00.123Z", "Session expired at 2026-11-23T07:15:00.123Z"),
            (
                "see https://useapi.net/docs/start-here/setup-minimax",
                "see https://useapi.net/docs/start-here/setup-minimax",
            ),
            ("token user:1234-abcDEF567890 is bad", "token [redacted] is bad"),
            ("token USER:1234-ABCDEF567890, bad", "token [redacted], bad"),
            ("x1234-abcDEF567890y", "x[redacted]y"),
            ("only abcDEF567890", "only [redacted]"),
            ("Bearer s3cret failed", "Bearer [redacted] failed"),
            ("Authorization:\n  bearer\ts3cret", "Authorization: bearer [redacted]"),
            ("Bearer=s3cret", "Bearer[redacted]"),
            ("Bearer%20s3cret x", "Bearer[redacted] x"),
            ("Bearer: s3cret x", "Bearer: [redacted] x"),
            ("jwt eyJhbGciOi.J9.x expired", "jwt [redacted] expired"),
            ("jwt=eyJhbGciOi.J9.x", "jwt=[redacted]"),
            ("abc…secured…xyz", "[redacted]"),
            ("proxy http://me:pw@host/ failed", "proxy [redacted] failed"),
            ("uuid b5df53d1-4c0d-4c77-8422-87e3f3b1a1d6.", "uuid [redacted]."),
            ("device_platform=web&app_id=3001&unix=17", "[redacted]"),
            (r#"failed: {"token":"s3cret"}"#, "failed:"),
            (r#"failed: "token":"s3cret""#, r#"failed: "token"#),
            ("a\u{0}b\u{202e}c\u{200b}d\u{7f}", "a\u{fffd}b\u{fffd}c\u{fffd}d\u{fffd}"),
            ("  a \r\n\t b\u{a0}\u{2028}c ", "a b c"),
            ("", ""),
        ] {
            assert_eq!(Redactor::new(TOKEN).quote(raw, MAX_QUOTE), quoted, "{raw:?}");
        }
    }

    #[test]
    fn quotation_is_shortened_after_secrets_are_hidden() {
        let raw = format!("{} {TOKEN} {}", "a".repeat(185), "b".repeat(300));
        let quoted = Redactor::new(TOKEN).quote(&raw, MAX_QUOTE);
        assert_eq!(quoted.chars().count(), MAX_QUOTE);
        assert!(!quoted.contains("1234"), "{quoted}");
        assert_eq!(Redactor::new(TOKEN).quote(&"ß ".repeat(150), 10).chars().count(), 10);
    }

    #[test]
    fn token_of_another_form_is_hidden_too() {
        for token in ["plainsecret", "user:x", "a:b:c-d-e", ":::-", "-", ""] {
            let quoted = Redactor::new(token).quote(&format!("so {token} it is"), MAX_QUOTE);
            assert!(token.len() < MIN_TOKEN_LENGTH || !quoted.contains(token), "{token}: {quoted}");
        }
    }
}
