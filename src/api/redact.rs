//! What may be quoted of what the vendor said, and how it is made fit to print.
//!
//! Promises: a quoted text is one printable line of bounded length, without the API token it was asked with, without
//! anything that looks like a session token, a bearer header, a fingerprint or a piece of a configuration. It hides
//! rather too much. Leaves the choice of what is worth quoting to `classify`.

use crate::domain::text::is_unseen;

/// What stands in place of what was hidden.
const HIDDEN: &str = "[redacted]";
/// The longest text that an observation carries, in characters.
pub(super) const LONGEST_QUOTE: usize = 200;
/// An unbroken run of this many characters, with a digit in it, is taken for an identifier or a key.
const SHORTEST_OPAQUE: usize = 18;
/// A shorter token would hide ordinary words.
const SHORTEST_TOKEN: usize = 4;
/// So would a shorter end of one.
const SHORTEST_TAIL: usize = 8;

/// Knows the token of the request whose answer is quoted.
pub(super) struct Redactor {
    /// The token and its telling parts, longest first, in small letters.
    pieces: Vec<String>,
}

impl Redactor {
    /// For answers to requests made with `token` (`user:<digits>-<alphanumerics>`).
    pub(super) fn new(token: &str) -> Self {
        let secret = token.split_once(':').map_or(token, |(_, rest)| rest);
        let tail = secret.split_once('-').map_or(secret, |(_, rest)| rest);
        let mut pieces = vec![(token, SHORTEST_TOKEN), (secret, SHORTEST_TOKEN), (tail, SHORTEST_TAIL)];
        pieces.retain(|(piece, shortest)| piece.len() >= *shortest);
        Self { pieces: pieces.into_iter().map(|(piece, _)| piece.to_ascii_lowercase()).collect() }
    }

    /// Whether `text` holds a piece of the token or something like a session token.
    pub(super) fn finds_secret(&self, text: &str) -> bool {
        let is_in_text = |piece: &String| {
            let mut parts = text.as_bytes().windows(piece.len());
            parts.any(|part| part.eq_ignore_ascii_case(piece.as_bytes()))
        };
        text.contains("eyJ") || self.pieces.iter().any(is_in_text)
    }

    /// `raw` as one printable line of at most `longest` characters, without secrets.
    pub(super) fn quote(&self, raw: &str, longest: usize) -> String {
        let mut text = fold(before_json(raw));
        for piece in &self.pieces {
            text = without(&text, piece);
        }
        cut(&without_secret_words(&text), longest)
    }
}

/// Whether a character shows as itself: no control, no direction override, nothing invisible.
pub(super) fn is_printable(character: char) -> bool {
    !is_unseen(character)
}

/// The part of `text` before any piece of JSON: an error text may itself quote a configuration.
fn before_json(text: &str) -> &str {
    let end = text.find('{').into_iter().chain(text.find("\":")).chain(text.find("\\\"")).min();
    end.map_or(text, |end| &text[..end])
}

/// One line, single spaces, what does not print replaced.
fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !folded.is_empty() {
            folded.push(' ');
        }
        folded.extend(word.chars().map(|c| if is_printable(c) { c } else { char::REPLACEMENT_CHARACTER }));
    }
    folded
}

/// `text` with every occurrence of `piece`, which is in small letters, hidden in whatever case it is written.
fn without(text: &str, piece: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let mut kept = String::with_capacity(text.len());
    let mut from = 0;
    for (at, found) in lower.match_indices(piece) {
        kept.push_str(&text[from..at]);
        kept.push_str(HIDDEN);
        from = at + found.len();
    }
    kept.push_str(&text[from..]);
    kept
}

/// `text` with each word hidden that is, or follows, a sign of a secret.
fn without_secret_words(text: &str) -> String {
    let mut words = Vec::new();
    let mut after_bearer = false;
    for word in text.split(' ') {
        let bearer = word.to_ascii_lowercase().find("bearer").map(|at| at + "bearer".len());
        if after_bearer || word.contains("…secured…") {
            words.push(HIDDEN.to_owned());
            after_bearer = bearer.is_some_and(|end| end == word.len());
        } else if let Some(end) = bearer {
            after_bearer = !word[end..].contains(char::is_alphanumeric);
            words.push(if after_bearer { word.to_owned() } else { format!("{}{HIDDEN}", &word[..end]) });
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

/// `word` with its long unbroken runs hidden: keys, identifiers, query strings.
fn without_opaque_runs(word: &str) -> String {
    let in_run = |c: char| c.is_ascii_alphanumeric() || "_-=+%&~".contains(c);
    let mut kept = String::with_capacity(word.len());
    let mut rest = word;
    while !rest.is_empty() {
        let (run, after) = rest.split_at(rest.find(|c| !in_run(c)).unwrap_or(rest.len()));
        let opaque = run.len() >= SHORTEST_OPAQUE && run.contains(|c: char| c.is_ascii_digit());
        kept.push_str(if opaque { HIDDEN } else { run });
        let (between, next) = after.split_at(after.find(in_run).unwrap_or(after.len()));
        kept.push_str(between);
        rest = next;
    }
    kept
}

fn cut(text: &str, longest: usize) -> String {
    if text.chars().count() <= longest {
        return text.to_owned();
    }
    let kept: String = text.chars().take(longest.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "user:1234-abcDEF567890";

    #[test]
    fn what_could_be_a_secret_is_hidden_and_the_rest_stays() {
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
            assert_eq!(Redactor::new(TOKEN).quote(raw, LONGEST_QUOTE), quoted, "{raw:?}");
        }
    }

    #[test]
    fn a_quote_is_cut_after_the_secrets_are_gone_not_through_them() {
        let raw = format!("{} {TOKEN} {}", "a".repeat(185), "b".repeat(300));
        let quoted = Redactor::new(TOKEN).quote(&raw, LONGEST_QUOTE);
        assert_eq!(quoted.chars().count(), LONGEST_QUOTE);
        assert!(!quoted.contains("1234"), "{quoted}");
        assert_eq!(Redactor::new(TOKEN).quote(&"ß ".repeat(150), 10).chars().count(), 10);
    }

    #[test]
    fn a_token_of_another_form_is_hidden_too() {
        for token in ["plainsecret", "user:x", "a:b:c-d-e", ":::-", "-", ""] {
            let quoted = Redactor::new(token).quote(&format!("so {token} it is"), LONGEST_QUOTE);
            assert!(token.len() < SHORTEST_TOKEN || !quoted.contains(token), "{token}: {quoted}");
        }
    }
}
