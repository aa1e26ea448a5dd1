//! Replies of a mail server (RFC 5321, section 4.2), read from whatever bytes arrive.
//!
//! Guarantees: pure; holds at most [`MAX_REPLY`] bytes of a reply; no input makes it panic. The code decides, the text is
//! for people and read leniently: any bytes, of any length within the limit, or none at all. Leaves time limits to the
//! stream, and what a code means to the session.

use std::fmt;

use crate::domain::text::one_line;

/// A whole reply, all its lines and line ends. RFC 5321 (4.5.3.1.5) has 512 octets for a line; real servers send longer
/// ones, and EHLO answers have some twenty lines.
pub(super) const MAX_REPLY: usize = 32 * 1024;

/// What is quoted of a line that is not a reply.
const MAX_QUOTE: usize = 60;

/// A complete reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reply {
    /// The three digits.
    pub(super) code: u16,
    /// The text of each line, without the code; bytes that are not UTF-8 are replaced.
    pub(super) lines: Vec<String>,
}

/// The classes of enhanced status (RFC 3463) that pass with time or by a change of the server's configuration: a full
/// mailbox, the mail system, the network and its quotas, policy and log-in.
fn is_passing(subject: u16, detail: u16) -> bool {
    matches!((subject, detail), (2, 2) | (3 | 4 | 7, _))
}

impl Reply {
    /// Whether the code refuses for good, as far as the code says.
    pub(super) const fn is_permanent(&self) -> bool {
        self.code / 100 == 5
    }

    /// Whether an enhanced status `5.s.d` says that the refusal may pass: 5.2.2, 5.3.x, 5.4.x, 5.7.x.
    pub(super) fn may_pass(&self) -> bool {
        let statuses = self.lines.iter().filter_map(|line| enhanced_status(line));
        statuses.take(1).any(|(class, subject, detail)| class == 5 && is_passing(subject, detail))
    }
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = one_line(&self.lines.join(" "));
        if text.is_empty() { write!(f, "{}", self.code) } else { write!(f, "{} {text}", self.code) }
    }
}

/// `5.7.1` at the beginning of `line`.
fn enhanced_status(line: &str) -> Option<(u16, u16, u16)> {
    let word = line.split_whitespace().next()?;
    let mut numbers = word.trim_end_matches([':', ',', ';']).split('.').map(|digits| {
        let plain = (1..=3).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
        plain.then(|| digits.parse().ok()).flatten()
    });
    match (numbers.next(), numbers.next(), numbers.next(), numbers.next()) {
        (Some(class), Some(subject), Some(detail), None) => Some((class?, subject?, detail?)),
        _ => None,
    }
}

/// Why bytes are not a reply.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum ReplyError {
    /// It does not end.
    #[error("its reply is longer than {} KiB", MAX_REPLY / 1024)]
    TooLong,
    /// A line without a code; the beginning of the line.
    #[error("it sent `{0}`, which is not an SMTP reply")]
    NotAReply(String),
    /// Lines that contradict each other (RFC 5321, 4.2.1): neither code can be believed.
    #[error("the lines of its reply have different codes, {0} and {1}")]
    MixedCodes(u16, u16),
}

/// Reads one reply from pieces of any size.
#[derive(Debug, Default)]
pub(super) struct ReplyParser {
    received: usize,
    line: Vec<u8>,
    code: Option<u16>,
    lines: Vec<String>,
}

impl ReplyParser {
    /// Takes bytes up to the end of the reply; returns how many were taken, and the reply once it is complete.
    ///
    /// # Errors
    /// When what arrived cannot become a reply; the parser is of no use then.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Result<(usize, Option<Reply>), ReplyError> {
        let mut taken = 0;
        while let Some(rest) = bytes.get(taken..).filter(|rest| !rest.is_empty()) {
            let end = rest.iter().position(|byte| *byte == b'\n');
            let piece = end.and_then(|end| rest.get(..=end)).unwrap_or(rest);
            self.received += piece.len();
            if self.received > MAX_REPLY {
                return Err(ReplyError::TooLong);
            }
            self.line.extend_from_slice(piece);
            taken += piece.len();
            if end.is_some() && self.end_line()? {
                let reply =
                    Reply { code: self.code.unwrap_or_default(), lines: std::mem::take(&mut self.lines) };
                return Ok((taken, Some(reply)));
            }
        }
        Ok((taken, None))
    }

    /// Reads the line that has just ended; whether it was the last one of the reply.
    fn end_line(&mut self) -> Result<bool, ReplyError> {
        let line = std::mem::take(&mut self.line);
        let line = line.strip_suffix(b"\n").unwrap_or(&line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let not_a_reply = || ReplyError::NotAReply(quote(line));
        let (digits, rest) = line.split_at_checked(3).ok_or_else(not_a_reply)?;
        let code = code(digits).ok_or_else(not_a_reply)?;
        // A code alone is a complete reply (RFC 5321, 4.2: the text is optional for the reader).
        let (is_last, text) = match rest.split_first() {
            None => (true, rest),
            Some((b' ' | b'\t', text)) => (true, text),
            Some((b'-', text)) => (false, text),
            Some(_) => return Err(not_a_reply()),
        };
        match self.code {
            Some(first) if first != code => return Err(ReplyError::MixedCodes(first, code)),
            _ => self.code = Some(code),
        }
        self.lines.push(String::from_utf8_lossy(text).into_owned());
        Ok(is_last)
    }
}

fn code(digits: &[u8]) -> Option<u16> {
    let value = digits.iter().try_fold(0_u16, |value, digit| {
        digit.is_ascii_digit().then(|| value * 10 + u16::from(digit - b'0'))
    })?;
    (200..600).contains(&value).then_some(value)
}

fn quote(line: &[u8]) -> String {
    let head = line.get(..MAX_QUOTE).unwrap_or(line);
    one_line(&String::from_utf8_lossy(head))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::notify::properties::check_reply;
    use crate::tests::mutated;

    fn read(bytes: &[u8]) -> Result<(usize, Option<Reply>), ReplyError> {
        ReplyParser::default().feed(bytes)
    }

    fn reply(bytes: &[u8]) -> Reply {
        read(bytes).unwrap().1.unwrap()
    }

    #[test]
    fn the_code_is_read_whatever_the_text_is() {
        let long = format!("250 {}\r\n", "x".repeat(2000));
        for (bytes, code, text) in [
            (b"250 ok\r\n".as_slice(), 250, "250 ok"),
            (b"250\r\n", 250, "250"),
            (b"250 \r\n", 250, "250"),
            (b"250\n", 250, "250"),
            (b"250-\r\n250\r\n", 250, "250"),
            (b"250-one\r\n250 two\r\n", 250, "250 one two"),
            (b"250 f\xfcr Sie\r\n", 250, "250 f\u{fffd}r Sie"),
            (
                b"550-5.1.1 unbekannt\r\n550 \xe4\xf6\xfc\r\n",
                550,
                "550 5.1.1 unbekannt \u{fffd}\u{fffd}\u{fffd}",
            ),
            (b"250 a\0b\x1b[31m\r\n", 250, "250 a\\u{0}b\\u{1b}[31m"),
            (long.as_bytes(), 250, long.trim_end()),
        ] {
            let reply = reply(bytes);
            assert_eq!((reply.code, reply.to_string().as_str()), (code, text));
        }
    }

    #[test]
    fn what_follows_the_reply_is_left_alone() {
        let (taken, reply) = read(b"220 go on\r\n250 queued\r\n").unwrap();
        assert_eq!((taken, reply.unwrap().code), (11, 220));
    }

    #[test]
    fn what_is_not_a_reply_or_does_not_end_is_an_error() {
        for (bytes, error) in [
            (b"\r\n".as_slice(), "it sent ``, which is not an SMTP reply"),
            (b"25\r\n", "it sent `25`, which is not an SMTP reply"),
            (b"2500 ok\r\n", "it sent `2500 ok`, which is not an SMTP reply"),
            (
                b"HTTP/1.1 400 Bad Request\r\n",
                "it sent `HTTP/1.1 400 Bad Request`, which is not an SMTP reply",
            ),
            (b"150 ok\r\n", "it sent `150 ok`, which is not an SMTP reply"),
            (b"999 ok\r\n", "it sent `999 ok`, which is not an SMTP reply"),
            (b"250-ok\r\n550 no\r\n", "the lines of its reply have different codes, 250 and 550"),
        ] {
            assert_eq!(read(bytes).unwrap_err().to_string(), error);
        }
        let endless_line = vec![b'2'; MAX_REPLY + 1];
        assert_eq!(read(&endless_line), Err(ReplyError::TooLong));
        let endless_reply = b"250-more\r\n".repeat(MAX_REPLY / 10 + 1);
        assert_eq!(read(&endless_reply), Err(ReplyError::TooLong));
    }

    #[test]
    fn a_refusal_may_pass_by_its_enhanced_status() {
        for (bytes, may_pass) in [
            (b"552 5.2.2 mailbox full\r\n".as_slice(), true),
            (b"552 5.2.3 too long\r\n", false),
            (b"550 5.3.0 other\r\n", true),
            (b"550 5.4.5 Daily sending limit exceeded\r\n", true),
            (b"550-5.7.1 policy\r\n550 5.7.1 more\r\n", true),
            (b"550 5.7.509: no\r\n", true),
            (b"550 5.1.1 no such user\r\n", false),
            (b"550 no such user\r\n", false),
            (b"550 4.7.1 odd\r\n", false),
            (b"550 5.7 x\r\n", false),
            (b"550 5.7.1.2 x\r\n", false),
            (b"550 5.7000.1 x\r\n", false),
        ] {
            assert_eq!(reply(bytes).may_pass(), may_pass, "{}", String::from_utf8_lossy(bytes));
        }
    }

    proptest! {
        #[test]
        fn any_reply_is_bounded_printable_and_decided_by_its_code(
            piece in 1_usize..80,
            bytes in prop::collection::vec(any::<u8>(), 0..600),
            offer in mutated("250-mx.example.com\r\n250-AUTH PLAIN LOGIN\r\n250 STARTTLS\r\n"),
            refusal in mutated("550-5.7.1 policy\r\n550 5.7.1 <ops@example.com>: no\r\n"),
        ) {
            for bytes in [bytes, offer, refusal] {
                check_reply(piece, &bytes);
            }
        }

        #[test]
        fn any_bytes_are_read_without_a_panic_and_within_the_limit(
            pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..600), 0..80),
        ) {
            let mut parser = ReplyParser::default();
            for piece in &pieces {
                match parser.feed(piece) {
                    Ok((taken, None)) => prop_assert_eq!(taken, piece.len()),
                    Ok((taken, Some(reply))) => {
                        prop_assert!(taken <= piece.len());
                        prop_assert!((200..600).contains(&reply.code));
                        let _ = (reply.to_string(), reply.may_pass());
                        break;
                    }
                    Err(_) => break,
                }
                prop_assert!(parser.line.len() <= MAX_REPLY && parser.received <= MAX_REPLY);
            }
        }

        #[test]
        fn a_reply_is_the_same_in_whatever_pieces_it_arrives(
            code in 200_u16..600,
            lines in prop::collection::vec("[^\r\n]{0,40}", 1..6),
            cut in 1_usize..30,
        ) {
            let mut bytes = String::new();
            for (index, line) in lines.iter().enumerate() {
                let sign = if index + 1 == lines.len() { ' ' } else { '-' };
                bytes.extend([code.to_string(), sign.to_string(), line.clone(), "\r\n".to_owned()]);
            }
            let mut parser = ReplyParser::default();
            let mut read = None;
            for piece in bytes.as_bytes().chunks(cut) {
                prop_assert!(read.is_none());
                read = parser.feed(piece).unwrap().1;
            }
            prop_assert_eq!(read, Some(Reply { code, lines }));
        }
    }

    #[test]
    fn replies_that_fill_the_limit_are_read_in_linear_time() {
        let distinct: Vec<String> = (0..MAX_REPLY / 4).map(|number| number.to_string()).collect();
        let distinct = distinct.join(" ");
        for reply in [
            "250-\n".repeat(MAX_REPLY / 5 + 1),
            format!("250 AUTH {}\n", &distinct[..MAX_REPLY - 20]),
            format!("550 {}\n", "5.".repeat(MAX_REPLY / 2 - 10)),
            format!("250 {}\n", "\u{202e}".repeat(MAX_REPLY / 3 - 10)),
            "2".repeat(1 << 20),
            "\r".repeat(1 << 20),
        ] {
            for piece in [1, 1 << 10] {
                check_reply(piece, reply.as_bytes());
            }
        }
    }
}
