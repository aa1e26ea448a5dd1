//! The first line of an answer (RFC 9112, section 4): three digits of it count.
//!
//! Guarantees: pure; tells a line that is not whole yet from one that is none. Any version, some white space between the
//! parts and any reason, also none, is taken.

/// What the bytes of a line begin with.
const NAME: &[u8] = b"HTTP/";

/// Characters of a version: `1.1`, `2`.
const MAX_VERSION: usize = 3;

/// Blanks before the code; one is right, and more are read again with each byte that follows.
const MAX_BLANKS: usize = 16;

/// What the beginning of a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StatusLine {
    /// It may become a status line.
    Partial,
    /// Nothing, ended.
    Empty,
    /// A status line with that code.
    Status(u16),
    /// No status line.
    Garbage,
}

/// Reads `line`, which may lack its end or be followed by others.
pub(super) fn parse(line: &[u8]) -> StatusLine {
    let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    let is_end = |byte: &u8| matches!(byte, b'\r' | b'\n');
    match line {
        [b'\n', ..] | [b'\r', b'\n', ..] => return StatusLine::Empty,
        [] | [b'\r'] => return StatusLine::Partial,
        _ => {}
    }
    let Some(rest) = line.strip_prefix(NAME) else {
        return if NAME.starts_with(line) { StatusLine::Partial } else { StatusLine::Garbage };
    };
    let (version, rest) = split_while(rest, |byte| byte.is_ascii_digit() || *byte == b'.');
    let (blanks, rest) = split_while(rest, is_blank);
    let (code, rest) = split_while(rest, u8::is_ascii_digit);
    let may_go_on = rest.is_empty();
    match (version.len(), blanks.len(), code.len()) {
        (1..=MAX_VERSION, 1..=MAX_BLANKS, 3)
            if rest.first().is_some_and(|byte| is_blank(byte) || is_end(byte)) =>
        {
            let code = code.iter().fold(0, |code, digit| code * 10 + u16::from(digit - b'0'));
            if code >= 100 { StatusLine::Status(code) } else { StatusLine::Garbage }
        }
        (0..=MAX_VERSION, 0, 0) | (1..=MAX_VERSION, 1..=MAX_BLANKS, 0..=3) if may_go_on => {
            StatusLine::Partial
        }
        _ => StatusLine::Garbage,
    }
}

fn split_while(bytes: &[u8], is_part: impl Fn(&u8) -> bool) -> (&[u8], &[u8]) {
    let length = bytes.iter().take_while(|byte| is_part(byte)).count();
    bytes.split_at(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_counts_once_it_cannot_become_another() {
        for (line, expected) in [
            ("", StatusLine::Partial),
            ("HT", StatusLine::Partial),
            ("HTTP/", StatusLine::Partial),
            ("HTTP/1.1", StatusLine::Partial),
            ("HTTP/1.1 ", StatusLine::Partial),
            ("HTTP/1.1 20", StatusLine::Partial),
            ("HTTP/1.1 200", StatusLine::Partial),
            ("HTTP/1.1 200 ", StatusLine::Status(200)),
            ("HTTP/1.1 200\r", StatusLine::Status(200)),
            ("HTTP/1.1 200\n", StatusLine::Status(200)),
            ("HTTP/1.0 204 No Content\r\n", StatusLine::Status(204)),
            ("HTTP/2 599 f\u{fc}r\r\n", StatusLine::Status(599)),
            ("HTTP/1.1 \t 200 OK\n", StatusLine::Status(200)),
            ("HTTP/1.1 2000 OK\r\n", StatusLine::Garbage),
            ("HTTP/1.1 20 OK\r\n", StatusLine::Garbage),
            ("HTTP/1.1 20\r\n", StatusLine::Garbage),
            ("HTTP/1.1 099 OK\r\n", StatusLine::Garbage),
            ("HTTP/1.1 200OK\r\n", StatusLine::Garbage),
            ("HTTP/1.1200 OK\r\n", StatusLine::Garbage),
            ("HTTP/ 200 OK\r\n", StatusLine::Garbage),
            ("HTTP/1.1\r\n", StatusLine::Garbage),
            (" HTTP/1.1 200 OK\r\n", StatusLine::Garbage),
            ("HTTPS/1.1 200 OK\r\n", StatusLine::Garbage),
            ("220 mail.example.com ESMTP\r\n", StatusLine::Garbage),
            ("\u{16}\u{3}\u{1}", StatusLine::Garbage),
            ("\r\n", StatusLine::Empty),
            ("\n", StatusLine::Empty),
            ("\r", StatusLine::Partial),
            ("\rHTTP/1.1 200 OK\r\n", StatusLine::Garbage),
        ] {
            assert_eq!(parse(line.as_bytes()), expected, "{line:?}");
        }
    }
}
