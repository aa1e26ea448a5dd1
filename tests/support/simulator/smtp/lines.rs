//! The bytes of SMTP: reads lines and mails (removing the stuffed dots, RFC 5321, 4.5.2), sends replies.
//!
//! Guarantees: however much a client sends, no more than the longest line and the largest mail are held in memory.

use std::io;

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};

/// A command with its end: RFC 4954, 4 requires 12,288 for AUTH, the longest command.
const MAX_COMMAND: usize = 12_288;
/// A line of a mail with its end (RFC 5321, 4.5.3.1.6).
const MAX_TEXT: usize = 1_000;
/// A whole mail; offered as SIZE.
pub(crate) const MAX_MAIL: usize = 10 * 1024 * 1024;

/// A line without its end.
struct Line {
    text: Vec<u8>,
    /// Longer than allowed; `text` is its beginning.
    overlong: bool,
    /// Ended by LF alone.
    bare: bool,
}

/// A command line.
pub(crate) enum Received {
    Line(String),
    Overlong,
    End,
}

/// The text after DATA.
pub(crate) enum Content {
    Mail(Vec<u8>),
    TooLarge,
    /// A line of more than 1,000 octets, or one that does not end in CRLF: accepting either invites SMTP smuggling.
    BadLines,
    End,
}

/// One connection, read line by line.
pub(crate) struct Lines<S>(BufReader<S>);

impl<S: AsyncRead + AsyncWrite + Unpin> Lines<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self(BufReader::new(stream))
    }

    /// The connection itself; what the client sent ahead is dropped, as RFC 3207, 4.2 requires.
    pub(crate) fn into_inner(self) -> S {
        self.0.into_inner()
    }

    pub(crate) async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes).await?;
        self.0.flush().await
    }

    pub(crate) async fn command(&mut self) -> io::Result<Received> {
        Ok(match self.line(MAX_COMMAND).await? {
            None => Received::End,
            Some(line) if line.overlong => Received::Overlong,
            Some(line) => Received::Line(String::from_utf8_lossy(&line.text).into_owned()),
        })
    }

    /// Everything up to the final dot; read to the end even if it is refused.
    pub(crate) async fn content(&mut self) -> io::Result<Content> {
        let (mut mail, mut too_large, mut bad_lines) = (Vec::new(), false, false);
        loop {
            let Some(line) = self.line(MAX_TEXT).await? else { return Ok(Content::End) };
            if line.text == b"." && !line.bare {
                break;
            }
            bad_lines |= line.overlong || line.bare;
            let text = line.text.strip_prefix(b".").unwrap_or(&line.text);
            too_large |= mail.len() + text.len() + 2 > MAX_MAIL;
            if !too_large {
                mail.extend_from_slice(text);
                mail.extend_from_slice(b"\r\n");
            }
        }
        Ok(match (too_large, bad_lines) {
            (true, _) => Content::TooLarge,
            (false, true) => Content::BadLines,
            (false, false) => Content::Mail(mail),
        })
    }

    /// The next line, of at most `limit` octets with its end; `None` at the end of the stream.
    async fn line(&mut self, limit: usize) -> io::Result<Option<Line>> {
        let mut text = Vec::new();
        let mut length = 0;
        loop {
            let read = self.0.fill_buf().await?;
            if read.is_empty() {
                return Ok(None);
            }
            let end = read.iter().position(|byte| *byte == b'\n');
            let piece = end.map_or(read, |end| &read[..=end]);
            let room = limit.saturating_sub(text.len());
            text.extend_from_slice(&piece[..piece.len().min(room)]);
            let used = piece.len();
            length += used;
            self.0.consume(used);
            if end.is_some() {
                break;
            }
        }
        let overlong = length > limit;
        let bare = !overlong && !text.ends_with(b"\r\n");
        if !overlong {
            text.truncate(text.len() - if bare { 1 } else { 2 });
        }
        Ok(Some(Line { text, overlong, bare }))
    }
}
