//! A receiver's response, parsed as leniently as possible: the status line decides, the rest is for people.
//!
//! Guarantees: pure; keeps at most [`MAX_RESPONSE`] bytes, or those of [`Response::up_to`], and reads each once, in whatever pieces they arrive; skips interim
//! responses (1xx). Broken headers, lengths and chunks, and a head that breaks off or never ends, do not hide a status line.

use chrono::TimeDelta;
use serde_json::Value;

use crate::domain::retry_after;
use crate::domain::time::Timestamp;

/// Characters quoted from a response.
pub(in crate::notify) const MAX_EXCERPT: usize = 120;

/// Bytes kept of one response, interim ones included, unless its caller needs all of it: far more than real headers, and than a person reads of a body.
pub(super) const MAX_RESPONSE: usize = 64 * 1024;

/// What the next bytes belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    StatusLine,
    /// The head of an interim response.
    Interim,
    Head,
    Body,
    /// The bytes are not HTTP.
    Garbage,
}

/// The beginning of a response.
#[derive(Debug)]
pub(in crate::notify) struct Response {
    /// How many bytes are kept.
    limit: usize,
    bytes: Vec<u8>,
    /// Where the current line, or the body, begins.
    begin: usize,
    /// Up to where a line end was searched for.
    scanned: usize,
    part: Part,
    /// The final status, as soon as its line has arrived.
    pub(in crate::notify) status: Option<u16>,
    /// `Retry-After` as it was sent; of several headers of one name, the first counts.
    pub(super) retry_after: Option<String>,
    /// `Content-Type` as it was sent.
    pub(super) content_type: Option<String>,
    content_length: Option<usize>,
    is_chunked: bool,
}

impl Default for Response {
    fn default() -> Self {
        Self::up_to(MAX_RESPONSE)
    }
}

impl Response {
    /// A response of which `limit` bytes are kept.
    pub(in crate::notify) const fn up_to(limit: usize) -> Self {
        Self {
            limit,
            bytes: Vec::new(),
            begin: 0,
            scanned: 0,
            part: Part::StatusLine,
            status: None,
            retry_after: None,
            content_type: None,
            content_length: None,
            is_chunked: false,
        }
    }

    /// Appends `bytes`, as far as there is room.
    pub(in crate::notify) fn feed(&mut self, bytes: &[u8]) {
        let room = self.limit.saturating_sub(self.bytes.len());
        self.bytes.extend(bytes.iter().take(room));
        self.parse();
    }

    /// No more bytes will come: a status line that broke off after its code counts.
    pub(in crate::notify) fn end(&mut self) {
        let line = self.bytes.get(self.begin..).unwrap_or_default();
        let is_http = line.starts_with(b"HTTP/") || b"HTTP/".starts_with(line);
        let is_cut_before_code = !self.is_full() && is_http && status_code(line).is_none();
        if self.part == Part::StatusLine && !is_cut_before_code {
            self.bytes.push(b'\n');
            self.parse();
        }
    }

    pub(super) fn is_garbage(&self) -> bool {
        self.part == Part::Garbage
    }

    /// Whether the head has ended.
    pub(super) fn has_head(&self) -> bool {
        self.part == Part::Body
    }

    pub(super) const fn is_full(&self) -> bool {
        self.bytes.len() >= self.limit
    }

    /// Whether all of it has arrived, judged by its declared length.
    pub(in crate::notify) fn is_complete(&self) -> bool {
        let raw = self.raw_body();
        let has_length = || match self.content_length {
            _ if self.is_chunked => raw.ends_with(b"0\r\n\r\n"),
            length => length.is_some_and(|length| raw.len() >= length),
        };
        self.has_head() && (matches!(self.status, Some(204 | 304)) || has_length())
    }

    /// The body as far as it has arrived.
    pub(in crate::notify) fn body(&self) -> Vec<u8> {
        let raw = self.raw_body();
        if self.is_chunked {
            without_chunks(raw)
        } else {
            raw.iter().take(self.content_length.unwrap_or(usize::MAX)).copied().collect()
        }
    }

    /// The body as JSON, if it is.
    pub(in crate::notify) fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body()).ok()
    }

    /// Whether a whole body arrived that is not JSON, as a proxy's page is. One that broke off says nothing.
    pub(in crate::notify) fn is_other_than_json(&self) -> bool {
        self.is_complete() && self.json().is_none()
    }

    /// The pause that `Retry-After` asks for, counted from `now`.
    pub(in crate::notify) fn pause(&self, now: Timestamp) -> Option<TimeDelta> {
        retry_after::wait(self.retry_after.as_deref()?, now)
    }

    fn raw_body(&self) -> &[u8] {
        if self.has_head() { self.bytes.get(self.begin..).unwrap_or_default() } else { &[] }
    }

    fn parse(&mut self) {
        while !matches!(self.part, Part::Body | Part::Garbage)
            && let Some(line) = self.next_line()
        {
            self.part = match (self.part, line.as_slice()) {
                // Clients should skip empty lines before the status line (RFC 9112, section 2.2).
                (Part::StatusLine | Part::Interim, []) => Part::StatusLine,
                (Part::StatusLine, line) => match status_code(line) {
                    // 101 ends HTTP on the connection, and no other protocol was requested.
                    Some(code @ 100..200) if code != 101 => Part::Interim,
                    Some(code) => {
                        self.status = Some(code);
                        Part::Head
                    }
                    None => Part::Garbage,
                },
                (Part::Head, []) => Part::Body,
                (Part::Head, line) => {
                    self.read_header(line);
                    Part::Head
                }
                (part @ (Part::Interim | Part::Body | Part::Garbage), _) => part,
            };
        }
    }

    /// The current line without its end, if it is complete.
    fn next_line(&mut self) -> Option<Vec<u8>> {
        let unread = self.bytes.get(self.scanned..)?;
        let Some(length) = unread.iter().position(|byte| *byte == b'\n') else {
            self.scanned = self.bytes.len();
            return None;
        };
        let end = self.scanned + length;
        let line = self.bytes.get(self.begin..end)?;
        let line = line.strip_suffix(b"\r").unwrap_or(line).to_vec();
        (self.begin, self.scanned) = (end + 1, end + 1);
        Some(line)
    }

    fn read_header(&mut self, line: &[u8]) {
        let line = String::from_utf8_lossy(line);
        let Some((name, value)) = line.split_once(':') else { return };
        let value = value.trim();
        match name.trim().to_ascii_lowercase().as_str() {
            "retry-after" => drop(self.retry_after.get_or_insert_with(|| value.to_owned())),
            "content-type" => drop(self.content_type.get_or_insert_with(|| value.to_owned())),
            "content-length" => self.content_length = self.content_length.or_else(|| value.parse().ok()),
            "transfer-encoding" => self.is_chunked |= value.eq_ignore_ascii_case("chunked"),
            _ => {}
        }
    }
}

/// The code in a status line (RFC 9112, section 4) of any version, with any white space and any reason phrase or none.
fn status_code(line: &[u8]) -> Option<u16> {
    let line = String::from_utf8_lossy(line);
    let (version, rest) = line.strip_prefix("HTTP/")?.split_once([' ', '\t'])?;
    let is_version =
        (1..=3).contains(&version.len()) && version.chars().all(|c| c.is_ascii_digit() || c == '.');
    let code = rest.split_whitespace().next().filter(|code| is_version && code.len() == 3)?;
    code.parse().ok().filter(|code| *code >= 100)
}

/// The content of `raw` as far as its chunks (RFC 9112, section 7.1) are valid; the rest unchanged.
fn without_chunks(mut raw: &[u8]) -> Vec<u8> {
    let mut content = Vec::new();
    while let Some(end) = raw.iter().position(|byte| *byte == b'\n') {
        let (line, rest) = raw.split_at(end + 1);
        let line = String::from_utf8_lossy(line);
        let size = line.split(';').next().unwrap_or_default().trim();
        match usize::from_str_radix(size, 16) {
            Err(_) => break,
            Ok(0) => return content,
            Ok(size) => {
                let (chunk, rest) = rest.split_at(size.min(rest.len()));
                content.extend_from_slice(chunk);
                raw = rest.strip_prefix(b"\r\n").unwrap_or(rest);
            }
        }
    }
    content.extend_from_slice(raw);
    content
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn response_does_not_depend_on_the_pieces_it_arrives_in(
            parts in proptest::collection::vec(
                prop_oneof![
                    Just("HTTP/1.1 "), Just("200"), Just("100"), Just("503 No"), Just("\r\n"), Just("\n"), Just("\r"),
                    Just("content-length: "), Just("transfer-encoding: chunked"), Just("retry-after"), Just(":"), Just(" "),
                    Just("3"), Just("\u{fc}"), Just("\0"),
                ],
                0..30,
            ),
            size in 1_usize..20,
        ) {
            let bytes = parts.concat().into_bytes();
            let whole = response(&bytes);
            let mut pieces = Response::default();
            bytes.chunks(size).for_each(|piece| pieces.feed(piece));
            pieces.end();
            let read = |response: &Response| (response.status, response.is_garbage(), response.is_complete(), response.body());
            prop_assert_eq!(read(&whole), read(&pieces));
        }
    }

    fn response(bytes: &[u8]) -> Response {
        let mut response = Response::default();
        response.feed(bytes);
        response.end();
        response
    }

    #[test]
    fn status_is_the_same_however_the_bytes_arrive() {
        let whole =
            b"\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 503 No\r\nRetry-After : 7\r\n\r\nbody";
        let mut dripped = Response::default();
        for byte in whole {
            dripped.feed(&[*byte]);
        }
        for response in [response(whole), dripped] {
            assert_eq!((response.status, response.retry_after.as_deref()), (Some(503), Some("7")));
            assert_eq!(response.body(), b"body");
        }
    }

    #[test]
    fn code_counts_once_its_line_has_ended() {
        for (line, expected) in [
            ("", None),
            ("HTTP/1.1 20", None),
            ("HTTP/1.1 200", Some(200)),
            ("HTTP/1.1 200 ", Some(200)),
            ("HTTP/1.1 200\r", Some(200)),
            ("HTTP/1.1 200\n", Some(200)),
            ("HTTP/1.0 204 No Content\r\n", Some(204)),
            ("HTTP/2 599 f\u{fc}r\r\n", Some(599)),
            ("HTTP/1.1 \t 200 OK\n", Some(200)),
            ("HTTP/1.1 2000 OK\r\n", None),
            ("HTTP/1.1 20 OK\r\n", None),
            ("HTTP/1.1 20\r\n", None),
            ("HTTP/1.1 099 OK\r\n", None),
            ("HTTP/1.1 +99 OK\r\n", None),
            ("HTTP/1.1 200OK\r\n", None),
            ("HTTP/1.1200 OK\r\n", None),
            ("HTTP/ 200 OK\r\n", None),
            ("HTTP/1.1\r\n", None),
            (" HTTP/1.1 200 OK\r\n", None),
            ("HTTPS/1.1 200 OK\r\n", None),
            ("220 mail.example.com ESMTP\r\n", None),
            ("\u{16}\u{3}\u{1}", None),
            ("\r\n", None),
            ("\rHTTP/1.1 200 OK\r\n", None),
        ] {
            let response = response(line.as_bytes());
            assert_eq!(response.status, expected, "{line:?}");
            let has_ended = line.ends_with('\n') || !line.starts_with("HTTP/");
            let is_garbage = expected.is_none() && has_ended && !line.trim().is_empty();
            assert_eq!(response.is_garbage(), is_garbage, "{line:?}");
        }
    }

    #[test]
    fn interim_response_has_no_status() {
        for interim in ["100 Continue\r\n\r\n", "103 x\r\na: b\r\n\r\n", "100\n\n", "102 Processing\r\n"] {
            assert_eq!(response(format!("HTTP/1.1 {interim}").as_bytes()).status, None, "{interim}");
        }
        let hidden = response(b"HTTP/1.1 100 x\r\nHTTP/1.1 200 OK\r\n\r\ngarbage");
        assert!(
            hidden.status.is_none() && hidden.is_garbage(),
            "a header of an interim response is not a status"
        );
        assert_eq!(response(b"HTTP/1.1 101 Switching Protocols\r\n\r\n").status, Some(101));
    }

    #[test]
    fn response_is_kept_up_to_its_limit() {
        let mut response = Response::default();
        response.feed(b"HTTP/1.1 200 OK\r\n");
        for _ in 0..1000 {
            response.feed(&[b'a'; 1000]);
        }
        assert!(response.is_full() && response.bytes.len() == MAX_RESPONSE);
        assert_eq!((response.status, response.has_head()), (Some(200), false));
    }

    #[test]
    fn body_ends_where_its_length_or_chunks_say() {
        for (head, body, expected, is_complete) in [
            ("content-length: 3", "abcdef", "abc", true),
            ("content-length: 9", "abcdef", "abcdef", false),
            ("content-length: -1", "abcdef", "abcdef", false),
            ("x: y", "abcdef", "abcdef", false),
            ("Transfer-Encoding: chunked", "3;a=b\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", "abcde", true),
            ("transfer-encoding: chunked", "3\r\nabc\r\nZZ\r\nde", "abcZZ\r\nde", false),
            ("transfer-encoding: chunked", "ffffffffffffffff\r\nabc", "abc", false),
            ("transfer-encoding: chunked", "-3\r\nabc", "-3\r\nabc", false),
        ] {
            let response = response(format!("HTTP/1.1 400 x\r\n{head}\r\n\r\n{body}").as_bytes());
            assert_eq!(String::from_utf8_lossy(&response.body()), expected, "{head} {body}");
            assert_eq!(response.is_complete(), is_complete, "{head} {body}");
        }
    }
}
