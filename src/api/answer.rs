//! An answer as it came, and what may be said of a body that says nothing by itself.
//!
//! Promises: pure; a body that could be a configuration, or a piece of one, is described and never quoted, whatever
//! the status. Leaves the meaning to `classify`.

use serde_json::error::Category;

use super::redact::Redactor;
use super::wire::Value;

/// The longest piece of a body that is not JSON.
const LONGEST_EXCERPT: usize = 120;
/// Signs that a text could be a piece of a configuration, also when escaped for HTML or a URL.
const SIGNS_OF_JSON: [&str; 10] = ["{", "}", "\"", "&quot;", "&#", "&lcub;", "%7b", "%22", "\\u00", "&amp;"];

/// An answer as received.
pub(super) struct Answer {
    /// The status, registered or not.
    pub(super) status: u16,
    /// `Retry-After`, when there is a readable one.
    pub(super) retry_after: Option<String>,
    /// `Content-Type`, when there is a readable one.
    pub(super) content_type: Option<String>,
    /// What followed.
    pub(super) body: Body,
}

/// A body, as far as it came.
pub(super) enum Body {
    /// All of it, decoded.
    Whole(Vec<u8>),
    /// More than this many bytes, decoded; the rest was not read.
    TooLarge(usize),
    /// It came, but what it was compressed with cannot be undone.
    Undecodable,
    /// It did not come whole, and why, in words.
    Cut(String),
}

impl Body {
    /// The bytes, if all are there.
    pub(super) fn whole(&self) -> Option<&[u8]> {
        if let Self::Whole(bytes) = self { Some(bytes) } else { None }
    }
}

/// What came of reading a body.
pub(super) type Read<T> = Result<Value<T>, serde_json::Error>;

/// The telling part of a body that is not JSON, unless it could be a piece of a configuration.
pub(super) fn excerpt(body: &Body, redactor: &Redactor) -> Option<String> {
    let text = String::from_utf8_lossy(body.whole()?);
    let text = text.trim_start_matches('\u{feff}').trim();
    let telling =
        if text.starts_with('<') { title(text).unwrap_or_else(|| untagged(text)) } else { text.into() };
    let lower = telling.to_ascii_lowercase();
    let harmless = !telling.trim().is_empty() && !SIGNS_OF_JSON.iter().any(|sign| lower.contains(sign));
    harmless.then(|| redactor.quote(&telling, LONGEST_EXCERPT))
}

/// The body from the outside: what it is, how large, where it breaks; no word of it. `read` is what came of reading it.
pub(super) fn describe<T>(answer: &Answer, read: Option<&Read<T>>) -> String {
    let bytes = match &answer.body {
        Body::Whole(bytes) => bytes,
        Body::TooLarge(limit) => return larger(*limit),
        Body::Undecodable => return "a body with broken chunks or compression".to_owned(),
        Body::Cut(why) => return why.clone(),
    };
    let size = grouped(bytes.len());
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return "an empty body".to_owned();
    }
    let broken = match read {
        Some(Err(broken)) => broken,
        Some(Ok(value)) => return format!("JSON, {}, {size} bytes", value.kind()),
        None => return format!("{}, {size} bytes", media_type(answer)),
    };
    let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace() && byte.is_ascii());
    let looks_like_json = first.is_some_and(|first| b"{[\"".contains(first));
    match broken.classify() {
        Category::Eof if looks_like_json => format!("JSON cut short at byte {size}"),
        Category::Syntax if looks_like_json => {
            format!("broken JSON, line {} column {}", broken.line(), broken.column())
        }
        Category::Eof | Category::Syntax | Category::Data | Category::Io => {
            format!("not JSON but {}, {size} bytes", media_type(answer))
        }
    }
}

/// What is not read to its end, in words.
pub(super) fn larger(limit: usize) -> String {
    format!("a body larger than {} bytes", grouped(limit))
}

/// The media type, if it reads like one.
fn media_type(answer: &Answer) -> &str {
    let essence = answer.content_type.as_deref().and_then(|value| value.split(';').next()).map(str::trim);
    let plain = |c: char| c.is_ascii_lowercase() || "/+.-".contains(c);
    essence
        .filter(|text| text.len() <= 40 && text.contains('/') && text.chars().all(plain))
        .unwrap_or("something unnamed")
}

/// `1234567` as `1,234,567`.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The text of an HTML page's `<title>`, if it has one.
fn title(html: &str) -> Option<String> {
    let lower = html.to_ascii_lowercase();
    let start = lower.find("<title")?;
    let start = start + lower[start..].find('>')? + 1;
    let end = start + lower[start..].find('<')?;
    Some(html[start..end].trim().to_owned()).filter(|title| !title.is_empty())
}

/// `html` without its tags.
fn untagged(html: &str) -> String {
    html.split('<')
        .map(|piece| piece.split_once('>').map_or("", |(_, text)| text))
        .collect::<Vec<_>>()
        .join(" ")
}
