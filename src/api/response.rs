//! A response as it was received, and the description of a body that cannot be used.
//!
//! Guarantees: pure. A body that could be a configuration, or a part of one, is described and never quoted, whatever the status.
//! Leaves the meaning to `classify`.

use serde_json::error::Category;

use super::redact::Redactor;
use super::wire::Value;
use crate::domain::observation::Outcome;

/// Characters that are quoted of a body that is not JSON.
const MAX_EXCERPT: usize = 120;
/// Signs that a text could be part of a configuration, also when escaped for HTML or a URL.
const SIGNS_OF_JSON: [&str; 10] = ["{", "}", "\"", "&quot;", "&#", "&lcub;", "%7b", "%22", "\\u00", "&amp;"];

pub(super) struct Response {
    /// Any number of three digits, registered or not.
    pub(super) status: u16,
    /// `Retry-After`, if it is text.
    pub(super) retry_after: Option<String>,
    /// `Content-Type`, if it is text.
    pub(super) content_type: Option<String>,
    /// All bytes, decompressed; or why they did not arrive.
    pub(super) body: Result<Vec<u8>, ReadFailure>,
}

/// Why there is no response, or no body, that can be read.
#[derive(Clone, Debug)]
pub(super) struct ReadFailure {
    /// What it means where the status is 200 or missing.
    pub(super) outcome: Outcome,
    /// Not yet redacted.
    pub(super) reason: String,
}

pub(super) type ParsedBody = Result<Value, serde_json::Error>;

/// The informative part of a body that is not JSON, unless it could be part of a configuration.
pub(super) fn excerpt(response: &Response, redactor: &Redactor<'_>) -> Option<String> {
    let text = String::from_utf8_lossy(response.body.as_ref().ok()?);
    let text = text.trim_start_matches('\u{feff}').trim();
    let message = if text.starts_with('<') {
        html_title(text).unwrap_or_else(|| without_tags(text))
    } else {
        text.into()
    };
    let lower = message.to_ascii_lowercase();
    let is_harmless = !message.trim().is_empty() && !SIGNS_OF_JSON.iter().any(|sign| lower.contains(sign));
    is_harmless.then(|| redactor.quote(&message, MAX_EXCERPT))
}

/// The body's type, its size and where it breaks, without a word of its content.
pub(super) fn describe(response: &Response, parsed: Option<&ParsedBody>) -> String {
    let bytes = match &response.body {
        Ok(bytes) => bytes,
        Err(failure) => return failure.reason.clone(),
    };
    let size = with_commas(bytes.len());
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return "an empty body".to_owned();
    }
    let error = match parsed {
        Some(Err(error)) => error,
        Some(Ok(value)) => return format!("JSON, {}, {size} bytes", value.kind()),
        None => return format!("{}, {size} bytes", media_type(response)),
    };
    let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace() && byte.is_ascii());
    let looks_like_json = first.is_some_and(|first| b"{[\"".contains(first));
    match error.classify() {
        Category::Eof if looks_like_json => format!("JSON cut short at byte {size}"),
        Category::Syntax if looks_like_json => {
            format!("broken JSON, line {} column {}", error.line(), error.column())
        }
        Category::Eof | Category::Syntax | Category::Data | Category::Io => match media_type(response) {
            json if json.ends_with("json") => format!("not valid JSON (content type {json}), {size} bytes"),
            other => format!("not JSON but {other}, {size} bytes"),
        },
    }
}

pub(super) fn larger_than(limit: usize) -> String {
    format!("a body larger than {} bytes", with_commas(limit))
}

/// The media type, if it reads like one.
fn media_type(response: &Response) -> &str {
    let essence = response.content_type.as_deref().and_then(|value| value.split(';').next()).map(str::trim);
    let is_plain = |c: char| c.is_ascii_lowercase() || "/+.-".contains(c);
    essence
        .filter(|text| text.len() <= 40 && text.contains('/') && text.chars().all(is_plain))
        .unwrap_or("an unnamed type")
}

/// `1234567` as `1,234,567`.
pub(super) fn with_commas(number: usize) -> String {
    let digits = number.to_string();
    let groups: Vec<&[u8]> = digits.as_bytes().rchunks(3).rev().collect();
    String::from_utf8_lossy(&groups.join(&b',')).into_owned()
}

/// The text of an HTML page's `<title>`, if it has one.
fn html_title(html: &str) -> Option<String> {
    let lower = html.to_ascii_lowercase();
    let start = lower.find("<title")?;
    let start = start + lower[start..].find('>')? + 1;
    let end = start + lower[start..].find('<')?;
    Some(html[start..end].trim().to_owned()).filter(|title| !title.is_empty())
}

fn without_tags(html: &str) -> String {
    html.split('<')
        .map(|piece| piece.split_once('>').map_or("", |(_, text)| text))
        .collect::<Vec<_>>()
        .join(" ")
}
