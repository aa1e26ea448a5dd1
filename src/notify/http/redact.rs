//! Redacts what must not be quoted of a receiver, such as its address after the host, its headers and its signing secrets.

/// Shorter words occur in any text and are not redacted.
const MIN_WORD: usize = 4;

/// `secrets` as [`redact`] takes them: without short ones, and the longest first, so that no part of a longer one remains.
pub(super) fn words(secrets: impl Iterator<Item = String>) -> Vec<String> {
    let mut words: Vec<String> = secrets.filter(|word| word.chars().count() >= MIN_WORD).collect();
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    words
}

/// `text` without `words`. Other encodings of a secret are not recognised.
pub(super) fn redact(text: &str, words: &[String]) -> String {
    words.iter().fold(text.to_owned(), |text, word| text.replace(word.as_str(), "…"))
}
