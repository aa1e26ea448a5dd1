//! What a receiver answered, read as leniently as possible: the status line decides, the rest is for people.
//!
//! Guarantees: pure; at most [`MAX_ANSWER`] bytes are kept, each looked at once, however they arrive; interim answers (1xx) are passed
//! over. Broken headers, lengths and chunks, a head that breaks off or never ends: none of them hides a status line.

use super::status_line::{StatusLine, parse};

/// Bytes of one answer, interim ones included: real heads have a few KiB, and more of a body than a person reads.
pub(super) const MAX_ANSWER: usize = 64 * 1024;

/// What the next bytes are part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    StatusLine,
    /// The head of an interim answer.
    Interim,
    Head,
    Body,
    /// What is no HTTP.
    Garbage,
}

/// The beginning of an answer.
#[derive(Debug)]
pub(super) struct Answer {
    bytes: Vec<u8>,
    /// Where the current line, or the body, begins.
    begin: usize,
    /// How far a line's end was looked for.
    scanned: usize,
    part: Part,
    /// The final status.
    status: Option<u16>,
    /// The first of each name, as text.
    retry_after: Option<String>,
    content_type: Option<String>,
    content_length: Option<usize>,
    is_chunked: bool,
}

impl Answer {
    pub(super) const fn new() -> Self {
        Self {
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

    /// Takes `bytes`, as far as there is room.
    pub(super) fn feed(&mut self, bytes: &[u8]) {
        let room = MAX_ANSWER.saturating_sub(self.bytes.len());
        self.bytes.extend(bytes.iter().take(room));
        self.advance();
    }

    /// No more will come: a status line that broke off behind its code is one.
    pub(super) fn end(&mut self) {
        if self.part == Part::StatusLine {
            self.bytes.push(b'\n');
            self.advance();
        }
    }

    /// The final status, as soon as it was said.
    pub(super) const fn status(&self) -> Option<u16> {
        self.status
    }

    /// Whether what came is no HTTP.
    pub(super) fn is_garbage(&self) -> bool {
        self.part == Part::Garbage
    }

    /// Whether the head has ended.
    pub(super) fn has_head(&self) -> bool {
        self.part == Part::Body
    }

    /// Whether there is no room for more.
    pub(super) const fn is_full(&self) -> bool {
        self.bytes.len() >= MAX_ANSWER
    }

    /// Whether all of it came, by what it says of its length.
    pub(super) fn is_whole(&self) -> bool {
        let raw = self.raw_body();
        self.has_head()
            && (matches!(self.status, Some(204 | 304))
                || if self.is_chunked {
                    raw.ends_with(b"0\r\n\r\n")
                } else {
                    self.content_length.is_some_and(|length| raw.len() >= length)
                })
    }

    /// `Retry-After`, as it was sent.
    pub(super) fn retry_after(&self) -> Option<&str> {
        self.retry_after.as_deref()
    }

    /// `Content-Type`, as it was sent.
    pub(super) fn content_type(&self) -> Option<&str> {
        self.content_type.as_deref()
    }

    /// The body as far as it came.
    pub(super) fn body(&self) -> Vec<u8> {
        let raw = self.raw_body();
        if self.is_chunked {
            without_chunks(raw)
        } else {
            raw.iter().take(self.content_length.unwrap_or(usize::MAX)).copied().collect()
        }
    }

    fn raw_body(&self) -> &[u8] {
        if self.has_head() { self.bytes.get(self.begin..).unwrap_or_default() } else { &[] }
    }

    fn advance(&mut self) {
        loop {
            match self.part {
                Part::Body | Part::Garbage => return,
                Part::StatusLine => match parse(self.bytes.get(self.begin..).unwrap_or_default()) {
                    StatusLine::Partial => return,
                    StatusLine::Garbage => self.part = Part::Garbage,
                    // Servers are allowed to send an empty line too many (RFC 9112, section 2.2).
                    StatusLine::Empty => drop(self.line()),
                    // 101 would be the last answer in this protocol, and nobody asked for another one.
                    StatusLine::Status(code @ 100..200) if code != 101 => self.part = Part::Interim,
                    StatusLine::Status(code) => {
                        self.status = Some(code);
                        self.part = Part::Head;
                    }
                },
                // The first line of both is the status line's rest.
                Part::Interim => match self.line() {
                    None => return,
                    Some(line) if line.is_empty() => self.part = Part::StatusLine,
                    Some(_) => {}
                },
                Part::Head => match self.line() {
                    None => return,
                    Some(line) if line.is_empty() => self.part = Part::Body,
                    Some(line) => self.header(&line),
                },
            }
        }
    }

    /// The current line without its end, if it has ended; then the next one is current.
    fn line(&mut self) -> Option<Vec<u8>> {
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

    fn header(&mut self, line: &[u8]) {
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

/// The content of `raw` as far as its chunks (RFC 9112, section 7.1) can be read; from there on as it is.
fn without_chunks(mut raw: &[u8]) -> Vec<u8> {
    let mut content = Vec::new();
    while let Some(end) = raw.iter().position(|byte| *byte == b'\n') {
        let line = String::from_utf8_lossy(raw.get(..end).unwrap_or_default());
        let size = line.split(';').next().unwrap_or_default().trim();
        let Ok(size) = usize::from_str_radix(size, 16) else { break };
        let rest = raw.get(end + 1..).unwrap_or_default();
        if size == 0 {
            return content;
        }
        let (chunk, rest) = rest.split_at(size.min(rest.len()));
        content.extend_from_slice(chunk);
        raw = rest.strip_prefix(b"\r\n").unwrap_or(rest);
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
        fn the_pieces_of_an_answer_change_nothing_of_what_is_read(
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
            let whole = answer(&bytes);
            let mut pieces = Answer::new();
            bytes.chunks(size).for_each(|piece| pieces.feed(piece));
            pieces.end();
            let read = |answer: &Answer| (answer.status(), answer.is_garbage(), answer.is_whole(), answer.body());
            prop_assert_eq!(read(&whole), read(&pieces));
        }
    }

    fn answer(bytes: &[u8]) -> Answer {
        let mut answer = Answer::new();
        answer.feed(bytes);
        answer.end();
        answer
    }

    #[test]
    fn the_status_is_the_same_however_the_bytes_arrive() {
        let whole =
            b"\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 503 No\r\nRetry-After : 7\r\n\r\nbody";
        let mut dripped = Answer::new();
        for byte in whole {
            dripped.feed(&[*byte]);
        }
        for answer in [answer(whole), dripped] {
            assert_eq!((answer.status(), answer.retry_after()), (Some(503), Some("7")));
            assert_eq!(answer.body(), b"body");
        }
    }

    #[test]
    fn an_interim_answer_is_no_status() {
        for interim in ["100 Continue\r\n\r\n", "103 x\r\na: b\r\n\r\n", "100\n\n", "102 Processing\r\n"] {
            assert_eq!(answer(format!("HTTP/1.1 {interim}").as_bytes()).status(), None, "{interim}");
        }
        let hidden = answer(b"HTTP/1.1 100 x\r\nHTTP/1.1 200 OK\r\n\r\ngarbage");
        assert!(
            hidden.status().is_none() && hidden.is_garbage(),
            "a header of an interim answer is no status"
        );
        assert_eq!(answer(b"HTTP/1.1 101 Switching Protocols\r\n\r\n").status(), Some(101));
    }

    #[test]
    fn an_answer_is_kept_up_to_its_bound() {
        let mut answer = Answer::new();
        answer.feed(b"HTTP/1.1 200 OK\r\n");
        for _ in 0..1000 {
            answer.feed(&[b'a'; 1000]);
        }
        assert!(answer.is_full() && answer.bytes.len() == MAX_ANSWER);
        assert_eq!((answer.status(), answer.has_head()), (Some(200), false));
    }

    #[test]
    fn a_body_ends_where_its_length_or_its_chunks_say() {
        for (head, body, expected, is_whole) in [
            ("content-length: 3", "abcdef", "abc", true),
            ("content-length: 9", "abcdef", "abcdef", false),
            ("content-length: -1", "abcdef", "abcdef", false),
            ("x: y", "abcdef", "abcdef", false),
            ("Transfer-Encoding: chunked", "3;a=b\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", "abcde", true),
            ("transfer-encoding: chunked", "3\r\nabc\r\nZZ\r\nde", "abcZZ\r\nde", false),
            ("transfer-encoding: chunked", "ffffffffffffffff\r\nabc", "abc", false),
            ("transfer-encoding: chunked", "-3\r\nabc", "-3\r\nabc", false),
        ] {
            let answer = answer(format!("HTTP/1.1 400 x\r\n{head}\r\n\r\n{body}").as_bytes());
            assert_eq!(String::from_utf8_lossy(&answer.body()), expected, "{head} {body}");
            assert_eq!(answer.is_whole(), is_whole, "{head} {body}");
        }
    }
}
