//! Redacts what must not be quoted of a receiver: its address after the host, its headers and its signing secrets.

use percent_encoding::percent_decode_str;
use secrecy::ExposeSecret;
use url::Url;

use crate::config::Webhook;

/// Shorter words occur in any text and are not redacted.
const MIN_WORD: usize = 4;

/// `text` without the secrets of `webhook`, whose address is `url`. Many servers repeat the path that they did not find, and
/// some the secret that they compared. Other encodings of a secret are not recognised.
pub(super) fn redact(text: &str, url: &Url, webhook: &Webhook) -> String {
    let queries = url.query_pairs().flat_map(|(name, value)| [name.into_owned(), value.into_owned()]);
    let segments = url.path_segments().into_iter().flatten().map(str::to_owned);
    let whole = [url.path().to_owned(), url.query().unwrap_or_default().to_owned()];
    let login = [url.username().to_owned(), url.password().unwrap_or_default().to_owned()];
    let keys = webhook.signing.iter().map(|secret| {
        let secret = secret.expose_secret();
        // Some encoders omit the padding.
        secret.strip_prefix("whsec_").unwrap_or(secret).trim_end_matches('=').to_owned()
    });
    let headers = webhook.headers.iter().flat_map(|(_, secret)| {
        let value = secret.value.expose_secret();
        std::iter::once(value).chain(value.split_whitespace()).map(str::to_owned)
    });
    let mut words: Vec<String> = whole
        .into_iter()
        .chain(headers)
        .chain(keys)
        .chain(segments.chain(queries).chain(login).flat_map(|word| {
            let decoded = percent_decode_str(&word).decode_utf8_lossy().into_owned();
            [word, decoded]
        }))
        .filter(|word| word.chars().count() >= MIN_WORD)
        .collect();
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    words.iter().fold(text.to_owned(), |text, word| text.replace(word.as_str(), "…"))
}
