//! Replies of a mail server (RFC 5321, section 4.2).
//!
//! Guarantees: pure; keeps at most [`MAX_REPLY`] bytes of a reply; no input makes it panic. The code decides; the text is for
//! people and may be any bytes of any length within the limit. Leaves time limits to the stream, and the meaning of a
//! code to the session.

use std::fmt;

use crate::domain::text::one_line;

/// Bytes of one reply, with all line ends. RFC 5321 (section 4.5.3.1.5) allows 512 octets for a line; real servers send
/// longer ones, and replies to EHLO have about twenty lines.
pub(super) const MAX_REPLY: usize = 32 * 1024;

/// Bytes quoted of a line that is not a reply.
const MAX_QUOTE: usize = 60;

/// A complete reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reply {
    pub(super) code: u16,
    /// The text of each line, without the code; bytes that are not UTF-8 are replaced.
    pub(super) lines: Vec<String>,
}

impl Reply {
    pub(super) const fn is_permanent(&self) -> bool {
        self.code / 100 == 5
    }

    /// Whether the first enhanced status (RFC 3463) is permanent by name only: these pass with time or by a change of the
    /// server's configuration. 5.2.2 is a full mailbox, 5.3.x the mail system, 5.4.x the network and its quotas, 5.7.x
    /// policy and login.
    pub(super) fn has_temporary_status(&self) -> bool {
        let status = self.lines.iter().find_map(|line| enhanced_status(line));
        matches!(status, Some([5, 2, 2] | [5, 3 | 4 | 7, _]))
    }
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = one_line(&self.lines.join(" "));
        if text.is_empty() { write!(f, "{}", self.code) } else { write!(f, "{} {text}", self.code) }
    }
}

/// `5.7.1` at the beginning of `line`.
fn enhanced_status(line: &str) -> Option<[u16; 3]> {
    let word = line.split_whitespace().next()?.trim_end_matches([':', ',', ';']);
    let numbers = word.split('.').map(|digits| digits.parse().ok().filter(|number| *number < 1000));
    numbers.collect::<Option<Vec<u16>>>()?.try_into().ok()
}

/// Why bytes are not a reply.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum ReplyError {
    #[error("its reply is longer than {} KiB", MAX_REPLY / 1024)]
    TooLong,
    /// A line without a code; holds the beginning of the line.
    #[error("it sent `{0}`, which is not an SMTP reply")]
    NotAReply(String),
    /// Neither code can be trusted (RFC 5321, section 4.2.1).
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
    /// Reads up to the end of the reply. Returns how many bytes belong to it, and the reply once it is complete.
    ///
    /// # Errors
    /// When the bytes cannot become a reply; the parser cannot be used any more.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Result<(usize, Option<Reply>), ReplyError> {
        let mut taken = 0;
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.received += piece.len();
            if self.received > MAX_REPLY {
                return Err(ReplyError::TooLong);
            }
            self.line.extend_from_slice(piece);
            taken += piece.len();
            if piece.ends_with(b"\n")
                && let Some(code) = self.end_line()?
            {
                return Ok((taken, Some(Reply { code, lines: std::mem::take(&mut self.lines) })));
            }
        }
        Ok((taken, None))
    }

    /// Reads the line that has just ended; returns the code if it was the last line of the reply.
    fn end_line(&mut self) -> Result<Option<u16>, ReplyError> {
        let line = std::mem::take(&mut self.line);
        let line = line.strip_suffix(b"\n").unwrap_or(&line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let not_a_reply = || ReplyError::NotAReply(quote(line));
        let (digits, rest) = line.split_at_checked(3).ok_or_else(not_a_reply)?;
        let code = code(digits).ok_or_else(not_a_reply)?;
        // A code alone is a complete reply: a client must accept a missing text (RFC 5321, section 4.2).
        let (is_last, text) = match rest {
            [] => (true, rest),
            [b' ' | b'\t', text @ ..] => (true, text),
            [b'-', text @ ..] => (false, text),
            _ => return Err(not_a_reply()),
        };
        match self.code.replace(code) {
            Some(first) if first != code => return Err(ReplyError::MixedCodes(first, code)),
            _ => self.lines.push(String::from_utf8_lossy(text).into_owned()),
        }
        Ok(is_last.then_some(code))
    }
}

fn code(digits: &[u8]) -> Option<u16> {
    str::from_utf8(digits).ok()?.parse().ok().filter(|code| (200..600).contains(code))
}

fn quote(line: &[u8]) -> String {
    one_line(&String::from_utf8_lossy(line.get(..MAX_QUOTE).unwrap_or(line)))
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
    fn code_is_read_whatever_the_text_is() {
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
    fn bytes_after_the_reply_are_not_taken() {
        let (taken, reply) = read(b"220 go on\r\n250 queued\r\n").unwrap();
        assert_eq!((taken, reply.unwrap().code), (11, 220));
    }

    #[test]
    fn invalid_or_endless_reply_is_an_error() {
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
    fn a_refusal_is_temporary_by_its_enhanced_status() {
        for (bytes, is_temporary) in [
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
            assert_eq!(
                reply(bytes).has_temporary_status(),
                is_temporary,
                "{}",
                String::from_utf8_lossy(bytes)
            );
        }
    }

    proptest! {
        #[test]
        fn any_reply_is_bounded_printable_and_classified_by_its_code(
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
        fn any_bytes_are_read_without_panic_within_the_limit(
            pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..600), 0..80),
        ) {
            let mut parser = ReplyParser::default();
            for piece in &pieces {
                match parser.feed(piece) {
                    Ok((taken, None)) => prop_assert_eq!(taken, piece.len()),
                    Ok((taken, Some(reply))) => {
                        prop_assert!(taken <= piece.len());
                        prop_assert!((200..600).contains(&reply.code));
                        let _ = (reply.to_string(), reply.has_temporary_status());
                        break;
                    }
                    Err(_) => break,
                }
                prop_assert!(parser.line.len() <= MAX_REPLY && parser.received <= MAX_REPLY);
            }
        }

        #[test]
        fn reply_does_not_depend_on_the_pieces_it_arrives_in(
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
    fn longest_replies_are_read_in_linear_time() {
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
